"""Documents of a person's own beside the conversation: what there is, and adding and taking away.

Rules kept here: what is beside a conversation is named above the question field, always; reading
can be stopped, and waits for no import; a document that cannot be read says why and what to do; a
title is somebody's text: plain, elided.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import (
    DocumentInfo,
    ImportEvent,
    ImportProgress,
    ImportState,
    ImportWorking,
)
from gui.ask.dropping import Dropping
from gui.controls.buttons import GlyphButton
from gui.controls.flow import Flow
from gui.controls.labels import Elided, Glyph, Words
from gui.controls.notice import Notice
from gui.desk import Desk
from gui.library.choosing import choose_files
from gui.style.scale import px
from gui.text import counts, plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

_TITLE_WIDTH = 190


class Attachment(QFrame):
    """One document, and the way to take it away."""

    unwanted = Signal(str)

    def __init__(self, info: DocumentInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("well")
        title = plain.line(info.title, 120)
        self.setAccessibleName(title)
        name = Elided(title, "caption")
        name.setFixedWidth(min(px(_TITLE_WIDTH), name.sizeHint().width() + 4))
        self.away = GlyphButton("close", self.tr("Take “{}” away").format(title), size=12, side=22)
        self.away.clicked.connect(lambda: self.unwanted.emit(info.id))
        row = QHBoxLayout(self)
        row.setContentsMargins(9, 2, 3, 2)
        row.setSpacing(6)
        row.addWidget(Glyph("clip", "accent", 14))
        row.addWidget(name)
        row.addWidget(self.away)


class Attachments(QWidget):
    """`began` carries the id of a conversation that begins with a document."""

    began = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._conversation = ""
        self._reading: dict[str, Task] = {}
        """By conversation; one each."""
        self.shown: list[Attachment] = []
        self.says = Words("", "caption", wrap=True)
        self.stop = GlyphButton("close", self.tr("Stop reading"), size=12, side=22)
        self.stop.clicked.connect(self._stop)
        self.notice = Notice("warn")
        self.notice.hide()
        self._chips = QWidget()
        self._flow = Flow(self._chips, gap=6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(6)
        layout.addWidget(self.notice)
        layout.addWidget(self._chips)
        said = QHBoxLayout()
        said.setSpacing(4)
        said.addWidget(self.says, 1)
        said.addWidget(self.stop)
        layout.addLayout(said)
        self._show(())

    def open(self, conversation: str) -> None:
        """Another conversation is open: what is beside that one is shown."""
        self._conversation = conversation
        self.notice.hide()
        self._show(())
        if conversation:
            self._read()

    def begin(self, conversation: str) -> None:
        """The one that was new has this id; what is shown stays."""
        self._conversation = conversation

    def forget(self) -> None:
        self._reading.clear()
        self.open("")

    def take_from(self, place: QWidget) -> None:
        """Documents that are dropped there."""
        Dropping(place).taken.connect(self.add)

    def choose(self) -> None:
        choose_files(self, self.add)

    def add(self, paths: tuple[Path, ...]) -> None:
        """Beside this conversation; once what was added before has been read."""
        if not paths:
            return
        if self._conversation in self._reading:
            step = self.tr("Add it once that one is here, or stop reading.")
            self.notice.say("info", self.tr("Another document is still being read."), step)
            self.notice.show()
            return
        conversation = self._conversation or uuid4().hex
        if not self._conversation:
            self._conversation = conversation
            self.began.emit(conversation)
        self.notice.hide()
        product = self._desk.appliance

        def work(stop: Cancellation) -> Iterator[ImportEvent]:
            with product.remembered(stop) as remembered:
                yield from remembered.attach(conversation, paths, stop)

        self._reading[conversation] = self._desk.worker.stream(
            self,
            Lane.BESIDE,
            work,
            lambda events: self._take(conversation, events),
            lambda: self._over(conversation),
            lambda error: self._broke(conversation, error),
        )
        self._say_reading(paths[0].name)

    # --- inside ---------------------------------------------------------------------------

    def _take(self, conversation: str, events: tuple[ImportEvent, ...]) -> None:
        if conversation != self._conversation:
            return
        for event in events:
            if isinstance(event, ImportWorking):
                self._say_reading(
                    Path(event.path).name, event.passages / max(1, event.passages_total)
                )
            elif isinstance(event, ImportProgress) and event.state is ImportState.FAILED:
                self.notice.say("warn", event.sentence, event.hint)
                self.notice.show()

    def _stop(self) -> None:
        if self._conversation in self._reading:
            self._reading[self._conversation].cancel()

    def _over(self, conversation: str) -> None:
        self._reading.pop(conversation, None)
        if conversation == self._conversation:
            self._read()

    def _broke(self, conversation: str, error: CloisterError) -> None:
        self._reading.pop(conversation, None)
        if conversation == self._conversation:
            self._say("")
            self.notice.complain(error)
            self._read()

    def _read(self) -> None:
        conversation = self._conversation

        def work() -> tuple[DocumentInfo, ...]:
            with self._desk.appliance.remembered() as remembered:
                return remembered.attached(conversation)

        def done(found: tuple[DocumentInfo, ...]) -> None:
            if conversation == self._conversation:
                self._show(found)

        self._desk.worker.run(self, Lane.READ, work, done, self._desk.complain)

    def _remove(self, document: str) -> None:
        conversation = self._conversation

        def work() -> None:
            with self._desk.appliance.remembered() as remembered:
                remembered.detach(conversation, document)

        self._desk.worker.run(self, Lane.READ, work, lambda _: self._read(), self._desk.complain)

    def _show(self, documents: tuple[DocumentInfo, ...]) -> None:
        while self._flow.count():
            self._flow.takeAt(0)
        for chip in self.shown:
            chip.hide()
            chip.deleteLater()
        self.shown = [Attachment(info) for info in documents]
        for chip in self.shown:
            chip.unwanted.connect(self._remove)
            self._flow.addWidget(chip)
        self._chips.setVisible(bool(documents))
        self._say(self.tr("Only this conversation looks into these.") if documents else "")

    def _say_reading(self, name: str, part: float = 0.0) -> None:
        far = f" {counts.percent(part)}" if part else ""
        self._say(self.tr("Reading {} …").format(plain.line(name, 80)) + far)

    def _say(self, text: str) -> None:
        self.says.setText(text)
        self.says.setVisible(bool(text))
        self.says.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.stop.setVisible(self._conversation in self._reading)
