"""Administration: the pages on the left, the chosen one beside them.

Rules kept here: a page that few come to often is made when somebody first does, so that nobody else
waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.admin.about import AboutPage
from gui.admin.airgap import AirGapPage
from gui.admin.carrying import CarryingPage
from gui.admin.emergency import EmergencyPage
from gui.admin.insights import InsightsPage
from gui.admin.models import ModelsPage
from gui.admin.page import Page
from gui.admin.people import PeoplePage
from gui.admin.policies import PoliciesPage
from gui.admin.seat import SeatPage
from gui.admin.settings import SettingsPage
from gui.controls.labels import Words
from gui.desk import Desk
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current

P = TypeVar("P", bound=Page)


class AdminScreen(QWidget):
    """`proved(report)` when the air gap was tried again."""

    proved = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
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
        self._later: dict[str, Callable[[Desk], Page]] = {}
        self._rows: list[str] = []
        self._glyphs: list[str] = []
        self._add("seat", "key", self.tr("Licence and seat"), self.seat)
        self._add("people", "person", self.tr("People"), self.people)
        self._add("emergency", "warning", self.tr("Emergency access"), self.emergency)
        self._add("carrying", "parcel", self.tr("Backup and parcels"), self.carrying)
        self._add("policies", "shield", self.tr("Policies"), PoliciesPage)
        self._add("models", "ask", self.tr("Models"), ModelsPage)
        self._add("insights", "gauge", self.tr("Insights"), self.insights)
        self._add("settings", "admin", self.tr("Settings"), self.settings)
        self._add("airgap", "lock", self.tr("Air gap"), AirGapPage)
        self._add("about", "info", self.tr("About"), AboutPage)
        self._arrange()
        self.list.setCurrentRow(0)
        self.list.currentRowChanged.connect(self._show)

    @property
    def page(self) -> Page:
        """The one that is shown."""
        return self.made(self._rows[max(0, self.list.currentRow())])

    @property
    def policies(self) -> PoliciesPage:
        return self._made_as("policies", PoliciesPage)

    @property
    def models(self) -> ModelsPage:
        return self._made_as("models", ModelsPage)

    @property
    def airgap(self) -> AirGapPage:
        return self._made_as("airgap", AirGapPage)

    @property
    def about(self) -> AboutPage:
        return self._made_as("about", AboutPage)

    def made(self, name: str) -> Page:
        """The page of this name, made now if it was not wanted before."""
        if name not in self._pages:
            page = self._pages[name] = self._later[name](self._desk)
            row = self._rows.index(name)
            empty = self._stack.widget(row)
            if empty is not None:
                self._stack.removeWidget(empty)
                empty.deleteLater()
            self._stack.insertWidget(row, page)
            if isinstance(page, AirGapPage):
                page.proved.connect(self.proved)
            if isinstance(page, ModelsPage):
                page.parcel_wanted.connect(self.carrying.inspect)
                self.carrying.taken.connect(page.refresh)
        return self._pages[name]

    def refresh(self) -> None:
        """Reads anew what the page that is shown shows."""
        self._tint()
        self.page.refresh()

    def show_page(self, name: str) -> None:
        row = self._rows.index(name)
        if row == self.list.currentRow():
            self.refresh()
        else:
            self.list.setCurrentRow(row)

    def forget(self) -> None:
        for page in self._pages.values():
            page.forget()

    def _made_as(self, name: str, kind: type[P]) -> P:
        page = self.made(name)
        if not isinstance(page, kind):
            raise TypeError(name)
        return page

    def _add(self, name: str, glyph: str, title: str, page: Page | Callable[[Desk], Page]) -> None:
        self._rows.append(name)
        self._glyphs.append(glyph)
        item = QListWidgetItem(title)
        item.setToolTip(title)  # where room is short it ends in "…"
        self.list.addItem(item)
        if isinstance(page, Page):
            self._pages[name] = page
            self._stack.addWidget(page)
        else:
            self._later[name] = page
            self._stack.addWidget(QWidget())

    def _show(self, row: int) -> None:
        self.made(self._rows[row])
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
