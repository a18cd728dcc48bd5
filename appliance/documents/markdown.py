"""Markdown (CommonMark with tables): headings, paragraphs, list items, table rows and code.

Rules kept here: runs only in the sandboxed reader process; HTML inside goes through the HTML
reader; nothing is rendered and no link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from appliance.documents.html import read_html
from appliance.documents.stretches import Piece, clean, row, tidy
from appliance.values import BlockKind

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,8192}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.M | re.I)


def read_markdown(text: str) -> tuple[str, Iterator[Piece]]:
    """The title (front matter, else the first heading of level 1) and the pieces."""
    text = clean(text)
    title = ""
    front = _FRONT_MATTER.match(text)
    if front:
        found = _FRONT_TITLE.search(front[1])
        title = tidy(found[1]) if found else ""
        text = text[front.end() :]
    pieces = list(
        _pieces(MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").parse(text))
    )
    if not title:
        first = [p.text for p in pieces if p.kind is BlockKind.HEADING and p.level == 1]
        title = first[0] if first else ""
    return title, iter(pieces)


def _pieces(tokens: list[Token]) -> Iterator[Piece]:
    """`inside` holds the open containers that say what inline text is."""
    inside: list[str] = []
    cells: list[str] = []
    marker = ""
    for token in tokens:
        if token.nesting == 1:
            inside.append(token.tag)
            if token.type == "list_item_open":  # its number, where it has one, stands in no text
                marker = f"{token.info}. " if token.info else ""
        elif token.nesting == -1 and inside:
            if inside.pop() == "tr":
                yield Piece(BlockKind.TABLE_ROW, row(cells))
                cells = []
        elif token.type == "inline":
            text = tidy(_inline(token))
            if "tr" in inside:
                cells.append(text)
            else:
                yield _piece(marker + text, inside)
                marker = ""
        elif token.type in {"fence", "code_block"}:
            yield Piece(BlockKind.CODE, token.content.strip("\n"))
        elif token.type == "html_block":
            yield from read_html(token.content)[1]


def _piece(text: str, inside: list[str]) -> Piece:
    if inside and inside[-1] in _HEADINGS:
        return Piece(BlockKind.HEADING, text.replace("\n", " "), _HEADINGS[inside[-1]])
    return Piece(BlockKind.LIST_ITEM if "li" in inside else BlockKind.PARAGRAPH, text)


def _inline(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif child.type == "image":
            parts.append(_inline(child))
        elif child.type == "html_inline" and child.content.lower().startswith("<br"):
            parts.append("\n")
    return "".join(parts)
