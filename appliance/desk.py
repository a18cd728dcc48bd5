"""Everything that is open while somebody is logged in: log, stores, policy, engine, reader.

Loaded only after the guards are on, because what it imports starts threads. It is opened log first
(opening.py); closing goes the other way round, so that the log's last record is the close.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from appliance import assistant, removal, settling
from appliance.attached import Attached
from appliance.clock import now, ticking
from appliance.conversations import conversations
from appliance.counting import Meter
from appliance.documents import ReaderLimits, SandboxedReader
from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.client import EngineHost
from appliance.entering import Door
from appliance.errors import CloisterError, StoreTampered
from appliance.glass import BrokenGlass
from appliance.insights import HealthFile
from appliance.intake import IntakeParts, resume, start_import
from appliance.language_model import composes, written_by
from appliance.ledger import Ledger
from appliance.memory import EphemeralHistory, History, Library
from appliance.originals import CollectionShelf, Originals
from appliance.people import Confirmation
from appliance.place import Place
from appliance.policy import Action, PolicyEngine
from appliance.protocols import Clock
from appliance.refused import RefusedHistory, left_out, named
from appliance.rotation import open_collection
from appliance.seat import Seat
from appliance.settings import Settings
from appliance.values import (
    AirgapReport,
    AnswerMode,
    Collection,
    Conversation,
    ImportEvent,
    LogRecord,
    Person,
    Question,
    Turn,
    Verdict,
    Writing,
)
from appliance.vault import Session

CHANGING = frozenset({Action.IMPORT, Action.REMOVE_DOCUMENT, Action.MANAGE_MEMBERS})


class NotAllowed(CloisterError):
    """The policy says no to something other than a question. It is logged."""

    code = "not_allowed"
    hint = "Ask your compliance officer if you think you should be able to."


class Desk:
    """An open session. Made by `opening.open_desk`; safe to call from several threads."""

    def __init__(
        self,
        place: Place,
        session: Session,
        *,
        ledger: Ledger,
        policy: PolicyEngine,
        engine: EngineHost,
        settings: Settings,
        seat: Seat,
        airgap: AirgapReport,
        meter: Meter,
        lock_minutes: int,
        writer: ChatHost | None = None,
    ) -> None:
        self.place = place
        self.session = session
        self.ledger = ledger
        self.policy = policy
        self.engine = engine
        self.seat = seat
        self.writer = writer
        self.settings = settings
        self.airgap = airgap
        self.meter = meter
        self.now: Clock = now
        self.since = now()
        self.person: Person = session.person
        file_limit = settings.file_limit_mb * 1_000_000
        self.reader = SandboxedReader(
            ReaderLimits(pages=settings.page_limit, document_bytes=file_limit)
        )
        self.library = Library(place.collections, place.spill, ledger.mark, on_notice=ledger.notice)
        self.history = conversations(place.history(session.person.id), place.spill, session, ledger)
        self.attached = Attached(self)
        self.lock_minutes = lock_minutes
        """How long nobody may touch the window: the stricter of policy and settings."""
        self.confirmation = Confirmation(ticking, proved=not session.by_device)
        self.glass = BrokenGlass(self)
        self._sealing = threading.RLock()
        self._refused: dict[str, StoreTampered] = {}
        self.health: HealthFile | None = None

    def close(self) -> None:
        """Clean close: stores are checkpointed and their hashes logged. Raises the first thing
        that went wrong, after everything was tried."""
        problems: list[Exception] = []
        for step in (
            self.health.close if self.health is not None else lambda: None,
            self.writer.close if self.writer is not None else lambda: None,
            self.glass.close,
            self.reader.close,
            self.session.close,  # the keys: closing the stores needs none, and may take a while
            self.library.close,
            self.attached.close,
            self.history.close,
            lambda: self.ledger.note("session.closed"),
            self.ledger.log.close,
        ):
            try:
                step()
            except Exception as error:  # noqa: BLE001  the log is closed whatever fails before it
                problems.append(error)
        if problems:
            raise problems[0]

    def abandon(self) -> None:
        """Lets go of everything but log and session without writing, as a crash would: it could
        not be opened to the end. Raises nothing, so that what went wrong first is told."""
        for step in (
            self.writer.close if self.writer is not None else lambda: None,
            self.glass.close,
            self.reader.close,
            self.library.abandon,
            self.attached.abandon,
            self.history.abandon,
        ):
            with suppress(Exception):
                step()

    def require(self, action: Action, resource: str = "") -> Verdict:
        """Raises NotAllowed, logged, unless the policy allows it."""
        verdict = self.policy.decide_action(self.person, action, resource)
        if verdict.allowed and action in CHANGING and self.glass.holds(resource):
            self.ledger.note("action.denied", object=resource, code=NotAllowed.code)
            raise NotAllowed("Through broken glass a collection is read, not changed.")
        if not verdict.allowed:
            self.ledger.note(
                "action.denied",
                object=resource,
                verdict=verdict,
                outcome="refused",
                details=(("wanted", action.value),),
            )
            sentence = verdict.sentence or "Your institution's policy does not allow this."
            raise NotAllowed(sentence, hint=verdict.hint or None)
        return verdict

    def require_confirmed(self, action: Action, resource: str = "") -> Verdict:
        """For what exports or administers: allowed, and with fresh proof of who asks. Raises
        NotAllowed, ConfirmFirst."""
        verdict = self.require(action, resource)
        self.confirmation.require_fresh()
        return verdict

    # --- conversations ---------------------------------------------------------------------

    def conversations(self) -> tuple[Conversation, ...]:
        """The person's own, to be read. Raises NotAllowed."""
        self._require_readable()
        return self.history.conversations()

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """Raises NotAllowed, ConversationUnknown."""
        self._require_readable()
        return self.history.turns(conversation)

    def _require_readable(self) -> None:
        if not isinstance(self.history, EphemeralHistory):  # what a visitor asked is no history
            self.require(Action.READ_HISTORY)

    # --- collections -----------------------------------------------------------------------

    def collections(self) -> tuple[Collection, ...]:
        """Those whose key is held, and those behind broken glass, with what they hold."""
        self.glass.expire()
        listed = []
        broken = tuple((glass.collection, glass.title) for glass in self.glass.all())
        for identifier, title in (*self.session.collections(), *broken):
            error = self._refused.get(identifier)
            if error is None:
                listed.append(Collection(identifier, title, *self.library.counts(identifier)))
            else:
                said = f"{error.sentence} {error.next_step}"
                listed.append(Collection(identifier, title, problem=said))
        return tuple(listed)

    def require_usable(self, collections: Sequence[str]) -> None:
        """Raises the StoreTampered that one of these was refused with when the desk opened; for
        none named, where none at all is usable."""
        self.glass.expire()
        if not collections and not self.library.open_collections():
            collections = tuple(self._refused)
        for identifier in collections:
            if identifier in self._refused:
                raise self._refused[identifier]

    def require_whole(self) -> None:
        """Raises the StoreTampered of the first store that was refused, conversations included."""
        for error in self._refused.values():
            raise error
        if isinstance(self.history, RefusedHistory):
            raise self.history.error

    def left_out(self, wanted: Sequence[str]) -> str:
        """What an ask over all collections has to say of those that were refused."""
        titles = dict(self.session.collections())
        return left_out(() if wanted else tuple(titles[name] for name in self._refused))

    def create_collection(self, title: str) -> Collection:
        self.require(Action.CREATE_COLLECTION)
        self.ledger.note("collection.creating")
        identifier = self.session.create_collection(title, self.now())
        self.library.create_collection(identifier, self.session.collection_key(identifier))
        self.note_vault()
        self.ledger.note("collection.created", object=identifier)
        return Collection(identifier, title)

    def open_collections(self) -> None:
        """Opens every collection whose key is held, against the log's newest mark of it. One that
        is not what the log recorded stays shut, logged and named; the others open. One that a
        crash left without its store gets it now."""
        for identifier, title in self.session.collections():
            try:
                self._open_collection(identifier)
            except StoreTampered as error:
                self._refused[identifier] = named(error, title)
                self.ledger.refused(f"collection/{identifier}", error)
        with suppress(CloisterError):  # what cannot be swept now is swept at a later log-in
            self.attached.sweep()

    def _open_collection(self, identifier: str) -> None:
        open_collection(self, identifier)
        known = {info.id for info in self.library.documents(identifier)}
        self.originals(identifier).sweep(known)

    # --- what is logged before it is done, and after -----------------------------------------

    def remove_document(self, collection: str, document: str) -> None:
        removal.remove_document(self, collection, document)

    def discard_import(self, job: str) -> None:
        removal.discard_import(self, job)

    def change_passphrase(self, old: str, new: str, door: Door) -> None:
        """Rewrites one slot. Raises WrongPassphrase, PassphraseTooWeak, TryLater, LockedOut."""
        self.ledger.note("passphrase.changing", object=self.person.id)
        door.change_passphrase(self.session, old, new)
        self.note_vault()
        self.ledger.note("passphrase.changed", object=self.person.id)

    def held_documents(self, beside: Iterable[str]) -> dict[str, set[str]]:
        """The ids of the documents of each open collection, and beside those conversations; and of
        the person's own conversations."""
        held = {
            name: {info.id for info in self.library.documents(name)}
            for name in self.library.open_collections()
        }
        if isinstance(self.history, History):
            own = {one.id for one in self.history.conversations()}
            held[settling.conversations_of(self.person.id)] = own
        return held | self.attached.held(beside)

    def retired_documents(self) -> dict[str, set[str]]:
        """The ids of those that are retired, by their open collection."""
        return {
            name: {info.id for info in self.library.documents(name) if info.retired is not None}
            for name in self.library.open_collections()
        }

    def originals(self, collection: str) -> Originals:
        folder = self.place.collections / collection
        return Originals.under(folder, lambda: self._keys(collection), self._sealing)

    def _keys(self, collection: str) -> tuple[bytes, ...]:
        """Newest first. Raises NotAMember."""
        if self.glass.holds(collection):
            return self.session.emergency.keys(collection)
        return self.session.collection_keys(collection)

    def intake(self, collection: str, replaces: str = "") -> IntakeParts:
        """What an import into this collection runs on; replaces: the document that is retired in
        favour of what comes in. Raises NotAllowed."""
        self.require(Action.IMPORT, collection)
        self.require_usable((collection,))
        shelf = CollectionShelf(
            collection, self.library, self.originals(collection), self.ledger, self.now, replaces
        )
        return IntakeParts(
            shelf, self.reader, self.engine, self.now, self.settings.file_limit_mb * 1_000_000
        )

    def add(
        self, collection: str, paths: Sequence[Path], cancelled: Callable[[], bool]
    ) -> Iterator[ImportEvent]:
        """What was reported ADDED is durable. Raises NotAllowed, NothingToImport."""
        yield from start_import(paths, self.intake(collection), cancelled)
        self.library.checkpoint(collection)

    def resume_import(self, job: str, cancelled: Callable[[], bool]) -> Iterator[ImportEvent]:
        collection = self.library.job_collection(job)
        yield from resume(job, self.intake(collection), cancelled)
        self.library.checkpoint(collection)

    def asking(self) -> assistant.Parts:
        writer = self.writer if self.seat.may_write() else None
        composing = writer is not None and composes(writer.folder)
        answering = Answering(self.engine, writer, composes=composing, on_written=self.meter.wrote)
        return assistant.Parts(
            self.policy, self.ledger, self.library, answering, self.history, self.now, self.seat
        )

    def writing(self) -> Writing:
        """What an ask without anything remarkable about it would be answered with."""
        usual = Question("", "", self.person, self.now())
        verdict = self.policy.decide(usual)
        allowed = verdict.allowed and verdict.obligations.mode is AnswerMode.GENERATE
        allowed = allowed and self.seat.may_write()
        return written_by(self.writer, allowed=allowed)

    def start_writer(self) -> None:
        """In the background, so that the first answer need not wait for all of it."""
        if self.writer is not None and self.writing().allowed:
            self.writer.start()

    def managed_seat(self) -> Seat:
        """Raises NotAllowed, ConfirmFirst."""
        self.require_confirmed(Action.MANAGE_SEATS)
        return self.seat

    def log_records(self, start: int, count: int) -> tuple[LogRecord, ...]:
        """Raises NotAllowed."""
        self.require(Action.READ_LOG)
        return self.ledger.log.records(start, count)

    def note_vault(self) -> None:
        """The vault's counter goes into the log, so that an older vault.json shows; so does how
        long the list of people is."""
        vault, log, people = self.session.vault_id, self.ledger.log, self.session.roster_size
        log.note_value("vault", vault, self.session.counter)
        self.person = self.session.person  # their own roles may have changed
        self.ledger.acts_as(self.person)
        if log.latest_value("roster", vault) != people:
            log.note_value("roster", vault, people)
