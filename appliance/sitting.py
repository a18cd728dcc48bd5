"""From logging in to locking: the one desk of a data folder, and the work under way at it.

Rules kept here: one instance a data folder; whatever fails on the way in lets go of the folder
again; locking stops what is under way and waits for it before the keys are forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import selftest
from appliance.cancellation import Cancellation
from appliance.clock import now
from appliance.entering import Door
from appliance.errors import Locked, LogUnwritable, UsageError
from appliance.place import Place
from appliance.settings import Settings
from appliance.values import AirgapReport
from appliance.vault import FolderLock, Session, lock_folder, remove_leftovers

if TYPE_CHECKING:
    from appliance.desk import Desk
    from appliance.engine.encoder.client import EngineHost

PATIENCE = 20.0  # seconds that locking waits for work under way to stop


class Sitting:
    """Safe to call from several threads. desk: what is open; None while locked."""

    def __init__(self, data: Path, settings: Settings, airgap: AirgapReport) -> None:
        self.door = Door(data, device=settings.key_store == "allowed")
        self.desk: Desk | None = None
        self._data = data
        self._settings = settings
        self._airgap = airgap
        self._engine: EngineHost | None = None
        self._folder_lock: FolderLock | None = None
        self._state = threading.Condition(threading.RLock())
        self._working: dict[object, Cancellation] = {}
        self._closing = False

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Holds the folder's lock and has the engine started; `open` is called inside. Raises
        UsageError where somebody is logged in, AirgapBroken, AlreadyRunning."""
        from appliance.opening import make_engine

        with self._state:
            if self.desk is not None:
                raise UsageError("Somebody is logged in already.", hint="Lock first.")
            if self._settings.airgap == "required":
                selftest.require_proof(self._airgap)
            self._folder_lock = lock_folder(self._data)
            try:
                remove_leftovers(self._data)
                if self._engine is None:
                    self._engine = make_engine()
                yield
            except BaseException:
                self._let_go()
                raise

    def prove(self) -> AirgapReport:
        """Every way out is tried anew, and the result is in the log. Raises Locked."""
        with self.at_work() as desk:
            report = selftest.prove(now())
            self._airgap = desk.airgap = report
            details = (("open", sum(not one.blocked for one in report.probes)),
                       ("probes", len(report.probes)))  # fmt: skip
            outcome = "proved" if report.holds else "unproved"
            try:
                desk.ledger.note("airgap.tried", outcome=outcome, details=details)
            except LogUnwritable:
                if report.holds:  # a way that is open is told, though it cannot be logged
                    raise
            return report

    def open(self, session: Session) -> Desk:
        """Takes over the session. Raises what `opening.open_desk` raises; it is then closed."""
        from appliance.opening import open_desk

        if self._engine is None:
            raise UsageError("The engine was not started.")
        try:
            self.desk = open_desk(
                Place(self._data),
                session,
                self._engine,
                airgap=self._airgap,
                settings=self._settings,
                attempts=self.door.attempts,
            )
        except BaseException:
            session.close()
            raise
        return self.desk

    def enrol(self, code: str, name: str, passphrase: str) -> tuple[Session, str]:
        """Raises as Door.enrol, and for a vault that the log does not confirm."""
        from appliance.opening import require_believed

        place = Place(self._data)
        return self.door.enrol(
            code, name, passphrase, lambda session: require_believed(place, session)
        )

    @contextmanager
    def at_work(self, cancellation: Cancellation | None = None) -> Iterator[Desk]:
        """Marks work under way, so that locking can stop it and wait. Raises Locked."""
        mine = object()
        with self._state:
            desk = self.desk
            if desk is None or self._closing:
                raise Locked("Nobody is logged in.")
            self._working[mine] = cancellation or Cancellation()
        try:
            yield desk
        finally:
            with self._state:
                del self._working[mine]
                self._state.notify_all()

    @contextmanager
    def at_work_if_open(self) -> Iterator[Desk | None]:
        """As `at_work`; None where nobody is logged in, or not for much longer."""
        with ExitStack() as stack:
            try:
                desk: Desk | None = stack.enter_context(self.at_work())
            except Locked:
                desk = None
            yield desk

    def lock(self) -> None:
        """Stops what is under way, closes stores and log cleanly and forgets the keys."""
        with self._state:
            if self.desk is None:
                return
            self._closing = True
            for cancellation in self._working.values():
                cancellation.cancel()
            self._state.wait_for(lambda: not self._working, PATIENCE)
            desk, self.desk = self.desk, None
            if desk is None:  # another thread locked while this one waited
                return
            self._closing = False
            try:
                desk.close()
            finally:
                self._let_go()

    def end(self) -> None:
        """Locks and ends the engine. May be called twice."""
        try:
            self.lock()
        finally:
            engine, self._engine = self._engine, None
            if engine is not None:
                engine.close()

    def _let_go(self) -> None:
        held, self._folder_lock = self._folder_lock, None
        if held is not None:
            held.close()
