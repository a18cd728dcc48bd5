"""Sets a source as PDF: A4, running header and footer, ruled tables, real text.

Rules kept here: only the standard PDF fonts are used (no font file is shipped); the bytes depend on
nothing but the source (`invariant`, and no compression, because compressors differ by machine).
"""

from __future__ import annotations

from io import BytesIO

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from .markup import tagged
from .source import (
    INSTITUTIONS,
    Block,
    Heading,
    ItemList,
    Note,
    Paragraph,
    Source,
    Table,
    control_rows,
    marking,
)

_WIDTH, _HEIGHT = A4
_SIDE = 22 * mm
_TOP = 27 * mm
_BOTTOM = 24 * mm
_TEXT = _WIDTH - 2 * _SIDE
_INK = HexColor("#1c2430")
_GREY = HexColor("#5c6675")
_RULE = HexColor("#b9c1cc")
_SHADES = {
    INSTITUTIONS["hospital"]: ("#0b5a6b", "#e4f0f2", "#f5f9fa"),
    INSTITUTIONS["bank"]: ("#23355c", "#e6eaf3", "#f6f7fb"),
}


def _style(
    name: str,
    size: float,
    leading: float,
    *,
    font: str = "Helvetica",
    colour: Color = _INK,
    before: float = 0,
    after: float = 0,
    indent: float = 0,
    bullet: float = 0,
    keep: bool = False,
) -> ParagraphStyle:
    """Sizes and distances in points; keep holds the paragraph on the page of the next flowable."""
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=leading, textColor=colour, spaceBefore=before,
        spaceAfter=after, leftIndent=indent, bulletIndent=bullet, keepWithNext=int(keep),
        allowWidows=0, allowOrphans=0, bulletFontSize=size,
    )  # fmt: skip


_BOLD = "Helvetica-Bold"
_BODY = _style("body", 9.6, 13.6, after=5.5)
_CLAUSE = _style("clause", 9.6, 13.6, after=5.5, indent=30)
_ITEM = _style("item", 9.6, 13.4, after=3, indent=44, bullet=31)
_CELL = _style("cell", 8.7, 11.4)
_CELL_HEAD = _style("cell head", 8.7, 11.4, font=_BOLD)
_LABEL = _style("label", 7.8, 10.4, colour=_GREY)
_CAPTION = _style("caption", 8.7, 12, font=_BOLD, before=4, after=3, keep=True)


class _Page(BaseDocTemplate):
    """The document with its furniture; `total` is the number of pages, 0 on the first pass."""

    def __init__(self, out: BytesIO, source: Source, total: int) -> None:
        super().__init__(
            out,
            pagesize=A4,
            title=source.title,
            author=source.institution,
            subject=f"{source.kind} {source.number}, version {source.version}",
            keywords=[marking(source.institution)],
            creator="Cloister sample library",
            invariant=1,
            pageCompression=0,
        )
        frame = Frame(
            _SIDE, _BOTTOM, _TEXT, _HEIGHT - _TOP - _BOTTOM, leftPadding=0, rightPadding=0,
            topPadding=0, bottomPadding=0,
        )  # fmt: skip
        self.addPageTemplates([PageTemplate("page", [frame], onPage=self._furniture)])
        self._source = source
        self._total = total

    def _furniture(self, canvas: Canvas, _document: object) -> None:
        source = self._source
        strong, _, _ = _SHADES[source.institution]
        canvas.saveState()
        canvas.setFillColor(HexColor(strong))
        canvas.rect(0, _HEIGHT - 6 * mm, _WIDTH, 6 * mm, stroke=0, fill=1)
        canvas.setFont("Helvetica-Bold", 8.5)
        canvas.drawString(_SIDE, _HEIGHT - 15 * mm, source.institution)
        canvas.setFillColor(_GREY)
        canvas.setFont("Helvetica", 8)
        place = f"{source.number}   Version {source.version}"
        canvas.drawRightString(_WIDTH - _SIDE, _HEIGHT - 15 * mm, place)
        canvas.setStrokeColor(_RULE)
        canvas.setLineWidth(0.6)
        canvas.line(_SIDE, _HEIGHT - 18 * mm, _WIDTH - _SIDE, _HEIGHT - 18 * mm)
        canvas.line(_SIDE, 18 * mm, _WIDTH - _SIDE, 18 * mm)
        canvas.drawString(_SIDE, 13.5 * mm, marking(source.institution))
        page = f"Page {canvas.getPageNumber()} of {self._total}"
        canvas.drawRightString(_WIDTH - _SIDE, 13.5 * mm, page)
        canvas.setFont("Helvetica", 6.8)
        canvas.drawString(_SIDE, 10 * mm, "Printed copies are uncontrolled.")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's hook
        if isinstance(flowable, Text) and flowable.style.name.startswith("section"):
            level = int(flowable.style.name[-1]) - 1
            key = f"section-{self.page}-{flowable.getPlainText()}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level)


