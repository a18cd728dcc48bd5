"""After an export: where the copy is, the public key, and how anyone verifies it.

Rules kept here: of a part it is said that it is one, and of what.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from appliance.values import Excerpted
from gui.controls.told import Told
from gui.text import counts


class Exported(Told):
    """rows: names and values besides the key and the command."""

    def __init__(  # noqa: PLR0917 - from the top down
        self,
        parent: QWidget,
        title: str,
        text: str,
        rows: tuple[tuple[str, str], ...],
        key: str,
        place: Path,
    ) -> None:
        command = f"cloister log verify {quote(str(place))} --key {quote(key)}"
        super().__init__(
            parent,
            title,
            text,
            (*rows, (_tr("Public key"), key), (_tr("To verify"), command)),
            (_tr("Copy the command"), command),
        )
        self.text, self.key = text, key


def exported_whole(parent: QWidget, folder: Path, key: str) -> Exported:
    text = _tr(
        "The copy verifies alone, on any computer, with the public key below. Hand the key "
        "over by another way than the copy."
    )
    rows = ((_tr("Folder"), str(folder)),)
    return Exported(parent, _tr("The log was exported"), text, rows, key, folder)


def exported_part(parent: QWidget, file: Path, left: Excerpted) -> Exported:
    found = counts.counted(left.found, _tr("record fits"), _tr("records fit"))
    looked = _tr("{looked} of {all} looked through").format(
        looked=counts.number(left.looked), all=counts.number(left.size)
    )
    text = _tr(
        "This is a part of the log, and the file says so: what was wanted, what was looked "
        "through, and of each record the proof that the log holds it. Whether any was left out, "
        "the whole log alone shows. The log has the hash of the file in record {}."
    ).format(counts.number(left.record))
    rows = (
        (_tr("File"), str(file)),
        (_tr("In it"), f"{found} · {looked}"),
        (_tr("SHA-256"), left.sha256),
    )
    title = _tr("A part of the log was exported")
    return Exported(parent, title, text, rows, left.public_key, file)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Exported", text)
