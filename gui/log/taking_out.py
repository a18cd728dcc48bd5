"""The log leaves: all of it into an empty folder, or what fits into one file.

Rules kept here: the dialogs are Qt's own on every system; what was narrowed down is taken out by a
button of its own, which says so; an export takes no file's place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from appliance.errors import CloisterError
from appliance.values import Excerpted, LogFilter
from gui.controls.buttons import TextButton
from gui.desk import Desk
from gui.log.exported import exported_part, exported_whole
from gui.login.proof import proof_asked
from gui.outbox import outbox
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

_NAME, _ENDING = "log-excerpt", "jsonl"


class TakingOut(QObject):
    """`part` is the button for what fits; wanted: what that is."""

    def __init__(self, desk: Desk, screen: QWidget, wanted: Callable[[], LogFilter]) -> None:
        super().__init__(screen)
        self._desk, self._screen, self._wanted = desk, screen, wanted
        self._task: Task | None = None
        self.part = TextButton(self.tr("Export what fits …"), glyph="save", tone="muted")
        self.part.clicked.connect(self.choose_part)

    def choose_whole(self) -> None:
        dialog = self._dialog(self.tr("Export the log into an empty folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda chosen: self.whole_to(Path(chosen)))
        dialog.open()

    def whole_to(self, folder: Path) -> None:
        self._desk.worker.run(
            self._screen,
            Lane.PROOF,
            lambda: self._desk.appliance.export_log(folder),
            lambda key: exported_whole(self._screen.window(), folder, key).open(),
            lambda error: self._failed(error, lambda: self.whole_to(folder)),
        )

    def choose_part(self) -> None:
        dialog = self._dialog(self.tr("Export what fits into a new file"))
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(_ENDING)
        dialog.selectFile(_free_name(outbox()))
        dialog.fileSelected.connect(lambda chosen: self.part_to(Path(chosen)))
        dialog.open()

    def part_to(self, file: Path) -> None:
        product, wanted = self._desk.appliance, self._wanted()
        if wanted.anything or self._task is not None:
            return

        def work(stop: Cancellation, _tell: Callable[[None], None]) -> Excerpted:
            with product.logbook(stop) as book:
                return book.export(wanted, file)

        def done(left: Excerpted) -> None:
            self._over()
            exported_part(self._screen.window(), file, left).open()

        def failed(error: CloisterError) -> None:
            self._over()
            self._failed(error, lambda: self.part_to(file))

        self.part.setEnabled(False)
        self._task = self._desk.worker.follow(
            self._screen, Lane.PROOF, work, lambda _: None, done, failed
        )

    def forget(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._over()

    # --- inside -------------------------------------------------------------------------------

    def _over(self) -> None:
        self._task = None
        self.part.setEnabled(True)

    def _failed(self, error: CloisterError, again: Callable[[], None]) -> None:
        if not proof_asked(self._desk, self._screen, error, again):
            self._desk.complain(error)

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._screen.window(), title)
        dialog.setAccessibleName(title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setDirectory(str(outbox()))
        dialog.resize(860, 560)
        return dialog


def _free_name(folder: Path) -> str:
    """A name that no file there has."""
    wanted, number = f"{_NAME}.{_ENDING}", 2
    while (folder / wanted).exists():
        wanted, number = f"{_NAME} ({number}).{_ENDING}", number + 1
    return wanted
