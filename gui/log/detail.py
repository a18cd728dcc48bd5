"""One record in full: every field with its name, to be read and copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from appliance.values import LogRecord
from gui.controls.labels import Words
from gui.text import counts, plain
from gui.text.view import PlainView


class Detail(QScrollArea):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setMinimumWidth(250)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Record"))
        self.show_record(None)

    def show_record(self, record: LogRecord | None, named: Callable[[str], str] = str) -> None:
        page = QWidget()
        page.setObjectName("panel")
        layout = QVBoxLayout(page)
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
        layout.addStretch(1)
        self.setWidget(page)

    def _fields(self, record: LogRecord, named: Callable[[str], str]) -> list[tuple[str, str]]:
        fixed = [
            (self.tr("Time"), counts.stamp(record.time)),
            (self.tr("Action"), record.action),
            (self.tr("Person"), _both(record.person, named)),
            (self.tr("Object"), _both(record.object, named)),
            (self.tr("Outcome"), record.outcome),
        ]
        shown = [(name, value) for name, value in fixed if value]
        return shown + [(_title(name), value) for name, value in record.fields]


def _both(identity: str, named: Callable[[str], str]) -> str:
    """The name, and the id it stands for."""
    name = named(identity)
    return f"{name}\n{identity}" if name != identity else identity


def _title(name: str) -> str:
    """A field's name as a heading: details.opened becomes Opened."""
    return name.removeprefix("details.").replace("_", " ").replace(".", " ").capitalize()


def _value(name: str, value: str) -> PlainView:
    view = PlainView(plain.line(name, 80))
    view.document().setDefaultFont(view.font())
    view.setPlainText(plain.shown(value, 4000) or "—")
    return view
