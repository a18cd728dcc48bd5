"""Administration: the pages on the left, the chosen one beside them.

Rules kept here: a page is made when somebody first comes to it: all of them at once would hold up
the screen for longer than a person feels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
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
    """`proved(report)` when the air gap was tried again; `seat_changed`; `glass_changed` and
    `reviewed` when glass was broken, or its alert looked at; `taken` when a parcel came in."""

    proved = Signal(object)
    seat_changed = Signal()
    glass_changed = Signal()
    reviewed = Signal()
    taken = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Pages of the administration"))
        fix(self.list, icons=17)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stack = QStackedWidget()
        self._pages: dict[str, Page] = {}
        self._later: dict[str, Callable[[Desk], Page]] = {}
        self._rows: list[str] = []
        self._glyphs: list[str] = []
        self._add("seat", "key", self.tr("Licence and seat"), SeatPage)
        self._add("people", "person", self.tr("People"), PeoplePage)
        self._add("emergency", "warning", self.tr("Emergency access"), EmergencyPage)
        self._add("carrying", "parcel", self.tr("Backup and parcels"), CarryingPage)
        self._add("policies", "shield", self.tr("Policies"), PoliciesPage)
        self._add("models", "ask", self.tr("Models"), ModelsPage)
        self._add("insights", "gauge", self.tr("Insights"), InsightsPage)
        self._add("settings", "admin", self.tr("Settings"), SettingsPage)
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
    def seat(self) -> SeatPage:
        return self._made_as("seat", SeatPage)

    @property
    def people(self) -> PeoplePage:
        return self._made_as("people", PeoplePage)

    @property
    def emergency(self) -> EmergencyPage:
        return self._made_as("emergency", EmergencyPage)

    @property
    def carrying(self) -> CarryingPage:
        return self._made_as("carrying", CarryingPage)

    @property
    def insights(self) -> InsightsPage:
        return self._made_as("insights", InsightsPage)

    @property
    def settings(self) -> SettingsPage:
        return self._made_as("settings", SettingsPage)

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
            row, shown = self._rows.index(name), self._stack.currentIndex()
            empty = self._stack.widget(row)
            if empty is not None:
                self._stack.removeWidget(empty)
                empty.deleteLater()
            self._stack.insertWidget(row, page)
            self._stack.setCurrentIndex(shown)
            self._connect(page)
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

    def _connect(self, page: Page) -> None:
        if isinstance(page, SeatPage):
            page.changed.connect(self.seat_changed)
        elif isinstance(page, EmergencyPage):
            page.changed.connect(self.glass_changed)
            page.reviewed.connect(self.reviewed)
        elif isinstance(page, CarryingPage):
            page.taken.connect(self.taken)
        elif isinstance(page, AirGapPage):
            page.proved.connect(self.proved)
        elif isinstance(page, ModelsPage):
            page.parcel_wanted.connect(self._inspect)
            self.taken.connect(page.refresh)

    def _inspect(self, folder: Path) -> None:
        self.carrying.inspect(folder)

    def _add(self, name: str, glyph: str, title: str, page: Callable[[Desk], Page]) -> None:
        self._rows.append(name)
        self._glyphs.append(glyph)
        item = QListWidgetItem(title)
        item.setToolTip(title)  # where room is short it ends in "…"
        self.list.addItem(item)
        self._later[name] = page
        self._stack.addWidget(QWidget())

    def _show(self, row: int) -> None:
        new = self._rows[row] not in self._pages
        page = self.made(self._rows[row])
        self._stack.setCurrentIndex(row)
        if new:  # made now, filled in the next turn of the event loop: neither is felt
            self._tint()
            QTimer.singleShot(0, page, lambda: self._fill(page))
        elif self.isVisible():
            self.refresh()

    def _fill(self, page: Page) -> None:
        if page.isVisible():
            page.refresh()

    def _tint(self) -> None:
        for row, glyph in enumerate(self._glyphs):
            self.list.item(row).setIcon(icon(glyph, current().muted, 17))

    def _arrange(self) -> None:
        side = QFrame()
        fix(side, 240, half=True)
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
