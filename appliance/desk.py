"""Everything that is open while somebody is logged in: log, stores, policy, engine, reader.

Loaded only after the guards are on, because what it imports starts threads. Opening goes log first
(nothing may happen unlogged), then the vault's and the stores' state against what the log holds,
then the rest; closing goes the other way round, so that the log's last record is the close.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from appliance import assistant, removal
from appliance.audit import Log
from appliance.clock import now, ticking
from appliance.conversations import conversations
from appliance.documents import ReaderLimits, SandboxedReader
from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.entering import Door, report
from appliance.errors import CloisterError, StorageFull, StorageReadOnly, StoreTampered
from appliance.glass import BrokenGlass
from appliance.intake import IntakeParts
from appliance.language_model import composes, language_model, written_by
from appliance.ledger import Ledger
from appliance.memory import Library
from appliance.originals import CollectionShelf, Originals
from appliance.people import Attempts, Confirmation
from appliance.place import Place
from appliance.policy import Action, PolicyEngine, load_packs, shipped_folder
from appliance.protocols import Clock
from appliance.refused import RefusedHistory, left_out, named
from appliance.rotation import open_collection
from appliance.seat import Seat, seat_name, seat_of
from appliance.settings import MANAGED, Settings
from appliance.settling import settle, unsettled
from appliance.values import (
    AirgapReport,
    AnswerMode,
    Collection,
    LogRecord,
    Person,
    Question,
    Verdict,
    Writing,
)
from appliance.vault import Session, StorageFailed

PACKS = ("baseline",)
CHANGING = frozenset({Action.IMPORT, Action.REMOVE_DOCUMENT, Action.MANAGE_MEMBERS})

MANAGED_LICENCE = MANAGED.with_name("licence")
"""Where an institution lays a licence, an enrolment token and its newest revocation list."""


class NotAllowed(CloisterError):
    """The policy says no to something other than a question. It is logged."""

    code = "not_allowed"
    hint = "Ask your compliance officer if you think you should be able to."


class LogMissing(StoreTampered):
    code = "log_missing"


class Desk:
    """An open session. Made by `open_desk`; safe to call from several threads."""

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
        self.now: Clock = now
        self.person: Person = session.person
        file_limit = settings.file_limit_mb * 1_000_000
        self.reader = SandboxedReader(
            ReaderLimits(pages=settings.page_limit, document_bytes=file_limit)
        )
        self.library = Library(place.collections, place.spill, ledger.mark, on_notice=ledger.notice)
        self.history = conversations(place.history(session.person.id), place.spill, session, ledger)
        self.confirmation = Confirmation(ticking)
        self.glass = BrokenGlass(self)
        self._sealing = threading.RLock()
        self._refused: dict[str, StoreTampered] = {}

    def close(self) -> None:
        """Clean close: stores are checkpointed and their hashes logged. Raises the first thing
        that went wrong, after everything was tried."""
        problems: list[CloisterError] = []
        for step in (
            self.writer.close if self.writer is not None else lambda: None,
            self.glass.close,
            self.reader.close,
            self.library.close,
            self.history.close,
            lambda: self.ledger.note("session.closed"),
            self.ledger.log.close,
            self.session.close,
        ):
            try:
                step()
            except CloisterError as error:
                problems.append(error)
        if problems:
            raise problems[0]

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

    def _open_collection(self, identifier: str) -> None:
        open_collection(self, identifier)
        known = {info.id for info in self.library.documents(identifier)}
        self.originals(identifier).sweep(known)

    # --- what is logged before it is done, and after -----------------------------------------

    def remove_document(self, collection: str, document: str) -> None:
        removal.remove_document(self, collection, document)

    def forget_conversation(self, conversation: str) -> None:
        removal.forget_conversation(self, conversation)

    def discard_import(self, job: str) -> None:
        removal.discard_import(self, job)

    def change_passphrase(self, old: str, new: str, door: Door) -> None:
        """Rewrites one slot. Raises WrongPassphrase, PassphraseTooWeak, TryLater, LockedOut."""
        self.ledger.note("passphrase.changing", object=self.person.id)
        door.change_passphrase(self.session, old, new)
        self.note_vault()
        self.ledger.note("passphrase.changed", object=self.person.id)

    def held_documents(self) -> dict[str, set[str]]:
        """The ids of the documents of each open collection."""
        return {
            name: {info.id for info in self.library.documents(name)}
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

    def intake(self, collection: str) -> IntakeParts:
        """What an import into this collection runs on. Raises NotAllowed."""
        self.require(Action.IMPORT, collection)
        self.require_usable((collection,))
        shelf = CollectionShelf(
            collection, self.library, self.originals(collection), self.ledger, self.now
        )
        return IntakeParts(
            shelf, self.reader, self.engine, self.now, self.settings.file_limit_mb * 1_000_000
        )

    def asking(self) -> assistant.Parts:
        writer = self.writer if self.seat.may_write() else None
        composing = writer is not None and composes(writer.folder)
        answering = Answering(self.engine, writer, composes=composing)
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
        """Raises NotAllowed."""
        self.require(Action.MANAGE_SEATS)
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
        if log.latest_value("roster", vault) != people:
            log.note_value("roster", vault, people)


def open_desk(
    place: Place,
    session: Session,
    engine: EngineHost,
    *,
    airgap: AirgapReport,
    settings: Settings,
    attempts: Attempts | None = None,
) -> Desk:
    """Opens log, policy and stores, and starts the language model in the background, where one is
    installed and may be used. Raises StoreTampered subclasses, audit and policy errors."""
    log = _open_log(place, session)
    desk: Desk | None = None
    try:
        ledger = Ledger(log, session)
        begun = unsettled(ledger)
        floor = log.latest_value("vault", session.vault_id)
        session.require_counter(floor or 0)
        session.require_roster(log.latest_value("roster", session.vault_id) or 0)
        if not session.roster_size:  # of version 1, and no newer one was taken away
            with suppress(StorageFull, StorageReadOnly, StorageFailed):
                session.mend()
        policy = _open_policy(ledger)
        seat = seat_of(place.licence, session, ledger)
        _note_session(ledger, airgap, policy, seat)
        seat.take_managed(MANAGED_LICENCE)
        desk = Desk(
            place,
            session,
            ledger=ledger,
            policy=policy,
            engine=engine,
            settings=settings,
            seat=seat,
            writer=language_model(place.data, session, log, settings),
        )
        desk.open_collections()
        desk.glass.reopen()
        settle(ledger, begun, desk.held_documents())
        desk.note_vault()
        if attempts is not None:
            report(desk, attempts)
        desk.start_writer()
    except BaseException:
        if desk is not None:
            desk.library.abandon()
            desk.history.abandon()
        log.close()
        raise
    return desk


def _open_log(place: Place, session: Session) -> Log:
    key = session.vault_subkey("audit")
    if place.audit.exists():
        log = Log.open(place.audit, key, now, seat=seat_name(place.licence, session))
        log.close_interrupted()
        return log
    if session.counter > 1 or session.collections():
        raise LogMissing(
            "The compliance log is gone, though this vault was in use.",
            hint="Put the folder `audit` back from a backup and tell your security officer.",
        )
    return Log.create(place.audit, f"cloister/{session.vault_id}", key, now)


def _open_policy(ledger: Ledger) -> PolicyEngine:
    """The packs that ship, none older than those the log has seen in force."""
    known = {name: ledger.log.latest_value("pack", name) for name in PACKS}
    packs = load_packs(
        [shipped_folder() / name for name in PACKS],
        seen=[f"{name}@{serial}" for name, serial in known.items() if serial is not None],
    )
    for pack in packs:
        if known.get(pack.name) != pack.serial:
            ledger.log.note_value("pack", pack.name, pack.serial)
    return PolicyEngine(packs)


def _note_session(ledger: Ledger, airgap: AirgapReport, policy: PolicyEngine, seat: Seat) -> None:
    standing = seat.standing()
    opened: Sequence[str] = [probe.name for probe in airgap.probes if not probe.blocked]
    ledger.note(
        "session.opened",
        outcome="proved" if airgap.holds else "unproved",
        details=(
            ("airgap_guards", "; ".join(airgap.guards)),
            ("airgap_open", "; ".join(opened)),
            ("airgap_probes", len(airgap.probes)),
            ("pack_hash", policy.pack_hash),
            ("platform", airgap.platform),
            ("seat", standing.state.value),
            ("seat_code", standing.code),
        ),
    )


def make_engine() -> EngineHost:
    """The encoder's host, started in the background."""
    engine = EngineHost(default_encoder_folder())
    engine.start()
    return engine
