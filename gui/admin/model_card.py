"""One language model: what it is, whose it is, how fast, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import ModelShown, Speed
from gui.controls.buttons import TextButton
from gui.controls.flow import Flow
from gui.controls.labels import Glyph, Words
from gui.text import counts, plain


class ModelCard(QFrame):
    def __init__(self, model: ModelShown, *, manages: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        name = plain.line(model.id, 120)
        self.setAccessibleName(name)
        self.model = model
        self.title = Words(name, "strong")
        self.state = Words(self._state(model), "caption")
        self.lines = tuple(
            Words(line, "quiet", wrap=True).selectable() for line in self._lines(model) if line
        )
        self.measure = TextButton(self.tr("Measure"), glyph="gauge", tone="muted")
        self.attempt = TextButton(self.tr("Try it …"), glyph="ask", tone="muted")
        self.remove = TextButton(self.tr("Remove …"), kind="danger")
        self._buttons = (self.attempt, self.measure, self.remove)
        for button in self._buttons:
            button.setAccessibleName(f"{button.text()} {name}")
        head = QHBoxLayout()
        head.setSpacing(8)
        if model.problem:
            head.addWidget(Glyph("warning", "danger", 18))
        elif model.used:
            head.addWidget(Glyph("check", "good", 18))
        head.addWidget(self.title)
        head.addWidget(self.state, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 16, 14)
        layout.setSpacing(6)
        layout.addLayout(head)
        for line in self.lines:
            layout.addWidget(line)
        self._offer(layout, model, manages=manages)

    def allow(self, *, working: bool) -> None:
        for button in self._buttons:
            button.setEnabled(not working)

    def _offer(self, layout: QVBoxLayout, model: ModelShown, *, manages: bool) -> None:
        usable = manages and not model.problem
        holder = QWidget(self)
        row = Flow(holder, gap=10)
        row.setContentsMargins(0, 6, 0, 0)
        for button in self._buttons:
            row.addWidget(button)
        self.measure.setVisible(usable)
        self.attempt.setVisible(usable and not model.shipped)  # that one only puts into words
        self.remove.setVisible(manages and not model.shipped)
        if not manages:
            holder.hide()
        layout.addWidget(holder)

    def _state(self, model: ModelShown) -> str:
        if model.problem:
            return self.tr("not used")
        if model.used:
            return self.tr("writes the answers")
        return self.tr("ready")

    def _lines(self, model: ModelShown) -> tuple[str, ...]:
        if model.problem:
            return (plain.shown(model.problem, 400),)
        about = self.tr(
            "{family}, {format} · {parameters} million parameters · {context} tokens"
        ).format(
            family=plain.line(model.family, 60),
            format=plain.line(model.format, 60),
            parameters=counts.number(round(model.parameters / 1e6)),
            context=counts.number(model.context),
        )
        if model.shipped:
            whose = self.tr("came with the program")
        elif model.signed:
            whose = self.tr("signed by somebody trusted here")
        else:
            whose = self.tr("unsigned, taken in by an administrator")
        origin = self.tr("{size} · licence {licence} · {whose}").format(
            size=counts.size(model.size), licence=plain.line(model.licence, 80), whose=whose
        )
        speed = spoken_speed(model.speed) if model.speed else self.tr("Not measured here yet")
        return about, origin, speed


def spoken_speed(speed: Speed) -> str:
    """As a person compares it."""
    return QCoreApplication.translate(
        "model_card", "{written} tokens a second written, {read} read"
    ).format(written=counts.decimal(speed.written), read=counts.decimal(speed.read, 0))
