"""Wiring: `open_appliance()` gives an Appliance, the product without a screen.

Rules kept here: the process is hardened, the guards are on and the air gap is proved before the
vault, a document or a model is opened; nothing that starts threads is imported before that (the
kernel's file guard binds only threads made after it), so the parts are loaded late, through
`appliance.desk`, the one file that knows them all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import selftest
from appliance.cancellation import Cancellation
from appliance.clock import now, ticking
from appliance.entering import Door
from appliance.errors import Locked, UsageError
from appliance.first_run import undone_on_failure
from appliance.people import Idleness
from appliance.settings import Settings, default_data_folder
from appliance.starting import guarded
from appliance.values import (
    AirgapReport,
    Check,
    Citation,
    Collection,
    Conversation,
    DocumentInfo,
    Event,
    ImportEvent,
    ImportJob,
    LogRecord,
    LogState,
    PageView,
    Person,
    Turn,
    Writing,
)
from appliance.vault import (
    FolderLock,
    Profile,
    Session,
    Vault,
    lock_folder,
    remove_leftovers,
)

if TYPE_CHECKING:
    from appliance.accounts import People
    from appliance.chat_models import ChatModels
    from appliance.desk import Desk
    from appliance.engine.encoder.client import EngineHost

__all__ = ["Appliance", "Cancellation", "default_data_folder", "now", "open_appliance"]

PATIENCE = 20.0  # seconds that locking waits for work under way to stop


class Appliance:
    """The product, opened on one data folder. Every method may be called from any thread and may
    block (never call one on a GUI thread); generators do their work as they are iterated.

    All raise CloisterError subclasses on purpose, nothing else; those that need a login raise
    Locked without one."""

    def __init__(self, data: Path, settings: Settings, airgap: AirgapReport) -> None:
        self.data = data
        self.settings = settings
        self.airgap = airgap
        self._vault = Vault(data)
        self._door = Door(data)
        self._desk: Desk | None = None
        self._engine: EngineHost | None = None
        self._folder_lock: FolderLock | None = None
        self._state = threading.Condition(threading.RLock())
        self._working: dict[object, Cancellation] = {}
        self._closing = False

    # --- logging in ------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether the data folder holds a vault (else: first run)."""
        return self._vault.exists

    @property
    def person(self) -> Person | None:
        """Who is logged in; None while locked."""
        desk = self._desk
        return desk.person if desk is not None else None

    def create(self, name: str, passphrase: str) -> str:
        """First run: makes the vault, logs the person in, returns the recovery code, once.

        Raises vault errors (weak passphrase, vault exists), AlreadyRunning, AirgapBroken; nothing
        was then made."""
        with self._entering(), undone_on_failure(self.data):
            profile = Profile(self.settings.profile)
            session, code = self._door.create(name, passphrase, profile)
            self._open(session)
            return code

    @property
    def several(self) -> bool:
        """Whether whoever logs in must give a name."""
        return self._vault.several

    def unlock(self, passphrase: str, name: str = "") -> Person:
        """Logs in with a passphrase or the recovery code. Raises vault.WrongPassphrase, TryLater,
        LockedOut, and what opening damaged, rolled back or foreign stores raises."""
        with self._entering():
            self._open(self._door.unlock(passphrase, name))
            return self._opened().person

    def enrol(self, code: str, name: str, passphrase: str) -> str:
        """First log-in of who was invited; returns the recovery code, once. Raises vault errors."""
        with self._entering():
            session, recovery = self._door.enrol(code, name, passphrase)
            self._open(session)
            return recovery

    @contextmanager
    def people(self) -> Iterator[People]:
        """Accounts, collections' members and broken glass, to manage while the block runs."""
        from appliance.accounts import People

        with self._at_work() as desk:
            yield People(desk, self._door)

    def idleness(self) -> Idleness:
        """Counts how long the window is left alone, from now on."""
        return Idleness(self.settings.lock_minutes * 60.0, ticking)

    @contextmanager
    def _entering(self) -> Iterator[None]:
        """One instance a data folder; whatever fails on the way in lets go of it again."""
        from appliance.desk import make_engine

        with self._state:
            if self._desk is not None:
                raise UsageError("Somebody is logged in already.", hint="Lock first.")
            if self.settings.airgap == "required":
                selftest.require_proof(self.airgap)
            self._folder_lock = lock_folder(self.data)
            try:
                remove_leftovers(self.data)
                if self._engine is None:
                    self._engine = make_engine()
                yield
            except BaseException:
                self._let_go()
                raise

    def _open(self, session: Session) -> None:
        from appliance.desk import Place, open_desk

        if self._engine is None:
            raise UsageError("The engine was not started.")
        try:
            self._desk = open_desk(
                Place(self.data),
                session,
                self._engine,
                airgap=self.airgap,
                settings=self.settings,
                attempts=self._door.attempts,
            )
        except BaseException:
            session.close()
            raise

    def _let_go(self) -> None:
        held, self._folder_lock = self._folder_lock, None
        if held is not None:
            held.close()

    def _opened(self) -> Desk:
        desk = self._desk
        if desk is None or self._closing:
            raise Locked("Nobody is logged in.")
        return desk

    @contextmanager
    def _at_work(self, cancellation: Cancellation | None = None) -> Iterator[Desk]:
        """Marks work under way, so that locking can stop it and wait."""
        mine = object()
        with self._state:
            desk = self._opened()
            self._working[mine] = cancellation or Cancellation()
        try:
            yield desk
        finally:
            with self._state:
                del self._working[mine]
                self._state.notify_all()

    def lock(self) -> None:
        """Stops what is under way, closes stores and log cleanly and forgets the keys."""
        with self._state:
            if self._desk is None:
                return
            self._closing = True
            for cancellation in self._working.values():
                cancellation.cancel()
            self._state.wait_for(lambda: not self._working, PATIENCE)
            desk, self._desk = self._desk, None
            self._closing = False
            try:
                desk.close()
            finally:
                self._let_go()

    def change_passphrase(self, old: str, new: str) -> None:
        """Rewrites one slot. Raises WrongPassphrase, PassphraseTooWeak."""
        with self._at_work() as desk:
            desk.change_passphrase(old, new, self._door)

    # --- asking ----------------------------------------------------------------------------

    def ask(
        self,
        text: str,
        *,
        conversation: str = "",
        collections: Sequence[str] = (),
        reason: str = "",
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        """The main path. The last event is Answered, Refused, Failed or Cancelled; `conversation`
        empty begins a new one (its id is in Opened). Raises QuestionUnusable."""
        from appliance.asking import asked

        stop = cancellation or Cancellation()
        with self._at_work(stop) as desk:
            yield from asked(
                desk, text, stop, conversation=conversation, collections=collections, reason=reason
            )

    def writing(self) -> Writing:
        """Whether this person's answers are written, and by which language model."""
        with self._at_work() as desk:
            return desk.writing()

    def conversations(self) -> tuple[Conversation, ...]:
        """Newest first."""
        with self._at_work() as desk:
            return desk.history.conversations()

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        with self._at_work() as desk:
            return desk.history.turns(conversation)

    def forget_conversation(self, conversation: str) -> None:
        with self._at_work() as desk:
            desk.forget_conversation(conversation)

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        """The page the citation stands on (or another page of that document), rendered in the
        sandboxed reader, with the cited characters boxed."""
        from appliance.pages import view

        with self._at_work() as desk:
            desk.require_usable((citation.passage.collection,))
            return view(desk, citation, page, scale)

    # --- library ---------------------------------------------------------------------------

    def collections(self) -> tuple[Collection, ...]:
        with self._at_work() as desk:
            return desk.collections()

    def create_collection(self, title: str) -> Collection:
        """Raises NotAllowed, NameUnusable."""
        with self._at_work() as desk:
            return desk.create_collection(title)

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        with self._at_work() as desk:
            desk.require_usable((collection,))
            return desk.library.documents(collection)

    def suggestions(self, collection: str, count: int) -> tuple[str, ...]:
        """Questions that this collection's own headings suggest."""
        from appliance.pages import suggestions

        with self._at_work() as desk:
            desk.require_usable((collection,))
            return suggestions(desk, collection, count)

    def remove_document(self, collection: str, document: str) -> None:
        """Out of search, store and originals; the log keeps that it was there."""
        with self._at_work() as desk:
            desk.remove_document(collection, document)

    def add(
        self, collection: str, paths: Sequence[Path], cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        """Imports files and folders. What was reported ADDED is durable."""
        from appliance import intake

        stop = cancellation or Cancellation()
        with self._at_work(stop) as desk:
            parts = desk.intake(collection)
            yield from intake.start_import(paths, parts, lambda: stop.cancelled)
            desk.library.checkpoint(collection)

    def unfinished_imports(self) -> tuple[ImportJob, ...]:
        with self._at_work() as desk:
            return desk.library.unfinished_jobs()

    def resume_import(
        self, job: str, cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        from appliance import intake

        stop = cancellation or Cancellation()
        with self._at_work(stop) as desk:
            collection = desk.library.job_collection(job)
            yield from intake.resume(job, desk.intake(collection), lambda: stop.cancelled)
            desk.library.checkpoint(collection)

    def discard_import(self, job: str) -> None:
        """Gives an unfinished import up: its list goes, what was added stays."""
        with self._at_work() as desk:
            desk.discard_import(job)

    @contextmanager
    def chat_models(self) -> Iterator[ChatModels]:
        """The installed models, to manage while the block runs."""
        from appliance.chat_models import ChatModels

        with self._at_work() as desk:
            yield ChatModels(desk)

    # --- log -------------------------------------------------------------------------------

    def log_records(self, start: int = 0, count: int = 200) -> tuple[LogRecord, ...]:
        """Records start, start+1 … in the order of the log. Raises NotAllowed."""
        from appliance.pages import records

        with self._at_work() as desk:
            return records(desk, start, count)

    def log_payload(self, seq: int) -> str:
        """The question or answer sealed in a record, for an auditor; that it was read is logged."""
        from appliance.pages import payload

        with self._at_work() as desk:
            return payload(desk, seq)

    def log_size(self) -> int:
        with self._at_work() as desk:
            return desk.ledger.log.size

    def verify_log(self) -> LogState:
        """Verifies every record from the files alone, as a stranger would."""
        from appliance.pages import verified

        with self._at_work() as desk:
            return verified(desk)

    def export_log(self, folder: Path) -> str:
        """Writes a copy that verifies alone; returns the public key to verify it with."""
        from appliance.pages import exported

        with self._at_work() as desk:
            return exported(desk, folder)

    # --- state -----------------------------------------------------------------------------

    def doctor(self) -> tuple[Check, ...]:
        """Every check with its next step; needs no login, says more with one."""
        from appliance.health import checks

        return checks(self.data, self.settings, self.airgap, self._desk)

    def close(self) -> None:
        """Locks and ends the engine. May be called twice."""
        try:
            self.lock()
        finally:
            engine, self._engine = self._engine, None
            if engine is not None:
                engine.close()


def open_appliance(data: Path, *, writable: Sequence[Path] = (), screen: bool = False) -> Appliance:
    """Hardens the process, puts the guards on, proves the air gap, and opens nothing else.

    writable: existing folders that may be written besides the data folder (exports). screen: True
    where a window will be shown. Raises StorageReadOnly, SettingsInvalid, GuardUnavailable (unless
    a managed setting lowers it), GuardTooLate.
    """
    settings, proof = guarded(data, writable, screen=screen)
    return Appliance(data, settings, proof)
