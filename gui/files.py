"""Files that a person names: chosen by Qt's own dialog, read within bounds, written on purpose.

Rules kept here: what is read is untrusted, and never more than a bound of it; a file is written
where the person said, readable by this user alone, and only below the folders the kernel was told
of (`gui.outbox`); a refusal says which those are.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from appliance.errors import CloisterError
from gui.outbox import outbox

LARGEST = 32 * 1024 * 1024
"""Bytes of a file of licensing; the product refuses what is longer."""


class FileUnreadable(CloisterError):
    code = "file_unreadable"
    hint = "Check that the file is still there and that you may read it."


class FileUnwritten(CloisterError):
    code = "file_unwritten"


def choose_file(parent: QWidget, title: str, taken: Callable[[Path], None]) -> None:
    dialog = _dialog(parent, title, Path.home(), taken)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.open()


def choose_folder(parent: QWidget, title: str, start: Path, taken: Callable[[Path], None]) -> None:
    dialog = _dialog(parent, title, start, taken)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.open()


def choose_new(parent: QWidget, title: str, name: str, taken: Callable[[Path], None]) -> None:
    """Where to save; the dialog asks before it replaces something."""
    dialog = _dialog(parent, title, outbox(), taken)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    dialog.open()


def read_file(path: Path) -> bytes:
    """On a lane. Raises FileUnreadable."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise FileUnreadable(
            _tr("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from error


def write_file(path: Path, content: bytes) -> None:
    """On a lane; durable on return. Raises FileUnwritten."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileUnwritten(
            _tr("{file} was not written: {reason}.").format(file=path, reason=error.strerror),
            hint=where() if error.errno in (errno.EACCES, errno.EPERM) else _tr("Free some space."),
        ) from error


def where() -> str:
    """Where the window may write at all."""
    return _tr("Choose {folder} or a stick: this window may write nowhere else.").format(
        folder=outbox()
    )


def _dialog(parent: QWidget, title: str, start: Path, taken: Callable[[Path], None]) -> QFileDialog:
    dialog = QFileDialog(parent.window(), title)
    dialog.setAccessibleName(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setDirectory(str(start))
    dialog.resize(860, 560)
    dialog.fileSelected.connect(lambda name: taken(Path(name)))
    return dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("files", text)
