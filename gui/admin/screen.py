"""Administration: the pages on the left, the chosen one beside them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.admin.carrying import CarryingPage
from gui.admin.emergency import EmergencyPage
from gui.admin.insights import InsightsPage
from gui.admin.page import Page
from gui.admin.people import PeoplePage
from gui.admin.seat import SeatPage
from gui.admin.settings import SettingsPage
from gui.controls.labels import Words
from gui.desk import Desk
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current


class AdminScreen(QWidget):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seat = SeatPage(desk)
        self.people = PeoplePage(desk)
        self.emergency = EmergencyPage(desk)
        self.carrying = CarryingPage(desk)
        self.insights = InsightsPage(desk)
        self.settings = SettingsPage(desk)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Pages of the administration"))
        self.list.setIconSize(QSize(17, 17))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stack = QStackedWidget()
        self._pages: dict[str, Page] = {}
        self._glyphs: list[str] = []
        self._add("seat", "key", self.tr("Licence and seat"), self.seat)
        self._add("people", "person", self.tr("People"), self.people)
        self._add("emergency", "warning", self.tr("Emergency access"), self.emergency)
        self._add("carrying", "parcel", self.tr("Backup and parcels"), self.carrying)
        self._add("insights", "gauge", self.tr("Insights"), self.insights)
        self._add("settings", "admin", self.tr("Settings"), self.settings)
        self._arrange()
        self.list.setCurrentRow(0)
        self.list.currentRowChanged.connect(self._show)

    @property
    def page(self) -> Page:
        """The one that is shown."""
        return tuple(self._pages.values())[max(0, self.list.currentRow())]

    def refresh(self) -> None:
        """Reads anew what the page that is shown shows."""
        self._tint()
        self.page.refresh()

    def show_page(self, name: str) -> None:
        row = tuple(self._pages).index(name)
        if row == self.list.currentRow():
            self.refresh()
        else:
            self.list.setCurrentRow(row)

    def forget(self) -> None:
        for page in self._pages.values():
            page.forget()

    def _add(self, name: str, glyph: str, title: str, page: Page) -> None:
        self._pages[name] = page
        self._glyphs.append(glyph)
        self.list.addItem(QListWidgetItem(title))
        self._stack.addWidget(page)

    def _show(self, row: int) -> None:
        self._stack.setCurrentIndex(row)
        if self.isVisible():
            self.refresh()

    def _tint(self) -> None:
        for row, glyph in enumerate(self._glyphs):
            self.list.item(row).setIcon(icon(glyph, current().muted, 17))

    def _arrange(self) -> None:
        side = QFrame()
        fix(side, 228, half=True)
        column = QVBoxLayout(side)
        column.setContentsMargins(20, 20, 10, 16)
        column.setSpacing(8)
        head = Words(self.tr("This machine"), "section")
        head.setContentsMargins(8, 2, 0, 0)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        layout.addWidget(self._stack, 1)
