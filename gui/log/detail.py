"""One record in full: every field with its name, to be read and copied; the proof that the log
holds it, and what is sealed in it, once somebody asks.

Rules kept here: what is sealed is opened by a press alone, since that is logged.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from appliance.values import Inclusion, LogRecord
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.log.field_names import field_name
from gui.style.scale import px
from gui.text import counts, plain
from gui.text.view import PlainView


class Detail(QScrollArea):
    """`proof_wanted(seq)` and `opening_wanted(seq)`."""

    proof_wanted = Signal(int)
    opening_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Record"))
        self.show_record(None)

    def show_record(self, record: LogRecord | None, named: Callable[[str], str] = str) -> None:
        self.record = record
        self.prove: TextButton | None = None
        self.unseal: TextButton | None = None
        page = QWidget()
        page.setObjectName("panel")
        layout = self._column = QVBoxLayout(page)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(4)
        if record is None:
            layout.addWidget(Words(self.tr("No record chosen"), "title"))
            layout.addSpacing(2)
            layout.addWidget(Words(self.tr("Choose one to see all it holds."), "quiet", wrap=True))
        else:
            layout.addWidget(Words(self.tr("Record {}").format(counts.number(record.seq)), "title"))
            layout.addSpacing(10)
            for name, value in self._fields(record, named):
                layout.addWidget(Words(plain.line(name, 80), "section"))
                layout.addWidget(_value(name, value))
                layout.addSpacing(8)
            self._offer(record)
        layout.addStretch(1)
        self.setWidget(page)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """As wide as its buttons need: nothing in it is scrolled sideways."""
        least, page = super().minimumSizeHint(), self.widget()
        wide = page.minimumSizeHint().width() if page is not None else 0
        return QSize(
            max(px(250), wide + self.verticalScrollBar().sizeHint().width()), least.height()
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def show_proof(self, proof: Inclusion) -> None:
        """In the place of the button that asked for it."""
        if self.record is None or self.record.seq != proof.record or self.prove is None:
            return
        text = proof.text
        said = self.tr(
            "The record is in the log of {size} records whose root the checkpoint below signs. "
            "The proof can be checked without Cloister."
        ).format(size=counts.number(proof.size))
        copy = TextButton(self.tr("Copy the proof"), glyph="copy", tone="muted")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        self._put(
            self.prove,
            Words(self.tr("Proof"), "section"),
            Words(said, "quiet", wrap=True),
            Words(self.tr("Hash of the record"), "section"),
            _value(self.tr("Hash of the record"), proof.leaf_hash),
            Words(self.tr("Public key"), "section"),
            _value(self.tr("Public key"), proof.public_key),
            _mono(self.tr("Proof"), text),
            copy,
        )
        self.prove = None

    def show_sealed(self, seq: int, text: str) -> None:
        if self.record is None or self.record.seq != seq or self.unseal is None:
            return
        self._put(
            self.unseal,
            Words(self.tr("What was sealed"), "section"),
            _mono(self.tr("What was sealed"), text),
        )
        self.unseal = None

    def ask_again(self) -> None:
        """What was asked for did not come: the buttons can be pressed again."""
        for button in (self.prove, self.unseal):
            if button is not None:
                button.setEnabled(True)

    # --- inside -----------------------------------------------------------------------------

    def _offer(self, record: LogRecord) -> None:
        if dict(record.fields).get("payload"):
            self.unseal = self._button(self.tr("Open what is sealed"), "lock")
            self.unseal.clicked.connect(lambda: self.opening_wanted.emit(record.seq))
            self.unseal.setToolTip(self.tr("The log has a record of whoever opens it."))
        self.prove = self._button(self.tr("Prove that the log holds it"), "shield")
        self.prove.clicked.connect(lambda: self.proof_wanted.emit(record.seq))

    def _button(self, text: str, glyph: str) -> TextButton:
        button = TextButton(text, glyph=glyph, tone="muted")
        button.clicked.connect(lambda: button.setEnabled(False))
        self._column.addWidget(button)
        return button

    def _put(self, place: QWidget, *widgets: QWidget) -> None:
        at = self._column.indexOf(place)
        self._column.removeWidget(place)
        place.hide()
        place.deleteLater()
        for number, widget in enumerate(widgets):
            self._column.insertWidget(at + number, widget)

    def _fields(self, record: LogRecord, named: Callable[[str], str]) -> list[tuple[str, str]]:
        fixed = [
            (self.tr("Time"), counts.stamp(record.time)),
            (self.tr("Action"), record.action),
            (self.tr("Person"), _both(record.person, named)),
            (self.tr("Object"), _both(record.object, named)),
            (self.tr("Outcome"), record.outcome),
        ]
        shown = [(name, value) for name, value in fixed if value]
        return shown + [(field_name(name), value) for name, value in record.fields]


def _both(identity: str, named: Callable[[str], str]) -> str:
    """The name, and the id it stands for."""
    name = named(identity)
    return f"{name}\n{identity}" if name != identity else identity


def _mono(name: str, text: str) -> PlainView:
    view = PlainView(name)
    view.setObjectName("mono")
    view.setPlainText(plain.shown(text, 20_000))
    return view


def _value(name: str, value: str) -> PlainView:
    view = PlainView(plain.line(name, 80))
    view.document().setDefaultFont(view.font())
    view.setPlainText(plain.shown(value, 4000) or "—")
    return view
