"""Pages drawn with a painter, as a renderer would return them: pixels and boxes."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from appliance.values import Block, BlockKind, Box, PageImage, PageText

WIDTH, HEIGHT, MARGIN = 595, 842, 64


def draw_page(
    title: str, pages: tuple[tuple[str, ...], ...], number: int, quoted: str, scale: float
) -> PageImage:
    """An A4 page at `scale` pixels a point; the boxes stand round the quoted line."""
    image = QImage(round(WIDTH * scale), round(HEIGHT * scale), QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setPen(QColor("#111111"))
    boxes: list[Box] = []
    y = MARGIN * scale
    y = _write(painter, title, y, scale, 17, bold=True)[0] + 12 * scale
    for line in pages[number - 1]:
        heading = line.startswith("# ")
        y += 10 * scale if heading else 0
        text = line[2:] if heading else line
        y, lines = _write(painter, text, y, scale, 13 if heading else 10.5, bold=heading)
        if quoted and line == quoted:
            boxes += lines
    painter.end()
    stride, width = image.bytesPerLine(), image.width() * 3
    raw = bytes(image.constBits())
    rows = b"".join(raw[row * stride : row * stride + width] for row in range(image.height()))
    return PageImage(
        title, number, len(pages), image.width(), image.height(), rows, tuple(boxes),
        "\n".join(pages[number - 1]),
    )  # fmt: skip


def set_text(title: str, pages: tuple[tuple[str, ...], ...], number: int, quoted: str) -> PageText:
    blocks: list[Block] = []
    highlights: list[tuple[int, int]] = []
    text = ""
    for line in pages[number - 1]:
        heading = line.startswith("# ")
        start = len(text)
        text += line[2:] if heading else line
        kind = BlockKind.HEADING if heading else BlockKind.PARAGRAPH
        blocks.append(Block(kind, start, len(text), 2 if heading else 0))
        if quoted and line == quoted:
            highlights.append((start, len(text)))
        text += "\n"
    return PageText(title, number, len(pages), text, tuple(blocks), tuple(highlights))


def _write(
    painter: QPainter, text: str, y: float, scale: float, points: float, *, bold: bool
) -> tuple[float, list[Box]]:
    """Sets the words in lines; returns where the next begins and a box for each line."""
    font = QFont(["Liberation Sans", "DejaVu Sans"])
    font.setPixelSize(round(points * scale))
    font.setBold(bold)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left, room = MARGIN * scale, (WIDTH - 2 * MARGIN) * scale
    boxes, line = [], ""
    for word in [*text.split(), ""]:
        longer = f"{line} {word}".strip()
        if word and metrics.horizontalAdvance(longer) <= room:
            line = longer
            continue
        if line:
            rect = QRectF(left, y, metrics.horizontalAdvance(line), metrics.height())
            painter.drawText(rect.adjusted(0, 0, 4, 0), int(Qt.AlignmentFlag.AlignLeft), line)
            boxes.append(Box(rect.left(), rect.top(), rect.right(), rect.bottom()))
            y += metrics.height() * 1.25
        line = word
    return y + 5 * scale, boxes
