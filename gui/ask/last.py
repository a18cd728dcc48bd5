"""The last turn of the open conversation, for whoever works by keyboard alone.

Rules kept here: what its own buttons do not offer is not done here either.
"""

from __future__ import annotations

from appliance.values import Citation, ExportForm
from gui.ask.actions import Act
from gui.ask.page_panel import PagePanel
from gui.ask.stream import MessageStream
from gui.ask.turn import TurnView


class LastTurn:
    def __init__(self, stream: MessageStream, panel: PagePanel) -> None:
        self._stream, self._panel = stream, panel

    @property
    def view(self) -> TurnView | None:
        """The last one, once it has ended, while it can be seen."""
        views = self._stream.views if self._stream.isVisible() else ()
        return views[-1] if views and views[-1].offered is not None else None

    def offers(self, act: Act) -> bool:
        view = self.view
        return view is not None and view.offered is not None and act in view.offered.buttons

    @property
    def leaves(self) -> bool:
        """Whether it can be exported."""
        view = self.view
        return view is not None and view.offered is not None and view.offered.forms is not None

    def act(self, act: Act) -> None:
        if self.view is not None and self.offers(act):
            self._stream.acted.emit(self.view, act)

    def export(self, form: ExportForm) -> None:
        if self.view is not None and self.leaves:
            self._stream.leaving.emit(self.view, form)

    @property
    def sources(self) -> tuple[Citation, ...]:
        """Of the turn whose page is open, or else of the last one. Where there is no room for both
        the page hides the conversation."""
        seen = self._stream.isVisible() or self._panel.isVisible()
        views = self._stream.views if seen else ()
        answers = [view.answer for view in views if view.answer and view.answer.citations]
        of_page = [one for one in answers if self._panel.citation in one.citations]
        chosen = of_page or answers[-1:]
        return chosen[0].citations if chosen else ()

    def step_source(self, by: int) -> None:
        """Opens the page of the next source, or of the one before; the first, where none is."""
        sources = self.sources
        if not sources:
            return
        open_ = self._panel.citation
        at = sources.index(open_) + by if open_ in sources else 0
        self._stream.cited.emit(sources[at % len(sources)])
