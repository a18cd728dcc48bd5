"""Where an export goes, and what became of it.

Rules kept here: the dialog is Qt's own on every system; it asks for a new name, because an export
takes no file's place; what left is named with its hash and the record that holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from appliance.values import Exported, ExportForm, Wording
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.outbox import outbox
from gui.text import counts, plain
from gui.text.view import PlainView


def choose_place(
    parent: QWidget, name: str, form: ExportForm, taken: Callable[[Path], None]
) -> None:
    """A file that is not there yet; its ending is the form's."""
    dialog = QFileDialog(parent.window(), _tr("Export"))
    dialog.setAccessibleName(dialog.windowTitle())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(form.value)
    dialog.setDirectory(str(outbox()))
    dialog.resize(860, 560)
    dialog.selectFile(free_name(outbox(), name, form))
    dialog.fileSelected.connect(lambda chosen: taken(Path(chosen)))
    dialog.open()


def free_name(folder: Path, name: str, form: ExportForm) -> str:
    """A name that no file there has."""
    wanted = f"{name}.{form.value}"
    number = 2
    while (folder / wanted).exists():
        wanted = f"{name} ({number}).{form.value}"
        number += 1
    return wanted


class Left(QDialog):
    """After an export: where the file is, its hash, and the record that holds it."""

    def __init__(self, parent: QWidget, path: Path, exported: Exported) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Exported"))
        self.setAccessibleName(self.windowTitle())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(6)
        layout.addWidget(Words(self.windowTitle(), "heading"))
        text = self.tr(
            "The file is not encrypted: it now lies where you put it. The log has its hash in "
            "record {}, so that it can be shown later that this file left here and was not changed."
        ).format(counts.number(exported.record))
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addSpacing(8)
        for name, value in (
            (self.tr("File"), str(path)),
            (self.tr("SHA-256"), exported.sha256),
        ):
            layout.addWidget(Words(name, "section"))
            view = PlainView(name)
            view.setObjectName("mono")
            view.setMinimumWidth(560)
            view.setPlainText(plain.shown(value, 4000))
            layout.addWidget(view)
            layout.addSpacing(6)
        copy = TextButton(self.tr("Copy the hash"), glyph="copy", tone="muted")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(exported.sha256))
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        layout.addSpacing(6)
        layout.addLayout(row)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)


def wording() -> Wording:
    """The sheet's own words in the person's language."""
    return Wording(
        written_out=_tr("Written out of Cloister on {when} (UTC)."),
        sources=_tr("Sources"),
        unsupported=_tr("(no passage supports this)"),
        own=_tr("(a document of the person who asked, not of the library)"),
        nothing=_tr("Not in your documents."),
        refused=_tr("Refused."),
        failed=_tr("There was no answer."),
        stopped=_tr("Stopped. Nothing was answered."),
        replaced=_tr("Asked again later; record {record} replaces this answer."),
        quoted=_tr("Quoted word for word, chosen by {model}."),
        written=_tr("Written by {model}; what no passage supports is marked."),
        asked=_tr("Asked on {when} (UTC). Log record {record}."),
        unlogged=_tr("Asked on {when} (UTC). The log holds no record of it."),
        decided=_tr(
            "Decided by {policies}, in the policy packs {packs} with the hash {hash}. "
            "Log record {record}, written before anything was shown."
        ),
        proof=_tr("To check it"),
        checkable=_tr(
            "The log {log} holds the record of each ask. Below is the proof, in the form "
            "c2sp.org/tlog-proof. Its checkpoint is signed with the key of epoch {epoch}, to which "
            "an exported copy of the log leads from the public key; have that key by another way "
            "than this file. What was said is in no record in the clear: where the policy has it "
            "kept, it is sealed to the institution's auditors. The hash of this file is in the "
            "record of its export."
        ),
        command=_tr(
            "Whether this file is as it left is told by “cloister log check FILE”, for an auditor, "
            "or with an exported copy of the log and its public key for anybody."
        ),
        key=_tr("Public key of the log"),
        epoch=_tr("Key of epoch {epoch}"),
        leaf=_tr("Hash of record {record}"),
        checkpoint=_tr("The checkpoint, which follows each of these after an empty line"),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("leaving", text)
