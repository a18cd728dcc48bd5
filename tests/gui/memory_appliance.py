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
from pathlib import Path
from typing import TYPE_CHECKING, cast

from appliance.app import Appliance, Cancellation
from appliance.people import ConfirmFirst, Idleness
from appliance.values import (
    AirgapReport,
    Citation,
    Collection,
    Conversation,
    DocumentInfo,
    Event,
    ImportEvent,
    ImportJob,
    Insights,
    LogRecord,
    LogState,
    PageView,
    Person,
    Role,
    SeatView,
    SettingView,
    Turn,
    Writing,
)
from tests.gui.memory_answers import report
from tests.gui.memory_asking import MemoryAsking
from tests.gui.memory_carrying import MemoryCarrying
from tests.gui.memory_library import MemoryLibrary
from tests.gui.memory_people import MemoryPeople
from tests.gui.memory_remembered import MemoryRemembered, ordered
from tests.gui.memory_screens import MemoryLogbook, MemoryModels, MemoryShelves, policies
from tests.gui.memory_seat import MemorySeat
from tests.gui.memory_settings import MemorySettings
from tests.gui.memory_state import Pace, State, WrongPassphrase

if TYPE_CHECKING:
    from appliance.accounts import People
    from appliance.administration import Administration
    from appliance.chat_models import ChatModels
    from appliance.logbook import Logbook
    from appliance.remembered import Remembered
    from appliance.seat import Seat
    from appliance.shelves import Shelves


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
        self._asking = MemoryAsking(self._held, self.pace)
        self._library = MemoryLibrary(self._held, self.pace)
        self.models = self.carrying.models = MemoryModels(self.pace)
        self.carrying.policies_of = lambda: policies(self._held)

    @property
    def copied(self) -> list[tuple[str, int]]:
        """What went to the clipboard: as what, and how many characters."""
        return self._held.copied

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
        with self._held.guard:
            self._held.name, self._held.passphrase = name, passphrase
            self._held.code = "K7QM-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU"
            self._somebody_here = self._somebody()
            self._held.note("vault.create", "vault", "done")
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
            self.carrying.stop = self.models.stop = stop
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
        with self._held.guard:
            if self.pace.several and name != self._held.name:
                raise WrongPassphrase("That passphrase does not open this vault.")
            if passphrase not in (self._held.passphrase, self._held.code):
                self._held.note("login", "vault", "failed")
                raise WrongPassphrase("That passphrase does not open this vault.")
            self._somebody_here = self._somebody()
            self._held.note("login", "vault", "done")
            return self._somebody_here

    def enrol(self, code: str, name: str, passphrase: str) -> str:
        self._called()
        self._somebody_here = self.staff.enrolled(code, name)
        return "NEWC-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU"

    def lock(self) -> None:
        self._called()
        with self._held.guard:
            self._held.note("lock", "vault", "done")
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
        replaces: int = -1,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        self._called()
        yield from self._asking.ask(
            text, cancellation or Cancellation(), conversation=conversation,
            collections=collections, reason=reason, replaces=replaces,
        )  # fmt: skip

    def writing(self) -> Writing:
        self._called()
        pace = self.pace
        return Writing(pace.model, pace.writes, pace.note, pace.works, pace.starting)

    def conversations(self) -> tuple[Conversation, ...]:
        self._called()
        with self._held.guard:
            made = [
                Conversation(key, title, when, len(self._held.turns.get(key, ())))
                for key, (title, when) in self._held.titles.items()
            ]
        return ordered(self._held, made)

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        self._called()
        return tuple(self._held.turns.get(conversation, ()))

    @contextmanager
    def remembered(self, stop: Cancellation | None = None) -> Iterator[Remembered]:
        self._called()
        yield cast("Remembered", MemoryRemembered(self, self._held, self.pace))

    def remember(self, conversation: str, title: str, turns: Sequence[Turn]) -> None:
        """For tests: a conversation that was held before."""
        self._held.turns[conversation] = list(turns)
        self._held.titles[conversation] = (title, self._held.clock)

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        self._called()
        return self._library.page(citation, page, scale)

    # --- library --------------------------------------------------------------------------

    def collections(self) -> tuple[Collection, ...]:
        self._called()
        return self._library.collections()

    def create_collection(self, title: str) -> Collection:
        self._called()
        return self._library.create_collection(title)

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        self._called()
        return self._library.documents(collection)

    def suggestions(self, collection: str, count: int) -> tuple[str, ...]:
        self._called()
        return self._library.suggestions(collection, count)

    def remove_document(self, collection: str, document: str) -> None:
        self._called()
        self._library.remove_document(collection, document)

    def add(
        self, collection: str, paths: Sequence[Path], cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        self._called()
        yield from self._library.add(collection, paths, cancellation or Cancellation())

    def resume_import(
        self, job: str, cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        self._called()
        yield from self._library.resume_import(job, cancellation or Cancellation())

    def discard_import(self, job: str) -> None:
        self._called()
        self._library.discard_import(job)

    def unfinished_imports(self) -> tuple[ImportJob, ...]:
        self._called()
        return self._library.unfinished_imports()

    def insights(self) -> Insights:
        self._called()
        turns = [turn for turns in self._held.turns.values() for turn in turns]
        ended = Counter(turn.outcome.value for turn in turns)
        answers = [turn.answer for turn in turns if turn.answer is not None]
        collections = self.collections()
        return Insights(
            taken=self._held.clock, since=self._held.clock, version="1.0", model=self.pace.model,
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

    @contextmanager
    def shelves(self, stop: Cancellation | None = None) -> Iterator[Shelves]:
        self._called()
        yield cast("Shelves", MemoryShelves(self._held, self._library))

    @contextmanager
    def chat_models(self) -> Iterator[ChatModels]:
        self.require_fresh()
        yield cast("ChatModels", self.models)

    def prove_airgap(self) -> AirgapReport:
        self._called()
        self.airgap = report(holds=self.airgap.holds and not self.pace.breached)
        self._held.note("airgap.tried", "", "proved" if self.airgap.holds else "unproved")
        return self.airgap

    # --- log ------------------------------------------------------------------------------

    @contextmanager
    def logbook(self, stop: Cancellation | None = None) -> Iterator[Logbook]:
        self._called()
        yield cast("Logbook", MemoryLogbook(self._held, self.pace))

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
        return LogState(not why, size, root, self._held.clock, why)

    def export_log(self, folder: Path) -> str:
        self.require_fresh()
        (folder / "checkpoint").write_text(f"{len(self._held.log)}\n")
        return "cloister-log+5f1c2a9b+ATx8mZ4oQf7cU2rVw3kYb1NnPq6sHd9eGjL0tXvRzBaC"

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
