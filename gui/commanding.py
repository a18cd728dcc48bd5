"""Does what the table of commands names: by its keys, or out of the palette.

Rules kept here: a command runs only while somebody is logged in, unless it concerns the window
alone; what the policy does not allow this person is not listed and not done; keys are the window's,
so that a dialog in front keeps its own, and text fields keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QKeySequence, QShortcut

from appliance.values import ExportForm
from gui.ask.actions import Act
from gui.commands import Command, Section, commands
from gui.palette import Palette
from gui.workplace import Workplace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.library.viewer import DocumentPanel
    from gui.shell import Shell

PAGE_KEYS = "Alt+{}"
PAGES = 9
"""Pages of the administration that have a key."""


@dataclass(frozen=True, slots=True)
class Deed:
    """run: what is done. can: whether it can be done now."""

    run: Callable[[Workplace], object]
    can: Callable[[Workplace], bool] = lambda _: True


class Commanding(QObject):
    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._of_window = self._window_deeds()
        self.deeds = _ask() | _answer() | _page() | _conversation() | _library() | _places()
        self._commands = commands()
        for command in self._commands:
            for keys in command.keys:
                self._bind(keys, partial(self.run, command))
        for number in range(1, PAGES + 1):
            self._bind(PAGE_KEYS.format(number), partial(self._show_page, number - 1))

    @property
    def place(self) -> Workplace | None:
        """Where somebody works now; None while the window is locked."""
        return None if self._shell.locked else self._shell.workplace

    def names(self) -> frozenset[str]:
        """All that can be done, by name."""
        return frozenset(self.deeds) | frozenset(self._of_window)

    def offered(self) -> tuple[Command, ...]:
        """What can be done now and may be, in the order of the table; then the pages."""
        return (*(one for one in self._commands if self.can(one)), *self._pages())

    def can(self, command: Command) -> bool:
        if command.name in self._of_window:
            return True
        place = self.place
        if place is None or (command.needs and command.needs not in place.allowed):
            return False
        return self.deeds[command.name].can(place)

    def run(self, command: Command) -> None:
        """Nothing where it cannot be done now."""
        if command.name.startswith("page:"):
            self._show_page(int(command.name.partition(":")[2]))
        elif command.name in self._of_window:
            self._of_window[command.name]()
        elif self.can(command) and self.place is not None:
            self.deeds[command.name].run(self.place)

    def open_palette(self) -> None:
        palette = Palette(self._shell, self.offered())
        palette.chosen.connect(self.run)
        palette.open()

    # --- inside ---------------------------------------------------------------------------

    def _bind(self, keys: str, run: Callable[[], None]) -> None:
        QShortcut(QKeySequence(keys), self._shell).activated.connect(run)

    def _window_deeds(self) -> dict[str, Callable[[], object]]:
        shell = self._shell
        return {
            "palette": self.open_palette,
            "help": shell.open_help,
            "lock": shell.lock,
            "close": shell.close,
            "larger": lambda: shell.looks.resize(1),
            "smaller": lambda: shell.looks.resize(-1),
            "usual": lambda: shell.looks.resize(0),
            "look_system": lambda: shell.looks.choose("system"),
            "look_light": lambda: shell.looks.choose("light"),
            "look_dark": lambda: shell.looks.choose("dark"),
            "look_contrast": lambda: shell.looks.choose("contrast"),
        }

    def _pages(self) -> tuple[Command, ...]:
        """The pages of the administration, as they stand there."""
        if self.place is None:
            return ()
        rows = self.place.admin.list
        said = QCoreApplication.translate("commands", "Administration: {}")
        return tuple(
            Command(
                f"page:{row}",
                said.format(rows.item(row).text()),
                Section.GO,
                (PAGE_KEYS.format(row + 1),) if row < PAGES else (),
            )
            for row in range(rows.count())
        )

    def _show_page(self, row: int) -> None:
        if self.place is not None and row < self.place.admin.list.count():
            self.place.go("admin")
            self.place.admin.list.setCurrentRow(row)
            self.place.admin.list.setFocus()


def _ask() -> dict[str, Deed]:
    return {
        "new_question": Deed(lambda place: place.new_question()),
        "focus_question": Deed(lambda place: place.focus_composer()),
        "attach": Deed(lambda place: place.ask.composer.attaching.emit()),
        "stop": Deed(lambda place: place.ask.stop(), lambda place: place.ask.composer.busy),
        "search": Deed(lambda place: place.focus_search()),
    }


def _answer() -> dict[str, Deed]:
    def act(act: Act) -> Deed:
        return Deed(lambda place: place.ask.last.act(act), lambda place: place.ask.last.offers(act))

    def leave(form: ExportForm) -> Deed:
        return Deed(lambda place: place.ask.last.export(form), lambda place: place.ask.last.leaves)

    def step(by: int) -> Deed:
        return Deed(
            lambda place: place.ask.last.step_source(by), lambda place: bool(place.ask.last.sources)
        )

    return {
        **{one.value: act(one) for one in Act},
        "as_pdf": leave(ExportForm.PDF),
        "as_word": leave(ExportForm.WORD),
        "as_markdown": leave(ExportForm.MARKDOWN),
        "source": step(1),
        "source_before": step(-1),
    }


def _page() -> dict[str, Deed]:
    def shown(place: Workplace) -> bool:
        return place.ask.isVisible() and place.ask.panel.view is not None

    return {
        "page_before": Deed(lambda place: place.ask.panel.step(-1), shown),
        "page_after": Deed(lambda place: place.ask.panel.step(1), shown),
        "page_larger": Deed(lambda place: place.ask.panel.zoom(1), shown),
        "page_smaller": Deed(lambda place: place.ask.panel.zoom(-1), shown),
        "page_back": Deed(lambda place: place.ask.panel.back.click(), shown),
        "page_close": Deed(lambda place: place.ask.close_page(), shown),
    }


def _conversation() -> dict[str, Deed]:
    def on_open(name: str) -> Deed:
        return Deed(
            lambda place: place.ordering.act(name, place.ask.conversation),
            lambda place: place.ordering.knows(place.ask.conversation),
        )

    return {name: on_open(name) for name in ("rename", "pin", "file", "delete")} | {
        "undo": Deed(lambda place: place.ordering.undo(), lambda place: place.ordering.undoable),
    }


def _library() -> dict[str, Deed]:
    def adds(place: Workplace) -> bool:
        return place.library.isVisible() and place.library.can_add

    def kept(button: Callable[[DocumentPanel], QWidget]) -> Callable[[Workplace], bool]:
        return lambda place: button(place.library.viewer).isVisible()

    return {
        "newer": Deed(lambda place: place.library.viewer.newer.click(), kept(lambda it: it.newer)),
        "retire": Deed(
            lambda place: place.library.viewer.retire.click(), kept(lambda it: it.retire)
        ),
        "restore": Deed(
            lambda place: place.library.viewer.restore.click(), kept(lambda it: it.restore)
        ),
        "export_part": Deed(
            lambda place: place.log.taking.choose_part(),
            lambda place: place.log.taking.part.isVisible(),
        ),
        "add_files": Deed(lambda place: place.library.files.click(), adds),
        "add_folder": Deed(lambda place: place.library.folder.click(), adds),
        "new_collection": Deed(lambda place: place.library.make_collection()),
        "verify_log": Deed(_verify),
        "export_log": Deed(_export),
    }


def _verify(place: Workplace) -> None:
    place.go("log")
    place.log.verify()


def _export(place: Workplace) -> None:
    place.go("log")
    place.log.badge.export.click()


def _places() -> dict[str, Deed]:
    def go(name: str) -> Deed:
        return Deed(lambda place: place.went(name))

    return {f"go_{name}": go(name) for name in ("ask", "library", "log", "admin")} | {
        "airgap": Deed(lambda place: place.pill.open_evidence()),
        "side": Deed(lambda place: place.toggle_side()),
    }
