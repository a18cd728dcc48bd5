"""What leaves as a file: what stands on the sheet, and the sheet as Markdown, Word or HTML.

Rules kept here: a sheet is made of frozen values and becomes bytes in memory; nothing here opens a
file; what documents and people wrote is untrusted, cleaned once and escaped by whoever writes it.
"""

from appliance.paper.airgap_sheet import airgap_sheet
from appliance.paper.markdown import as_markdown
from appliance.paper.page import as_page
from appliance.paper.sheet import sheet_of
from appliance.paper.word import as_word

__all__ = ["airgap_sheet", "as_markdown", "as_page", "as_word", "sheet_of"]
