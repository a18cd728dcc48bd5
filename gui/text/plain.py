"""Untrusted text made fit to be shown, always as plain text.

Rules kept here: whatever comes out of a document, a question or a file name is text and nothing
else. Characters that would draw over or reorder their neighbours, or that Qt gives a meaning of
its own, are taken out; lengths are bounded.
"""

from __future__ import annotations

import html
import re

from PySide6.QtCore import QCoreApplication

from gui.languages.said import said

LONGEST = 200_000
"""Characters of one piece of text that are shown; more is cut and marked."""

# C0 and C1 controls but tab and line feed; bidirectional overrides and isolates (Unicode TR 9,
# section 2: they can make text read as something else); Qt's own block marks and the object
# replacement character, which Qt would take for an image.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffc\ufffe\uffff"
    "\ud800-\udfff]"
)
_BREAKS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_SPACES = re.compile("[^\\S\u00a0\u202f]+")
_COMMAND = re.compile("`([^`\n]{1,200})`")


def shown(untrusted: str, limit: int = LONGEST) -> str:
    """The text as it may be drawn, with line feeds for every kind of line break."""
    cut = untrusted[:limit]
    text = _UNSHOWN.sub("", _BREAKS.sub("\n", cut))
    return text if len(untrusted) <= limit else text + " …"


def spoken(untrusted: str) -> str:
    """A sentence of the appliance in the person's language; what a terminal shows between backticks
    (a command, a setting) between quotation marks."""
    quoted = QCoreApplication.translate("plain", "“{}”")
    return _COMMAND.sub(lambda found: quoted.replace("{}", found[1]), said(untrusted))


def kept(untrusted: str) -> str:
    """Like `shown`, but as long as before, so that character offsets still hold."""
    return _UNSHOWN.sub("\u00b7", _BREAKS.sub(lambda m: "\n" * len(m.group()), untrusted))


def line(untrusted: str, limit: int = 300) -> str:
    """One line of it, for titles and names. Spaces that do not break stay what they are."""
    return _SPACES.sub(" ", shown(untrusted, limit)).strip()


def label(untrusted: str, limit: int = 300) -> str:
    """One line for a button or a menu, where `&` would mark a key."""
    return line(untrusted, limit).replace("&", "&&")


def tip(untrusted: str) -> str:
    """For a tool tip, which Qt would otherwise take for markup when it looks like it."""
    return f"<span>{html.escape(shown(untrusted, 2000))}</span>"
