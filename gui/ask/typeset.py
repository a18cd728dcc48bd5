"""A sheet as a PDF: set with the window's own fonts, in memory.

Rules kept here: it is PDF/A-1b (ISO 19005-1), so that what is kept for years still opens, with
every letter embedded, and those that no font has written as their numbers; it is made in memory and
nothing is written here; text is set as plain text, never as markup; any thread may set, a paragraph
at a time, so that none keeps the window waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)

from appliance.values import Part, PartKind, Run, Sheet
from gui.ask.letters import Letters

_SCALE = 4
_DPI = 96 * _SCALE
_MARGIN_MM = 20.0
_FOOT = 34 * _SCALE
"""At the foot of a page, for its number."""
_LEADING = 1.3
_TITLE_SHARE = 0.8
"""Of the foot's width, at most."""
_TOGETHER = 60 * _SCALE
"""A heading stands on the page that has this much room below its top."""


@dataclass(frozen=True, slots=True)
class _Look:
    """size and above: in pixels of a screen."""

    size: int
    above: float
    ink: str = "#16202E"
    weight: QFont.Weight = QFont.Weight.Normal
    mono: bool = False

    @property
    def font(self) -> QFont:
        font = QFont("monospace" if self.mono else QFont().family())
        if self.mono:
            font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(self.size * _SCALE)
        font.setWeight(self.weight)
        return font


_STRONG, _PALE, _RED = QFont.Weight.DemiBold, "#454F5D", "#A3121F"
_LOOKS = {
    PartKind.TITLE: _Look(24, 0, weight=_STRONG),
    PartKind.QUESTION: _Look(17, 22, weight=_STRONG),
    PartKind.HEADING: _Look(14, 12, weight=_STRONG),
    PartKind.TEXT: _Look(14, 7),
    PartKind.ALARM: _Look(14, 7, _RED, weight=QFont.Weight.Bold),
    PartKind.SOURCE: _Look(13, 5),
    PartKind.SMALL: _Look(11, 5, _PALE),
    PartKind.CODE: _Look(9, 5, _PALE, mono=True),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a paragraph, and how far below the page's top it stands."""

    page: int
    top: float
    layout: QTextLayout
    number: int
    ink: str


def typeset(sheet: Sheet) -> bytes:
    """The PDF, A4."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPdfVersion(QPagedPaintDevice.PdfVersion.PdfVersion_A1b)
    writer.setResolution(_DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    writer.setTitle(sheet.title)
    writer.setCreator("Cloister")
    painter = QPainter(writer)
    letters = Letters(_LOOKS[PartKind.TEXT].font, writer)
    lines = list(_lines(sheet, writer, letters))
    title = letters.written(sheet.title)
    pages = lines[-1].page + 1 if lines else 1
    at = 0
    for page in range(pages):
        if page:
            writer.newPage()
        while at < len(lines) and lines[at].page == page:
            _draw(painter, lines[at])
            at += 1
        _foot(painter, writer, title if page else "", f"{page + 1} / {pages}")
    painter.end()
    return bytes(buffer.data().data())


def _lines(sheet: Sheet, writer: QPdfWriter, letters: Letters) -> Iterator[_Line]:
    """Every line of the sheet, page after page."""
    bottom = writer.height() - _FOOT
    page, top = 0, 0.0
    for part in _drawable(sheet, letters):
        look = _LOOKS[part.kind]
        top += look.above * _SCALE if top else 0
        if look.weight is _STRONG and top + _TOGETHER > bottom:
            page, top = page + 1, 0.0
        layout = _set(part, look, writer)
        for number in range(layout.lineCount()):
            tall = layout.lineAt(number).height() * _LEADING
            if top + tall > bottom:
                page, top = page + 1, 0.0
            yield _Line(page, top, layout, number, look.ink)
            top += tall


def _drawable(sheet: Sheet, letters: Letters) -> list[Part]:
    """With what the fonts lack as numbers, and a word on it below the title."""
    parts = [
        replace(part, runs=tuple(replace(run, text=letters.written(run.text)) for run in part.runs))
        for part in sheet.parts
    ]
    if letters.lacking:
        told = QCoreApplication.translate(
            "typeset",
            "No font of this computer has some of the letters; they stand here as their Unicode "
            "numbers, like [U+6F22]. A Word document or Markdown keeps them.",
        )
        parts.insert(1, Part(PartKind.SMALL, (Run(told),)))
    return parts


def _set(part: Part, look: _Look, writer: QPdfWriter) -> QTextLayout:
    layout = QTextLayout(part.text.replace("\n", "\u2028"), look.font, writer)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    slanted = []
    start = 0
    for run in part.runs:
        length = len(run.text.encode("utf-16-le")) // 2  # Qt counts so
        if run.doubted:
            form = QTextCharFormat()
            form.setFontItalic(True)
            span = QTextLayout.FormatRange()
            span.start, span.length, span.format = start, length, form
            slanted.append(span)
        start += length
    layout.setFormats(slanted)
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(writer.width())
        line.setPosition(QPointF(0, 0))
    layout.endLayout()
    return layout


def _draw(painter: QPainter, line: _Line) -> None:
    painter.setPen(QColor(line.ink))
    line.layout.lineAt(line.number).draw(painter, QPointF(0, line.top))


def _foot(painter: QPainter, writer: QPdfWriter, title: str, number: str) -> None:
    """What the page belongs to, and its number."""
    look = _LOOKS[PartKind.SMALL]
    painter.setPen(QColor(look.ink))
    painter.setFont(look.font)
    foot = QRectF(0, writer.height() - _FOOT, writer.width(), _FOOT)
    painter.drawText(foot, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, number)
    short = painter.fontMetrics().elidedText(
        title, Qt.TextElideMode.ElideRight, round(foot.width() * _TITLE_SHARE)
    )
    painter.drawText(foot, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, short)
