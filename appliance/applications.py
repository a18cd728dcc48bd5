"""What other programs of this machine may do in a person's name, while that person is logged in.

Rules kept here: a program asks with a token of its own; the policy is asked at every call; what a
program asks goes the main path and is logged as the person's question, with the program and its
purpose; it reaches no collection that the token does not name; the person's own conversations stay
the person's, so nothing a program asks is kept among them; serving ends by itself after the hours
that the institution sets, since nobody sits at a desk that is served; a token that is revoked opens
nothing from the next call on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from appliance import assistant
from appliance.api import SOCKET
from appliance.api.limits import Limits
from appliance.api.listening import Listener, Server
from appliance.api.routes import Routes
from appliance.api.tokens import KIND, AppToken, TokenBook, require_sound
from appliance.cancellation import Cancellation
from appliance.clock import ticking
from appliance.desk import Desk, NotAllowed
from appliance.licensing.licence import API
from appliance.parcel.restored import VALUE as RESTORED
from appliance.policy import Action
from appliance.refused import completed
from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Collection,
    Event,
    Outcome,
    Question,
    Token,
    Turn,
    Vectors,
)

TOKENS = "tokens.sealed"
_ENDED = "api-tokens-ended"
"""The kind of the log's value that says after how many restores a person's tokens were ended."""


class Applications:
    """The programs of the person who is logged in. Safe to call from several threads; it is
    api.product.Product."""

    def __init__(
        self, desk: Desk, stop: Cancellation, ticking: Callable[[], float] = ticking
    ) -> None:
        self._desk = desk
        self._stop = stop
        self._ticking = ticking
        self._book: TokenBook | None = None
        self._lock = threading.Lock()

    # --- tokens ------------------------------------------------------------------------------

    def tokens(self) -> tuple[AppToken, ...]:
        """Newest last. Raises TokensTampered."""
        return self._tokens().all()

    def create(
        self, application: str, purpose: str, *, days: int, collections: Sequence[str] = ()
    ) -> tuple[AppToken, str]:
        """The entry and the token, which is shown this once. collections: ids. Raises NotAllowed,
        ConfirmFirst, TokenRefused, TokensTampered."""
        desk = self._desk
        require_sound(application, purpose, days, tuple(collections))  # before the log holds any
        desk.require_confirmed(Action.USE_API, application)
        desk.require_usable(collections)
        desk.ledger.note("token.creating", object=application)
        made, text = self._tokens().create(
            application, purpose, now=self.now(), days=days, collections=tuple(collections)
        )
        ends = made.ends.isoformat(timespec="seconds")
        desk.ledger.note("token.created", object=made.label, details=(("ends", ends),))
        return made, text

    def revoke(self, identifier: str, *, over: str = "") -> AppToken:
        """Ends it for good; durable on return. No policy stands in the way. over: how that was
        asked for, where it was not by this person at this desk. Raises TokenUnknown."""
        known = self._tokens().known(identifier)
        if known.revoked is not None:
            return known
        label = known.label
        details = (("over", over),) if over else ()
        self._desk.ledger.note("token.revoking", object=identifier, details=details)
        revoked = self._tokens().revoke(identifier, self.now())
        self._desk.ledger.note("token.revoked", object=label)
        return revoked

    def revoke_all(self, *, over: str = "") -> None:
        """Begins an empty list, whatever became of the one there was. Over the socket a list with
        nothing in it stays: whoever asks again and again fills no log."""
        if over and not self.tokens():
            return
        details = (("over", over),) if over else ()
        self._desk.ledger.note("token.revoking", object="*", details=details)
        with self._lock:
            self._book = self._opened(anew=True)
        self._desk.ledger.note("token.revoked", object="*")

    def _tokens(self) -> TokenBook:
        with self._lock:
            if self._book is None:
                self._book = self._opened(anew=False)
            return self._book

    def _opened(self, *, anew: bool) -> TokenBook:
        """After a restore every token has ended: one that was revoked since the backup was made
        would be alive in it."""
        desk = self._desk
        person, log = desk.person.id, desk.ledger.log
        restorations = log.latest_value(RESTORED, desk.session.vault_id) or 0
        ended = restorations > (log.latest_value(_ENDED, person) or 0)
        known = log.latest_value(KIND, person)
        if ended and known is not None:
            desk.ledger.note("token.revoked", object="*", code="restored")
        book = TokenBook(
            tokens_file(desk.place.data, person),
            desk.session.person_key(KIND),
            person,
            floor=known,
            on_write=lambda counter: _ignore(log.note_value(KIND, person, counter)),
            anew=anew or (ended and known is not None),
            restorations=restorations,
        )
        if ended:
            log.note_value(_ENDED, person, restorations)
        return book

    # --- serving -----------------------------------------------------------------------------

    def require_servable(self) -> None:
        """Raises NotAllowed, logged, where the licence has no API, or the policy lets none of the
        programs that have a token ask, or any at all where none has one."""
        self._require_licensed()
        now = self.now()
        names = sorted({one.application for one in self.tokens() if one.alive(now)}) or [""]
        for name in names[:-1]:
            try:
                self._desk.require(Action.USE_API, name)
            except NotAllowed:
                continue
            return
        self._desk.require(Action.USE_API, names[-1])

    def serve(
        self, path: Path | None = None, *, limits: Limits | None = None, ready: Callable[[], None]
    ) -> None:
        """Answers on a socket until it is cancelled, somebody locks, or the hours are over that
        the institution sets (`serve_hours`). path: below the data folder if None. ready: called
        once programs can connect. Raises NotAllowed, SocketUnusable."""
        self.require_servable()
        hours = self._desk.settings.serve_hours
        end = self._ticking() + hours * 3_600.0

        def over() -> bool:
            return self._ticking() >= end

        def ended() -> bool:
            return self._stop.cancelled or over()

        limits = limits or Limits()
        routes = Routes(
            self,
            limits,
            calls_per_minute=self._desk.settings.api_calls_per_minute,
            stopped=ended,
        )
        listener = Listener(path or self._desk.place.data / SOCKET)
        self._desk.meter.waiting = lambda: routes.turns.queue
        try:
            self._desk.ledger.note("api.opened", details=(("hours", hours),))
            ready()
            Server(listener, routes, limits).serve(ended)
        finally:
            listener.close()
            self._desk.meter.waiting = lambda: 0
            self._desk.ledger.note("api.closed", code="hours_over" if over() else "")

    # --- what a program may do (api.product.Product) -----------------------------------------

    def now(self) -> datetime:
        """The clock, but never earlier than the log: a clock set back revives no token."""
        written = self._desk.ledger.log.time
        now = self._desk.now()
        return max(now, written) if written is not None else now

    def token(self, untrusted: str) -> AppToken:
        return self._tokens().require(untrusted, self.now())

    def admit(self, token: AppToken) -> None:
        self._require_licensed()
        self._desk.require(Action.USE_API, token.application)

    def collections(self, token: AppToken) -> tuple[Collection, ...]:
        known = [c for c in self._desk.collections() if not self._desk.glass.holds(c.id)]
        return tuple(c for c in known if not token.collections or c.id in token.collections)

    def _require_licensed(self) -> None:
        if not self._desk.seat.standing().has(API):
            self._desk.ledger.note("action.denied", outcome="refused", code="api_not_licensed")
            raise NotAllowed(
                "Your institution's licence does not let other programs ask.",
                hint="Ask your IT department for a licence with the feature `api`.",
            )

    def _reached(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """A glass is broken for a person to read, not for programs: what is behind it is left out
        of everything, and refused where it is named. Empty means all, as in Question."""
        desk = self._desk
        behind = [one for one in desk.library.open_collections() if desk.glass.holds(one)]
        if not behind:
            return tuple(wanted)
        reached = wanted or desk.library.open_collections()
        if any(one in behind for one in wanted) or set(reached) <= set(behind):
            raise NotAllowed("Behind broken glass only the person reads who broke it.")
        return tuple(one for one in reached if one not in behind)

    def ask(
        self,
        token: AppToken,
        question: str,
        *,
        collections: Sequence[str],
        before: Sequence[str],
        schema: str,
        passages: int,
        cancelled: Callable[[], bool],
    ) -> Generator[Event, None, None]:
        desk = self._desk
        desk.require_usable(collections)
        asked = Question(
            id=uuid4().hex,
            text=question,
            person=desk.person,
            asked=desk.now(),
            collections=self._reached(collections),
            conversation=uuid4().hex,
            reason=token.purpose,
            application=token.label,
            before=tuple(before),
            passages=passages,
            schema=schema,
        )
        parts = replace(desk.asking(), history=Given(asked))  # the seat's gate with it
        with closing(assistant.ask(asked, parts, cancelled)) as events:
            for event in events:
                if isinstance(event, Token) and parts.answerer.rewords:
                    continue  # quotations join it, and the numbers of citations change with that
                yield completed(event, desk.left_out(collections))

    def embed(self, token: AppToken, texts: Sequence[str]) -> Vectors:
        unseated = self._desk.seat.refusal()
        if unseated is not None:
            raise NotAllowed(unseated.sentence, hint=unseated.hint)
        characters = sum(len(text) for text in texts)
        self._desk.ledger.note(
            "api.embedding",
            object=token.label,
            details=(("characters", characters), ("texts", len(texts))),
        )
        return self._desk.engine.encode(texts)

    def listed(self, token: AppToken, what: str) -> None:
        self._desk.ledger.note("api.listed", object=token.label, details=(("what", what),))

    def refused(self, code: str, who: str, count: int) -> None:
        self._desk.ledger.note(
            "api.refused", object=who, outcome="refused", code=code, details=(("count", count),)
        )


class Given:
    """In the place of the person's conversations: what the program says came before, believed by
    nobody; nothing is kept."""

    def __init__(self, question: Question) -> None:
        said = question.before
        self._turns = tuple(
            _turn(asked, answered, question)
            for asked, answered in zip(said[::2], said[1::2], strict=False)
        )

    def save(self, conversation: str, turn: Turn) -> None:
        """The log has it; the person's conversations are their own."""

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        return self._turns


def _turn(asked: str, answered: str, question: Question) -> Turn:
    said = AnswerSentence(answered, (), supported=False)
    answer = Answer((said,), (), AnswerMode.GENERATE, question.application, 0.0, 0.0)
    return Turn(asked, question.asked, Outcome.ANSWERED, answer)


def tokens_file(data: Path, person: str) -> Path:
    return data / "people" / person / TOKENS


def _ignore(_record: int) -> None:
    """The number of a record, which is nobody's concern here."""
