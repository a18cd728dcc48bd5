"""HTML: its title, and its text as headings, paragraphs, list items, table rows and code.

Rules kept here: runs only in the sandboxed reader process; nothing is fetched; the tree is walked
without recursion, so depth costs no stack; scripts, styles, navigation and what is hidden are
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from appliance.documents.stretches import Piece, clean, row, tidy
from appliance.values import BlockKind

_SKIPPED = frozenset(
    "head script style noscript template svg nav footer button select option input textarea iframe "
    "object embed audio video canvas map dialog datalist".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "html body p div section article main header aside address blockquote figure figcaption "
    "dl dt dd ul ol menu li table caption thead tbody tfoot tr td th pre form fieldset legend "
    "details summary hr center".split()
) | frozenset(_HEADINGS)
_LISTS = frozenset({"ol", "ul", "menu"})
_SKIPPED_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar"})


@dataclass(slots=True)
class _State:
    """Where the walk is: `open` holds the tags that change what text means, `counters` the numbers
    of the lists around (None for those without), `marker` the number still to be written."""

    parts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    cells: list[str] | None = None
    data_tables: int = 0
    counters: list[int | None] = field(default_factory=list)
    marker: str = ""


def read_html(text: str) -> tuple[str, Iterator[Piece]]:
    """The title (may be empty) and the pieces in reading order."""
    tree = LexborHTMLParser(text)
    head = tree.css_first("title")
    title = tidy(head.text(deep=True)) if head is not None else ""
    root = tree.body or tree.root
    return title, _walk(tree, root)


def _walk(tree: LexborHTMLParser, root: LexborNode | None) -> Iterator[Piece]:
    """`tree` is held so that the nodes live as long as the walk."""
    state = _State()
    node = root
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            state.parts.append(text if "pre" in state.open[-8:] else text.replace("\n", " "))
        elif tag == "br":
            state.parts.append("\n")
        elif not tag.startswith(("-", "!")) and not _is_skipped(node, tag):
            if tag in _BLOCKS:
                yield from _enter(state, node, tag)
            child = node.first_child
            if child is not None:
                node = child
                continue
            if tag in _BLOCKS:
                yield from _leave(state, tag)
        while node is not None and node.next is None:
            node = None if node.mem_id == root.mem_id else node.parent  # type: ignore[union-attr]
            if node is not None and (node.tag or "") in _BLOCKS:
                yield from _leave(state, node.tag or "")
        node = None if node is None or node.mem_id == root.mem_id else node.next  # type: ignore[union-attr]
    yield from _flush(state)
    del tree


def _is_skipped(node: LexborNode, tag: str) -> bool:
    if tag in _SKIPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return attributes.get("role") in _SKIPPED_ROLES or "display:none" in style


def _enter(state: _State, node: LexborNode, tag: str) -> Iterator[Piece]:
    if tag == "table":
        yield from _flush(state)
        if not state.data_tables and not _is_layout(node):
            state.data_tables = len(state.open) + 1
    elif state.data_tables:
        yield from _enter_cell(state, tag)
    else:
        yield from _flush(state)
        _count(state, node, tag)
    state.open.append(tag)


def _count(state: _State, node: LexborNode, tag: str) -> None:
    """A numbered item is cited by its number, which stands in no text node."""
    if tag in _LISTS:
        start = (node.attributes or {}).get("start") or "1"
        number = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
        state.counters.append(number if tag == "ol" else None)
    elif tag == "li" and state.counters and state.counters[-1] is not None:
        state.marker = f"{state.counters[-1]}. "
        state.counters[-1] += 1


def _enter_cell(state: _State, tag: str) -> Iterator[Piece]:
    if tag == "tr":
        yield from _end_row(state)
        state.cells = []
    elif tag in {"td", "th"}:
        _end_cell(state)
        if state.cells is None:
            state.cells = []
    elif tag == "caption":
        yield from _flush(state)
    else:
        state.parts.append(" ")


def _leave(state: _State, tag: str) -> Iterator[Piece]:
    if state.data_tables:
        if tag in {"td", "th"}:
            _end_cell(state, always=True)
        elif tag in {"tr", "table"}:
            yield from _end_row(state)
        elif tag == "caption":
            yield from _flush(state)
        else:
            state.parts.append(" ")
    else:
        yield from _flush(state)
        if tag in _LISTS and state.counters:
            state.counters.pop()
        elif tag == "li":
            state.marker = ""
    if state.open:
        state.open.pop()
    if state.data_tables and len(state.open) < state.data_tables:
        state.data_tables = 0
        state.cells = None


def _end_cell(state: _State, always: bool = False) -> None:
    if state.cells is not None and (always or tidy("".join(state.parts))):
        state.cells.append("".join(state.parts))
        state.parts.clear()


def _end_row(state: _State) -> Iterator[Piece]:
    _end_cell(state)
    if state.cells:
        text = row(state.cells)
        if text:
            yield Piece(BlockKind.TABLE_ROW, text)
    state.cells = None
    yield from _flush(state)


def _flush(state: _State) -> Iterator[Piece]:
    if not state.parts:
        return
    text = "".join(state.parts)
    state.parts.clear()
    if not text or text.isspace():
        return
    kind, level = _meaning(state.open)
    if kind is BlockKind.CODE:
        yield Piece(kind, clean(text).strip("\n"))
    else:
        tidied = tidy(text)
        if tidied:
            yield Piece(kind, state.marker + tidied, level)
            state.marker = ""


def _meaning(tags: list[str]) -> tuple[BlockKind, int]:
    for tag in reversed(tags[-64:]):
        if tag in _HEADINGS:
            return BlockKind.HEADING, _HEADINGS[tag]
        if tag == "li":
            return BlockKind.LIST_ITEM, 0
        if tag == "pre":
            return BlockKind.CODE, 0
        if tag in {"td", "th"}:
            break
    return BlockKind.PARAGRAPH, 0


def _is_layout(table: LexborNode) -> bool:
    """A table that holds headings, code or tables arranges a page rather than facts."""
    inside = table.css_first("h1, h2, h3, h4, h5, h6, pre")
    return inside is not None or any(n.mem_id != table.mem_id for n in table.css("table"))
