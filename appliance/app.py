"""Wiring: `open_appliance()` gives an Appliance; the only file that knows every part.

(Interface first: the bodies follow as the parts land.)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

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
)


class Cancellation:
    """Set from any thread; the work looks at it between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()


class Appliance:
    """The product, opened on one data folder. Every method may be called from any thread and may
    block (never call one on a GUI thread); generators do their work as they are iterated.

    All raise CloisterError subclasses on purpose, nothing else.
    """

    airgap: AirgapReport  # of this start

    @property
    def exists(self) -> bool:
        """Whether the data folder holds a vault (else: first run)."""
        raise NotImplementedError

    @property
    def person(self) -> Person | None:
        """Who is logged in; None while locked."""
        raise NotImplementedError

    def create(self, name: str, passphrase: str) -> str:
        """First run: makes the vault, logs the person in, returns the recovery code, once."""
        raise NotImplementedError

    def unlock(self, passphrase: str, name: str = "") -> Person:
        """Logs in with a passphrase or the recovery code. Raises vault.WrongPassphrase."""
        raise NotImplementedError

    def lock(self) -> None:
        """Closes stores and log cleanly and forgets the keys."""
        raise NotImplementedError

    def change_passphrase(self, old: str, new: str) -> None:
        raise NotImplementedError

    # asking
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
        empty begins a new one (its id is in Opened)."""
        raise NotImplementedError

    def conversations(self) -> tuple[Conversation, ...]:
        raise NotImplementedError

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        raise NotImplementedError

    def forget_conversation(self, conversation: str) -> None:
        raise NotImplementedError

    def page(self, citation: Citation, page: int | None = None, scale: float = 2.0) -> PageView:
        """The page the citation stands on (or another page of that document), rendered in the
        sandboxed reader, with the cited characters boxed."""
        raise NotImplementedError

    # library
    def collections(self) -> tuple[Collection, ...]:
        raise NotImplementedError

    def create_collection(self, title: str) -> Collection:
        raise NotImplementedError

    def documents(self, collection: str) -> tuple[DocumentInfo, ...]:
        raise NotImplementedError

    def remove_document(self, collection: str, document: str) -> None:
        raise NotImplementedError

    def add(
        self, collection: str, paths: Sequence[Path], cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        """Imports files and folders. What was reported ADDED is durable."""
        raise NotImplementedError

    def unfinished_imports(self) -> tuple[ImportJob, ...]:
        raise NotImplementedError

    def resume_import(
        self, job: str, cancellation: Cancellation | None = None
    ) -> Iterator[ImportEvent]:
        raise NotImplementedError

    # log
    def log_records(self, start: int = 0, count: int = 200) -> tuple[LogRecord, ...]:
        """Records start, start+1 … in the order of the log."""
        raise NotImplementedError

    def log_size(self) -> int:
        raise NotImplementedError

    def verify_log(self) -> LogState:
        raise NotImplementedError

    def export_log(self, folder: Path) -> str:
        """Writes a copy that verifies alone; returns the public key to verify it with."""
        raise NotImplementedError

    # state
    def doctor(self) -> tuple[Check, ...]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def open_appliance(data: Path) -> Appliance:
    """Puts the guards on, proves the air gap, and opens nothing else."""
    raise NotImplementedError
