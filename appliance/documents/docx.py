"""DOCX: paragraphs with their heading styles, lists, tables and notes, out of a bounded archive.

Rules kept here: runs only in the sandboxed reader process; an archive member is read up to a limit
that does not depend on what the archive says of itself; XML with a document type is refused
(docx_xml.py), so no entity is ever expanded; headers and footers of the page, deleted and hidden
text are left out.

Sources: ECMA-376 part 1 (WordprocessingML), APPNOTE.TXT (ZIP) 4.4.4.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.documents import errors
from appliance.documents.docx_numbering import Numbering, numbering_of, reference, value_of
from appliance.documents.docx_xml import Element, tree_of
from appliance.documents.errors import Unreadable
from appliance.documents.limits import ReaderLimits
from appliance.documents.stretches import Piece, row, tidy
from appliance.values import BlockKind

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_DC = "{http://purl.org/dc/elements/1.1/}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MEMBERS = 20_000
_MEMBER_BYTES = 192 << 20
_RATIO = 300
"""XML of tables compresses to about a fiftieth; a bomb to a thousandth."""
_SMALL = 4 << 20
_ENCRYPTED_FLAG = 1
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class _Style:
    """level: 1..6 for headings, 0 otherwise. number and step: its list and the level in it."""

    level: int = 0
    is_list: bool = False
    number: str = ""
    step: int | None = None


@dataclass(frozen=True, slots=True)
class _Book:
    """What the paragraphs refer to."""

    styles: dict[str, _Style]
    numbering: Numbering


def read_docx(untrusted: bytes, limits: ReaderLimits) -> tuple[str, Iterator[Piece]]:
    """The title (may be empty) and the pieces in reading order. Raises Unreadable."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(untrusted))
        names = archive.namelist()
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
    ) as e:
        raise Unreadable(errors.DocumentDamaged) from e
    if len(names) > _MEMBERS:
        raise Unreadable(errors.DocumentTooLarge)
    if "word/document.xml" not in names:
        raise Unreadable(errors.DocumentUnsupported)
    body = _xml(archive, "word/document.xml")
    styles = _styles(_xml(archive, "word/styles.xml")) if "word/styles.xml" in names else {}
    numbering = Numbering()
    if "word/numbering.xml" in names:
        numbering = numbering_of(_xml(archive, "word/numbering.xml"))
    title = ""
    if "docProps/core.xml" in names:
        title = tidy(_xml(archive, "docProps/core.xml").findtext(f".//{_DC}title") or "")
    notes = [
        (part, tag)
        for part, tag in (("word/footnotes.xml", "footnote"), ("word/endnotes.xml", "endnote"))
        if part in names
    ]
    return title, _pieces(archive, body, _Book(styles, numbering), notes)


def _pieces(
    archive: zipfile.ZipFile,
    body: Element,
    book: _Book,
    notes: list[tuple[str, str]],
) -> Iterator[Piece]:
    yield from _blocks(body, book, 0)
    for part, tag in notes:
        for note in _xml(archive, part).iter(f"{_W}{tag}"):
            if note.get(f"{_W}type", "normal") == "normal":
                yield from _blocks(note, book, 0)


def _xml(archive: zipfile.ZipFile, name: str) -> Element:
    """The member as a tree. Raises Unreadable for bombs of both kinds and for damage."""
    info = archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise Unreadable(errors.DocumentEncrypted)
    allowed = min(_MEMBER_BYTES, max(_SMALL, info.compress_size * _RATIO))
    try:
        with archive.open(info) as member:
            data = member.read(allowed + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
    ) as e:
        raise Unreadable(errors.DocumentDamaged) from e
    if len(data) > allowed:
        raise Unreadable(errors.DocumentTooLarge)
    # The strict dialect names the same elements in another namespace (ECMA-376 part 1, annex A).
    data = data.replace(_STRICT_W.encode(), _W[1:-1].encode())
    return tree_of(data)


def _styles(root: Element) -> dict[str, _Style]:
    """Heading level and list by style id, inherited from the style it is based on."""
    own: dict[str, tuple[_Style, str]] = {}
    for element in root.iter(f"{_W}style"):
        style = _own_style(element)
        own[element.get(f"{_W}styleId", "")] = (style, value_of(element, "basedOn"))
    return {identifier: _inherited(own, identifier) for identifier in own}


def _own_style(element: Element) -> _Style:
    name = value_of(element, "name")
    heading = _HEADING_NAME.match(name)
    level = int(heading[1]) if heading else 1 if name.lower() == "title" else 0
    properties = element.find(f"{_W}pPr")
    number, step = "", None
    if properties is not None:
        number, step = reference(properties)
        outline = properties.find(f"{_W}outlineLvl")
        if not level and outline is not None:
            level = _outline(outline)
    listed = bool(number) or name.lower().startswith("list ")
    return _Style(min(level, 6), listed, number, step)


