"""An appliance that keeps everything in memory: small, honest, and as slow as it is told to be.

Not a script: it stores what it is given, answers by word overlap and says no where nothing fits.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from appliance.app import Appliance, Cancellation
from appliance.errors import CloisterError, UsageError
from appliance.people import ConfirmFirst, Idleness
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    Cancelled,
    Citation,
    Collection,
    Conversation,
    DocumentInfo,
    DocumentKind,
    Event,
    Failed,
    Found,
    ImportEvent,
    ImportFinished,
    ImportJob,
    ImportProgress,
    ImportStarted,
    ImportState,
    Insights,
    LogRecord,
    LogState,
    Opened,
    PageView,
    Person,
    Progress,
    Refused,
    Role,
    Scored,
    SeatView,
    SettingView,
    Stage,
    Token,
    Turn,
    Verdict,
    Writing,
)
from tests.gui.drawn_pages import draw_page, set_text
from tests.gui.memory_answers import (
    decide,
    fields_of,
    files_of,
    outcome_of,
    overlap,
    passages_of,
    quote,
    read,
    report,
    spoken,
    written,
)
from tests.gui.memory_carrying import MemoryCarrying
from tests.gui.memory_people import MemoryPeople
from tests.gui.memory_seat import MemorySeat
from tests.gui.memory_settings import MemorySettings
from tests.gui.memory_state import Halted, Pace, State, Unreadable, WrongPassphrase

if TYPE_CHECKING:
    from appliance.accounts import People
    from appliance.administration import Administration
    from appliance.seat import Seat


class MemoryAppliance(Appliance):
    def __init__(self, pace: Pace | None = None, *, holds: bool = True) -> None:
        self.pace = pace or Pace()
        self.airgap = report(holds=holds)
        self.threads: set[str] = set()
        self.closed = False
        self.seating = MemorySeat()
        self.set = MemorySettings()
        self.staff = MemoryPeople()
        self.carrying = MemoryCarrying(self.pace)
        self._held = State()
        self._somebody_here: Person | None = None
        self._guard = threading.RLock()
        self._clock = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    # --- people ---------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        self._called()
        return bool(self._held.passphrase)

    @property
    def person(self) -> Person | None:
        self._called()
        return self._somebody_here

    def create(self, name: str, passphrase: str) -> str:
        self._called()
        time.sleep(self.pace.unlock)
        with self._guard:
            self._held.name, self._held.passphrase = name, passphrase
            self._held.code = "K7QM-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU"
            self._somebody_here = self._somebody()
            self._record("vault.create", "vault", "done")
            return self._held.code

    @property
    def several(self) -> bool:
        self._called()
        return self.pace.several

    def idleness(self) -> Idleness:
        return Idleness(600.0, lambda: self.pace.ticks)

    @contextmanager
    def people(self) -> Iterator[People]:
        self._called()
        yield cast("People", PeopleHere(self))

    def allowed(self) -> frozenset[str]:
        self._called()
        return frozenset(self.pace.allowed)

    def standing(self) -> SeatView:
        self._called()
        return self.seating.stands()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        self.require_fresh()
        yield cast("Seat", self.seating)

    @contextmanager
    def administration(self, stop: Cancellation | None = None) -> Iterator[Administration]:
        if stop is None:  # to look alone
            self._called()
        else:
            self.require_fresh()
            self.carrying.stop = stop
        yield cast("Administration", self.carrying)

    def settings_shown(self) -> tuple[SettingView, ...]:
        self._called()
        return self.set.shown()

    def change_setting(self, name: str, text: str) -> None:
        self._called()
        self.set.change(name, text)

    def require_fresh(self) -> None:
        self._called()
        if self.pace.stale:
            raise ConfirmFirst("This needs your passphrase again.")

    def prove(self, secret: str) -> None:
        self._called()
        if secret != self._held.passphrase:
            raise WrongPassphrase("That passphrase does not open this vault.")
        self.pace.stale = False

    def log_payload(self, seq: int) -> str:
        self._called()
        return self.staff.payload()

    def unlock(self, passphrase: str, name: str = "") -> Person:
        self._called()
        time.sleep(self.pace.unlock)
        with self._guard:
            if self.pace.several and name != self._held.name:
                raise WrongPassphrase("That passphrase does not open this vault.")
            if passphrase not in (self._held.passphrase, self._held.code):
                self._record("login", "vault", "failed")
                raise WrongPassphrase("That passphrase does not open this vault.")
            self._somebody_here = self._somebody()
            self._record("login", "vault", "done")
            return self._somebody_here

    def enrol(self, code: str, name: str, passphrase: str) -> str:
        self._called()
        self._somebody_here = self.staff.enrolled(code, name)
        return "NEWC-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU"

    def lock(self) -> None:
        self._called()
        with self._guard:
            self._record("lock", "vault", "done")
            self._somebody_here = None

    def close(self) -> None:
        self._called()
        self.closed = True

    def _somebody(self) -> Person:
        return Person("p1", self._held.name, (Role.MEMBER, Role.CURATOR))

    # --- asking ---------------------------------------------------------------------------

    def ask(
        self,
        text: str,
        *,
        conversation: str = "",
        collections: Sequence[str] = (),
        reason: str = "",
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        self._called()
        started = time.monotonic()
        cancelled = cancellation or Cancellation()
        if self.pace.raise_ask:
            raise Unreadable("The engine could not be started.", hint="Ask again.")
        verdict = decide(text, reason)
        if self.pace.writes:
            wider = replace(verdict.obligations, mode=AnswerMode.GENERATE, cite="marked")
            verdict = replace(verdict, obligations=wider)
        time.sleep(self.pace.stage)
        conversation = conversation or f"c{len(self._held.titles) + 1}"
        record = self._record("ask.open", f"conversation {conversation}", "open", verdict)
        yield Opened(record, verdict, conversation)
        final = self._final(text, collections, verdict, cancelled)
        last: Event = Cancelled(-1)
        for event in final:
            last = event
            if not isinstance(event, Answered | Refused | Failed | Cancelled):
                yield event
        outcome, answer, note = outcome_of(last)
        closing = self._record("ask.close", f"conversation {conversation}", outcome.value, verdict)
        if answer is not None:
            answer = replace(answer, seconds=time.monotonic() - started)
        turn = Turn(text, self._clock, outcome, answer, note, closing)
        self._held.turns.setdefault(conversation, []).append(turn)
        title = self._held.titles.get(conversation, (text, self._clock))[0]
        self._held.titles[conversation] = (title, self._clock)
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
                found = self._find(text, collections)
                yield Found(found)
        answer = quote(text, found)
        writes = self.pace.writes and bool(self.pace.model) and self.pace.works
        if writes:
            answer = written(answer, self.pace.model)
            yield from spoken(answer, self.pace.token, self.pace.dies_at, cancelled)
        yield Progress(Stage.CHECKING)
        if self._waits(cancelled):
            yield Cancelled(-1)
        elif self.pace.fail_ask:
            yield Failed("engine_failed", "The engine stopped while reading.", "Ask again.")
        elif writes and self.pace.dies_at:
            yield Failed("engine_failed", "The engine stopped while writing.", "Ask again.")
        else:
            yield from self._told(answer, writes, cancelled)

    def _told(self, answer: Answer, writes: bool, cancelled: Cancellation) -> Iterator[Event]:
        for number in range(self.pace.tokens):
            if cancelled.cancelled:
                yield Cancelled(-1)
                return
            yield Token(f"word{number} ")
        if not writes:
            yield from (Token(sentence.text) for sentence in answer.sentences)
        yield Answered(answer, -1)

    def writing(self) -> Writing:
        self._called()
        pace = self.pace
        return Writing(pace.model, pace.writes, pace.note, pace.works, pace.starting)

    def _waits(self, cancelled: Cancellation) -> bool:
        end = time.monotonic() + self.pace.stage
        while time.monotonic() < end and not cancelled.cancelled:
            time.sleep(0.005)
        return cancelled.cancelled

    def _find(self, text: str, collections: Sequence[str]) -> tuple[Scored, ...]:
        with self._guard:
            ids = tuple(collections) or tuple(self._held.collections)
            passages = [
                passage
                for collection in ids
                for stored in self._held.documents[collection].values()
                for passage in passages_of(stored)
            ]
        ranked = sorted(passages, key=lambda p: overlap(text, p.text), reverse=True)[:8]
        return tuple(
            Scored(p, overlap(text, p.text), overlap(text, p.text), rank, rank)
            for rank, p in enumerate(ranked, 1)
        )

    def conversations(self) -> tuple[Conversation, ...]:
        self._called()
        with self._guard:
            made = [
                Conversation(key, title, when, len(self._held.turns.get(key, ())))
                for key, (title, when) in self._held.titles.items()
            ]
        return tuple(sorted(made, key=lambda c: c.updated, reverse=True))

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        self._called()
        return tuple(self._held.turns.get(conversation, ()))

    def forget_conversation(self, conversation: str) -> None:
        self._called()
        self._held.turns.pop(conversation, None)
        self._held.titles.pop(conversation, None)

    def remember(self, conversation: str, title: str, turns: Sequence[Turn]) -> None:
        """For tests: a conversation that was held before."""
        self._held.turns[conversation] = list(turns)
        self._held.titles[conversation] = (title, self._clock)

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        self._called()
        stored = self._held.documents[citation.passage.collection].get(citation.passage.document)
        if stored is None:
            raise Unreadable(
                "This document is no longer in the library.", hint="Ask again to find another."
            )
        number = page or citation.passage.page
        quoted = citation.quote if number == citation.passage.page else ""
        if stored.info.kind is DocumentKind.PDF:
            return draw_page(stored.info.title, stored.pages, number, quoted, scale)
        return set_text(stored.info.title, stored.pages, number, quoted)

    # --- library --------------------------------------------------------------------------

    def collections(self) -> tuple[Collection, ...]:
        self._called()
        with self._guard:
            return tuple(
                replace(
                    c,
                    documents=len(self._held.documents[c.id]),
                    passages=sum(s.info.passages for s in self._held.documents[c.id].values()),
                )
                for c in self._held.collections.values()
            )

    def create_collection(self, title: str) -> Collection:
        self._called()
        with self._guard:
            if any(c.title == title for c in self._held.collections.values()):
                raise UsageError(
                    f"There is a collection “{title}” already.", hint="Choose another name."
                )
            made = Collection(f"k{len(self._held.collections) + 1}", title)
            self._held.collections[made.id] = made
            self._held.documents[made.id] = {}
            self._record("collection.create", made.id, "done")
            return made

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        self._called()
        with self._guard:
            return tuple(stored.info for stored in self._held.documents[collection].values())

    def suggestions(self, collection: str, count: int) -> tuple[str, ...]:
        self._called()
        with self._guard:
            heads = [
                line[2:].lstrip("0123456789. ")
                for stored in self._held.documents[collection].values()
                for line in stored.pages[0][:1]
                if line.startswith("# ")
            ]
        return tuple(f"What is said about {head}?" for head in heads[:count])

    def remove_document(self, collection: str, document: str) -> None:
        self._called()
        with self._guard:
            del self._held.documents[collection][document]
            self._record("document.remove", document, "done")

    def add(
        self, collection: str, paths: Sequence[Path], cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        files = files_of(paths)
        job = f"j{len(self._held.log)}"
        return self._import(job, collection, files, 0, cancellation or Cancellation())

    def resume_import(
        self, job: str, cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        halted, stop = self._held.jobs.pop(job), cancellation or Cancellation()
        done = halted.job.total - halted.job.remaining
        return self._import(job, halted.job.collection, halted.rest, done, stop)

    def discard_import(self, job: str) -> None:
        self._called()
        del self._held.jobs[job]

    def unfinished_imports(self) -> tuple[ImportJob, ...]:
        self._called()
        return tuple(halted.job for halted in self._held.jobs.values())

    def _import(
        self, job: str, collection: str, files: list[Path], done: int, cancelled: Cancellation
    ) -> Iterator[ImportEvent]:
        self._called()
        started, total = time.monotonic(), done + len(files)
        tally = dict.fromkeys(ImportState, 0)
        pages = 0
        yield ImportStarted(job, total)
        for index, file in enumerate(files):
            if cancelled.cancelled:
                left = files[index:]
                halted = ImportJob(job, collection, len(left), total, self._clock)
                self._held.jobs[job] = Halted(halted, left)
                break
            time.sleep(self.pace.file)
            event = self._read(collection, file, done + index + 1, total)
            tally[event.state] += 1
            pages += event.pages
            yield event
        yield ImportFinished(
            job,
            tally[ImportState.ADDED],
            tally[ImportState.UNCHANGED],
            tally[ImportState.FAILED],
            pages,
            cancelled.cancelled,
            time.monotonic() - started,
        )

    def _read(self, collection: str, file: Path, done: int, total: int) -> ImportProgress:
        stored = read(collection, file)
        if isinstance(stored, CloisterError):
            return ImportProgress(
                str(file), done, total, ImportState.FAILED,
                code=stored.code, sentence=stored.sentence, hint=stored.next_step,
            )  # fmt: skip
        with self._guard:
            known = self._held.documents[collection]
            if any(s.info.sha256 == stored.info.sha256 for s in known.values()):
                return ImportProgress(str(file), done, total, ImportState.UNCHANGED)
            known[stored.info.id] = stored
            self._record("document.add", stored.info.id, "done")
        return ImportProgress(
            str(file), done, total, ImportState.ADDED, stored.info.pages, stored.info.passages,
            failures=stored.info.failures,
        )  # fmt: skip

    def insights(self) -> Insights:
        self._called()
        turns = [turn for turns in self._held.turns.values() for turn in turns]
        ended = Counter(turn.outcome.value for turn in turns)
        answers = [turn.answer for turn in turns if turn.answer is not None]
        collections = self.collections()
        return Insights(
            taken=self._clock, since=self._clock, version="1.0", model=self.pace.model,
            ended=tuple(ended.items()), open=0, waiting=0,
            answer_seconds=sum(answer.seconds for answer in answers),
            tokens=self.pace.spent, token_seconds=self.pace.spent / 40,
            memory=(("desk", 212_000_000), ("engine", 1_400_000_000)),
            documents=sum(one.documents for one in collections),
            passages=sum(one.passages for one in collections),
            indexes=(("whole", len(collections)), ("growing", 0), ("unread", 0), ("refused", 0)),
            log_records=len(self._held.log), free_bytes=81_000_000_000,
            airgap_holds=self.airgap.holds,
        )  # fmt: skip

    # --- log ------------------------------------------------------------------------------

    def log_records(self, start: int = 0, count: int = 200) -> tuple[LogRecord, ...]:
        self._called()
        return tuple(self._held.log[start : start + count])

    def log_size(self) -> int:
        self._called()
        return len(self._held.log)

    def verify_log(self) -> LogState:
        self._called()
        time.sleep(self.pace.stage)
        size, root = len(self._held.log), hashlib.sha256(repr(self._held.log).encode()).hexdigest()
        why = "Record 3 is not as it was written." if self.pace.broken_log else ""
        return LogState(not why, size, root, self._clock, why)

    def export_log(self, folder: Path) -> str:
        self.require_fresh()
        (folder / "checkpoint").write_text(f"{len(self._held.log)}\n")
        return "cloister-log+5f1c2a9b+ATx8mZ4oQf7cU2rVw3kYb1NnPq6sHd9eGjL0tXvRzBaC"

    def _record(self, action: str, thing: str, outcome: str, verdict: Verdict | None = None) -> int:
        with self._guard:
            seq = len(self._held.log)
            self._clock += timedelta(seconds=37)
            self._held.log.append(
                LogRecord(
                    seq, self._clock, action, self._held.name, thing, outcome, fields_of(verdict)
                )
            )
            return seq

    def _called(self) -> None:
        self.threads.add(threading.current_thread().name)


class PeopleHere:
    """What `Appliance.people()` gives: reading at once, acts only after fresh proof."""

    def __init__(self, appliance: MemoryAppliance) -> None:
        self._appliance = appliance

    def waiting(self) -> int:
        return self._appliance.pace.alerts + len(self._appliance.staff.told)

    def confirm(self, secret: str) -> None:
        self._appliance.prove(secret)

    def __getattr__(self, name: str) -> object:
        if name not in ("all", "members", "breakable", "broken", "alerts"):
            self._appliance.require_fresh()
        return getattr(self._appliance.staff, name)
