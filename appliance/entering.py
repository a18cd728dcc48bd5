"""Logging in with failures counted, and what the log is told of them afterwards.

Rules kept here: an attempt is counted before anything is tried; a recovery code is always tried,
whatever was counted; the log learns of failures from the next person who gets in, since nobody
before that holds its key.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from appliance.clock import now
from appliance.errors import CloisterError, StorageFull, StorageReadOnly, UsageError
from appliance.people import Attempts
from appliance.vault import Profile, Session, StorageFailed, Vault, WrongPassphrase
from appliance.vault.recovery import looks_like_code
from appliance.vault.slots import WRONG
from appliance.vault.vault import Claimed

if TYPE_CHECKING:
    from appliance.desk import Desk

T = TypeVar("T")

FOLDER = "people"


class Door:
    """The log-in of one data folder. Made by whoever holds the folder's lock. device: whether the
    institution lets the system's key store log people in."""

    def __init__(self, data: Path, *, device: bool = False) -> None:
        self._vault = Vault(data)
        self._device = device
        self._folder = data / FOLDER
        self.attempts: Attempts | None = None

    def create(self, name: str, passphrase: str, profile: Profile) -> tuple[Session, str]:
        """Raises what Vault.create raises. The count is there from the start: making it later may
        need room that a full disk has not."""
        session, code = self._vault.create(name, passphrase, profile=profile, now=now())
        try:
            self._come()
        except BaseException:
            session.close()
            raise
        return session, code

    def unlock(self, secret: str, name: str) -> Session:
        """Raises TryLater, LockedOut (nothing was tried), and what Vault.unlock raises."""
        self._come()
        who = self._vault.claimed(name)
        return self._counted(
            who, secret, lambda: self._vault.unlock(secret, name, device=self._device)
        )

    def unlock_administrator(self, secret: str, name: str) -> Session:
        """As `unlock`, for an administrator alone. Who is none is not told from a wrong passphrase,
        and nothing counts against them: a stranger at a kiosk would lock their account out."""
        if not self._vault.claimed(name).administrator:
            with suppress(CloisterError):  # for the time it takes; what it opens is let go of
                self._vault.unlock(secret, name).close()
            raise WrongPassphrase(WRONG)
        return self.unlock(secret, name)

    def enrol(
        self, code: str, name: str, passphrase: str, believed: Callable[[Session], None]
    ) -> tuple[Session, str]:
        """Raises what Vault.enrol raises. A code is not guessed, so nothing is counted."""
        self._come()
        return self._vault.enrol(code, name, passphrase, now(), believed=believed)

    def confirm(self, session: Session, secret: str) -> None:
        """That it is still this person; a failure counts as a failed log-in."""
        person = session.person
        who = self._vault.claimed(person.name)
        self._counted(who, secret, lambda: session.confirm(secret))

    def change_passphrase(self, session: Session, old: str, new: str) -> None:
        """A wrong old one counts as a failed log-in."""
        who = self._vault.claimed(session.person.name)
        self._counted(who, old, lambda: session.change_passphrase(old, new))

    def release(self, session: Session, person: str) -> None:
        """The account may try again at once. Raises PersonUnknown."""
        self._opened().release(session.accounts.tag(person), now())

    def _come(self) -> None:
        """Reads the count anew: another program may have written it since, never less of it."""
        seen = self.attempts
        found = Attempts(self._folder, now(), expected=self._folder.exists())
        if seen is not None and found.serial < seen.serial:
            found.problem = found.problem or "replaced"
        self.attempts = found

    def _opened(self) -> Attempts:
        if self.attempts is None:
            self._come()
        if self.attempts is None:
            raise UsageError("Nobody is at the door.")
        return self.attempts

    def _counted(self, who: Claimed, secret: str, tried: Callable[[], T]) -> T:
        attempts = self._opened()
        if not looks_like_code(secret):
            attempts.begin(who.tag, now(), administrator=who.administrator, people=who.everybody)
        try:
            result = tried()
        except WrongPassphrase:
            raise
        except CloisterError:
            if not looks_like_code(secret):
                attempts.undo(who.tag, now())
            raise
        with suppress(StorageFull, StorageReadOnly, StorageFailed):  # who is in stays in
            attempts.succeeded(who.tag, now())
        return result


def report(desk: Desk, attempts: Attempts) -> None:
    """Writes into the log what happened at the door since the last log-in, and holds the count's
    serial number against what the log last saw."""
    ids = {tag[:16]: person for person, tag in desk.session.accounts.tags()}
    for failed in attempts.failures():
        if failed.unlogged:
            desk.ledger.note(
                "login.failed",
                object=ids.get(failed.tag, ""),
                outcome="failed",
                details=(
                    ("failures", failed.unlogged),
                    ("in_a_row", failed.count),
                    ("known", failed.tag in ids),
                    ("newest", failed.newest.strftime("%Y-%m-%dT%H:%M:%SZ")),
                ),
            )
    floor = desk.ledger.log.latest_value("attempts", desk.session.vault_id)
    problem = attempts.problem or ("replaced" if attempts.serial < (floor or 0) else "")
    if problem and floor is not None:
        desk.ledger.note("login.count_lost", outcome="noticed", code=f"attempts_{problem}")
    attempts.logged(now())
    desk.ledger.log.note_value("attempts", desk.session.vault_id, attempts.serial)
