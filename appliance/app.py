"""Wiring: `open_appliance()` gives an Appliance, the product without a screen.

Rules kept here: the process is hardened, the guards are on and the air gap is proved before the
vault, a document or a model is opened; nothing that starts threads is imported before that (the
kernel's file guard binds only threads made after it), so the parts are loaded late, through
`appliance.desk`, the one file that knows them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import values
from appliance.cancellation import Cancellation
from appliance.clock import now, ticking
from appliance.engine.bundles.brought import brought
from appliance.first_run import undone_on_failure
from appliance.own_settings import OwnSettings, change_logged
from appliance.people import Idleness
from appliance.settings import Settings, default_data_folder
from appliance.sitting import Sitting
from appliance.starting import guarded
from appliance.values import Citation, PageView
from appliance.vault import Profile, Vault

if TYPE_CHECKING:
    from appliance.accounts import People
    from appliance.administration import Administration
    from appliance.applications import Applications
    from appliance.chat_models import ChatModels
    from appliance.desk import Desk
    from appliance.kiosk import Kiosk
    from appliance.logbook import Logbook
    from appliance.remembered import Remembered
    from appliance.seat import Seat
    from appliance.shelves import Shelves

__all__ = ["Appliance", "Cancellation", "brought", "default_data_folder", "now", "open_appliance"]


class Appliance:
    """The product, opened on one data folder. Every method may be called from any thread and may
    block (never call one on a GUI thread); generators do their work as they are iterated.
    All raise CloisterErrors alone; those that need a login raise Locked without one."""

    def __init__(
        self,
        data: Path,
        settings: Settings,
        airgap: values.AirgapReport,
        own_settings: OwnSettings | None = None,
    ) -> None:
        self.data = data
        self.settings = settings
        self.airgap = airgap
        self._vault = Vault(data)
        self._own_settings = own_settings or OwnSettings(None)
        self._sitting = Sitting(data, settings, airgap)

    # --- logging in ------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether the data folder holds a vault (else: first run)."""
        return self._vault.exists

    @property
    def person(self) -> values.Person | None:
        """Who is logged in; None while locked."""
        desk = self._sitting.desk
        return desk.person if desk is not None else None

    def create(self, name: str, passphrase: str) -> str:
        """First run: makes the vault, logs the person in, returns the recovery code, once.
        Raises vault errors (weak passphrase, vault exists), AlreadyRunning, AirgapBroken."""
        with self._sitting.entering(), undone_on_failure(self.data):
            profile = Profile(self.settings.profile)
            session, code = self._sitting.door.create(name, passphrase, profile)
            self._sitting.open(session)
            return code

    def allowed(self) -> frozenset[str]:
        """What the policy lets this person do, for a screen to offer no more; each act asks."""
        from appliance.pages import allowed

        with self._sitting.at_work() as desk:
            return allowed(desk)

    @property
    def several(self) -> bool:
        """Whether whoever logs in must give a name."""
        return self._vault.several

    def unlock(self, passphrase: str, name: str = "") -> values.Person:
        """Logs in with a passphrase or the recovery code. Raises vault.WrongPassphrase, TryLater,
        LockedOut, and what opening damaged, rolled back or foreign stores raises."""
        with self._sitting.entering():
            return self._sitting.open(self._sitting.door.unlock(passphrase, name)).person

    def enrol(self, code: str, name: str, passphrase: str) -> str:
        """First log-in of who was invited; returns the recovery code, once. Raises vault errors."""
        with self._sitting.entering():
            session, recovery = self._sitting.enrol(code, name, passphrase)
            self._sitting.open(session)
            return recovery

    @contextmanager
    def people(self) -> Iterator[People]:
        """Accounts, collections' members and broken glass, to manage while the block runs."""
        from appliance.accounts import People

        with self._sitting.at_work() as desk:
            yield People(desk, self._sitting.door)

    def idleness(self) -> Idleness:
        """Counts how long the window is left alone: as policy or the stricter settings decide."""
        desk = self._sitting.desk
        minutes = desk.lock_minutes if desk is not None else self.settings.lock_minutes
        return Idleness(minutes * 60.0, ticking)

    @property
    def kiosk(self) -> Kiosk:
        """What a kiosk does: it is opened to visitors, wiped, and left by an administrator."""
        from appliance.kiosk import Kiosk

        return Kiosk(self._sitting)

    def lock(self) -> None:
        """Stops what is under way, closes stores and log cleanly and forgets the keys."""
        self._sitting.lock()

    def change_passphrase(self, old: str, new: str) -> None:
        """Rewrites one slot. Raises WrongPassphrase, PassphraseTooWeak."""
        with self._sitting.at_work() as desk:
            desk.change_passphrase(old, new, self._sitting.door)

    # --- asking ----------------------------------------------------------------------------

    def ask(
        self,
        text: str,
        *,
        conversation: str = "",
        collections: Sequence[str] = (),
        reason: str = "",
        replaces: int = -1,
        cancellation: Cancellation | None = None,
    ) -> Iterator[values.Event]:
        """The main path. The last event is Answered, Refused, Failed or Cancelled; `conversation`
        empty begins a new one (its id is in Opened); `replaces` names, by its record, the turn of
        it that this is asked instead of. Raises QuestionUnusable, TurnUnknown."""
        from appliance.asking import asked

        stop = cancellation or Cancellation()
        with self._sitting.at_work(stop) as desk:
            yield from asked(
                desk, text, stop, conversation=conversation, collections=collections,
                reason=reason, replaces=replaces,
            )  # fmt: skip

    def writing(self) -> values.Writing:
        """Whether this person's answers are written, and by which language model."""
        with self._sitting.at_work() as desk:
            return desk.writing()

    def conversations(self) -> tuple[values.Conversation, ...]:
        """Those that are pinned, then the newest."""
        with self._sitting.at_work() as desk:
            return desk.conversations()

    def turns(self, conversation: str) -> tuple[values.Turn, ...]:
        with self._sitting.at_work() as desk:
            return desk.turns(conversation)

    @contextmanager
    def remembered(self, stop: Cancellation | None = None) -> Iterator[Remembered]:
        """The person's conversations, to search, order, judge and export while the block runs."""
        from appliance.remembered import Remembered

        with self._sitting.at_work(stop) as desk:
            yield Remembered(desk)

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        """The page cited, or another of that document, drawn by the sandboxed reader and marked."""
        from appliance.pages import view

        with self._sitting.at_work() as desk:
            desk.require_usable((citation.passage.collection,))
            return view(desk, citation, page, scale)

    # --- library ---------------------------------------------------------------------------

    def collections(self) -> tuple[values.Collection, ...]:
        with self._sitting.at_work() as desk:
            return desk.collections()

    def create_collection(self, title: str) -> values.Collection:
        """Raises NotAllowed, NameUnusable."""
        with self._sitting.at_work() as desk:
            return desk.create_collection(title)

    def documents(self, collection: str) -> tuple[values.DocumentInfo, ...]:
        with self._sitting.at_work() as desk:
            desk.require_usable((collection,))
            return desk.library.documents(collection)

    def suggestions(self, collection: str, count: int) -> tuple[str, ...]:
        """Questions that this collection's own headings suggest."""
        from appliance.suggestions import suggestions

        with self._sitting.at_work() as desk:
            desk.require_usable((collection,))
            return suggestions(desk, collection, count)

    def remove_document(self, collection: str, document: str) -> None:
        """Out of search, store and originals; the log keeps that it was there."""
        with self._sitting.at_work() as desk:
            desk.remove_document(collection, document)

    def add(
        self, collection: str, paths: Sequence[Path], cancellation: Cancellation | None = None
    ) -> Iterator[values.ImportEvent]:
        """Imports files and folders. What was reported ADDED is durable."""
        stop = cancellation or Cancellation()
        with self._sitting.at_work(stop) as desk:
            yield from desk.add(collection, paths, lambda: stop.cancelled)

    def unfinished_imports(self) -> tuple[values.ImportJob, ...]:
        with self._sitting.at_work() as desk:
            return desk.library.unfinished_jobs()

    def resume_import(
        self, job: str, cancellation: Cancellation | None = None
    ) -> Iterator[values.ImportEvent]:
        stop = cancellation or Cancellation()
        with self._sitting.at_work(stop) as desk:
            yield from desk.resume_import(job, lambda: stop.cancelled)

    def discard_import(self, job: str) -> None:
        """Gives an unfinished import up: its list goes, what was added stays."""
        with self._sitting.at_work() as desk:
            desk.discard_import(job)

    @contextmanager
    def shelves(self, stop: Cancellation | None = None) -> Iterator[Shelves]:
        """Documents' versions, and which are answered from, to manage while the block runs."""
        from appliance.shelves import Shelves

        with self._sitting.at_work(stop) as desk:
            yield Shelves(desk)

    @contextmanager
    def chat_models(self) -> Iterator[ChatModels]:
        """The installed models, to manage while the block runs."""
        from appliance.chat_models import ChatModels

        with self._sitting.at_work() as desk:
            yield ChatModels(desk)

    @contextmanager
    def applications(self, stop: Cancellation) -> Iterator[Applications]:
        """What other programs may ask in this person's name, until locking cancels it."""
        from appliance.applications import Applications

        with self._sitting.at_work(stop) as desk:
            yield Applications(desk, stop)

    @contextmanager
    def administration(self, stop: Cancellation | None = None) -> Iterator[Administration]:
        """Backups and parcels, to manage while the block runs; locking cancels `stop`."""
        from appliance.administration import Administration

        stop = stop or Cancellation()
        with self._sitting.at_work(stop) as desk:
            yield Administration(desk, stop)

    # --- log -------------------------------------------------------------------------------

    @contextmanager
    def logbook(self, stop: Cancellation | None = None) -> Iterator[Logbook]:
        """The log, to search and to prove records of, while the block runs."""
        from appliance.logbook import Logbook

        with self._sitting.at_work(stop) as desk:
            yield Logbook(desk, stop)

    def log_records(self, start: int = 0, count: int = 200) -> tuple[values.LogRecord, ...]:
        """Records start, start+1 … in the order of the log. Raises NotAllowed."""
        from appliance.pages import records

        with self._sitting.at_work() as desk:
            return records(desk, start, count)

    def log_payload(self, seq: int) -> str:
        """The question or answer sealed in a record, for an auditor; that it was read is logged."""
        from appliance.pages import payload

        with self._sitting.at_work() as desk:
            return payload(desk, seq)

    def log_size(self) -> int:
        with self._sitting.at_work() as desk:
            return desk.ledger.log.size

    def verify_log(self) -> values.LogState:
        """Verifies every record from the files alone, as a stranger would."""
        from appliance.pages import verified

        with self._sitting.at_work() as desk:
            return verified(desk)

    def export_log(self, folder: Path) -> str:
        """Writes a copy that verifies alone; returns the public key to verify it with."""
        from appliance.pages import exported

        with self._sitting.at_work() as desk:
            return exported(desk, folder)

    def standing(self) -> values.SeatView:
        """How this installation stands with its licence, and whether it answers anything new."""
        with self._sitting.at_work() as desk:
            return desk.seat.view()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """The seat, to manage while the block runs. Raises NotAllowed, ConfirmFirst."""
        with self._sitting.at_work() as desk:
            yield desk.managed_seat()

    @staticmethod
    def codes(document: bytes) -> tuple[tuple[tuple[bool, ...], ...], ...]:
        """As QR codes: of each its rows from the top, True is dark. Raises ScanIncomplete."""
        from appliance.licensing.codes import symbols_of

        return tuple(symbol.modules for symbol in symbols_of(document))

    def settings_shown(self) -> tuple[values.SettingView, ...]:
        """Every setting as it is set now, by whom, and where. Raises SettingsInvalid."""
        return self._own_settings.shown(self.settings)

    def change_setting(self, name: str, text: str) -> None:
        """In this person's own file, in force from the next start on; empty for what is built in.
        Raises SettingLocked, SettingsInvalid, StorageReadOnly."""
        with self._sitting.at_work() as desk:
            change_logged(self._own_settings, desk.ledger, name, text)

    def doctor(self) -> tuple[values.Check, ...]:
        """Every check with its next step; needs no login, says more with one."""
        from appliance.health import checks

        with self._sitting.at_work_if_open() as desk:
            return checks(self.data, self.settings, self.airgap, desk)

    def insights(self) -> values.Insights:
        """How it is doing since somebody logged in, in numbers."""
        from appliance.insights import insights

        with self._sitting.at_work() as desk:
            return insights(desk)

    def diagnostics(self) -> bytes:
        """A zip for support that names nobody and nothing; says more with a login."""
        from appliance.diagnosis.bundle import bundle, looked_at

        with self._sitting.at_work_if_open() as desk:
            return bundle(looked_at(self, self.doctor(), now(), desk))

    def prove_airgap(self) -> values.AirgapReport:
        """Tries every way out once more, in the log; one found open keeps the vault shut later."""
        self.airgap = self._sitting.prove()
        return self.airgap

    @contextmanager
    def at_desk(self) -> Iterator[Desk]:
        """What is open, for work on the installation as a whole, while the block runs."""
        with self._sitting.at_work() as desk:
            yield desk

    def close(self) -> None:
        """Locks and ends the engine. May be called twice."""
        try:
            self._sitting.end()
        finally:
            self._own_settings.close()


def open_appliance(data: Path, *, writable: Sequence[Path] = (), screen: bool = False) -> Appliance:
    """Hardens the process, puts the guards on, proves the air gap, and opens nothing else but, for
    a window and before the guards, a person's own settings file.

    writable: existing folders to be written besides the data folder. screen: whether there will be
    a window. Raises StorageReadOnly, SettingsInvalid, GuardTooLate, GuardUnavailable (managed).
    """
    own = OwnSettings.opened() if screen else OwnSettings(None)
    settings, proof = guarded(data, writable, screen=screen)
    return Appliance(data, settings, proof, own)
