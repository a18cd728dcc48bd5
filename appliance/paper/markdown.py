"""A sheet as Markdown (CommonMark 0.31).

Rules kept here: what documents and people wrote cannot become markup, a link or HTML: every ASCII
punctuation character that could be is escaped (CommonMark 2.4); the proof stands in a block of code
that ends where it does (4.4).
"""

from __future__ import annotations

import re
from typing import Final

from appliance.values import Part, PartKind, Run, Sheet

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&:@=$^%])")
_BEFORE: Final = {PartKind.TITLE: "# ", PartKind.QUESTION: "## ", PartKind.HEADING: "### "}


def as_markdown(sheet: Sheet) -> bytes:
    """UTF-8, with a line end at the end."""
    return ("\n\n".join(_part(part) for part in sheet.parts) + "\n").encode()


def _part(part: Part) -> str:
    if part.kind is PartKind.CODE:
        return "\n".join(f"    {run.text}" for run in part.runs)
    text = "".join(_run(run) for run in part.runs)
    return _BEFORE.get(part.kind, "") + text


def _run(run: Run) -> str:
    written = _SPECIAL.sub(r"\\\1", run.text.strip())
    before = " " if run.text.startswith(" ") else ""
    return before + (f"*{written}*" if run.doubted and written else written)
