"""The recovery code, shown once.

Rules kept here: the code is on the screen only until the person says it is stored; it is never
put on the clipboard; a copy on paper or in a file is made only where the person says so.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QFont,
    QPagedPaintDevice,
    QPainter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet
from gui.controls.tick import Tick
from gui.outbox import outbox


class Recovery(Sheet):
    """Shows `code` until the person has ticked that it is stored; then emits `stored`."""

    stored = Signal()

    def __init__(self, name: str, code: str, parent: QWidget | None = None) -> None:
        super().__init__("", "", glyph="key", parent=parent)
        self.heading.setText(self.tr("Your recovery code"))
        self.setAccessibleName(self.tr("Your recovery code"))
        self.explanation.say(
            self.tr(
                "If you forget the passphrase, this code alone opens the vault. It is shown now "
                "and never again. Keep it on paper, locked away, not on this computer."
            )
        )
        self._name, self._code = name, code
        self.shown = Words(_in_lines(code), "code").selectable()
        self.shown.setAccessibleName(self.tr("Recovery code"))
        self.shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.printed = TextButton(self.tr("Print …"), glyph="print")
        self.saved = TextButton(self.tr("Save to a file …"), glyph="save")
        self.sure = Tick(self.tr("I have stored the recovery code"))
        self.go = TextButton(self.tr("Continue"), kind="primary")
        self.go.setEnabled(False)
        self.notice = Notice()
        self.notice.hide()
        self._arrange()
        self.sure.toggled.connect(self.go.setEnabled)
        self.go.clicked.connect(self._leave)
        self.printed.clicked.connect(self._print)
        self.saved.clicked.connect(self._save)

    def _arrange(self) -> None:
        well = QFrame()
        well.setObjectName("well")
        inside = QVBoxLayout(well)
        inside.setContentsMargins(16, 22, 16, 22)
        inside.addWidget(self.shown)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.printed, 1)
        row.addWidget(self.saved, 1)
        self.body.addWidget(well)
        self.body.addLayout(row)
        self.body.addWidget(self.notice)
        self.body.addSpacing(6)
        self.body.addWidget(self.sure)
        self.body.addWidget(self.go)
        self.close_body()

    def _leave(self) -> None:
        self._code = ""
        self.shown.clear()
        self.stored.emit()

    def page(self) -> QTextDocument:
        """What is printed: the code, whose it is and how it is used, as plain text."""
        document = QTextDocument(self)
        cursor = QTextCursor(document)
        for text, size, bold in (
            (self.tr("Cloister recovery code"), 20, True),
            (self._name, 12, False),
            ("", 12, False),
            (_in_lines(self._code), 18, True),
            ("", 12, False),
            (self.tr("Type it instead of the passphrase to open the vault."), 12, False),
            (self.tr("Keep it locked away and apart from the computer."), 12, False),
        ):
            form = QTextCharFormat()
            form.setFont(QFont("DejaVu Sans Mono" if size == 18 else "DejaVu Sans"))
            form.setFontPointSize(size)
            form.setFontWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
            cursor.insertText(text + "\n", form)
        return document

    def _print(self) -> None:
        # Late: printing loads the print spooler's library.
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo

        printer = QPrinter()
        if not QPrinterInfo.availablePrinterNames():
            printer.setOutputFileName(str(outbox() / "cloister-recovery-code.pdf"))
        dialog = QPrintDialog(printer, self.window())
        dialog.setWindowTitle(self.tr("Print the recovery code"))
        dialog.accepted.connect(lambda: self.print_on(printer))
        dialog.setModal(True)
        dialog.show()

    def print_on(self, device: QPagedPaintDevice) -> None:
        """Prints the page, and says so only when the printer took it."""
        page = self.page()
        painter = QPainter()
        if not _can_write(device) or not painter.begin(device):
            self.notice.say(
                "danger",
                self.tr("The code could not be printed there."),
                self.tr("Choose a printer, save it to a file, or write it down."),
            )
        else:
            page.documentLayout().setPaintDevice(device)
            page.drawContents(painter)
            painter.end()
            file = _file_of(device)
            self.notice.say(
                "good",
                self.tr("Printed into {}.").format(file) if file else self.tr("Printed."),
                self.tr("Move the file off this computer and delete it here.")
                if file
                else self.tr("Fetch the page at once."),
            )
        self.notice.show()

    def _save(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Save the recovery code"))
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setDirectory(str(outbox()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile("cloister-recovery-code.txt")
        dialog.fileSelected.connect(lambda chosen: self.save_to(Path(chosen)))
        dialog.open()

    def save_to(self, path: Path) -> None:
        """Writes the code where the person chose; readable by this user alone."""
        try:
            path.touch(mode=0o600)
            path.write_text(self.page().toPlainText(), encoding="utf-8")
        except OSError as error:
            self.notice.say(
                "danger",
                self.tr("The code could not be saved there ({}).").format(error.strerror),
                self.tr("Choose another folder, or print it."),
            )
        else:
            self.notice.say(
                "good",
                self.tr("Saved."),
                self.tr("Move the file off this computer and delete it here."),
            )
        self.notice.show()


def _file_of(device: QPagedPaintDevice) -> str:
    """The file it prints into; empty for a printer."""
    return str(device.outputFileName()) if hasattr(device, "outputFileName") else ""


def _can_write(device: QPagedPaintDevice) -> bool:
    """False where the page would go into a file that cannot be made; Qt would only warn."""
    name = _file_of(device)
    if not name:
        return True
    try:
        Path(name).touch(mode=0o600)
    except OSError:
        return False
    return True


def _in_lines(code: str) -> str:
    """Groups of a long code over two lines, so that it can be read out."""
    groups = code.split("-")
    if len(groups) < 5:
        return code
    half = (len(groups) + 1) // 2
    return "-".join(groups[:half]) + "\n" + "-".join(groups[half:])