def pdf(source: Source) -> bytes:
    """The document's bytes; the same source gives the same bytes on every machine."""
    total = 0
    for _ in range(2):  # the first pass counts the pages, the second can write "of n"
        out = BytesIO()
        document = _Page(out, source, total)
        document.build(_story(source))
        total = document.page
    return out.getvalue()


def _story(source: Source) -> list[Flowable]:
    strong, pale, paler = _SHADES[source.institution]
    kind = _style("kind", 8.6, 11, font=_BOLD, colour=HexColor(strong))
    title = _style("title", 19, 23, font=_BOLD, before=3, after=8)
    story: list[Flowable] = [Text(_marked(source.kind), kind), Text(_marked(source.title), title)]
    story += [_control(source, paler), Spacer(0, 10)]
    for block in source.blocks:
        story += _flowables(block, strong, pale, paler)
    return story


def _marked(text: str) -> str:
    return tagged(text, "b", "i")


def _control(source: Source, shade: str) -> Flowable:
    rows = [
        [Text(_marked(cell), _CELL if at % 2 else _LABEL) for at, cell in enumerate(row)]
        for row in control_rows(source)
    ]
    grid = Grid(rows, colWidths=[_TEXT * part / 100 for part in (18, 35, 13, 34)])
    grid.setStyle(
        [
            ("BOX", (0, 0), (-1, -1), 0.6, _RULE),
            ("LINEBELOW", (0, 0), (-1, -2), 0.4, _RULE),
            ("BACKGROUND", (0, 0), (-1, -1), HexColor(shade)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 3.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.2),
        ]
    )
    return grid


def _flowables(block: Block, strong: str, pale: str, paler: str) -> list[Flowable]:
    if isinstance(block, Heading):
        size, before = (12.4, 9.0) if block.level == 1 else (10.2, 5.0)
        style = _style(
            f"section {block.level}", size, size + 3.4, font=_BOLD, colour=HexColor(strong),
            before=before, after=3.5, keep=True,
        )  # fmt: skip
        return [CondPageBreak(26 * mm), Text(_marked(block.text), style)]
    if isinstance(block, Paragraph):
        if block.number:
            return [Text(_marked(block.text), _CLAUSE, bulletText=block.number)]
        return [Text(_marked(block.text), _BODY)]
    if isinstance(block, ItemList):
        marks = (f"{at}." if block.ordered else "•" for at in range(1, len(block.items) + 1))
        return [
            Text(_marked(item), _ITEM, bulletText=mark)
            for mark, item in zip(marks, block.items, strict=True)
        ]
    if isinstance(block, Note):
        return [_note(block, strong, pale), Spacer(0, 6)]
    return _table(block, pale, paler)


def _note(note: Note, strong: str, pale: str) -> Flowable:
    box = Grid([[Text(f"<b>{note.label}:</b> {_marked(note.text)}", _CELL)]], colWidths=[_TEXT])
    box.setStyle(
        [
            ("LINEBEFORE", (0, 0), (0, -1), 2.6, HexColor(strong)),
            ("BACKGROUND", (0, 0), (-1, -1), HexColor(pale)),
            ("LEFTPADDING", (0, 0), (-1, -1), 9),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ]
    )
    return box


def _table(table: Table, pale: str, paler: str) -> list[Flowable]:
    rows = [[Text(_marked(cell), _CELL_HEAD) for cell in table.header]]
    rows += [[Text(_marked(cell), _CELL) for cell in row] for row in table.rows]
    whole = sum(table.widths)
    grid = Grid(rows, colWidths=[_TEXT * part / whole for part in table.widths], repeatRows=1)
    grid.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, _RULE),
            ("BACKGROUND", (0, 0), (-1, 0), HexColor(pale)),
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#ffffff"), HexColor(paler)]),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ]
    )
    parts: list[Flowable] = [Text(_marked(table.caption), _CAPTION)] if table.caption else []
    return [*parts, grid, Spacer(0, 8)]
