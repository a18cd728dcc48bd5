"""How the appliance in memory answers: in the product's stages, by word overlap, as slow as it is
told to be, and "not in your documents" where nothing fits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from appliance.cancellation import Cancellation
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    Cancelled,
    Event,
    Failed,
    Found,
    Opened,
    Progress,
    Refused,
    Scored,
    Stage,
    Token,
    Turn,
    Verdict,
    grounds_of,
)
from tests.gui.memory_answers import (
    Stored,
    decide,
    outcome_of,
    overlap,
    passages_of,
    quote,
    spoken,
    written,
)
from tests.gui.memory_state import Pace, State, Unreadable


class MemoryAsking:
    def __init__(self, state: State, pace: Pace) -> None:
        self._held, self._pace = state, pace

    def ask(
        self,
        text: str,
        cancelled: Cancellation,
        *,
        conversation: str = "",
        collections: Sequence[str] = (),
        reason: str = "",
        replaces: int = -1,
    ) -> Iterator[Event]:
        started = time.monotonic()
        if self._pace.raise_ask:
            raise Unreadable("The engine could not be started.", hint="Ask again.")
        verdict = decide(text, reason)
        if self._pace.writes:
            wider = replace(verdict.obligations, mode=AnswerMode.GENERATE, cite="marked")
            verdict = replace(verdict, obligations=wider)
        time.sleep(self._pace.stage)
        conversation = conversation or f"c{len(self._held.titles) + 1}"
        thing = f"conversation {conversation}"
        record = self._held.note("ask.open", thing, "open", verdict)
        yield Opened(record, verdict, conversation)
        beside = self._held.attached.get(conversation, {})
        final = self._final(text, collections, verdict, cancelled, tuple(beside.values()))
        last: Event = Cancelled(-1)
        found: tuple[Scored, ...] = ()
        for event in final:
            last = event
            found = event.passages if isinstance(event, Found) else found
            if not isinstance(event, Answered | Refused | Failed | Cancelled):
                yield event
        outcome, answer, note = outcome_of(last)
        closing = self._held.note("ask.close", thing, outcome.value, verdict)
        if answer is not None:
            answer = replace(answer, seconds=time.monotonic() - started)
        turn = Turn(
            text, self._held.clock, outcome, answer, note, closing, replaces, tuple(collections),
            grounds_of(found, answer),
        )  # fmt: skip
        self._held.turns.setdefault(conversation, []).append(turn)
        title = self._held.titles.get(conversation, (text, self._held.clock))[0]
        self._held.titles[conversation] = (title, self._held.clock)
        if answer is not None:
            yield Answered(answer, closing)
        elif isinstance(last, Refused | Failed | Cancelled):
            yield replace(last, record=closing)

    def _final(
        self,
        text: str,
        collections: Sequence[str],
        verdict: Verdict,
        cancelled: Cancellation,
        beside: tuple[Stored, ...] = (),
    ) -> Iterator[Event]:
        if not verdict.allowed:
            yield Refused(verdict, -1, verdict.sentence, verdict.hint)
            return
        for stage in (Stage.FINDING, Stage.READING):
            yield Progress(stage)
            if self._waits(cancelled):
                yield Cancelled(-1)
                return
            if stage is Stage.FINDING:
                found = self._find(text, collections, beside)
                yield Found(found)
        answer = quote(text, found)
        writes = self._pace.writes and bool(self._pace.model) and self._pace.works
        if writes:
            answer = written(answer, self._pace.model)
            yield from spoken(answer, self._pace.token, self._pace.dies_at, cancelled)
        yield Progress(Stage.CHECKING)
        if self._waits(cancelled):
            yield Cancelled(-1)
        elif self._pace.fail_ask:
            yield Failed("engine_failed", "The engine stopped while reading.", "Ask again.")
        elif writes and self._pace.dies_at:
            yield Failed("engine_failed", "The engine stopped while writing.", "Ask again.")
        else:
            yield from self._told(answer, writes, cancelled)

    def _told(self, answer: Answer, writes: bool, cancelled: Cancellation) -> Iterator[Event]:
        for number in range(self._pace.tokens):
            if cancelled.cancelled:
                yield Cancelled(-1)
                return
            yield Token(f"word{number} ")
        if not writes:
            yield from (Token(sentence.text) for sentence in answer.sentences)
        yield Answered(answer, -1)

    def _waits(self, cancelled: Cancellation) -> bool:
        end = time.monotonic() + self._pace.stage
        while time.monotonic() < end and not cancelled.cancelled:
            time.sleep(0.005)
        return cancelled.cancelled

    def _find(
        self, text: str, collections: Sequence[str], beside: tuple[Stored, ...] = ()
    ) -> tuple[Scored, ...]:
        with self._held.guard:
            ids = tuple(collections) or tuple(self._held.collections)
            passages = [
                passage
                for collection in ids
                for stored in self._held.documents[collection].values()
                if stored.info.retired is None
                for passage in passages_of(stored)
            ]
        passages += [passage for stored in beside for passage in passages_of(stored)]
        ranked = sorted(passages, key=lambda p: overlap(text, p.text), reverse=True)[:8]
        return tuple(
            Scored(p, overlap(text, p.text), overlap(text, p.text), rank, rank)
            for rank, p in enumerate(ranked, 1)
        )
