"""A signed file to be handed on: as QR codes to be scanned off the screen, or saved.

Rules kept here: what is drawn is the product's codes, black on white whatever the look, with the
quiet zone that scanners need (ISO/IEC 18004, 5.3.8); the file is written only where the person
says.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.desk import Desk
from gui.files import choose_new, write_file
from gui.style.scale import px
from gui.worker import Lane

Modules = tuple[tuple[bool, ...], ...]
_QUIET = 4
_SIDE, _SMALL = 500, 376
"""Four pixels a module of the largest code there is; three where the screen is low."""
_ROOM = 760


class CodePicture(QWidget):
    """One code, each module the same whole number of pixels."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self.setFixedSize(QSize(side, side))

    def draw(self, modules: Modules, name: str) -> None:
        side = len(modules) + 2 * _QUIET
        image = QImage(side, side, QImage.Format.Format_RGB32)
        image.fill(QColor("#FFFFFF"))
        dark = QColor("#000000").rgb()
        for y, row in enumerate(modules):
            for x, module in enumerate(row):
                if module:
                    image.setPixel(x + _QUIET, y + _QUIET, dark)
        self._image = image
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#FFFFFF"))
        if not self._image.isNull():
            scale = max(1, self.width() // self._image.width())
            side = scale * self._image.width()
            at = (self.width() - side) // 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(QRect(at, at, side, side), self._image)
        painter.end()


class SignedFile(QDialog):
    """Shows `content` as `codes` and saves it under a name the person chooses."""

    def __init__(
        self, desk: Desk, parent: QWidget, *, title: str, text: str, name: str,
        content: bytes, codes: tuple[Modules, ...],
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._desk, self._name, self._content, self._codes = desk, name, content, codes
        self._at = 0
        low = parent.screen().availableGeometry().height() < _ROOM
        self.picture = CodePicture(_SMALL if low else _SIDE)
        self.count = Words("", "caption", wrap=True)
        self.before = GlyphButton("left", self.tr("The code before"), side=34)
        self.after = GlyphButton("right", self.tr("The next code"), side=34)
        self.save = TextButton(self.tr("Save as a file …"), kind="primary", glyph="save",
                               tone="on_accent")  # fmt: skip
        self.notice = Notice()
        self.notice.hide()
        self.before.clicked.connect(lambda: self._turn(-1))
        self.after.clicked.connect(lambda: self._turn(1))
        self.save.clicked.connect(lambda: choose_new(self, title, name, self.save_to))
        self._arrange(title, text)
        self._turn(0)
        self.save.setFocus()

    def save_to(self, path: Path) -> None:
        self._desk.worker.run(
            self,
            Lane.PROOF,
            lambda: write_file(path, self._content + b"\n"),
            lambda _: self._saved(path),
            self.notice.complain,
        )

    def _saved(self, path: Path) -> None:
        self.notice.say("good", self.tr("Saved."), str(path))
        self.notice.show()

    def _turn(self, by: int) -> None:
        self._at = (self._at + by) % len(self._codes)
        name = self.tr("Code {number} of {count}").format(
            number=self._at + 1, count=len(self._codes)
        )
        self.picture.draw(self._codes[self._at], name)
        self.count.setText(
            self.tr("{code} · scan all of them, in any order").format(code=name)
            if len(self._codes) > 1
            else name
        )

    def _arrange(self, title: str, text: str) -> None:
        several = len(self._codes) > 1
        turn = QHBoxLayout()
        turn.setSpacing(8)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        turn.addWidget(self.before)
        turn.addWidget(self.count, 1)
        turn.addWidget(self.after)
        for button in (self.before, self.after):
            button.setVisible(several)
        close = TextButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(close)
        foot.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(8)
        layout.addWidget(Words(title, "heading"))
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(turn)
        layout.addWidget(self.notice)
        layout.addLayout(foot)
        self.setFixedWidth(max(_SIDE + 80, px(560)))
        keep_in(self)
