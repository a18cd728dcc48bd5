"""A rendered page, scaled to the panel, with translucent boxes on what is cited.

Rules kept here: the size of an image is checked against its pixels before Qt sees it.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from appliance.errors import CloisterError
from appliance.values import PageImage
from gui.style.tokens import current
from gui.text import plain

_LARGEST = 12_000
_BAR = 16  # always kept free, so that a bar that comes does not change the width again


class Unusable(CloisterError):
    code = "page_unusable"
    hint = "Open the document again. If it happens again, import the document anew."


def image_of(page: PageImage) -> QImage:
    """Raises Unusable where the pixels do not make the image they should."""
    width, height = page.width, page.height
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise Unusable("The page came back with a size that cannot be.")
    if len(page.pixels) != width * height * 3:
        raise Unusable("The page came back incomplete.")
    view = QImage(page.pixels, width, height, width * 3, QImage.Format.Format_RGB888)
    return view.copy()  # the bytes are not ours to keep


class Sheet(QWidget):
    """The page itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._boxes: list[QRectF] = []
        self._drawn = QPixmap()

    def put(self, image: QImage, page: PageImage) -> None:
        self._image = image
        self._boxes = [
            QRectF(b.left, b.top, b.right - b.left, b.bottom - b.top) for b in page.boxes
        ]
        self._drawn = QPixmap()
        self.setAccessibleName(
            self.tr("Page {number} of {title}").format(
                number=page.number, title=plain.line(page.title)
            )
        )
        self.setAccessibleDescription(plain.shown(page.text, 4000))
        self.update()

    def forget(self) -> None:
        self._image, self._boxes, self._drawn = QImage(), [], QPixmap()
        self.setAccessibleName(self.tr("No page"))
        self.setAccessibleDescription("")

    def spread(self, width: int) -> None:
        if not self._image.isNull():
            self.setFixedSize(width, round(width * self._image.height() / self._image.width()))

    def passage(self) -> QRectF:
        """Where the highlight stands, in this widget's coordinates; empty without one."""
        union = QRectF()
        for box in self._boxes:
            union = union.united(box)
        factor = self.width() / self._image.width() if self._image.width() else 0
        return QRectF(
            union.x() * factor, union.y() * factor, union.width() * factor, union.height() * factor
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        size = self.size() * self.devicePixelRatioF()
        if self._drawn.size() != size:
            self._drawn = self._draw(size)
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._drawn)
        painter.setPen(QColor(current().line))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _draw(self, size: QSize) -> QPixmap:
        scaled = self._image.scaled(
            size,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        ).convertToFormat(QImage.Format.Format_RGB32)
        factor = size.width() / self._image.width()
        painter = QPainter(scaled)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Multiplying leaves black ink black, as a marker pen does.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current().mark))
        for box in self._boxes:
            area = QRectF(
                box.x() * factor, box.y() * factor, box.width() * factor, box.height() * factor
            )
            painter.drawRoundedRect(area.adjusted(-1.5, -1, 1.5, 1), 2, 2)
        painter.end()
        return QPixmap.fromImage(scaled)


class PageScroll(QScrollArea):
    """The page at a zoom: 1 fits the panel's width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Page"))
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setStyleSheet("background: transparent;")
        self.sheet = Sheet()
        self.setWidget(self.sheet)
        self._zoom = 1.0
        self._seek = False

    def show_image(self, page: PageImage, zoom: float, *, keep: bool = False) -> None:
        """keep stays where it is scrolled to: the same page, only sharper."""
        self.sheet.put(image_of(page), page)
        self._zoom = zoom
        self._fit()
        self._seek = not keep
        if not keep:
            self._show_passage()

    def magnify(self, zoom: float) -> None:
        bar = self.verticalScrollBar()
        middle = (bar.value() + bar.pageStep() / 2) / max(1, self.sheet.height())
        self._zoom = zoom
        self._fit()
        bar.setValue(round(middle * self.sheet.height() - bar.pageStep() / 2))
        self._show_left()

    def forget(self) -> None:
        self.sheet.forget()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if self._seek:
            self._show_passage()

    def _fit(self) -> None:
        self.sheet.spread(max(200, round((self.width() - _BAR) * self._zoom)))

    def _show_passage(self) -> None:
        passage = self.sheet.passage()
        top = passage.center().y() - self.viewport().height() * 0.4 if not passage.isEmpty() else 0
        self.verticalScrollBar().setValue(round(top))
        self._show_left()

    def _show_left(self) -> None:
        """Where the passage's lines begin, as one reads on from there."""
        self.horizontalScrollBar().setValue(round(self.sheet.passage().left() - 24))
