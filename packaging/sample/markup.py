"""Inline markup of the sources: **bold** and *italic*, as runs.

Rule kept here: the text of the runs, joined, is the text of the source without its asterisks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

_MARKED = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*")


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    bold: bool = False
    italic: bool = False


def runs(text: str) -> tuple[Run, ...]:
    found: list[Run] = []
    at = 0
    for match in _MARKED.finditer(text):
        found.append(Run(text[at : match.start()]))
        found.append(Run(match[1] or match[2], bool(match[1]), bool(match[2])))
        at = match.end()
    found.append(Run(text[at:]))
    return tuple(run for run in found if run.text)


def tagged(text: str, bold: str, italic: str) -> str:
    """Escaped text with elements named `bold` and `italic` round the marked runs."""
    out: list[str] = []
    for run in runs(text):
        element = bold if run.bold else italic if run.italic else ""
        inner = escape(run.text, quote=False)
        out.append(f"<{element}>{inner}</{element}>" if element else inner)
    return "".join(out)
