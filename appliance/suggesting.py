"""Questions to begin with, out of a collection's own headings.

Rules kept here: nothing is made up; a heading is asked about only where text follows it, and not
where it is one that every document has. The documents are taken in turns, the retired left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from appliance.values import Block, BlockKind, Page

if TYPE_CHECKING:
    from appliance.desk import Desk

_OF_ONE_DOCUMENT = 3
_PAGES = 6
_TEXT_BELOW = 40
"""Characters: a shorter paragraph is hardly one that answers."""
_TEXT = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
_NUMBERING = re.compile(
    r"^\s*(?:§\s*)?(?:\d+(?:\.\d+)*|[A-Z]|[IVX]{1,5}|\([0-9a-z]{1,3}\))[.):]?\s+"
)
_CAPTION = re.compile(
    r"(table|figure|box|tabelle|abbildung|tableau|tabla|figura)\s*\d", re.IGNORECASE
)
_EVERYWHERE = (
    r"(the )?(purpose|scope|introduction|overview|background|contents|summary|aims?|objectives?|"
    r"general|definitions|terms|glossary|references|bibliography|sources|related (documents|"
    r"policies)|further reading|review|(document|version|revision) (control|history)|contacts?|"
    r"appendix|appendices|annex|acknowledge?ments?|abbreviations)"
)
_SAYS_NOTHING = re.compile(
    rf"{_EVERYWHERE}((,| and| &| or| of) {_EVERYWHERE})*"
    r"( of (this|the) (policy|procedure|guideline|document|standard))?",
    re.IGNORECASE,
)
"""Headings every document has: a question about them would be a poor beginning."""


def suggestions(desk: Desk, collection: str, count: int) -> tuple[str, ...]:
    """At most `count`, each once, out of documents spread over the collection. Untrusted text."""
    documents = [one for one in desk.library.documents(collection) if one.retired is None]
    step = max(1, len(documents) // max(count, 1))
    found: list[list[str]] = []
    for info in documents[::step][:count]:
        pages = (
            desk.library.stored_page(collection, info.id, number)
            for number in range(1, min(info.pages, _PAGES) + 1)
        )
        asked = (question for page in pages for question in questions(page))
        found.append(list(islice(asked, _OF_ONE_DOCUMENT)))
    turns = (question for turn in zip_longest(*found) for question in turn if question)
    return tuple(dict.fromkeys(turns))[:count]


def questions(page: Page) -> Iterator[str]:
    """What the page's headings ask, in their order."""
    for heading, below in _sections(page):
        text = as_question(heading)
        if text and len(below) >= _TEXT_BELOW:
            yield text


def as_question(heading: str) -> str:
    """ "" where it is not worth asking. A heading is often a question already."""
    text = _NUMBERING.sub("", " ".join(heading.split()))
    words = len(text.split())
    if text.endswith("?"):
        return f"{text.rstrip('? ')}?" if words > 2 else ""
    if words < 2 or _CAPTION.match(text) or _SAYS_NOTHING.fullmatch(text):
        return ""
    return f"What is said about {_inside(text.rstrip('.:'))}?"


def _inside(text: str) -> str:
    """As it stands inside a sentence; its capital stays where there are others: NEWS score."""
    return text if any(c.isupper() for c in text[1:]) else text[:1].lower() + text[1:]


def _sections(page: Page) -> Iterator[tuple[str, str]]:
    """Each heading below the title's level that has text right below it, with that text."""
    following: Sequence[Block] = page.blocks[1:]
    for block, after in zip(page.blocks, following, strict=False):
        if block.kind is BlockKind.HEADING and block.level > 1 and after.kind in _TEXT:
            yield page.text[block.start : block.end], page.text[after.start : after.end]
