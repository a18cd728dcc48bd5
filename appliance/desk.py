"""Everything that is open while somebody is logged in: log, stores, policy, engine, reader.

Loaded only after the guards are on, because what it imports starts threads. Opening goes log first
(nothing may happen unlogged), then the vault's and the stores' state against what the log holds,
then the rest; closing goes the other way round, so that the log's last record is the close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance import assistant
from appliance.audit import Log
from appliance.clock import now
from appliance.documents import ReaderLimits, SandboxedReader
from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.errors import CloisterError, StoreTampered
from appliance.intake import IntakeParts
from appliance.language_model import composes, language_model, written_by
from appliance.ledger import Ledger
from appliance.memory import History, Library
from appliance.originals import CollectionShelf, Originals
from appliance.policy import Action, PolicyEngine
from appliance.policy_packs import open_policy
from appliance.protocols import Clock
from appliance.refused import RefusedHistory, left_out, named
from appliance.settings import Settings
from appliance.settling import settle, unsettled
from appliance.values import (
    AirgapReport,
    AnswerMode,
    Collection,
    Person,
    Question,
    Verdict,
    Writing,
)
from appliance.vault import Session


class NotAllowed(CloisterError):
    """The policy says no to something other than a question. It is logged."""

    code = "not_allowed"
    hint = "Ask your compliance officer if you think you should be able to."


class LogMissing(StoreTampered):
    code = "log_missing"


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a data folder."""

    data: Path

    @property
    def collections(self) -> Path:
        return self.data / "collections"

    @property
    def audit(self) -> Path:
        return self.data / "audit"

    @property
    def spill(self) -> Path:
        return self.data / "spill"

    def history(self, person: str) -> Path:
        return self.data / "people" / person / "store.duckdb"


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
        writer: ChatHost | None = None,
    ) -> None:
        self.place = place
        self.session = session
        self.ledger = ledger
        self.policy = policy
        self.engine = engine
        self.writer = writer
        self.settings = settings
        self.now: Clock = now
        self.person: Person = session.person
        file_limit = settings.file_limit_mb * 1_000_000
        self.reader = SandboxedReader(
            ReaderLimits(pages=settings.page_limit, document_bytes=file_limit)
        )
        self.library = Library(place.collections, place.spill, ledger.mark, on_notice=ledger.notice)
        self.history = _history(place, session, ledger)
        self._refused: dict[str, StoreTampered] = {}

    def close(self) -> None:
        """Clean close: stores are checkpointed and their hashes logged. Raises the first thing
        that went wrong, after everything was tried."""
        problems: list[CloisterError] = []
        for step in (
            self.writer.close if self.writer is not None else lambda: None,
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
        """Those whose key is held, with what they hold."""
        listed = []
        for identifier, title in self.session.collections():
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
        key = self.session.collection_key(identifier)
        mark = self.ledger.log.latest_store(f"collection/{identifier}")
        if mark is None:
            self.library.create_collection(identifier, key)
        else:
            self.library.open_collection(identifier, key, mark, self.ledger.log.store_marks)
        known = {info.id for info in self.library.documents(identifier)}
        self.originals(identifier).sweep(known)

    # --- what is logged before it is done, and after -----------------------------------------

    def remove_document(self, collection: str, document: str) -> None:
        """Raises NotAllowed, DocumentUnknown, StorageFull, StorageReadOnly. An original that could
        not be removed is removed at the next opening."""
        self.require(Action.REMOVE_DOCUMENT, collection)
        self.require_usable((collection,))
        self.library.document(collection, document)
        within = (("collection", collection),)
        self.ledger.note("document.removing", object=document, details=within)
        self.library.remove_document(collection, document)
        self.ledger.note("document.removed", object=document, details=within)
        self.originals(collection).remove(document)

    def forget_conversation(self, conversation: str) -> None:
        """Raises ConversationUnknown."""
        self.history.turns(conversation)
        self.ledger.note("conversation.deleting", object=conversation)
        self.history.delete(conversation)
        self.ledger.note("conversation.deleted", object=conversation)

    def change_passphrase(self, old: str, new: str) -> None:
        """Rewrites one slot. Raises WrongPassphrase, PassphraseTooWeak."""
        self.ledger.note("passphrase.changing", object=self.person.id)
        self.session.change_passphrase(old, new)
        self.note_vault()
        self.ledger.note("passphrase.changed", object=self.person.id)

    def held_documents(self) -> dict[str, set[str]]:
        """The ids of the documents of each open collection."""
        return {
            name: {info.id for info in self.library.documents(name)}
            for name in self.library.open_collections()
        }

    def originals(self, collection: str) -> Originals:
        return Originals(
            self.place.collections / collection, self.session.collection_key(collection)
        )

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
        composing = self.writer is not None and composes(self.writer.folder)
        answering = Answering(self.engine, self.writer, composes=composing)
        return assistant.Parts(
            self.policy, self.ledger, self.library, answering, self.history, self.now
        )

    def writing(self) -> Writing:
        """What an ask without anything remarkable about it would be answered with."""
        usual = Question("", "", self.person, self.now())
        verdict = self.policy.decide(usual)
        allowed = verdict.allowed and verdict.obligations.mode is AnswerMode.GENERATE
        return written_by(self.writer, allowed=allowed)

    def start_writer(self) -> None:
        """In the background, so that the first answer need not wait for all of it."""
        if self.writer is not None and self.writing().allowed:
            self.writer.start()

    def note_vault(self) -> None:
        """The vault's counter goes into the log, so that an older vault.json shows."""
        self.ledger.log.note_value("vault", self.session.vault_id, self.session.counter)


def open_desk(
    place: Place, session: Session, engine: EngineHost, *, airgap: AirgapReport, settings: Settings
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
        policy = open_policy(ledger, place.data)
        _note_session(ledger, airgap, policy)
        desk = Desk(
            place,
            session,
            ledger=ledger,
            policy=policy,
            engine=engine,
            settings=settings,
            writer=language_model(place.data, session, log, settings),
        )
        desk.open_collections()
        settle(ledger, begun, desk.held_documents())
        desk.note_vault()
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
        log = Log.open(place.audit, key, now)
        log.close_interrupted()
        return log
    if session.counter > 1 or session.collections():
        raise LogMissing(
            "The compliance log is gone, though this vault was in use.",
            hint="Put the folder `audit` back from a backup and tell your security officer.",
        )
    return Log.create(place.audit, f"cloister/{session.vault_id}", key, now)


def _note_session(ledger: Ledger, airgap: AirgapReport, policy: PolicyEngine) -> None:
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
        ),
    )


def _history(place: Place, session: Session, ledger: Ledger) -> History | RefusedHistory:
    """The person's conversations; in their place, if they are not what the log recorded, what says
    so when they are asked for."""
    try:
        return _opened_history(place, session, ledger)
    except StoreTampered as error:
        ledger.refused(f"person/{session.person.id}", error)
        return RefusedHistory(error)


def _opened_history(place: Place, session: Session, ledger: Ledger) -> History:
    person = session.person.id
    path, key = place.history(person), session.person_key("history")
    mark = ledger.log.latest_store(f"person/{person}")
    if mark is None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return History.create(path, key, spill=place.spill, person=person, on_mark=ledger.mark)
    return History.open(
        path,
        key,
        spill=place.spill,
        person=person,
        mark=mark,
        on_mark=ledger.mark,
        earlier=ledger.log.store_marks,
    )


def make_engine() -> EngineHost:
    """The encoder's host, started in the background."""
    engine = EngineHost(default_encoder_folder())
    engine.start()
    return engine