def _inherited(own: dict[str, tuple[_Style, str]], identifier: str) -> _Style:
    merged = _Style()
    for _ in range(12):  # a style based on itself would go round for ever
        style, parent = own.get(identifier, (_Style(), ""))
        merged = _Style(
            merged.level or style.level,
            merged.is_list or style.is_list,
            merged.number or style.number,
            merged.step if merged.step is not None else style.step,
        )
        if not parent:
            break
        identifier = parent
    return merged


def _outline(element: Element) -> int:
    """w:outlineLvl counts from 0; 9 means body text."""
    value = element.get(f"{_W}val", "9")
    return int(value) + 1 if value.isdigit() and int(value) < 9 else 0


def _blocks(parent: Element, book: _Book, depth: int) -> Iterator[Piece]:
    if depth > _DEEPEST:
        raise Unreadable(errors.DocumentDamaged)
    for element in parent:
        if element.tag == f"{_W}p":
            yield from _paragraph(element, book, depth)
        elif element.tag == f"{_W}tbl":
            yield from _table(element, book, depth)
        elif element.tag not in (f"{_W}sectPr", f"{_MC}Fallback"):
            yield from _blocks(element, book, depth + 1)


def _paragraph(paragraph: Element, book: _Book, depth: int) -> Iterator[Piece]:
    boxes: list[Element] = []
    text = tidy(_text(paragraph, boxes))
    properties = paragraph.find(f"{_W}pPr")
    style, label = _Style(), ""
    if properties is not None and text:
        style, label = _meaning(properties, book)
    if label:
        text = f"{label} {text}"
    if text and style.level:
        yield Piece(BlockKind.HEADING, text.replace("\n", " "), style.level)
    elif text:
        yield Piece(BlockKind.LIST_ITEM if style.is_list else BlockKind.PARAGRAPH, text)
    for box in boxes:
        yield from _blocks(box, book, depth + 1)


def _meaning(properties: Element, book: _Book) -> tuple[_Style, str]:
    """The paragraph's style, with what it says itself, and the number before it."""
    name = value_of(properties, "pStyle")
    style = book.styles.get(name, _Style())
    outline = properties.find(f"{_W}outlineLvl")
    level = min(_outline(outline), 6) if outline is not None else 0
    number, step = reference(properties)
    number = number or style.number
    if number in {"", "0"}:  # "0" takes the style's list away
        return _Style(level or style.level, style.is_list and not number), ""
    if step is None:
        step = style.step
    if step is None:
        step = book.numbering.level_of_style(number, name)
    return _Style(level or style.level, True), book.numbering.label(number, step)


def _text(element: Element, boxes: list[Element]) -> str:
    """The paragraph's visible text; text boxes in it are put aside into `boxes`."""
    parts: list[str] = []
    waiting = [element]
    while waiting:
        node = waiting.pop()
        tag = node.tag
        if tag in _LEFT_OUT:
            continue
        if tag == f"{_W}txbxContent":
            boxes.append(node)
        elif tag == f"{_W}r" and _is_hidden(node):
            continue
        elif tag in (f"{_W}t", f"{_M}t"):
            parts.append(node.text or "")
        elif tag in _MARKS:
            parts.append(_MARKS[tag])
        else:
            waiting.extend(reversed(node))
    return "".join(parts)


_LEFT_OUT = frozenset(
    {f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "rt")}
    | {f"{_MC}Fallback"}
)
_MARKS = {
    f"{_W}tab": " ",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
}


def _is_hidden(run: Element) -> bool:
    properties = run.find(f"{_W}rPr")
    vanish = properties.find(f"{_W}vanish") if properties is not None else None
    return vanish is not None and vanish.get(f"{_W}val", "1") not in ("0", "false", "off")


def _table(table: Element, book: _Book, depth: int) -> Iterator[Piece]:
    """Rows as lines of cells; a table of one column arranges paragraphs and is read as them."""
    rows = [list(_cells(line)) for line in _below(table, f"{_W}tr")]
    if all(len(cells) <= 1 for cells in rows):
        for cells in rows:
            for cell in cells:
                yield from _blocks(cell, book, depth + 1)
        return
    for cells in rows:
        text = row(
            " ".join(piece.text for piece in _blocks(cell, book, depth + 1)) for cell in cells
        )
        if text:
            yield Piece(BlockKind.TABLE_ROW, text)


def _cells(line: Element) -> Iterator[Element]:
    yield from _below(line, f"{_W}tc")


def _below(parent: Element, tag: str) -> Iterator[Element]:
    """Children with the tag, also those inside content controls and tracked insertions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _below(child, tag)


def warm() -> None:
    """Has expat and zipfile load what they load late."""
    holder = io.BytesIO()
    with zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f'<w:p xmlns:w="{_W[1:-1]}"><w:t>é</w:t></w:p>')
    list(read_docx(holder.getvalue(), ReaderLimits())[1])
