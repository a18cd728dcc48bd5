"""The cited page beside the conversation: opened, loaded, stepped from citation to citation.

Rules kept here: a page that arrives after another was asked for is dropped; where there is no room
for both, the page stands in place of the conversation.
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSplitter, QWidget

from appliance.values import Citation
from gui.ask.last import LastTurn
from gui.ask.page_panel import PagePanel
from gui.ask.stream import MessageStream
from gui.desk import Desk
from gui.worker import Lane


class Beside(QObject):
    def __init__(
        self, desk: Desk, split: QSplitter, *, talk: QWidget, panel: PagePanel, last: LastTurn,
        stream: MessageStream,
    ) -> None:  # fmt: skip
        super().__init__(split)
        self._desk, self._split, self._talk, self._panel = desk, split, talk, panel
        self._last, self._stream = last, stream
        self._serial = 0
        panel.wanted.connect(self._load)
        panel.stepped.connect(last.step_source)

    def show_citation(self, citation: Citation) -> None:
        if not self._panel.isVisible():
            self._panel.show()
            room, least = self._split.width(), self._panel.minimumWidth()
            self._talk.setVisible(room > self._talk.minimumWidth() + least)
            side = min(620, max(380, round(room * 0.42)))
            self._split.setSizes([room - side, side])
        self._stream.mark(citation)
        self._panel.load(citation)
        sources = self._last.sources
        at = sources.index(citation) + 1 if citation in sources else 0
        self._panel.say_step(at, len(sources))

    def close(self) -> bool:
        """Whether it was open."""
        had = self._panel.isVisible()
        self._serial += 1
        self._panel.forget()
        self._talk.show()
        self._stream.mark(None)
        return had

    def _load(self, citation: Citation, page: int, scale: float) -> None:
        self._serial += 1
        serial = self._serial
        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.page(citation, page or None, scale),
            lambda view: self._panel.show_view(view) if serial == self._serial else None,
            lambda error: self._panel.complain(error) if serial == self._serial else None,
        )
