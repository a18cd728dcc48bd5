"""Questions to begin with, out of a collection's own headings.

Rules kept here: each is one that its document answers, so it names the heading and the document; a
heading that every document has, a table's caption and what is no line of words suggest nothing;
headings and titles are untrusted: one line, bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from appliance.values import BlockKind, DocumentInfo

if TYPE_CHECKING:
    from appliance.desk import Desk

PAGES: Final = 3
"""Of a document, whose headings are looked at."""
LONGEST: Final = 80
"""Characters of a heading, and of a title, that a question is made of."""

_NUMBERING = re.compile(
    r"^(?:§\s*)?\(?(?:\d+(?:\.\d+)*[.)]?|[A-Z](?:\.\d+)+[.)]?|[A-Z][.)])\s+(?=\S)"
)
_CAPTION = re.compile(r"^(table|figure|fig|box|chart|appendix|annex)\b", re.IGNORECASE)
_EVERYWHERE = re.compile(
    r"^(the )?(purpose|scope|introduction|overview|background|contents|summary|aims?|general|"
    r"definitions|references|related documents|records|audit|quality|exceptions|"
    r"responsibilities)\b",
    re.IGNORECASE,
)


def suggestions(desk: Desk, collection: str, count: int) -> tuple[str, ...]:
    """At most so many, from documents spread over the collection; none of those that are
    retired."""
    documents = [one for one in desk.library.documents(collection) if one.retired is None]
    step = max(1, len(documents) // max(count, 1))
    found: list[str] = []
    for info in documents[::step]:
        if len(found) == count:
            break
        heading = telling(_headings(desk, collection, info))
        if heading:
            found.append(as_question(heading, info.title))
    return tuple(found)


def _headings(desk: Desk, collection: str, info: DocumentInfo) -> list[str]:
    found = []
    for number in range(1, min(info.pages, PAGES) + 1):
        stored = desk.library.stored_page(collection, info.id, number)
        found += [
            stored.text[block.start : block.end]
            for block in stored.blocks
            if block.kind is BlockKind.HEADING
        ]
    return [heading for heading in found if bare(heading) != bare(info.title)]


def telling(untrusted_headings: list[str]) -> str:
    """The first that is about something, of several words where there is one; empty for none."""
    told = [
        text
        for heading in untrusted_headings
        if "\n" not in heading.strip() and "\t" not in heading
        for text in (bare(heading),)
        if 0 < len(text) <= LONGEST and not _CAPTION.match(text) and not _EVERYWHERE.match(text)
    ]
    return next((text for text in told if " " in text), told[0] if told else "")


def bare(heading: str) -> str:
    """On one line, without its number."""
    return _NUMBERING.sub("", " ".join(heading.split())).rstrip(".:")


def as_question(heading: str, title: str) -> str:
    """heading: as `bare` gives it. One that is a question stays as it is."""
    if heading.endswith("?"):
        return heading
    named = " ".join(title.split())
    if 0 < len(named) <= LONGEST:
        return f"What is said about {_within(heading)} in “{named}”?"
    return f"What is said about {_within(heading)}?"


def _within(heading: str) -> str:
    """As it stands within a sentence; only where it is written like one."""
    first, _, rest = heading.partition(" ")
    plain = first[1:].islower() and rest and not any(word[0].isupper() for word in rest.split())
    return heading[0].lower() + heading[1:] if plain else heading
