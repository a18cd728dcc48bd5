"""Answers as they leave: what stands on the sheet, and the sheet as Markdown or a Word document.

Rules kept here: a sheet is made of frozen values and becomes bytes in memory; nothing here opens a
file; what documents and people wrote is untrusted, cleaned once and escaped by whoever writes it.
"""

from appliance.paper.markdown import as_markdown
from appliance.paper.sheet import sheet_of
from appliance.paper.word import as_word

__all__ = ["as_markdown", "as_word", "sheet_of"]
