"""Which files to import: by a dialog, or dropped from the desktop.

Rules kept here: the dialog is Qt's own on every system, so that no other process opens files in
our name; of what is dropped only local files and folders are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMimeData, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

_PATTERNS = "*.pdf *.docx *.html *.htm *.md *.markdown *.txt"


def choose_files(parent: QWidget, taken: Callable[[tuple[Path, ...]], None]) -> None:
    dialog = _dialog(parent, _tr("Add files"), taken)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters([f"{_tr('Documents')} ({_PATTERNS})", f"{_tr('All files')} (*)"])
    dialog.open()


def choose_newer(parent: QWidget, taken: Callable[[Path], None]) -> None:
    """The one file that takes a document's place."""
    dialog = _dialog(parent, _tr("The newer version"), lambda paths: taken(paths[0]))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([f"{_tr('Documents')} ({_PATTERNS})", f"{_tr('All files')} (*)"])
    dialog.open()


def choose_folder(parent: QWidget, taken: Callable[[tuple[Path, ...]], None]) -> None:
    dialog = _dialog(parent, _tr("Add a folder"), taken)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.open()


def dropped(data: QMimeData) -> tuple[Path, ...]:
    """The local files and folders of a drop."""
    return tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())


def _dialog(parent: QWidget, title: str, taken: Callable[[tuple[Path, ...]], None]) -> QFileDialog:
    dialog = QFileDialog(parent.window(), title)
    dialog.setAccessibleName(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setDirectory(str(Path.home()))
    dialog.resize(860, 560)
    dialog.filesSelected.connect(lambda names: taken(tuple(Path(name) for name in names)))
    return dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("choosing", text)
