"""Failed log-ins, counted on the disk.

Rules kept here: an attempt is counted as failed and durable before the passphrase is tried, and
taken back when it opens, so that killing the program wins no free try; the file has its full size
from the start and is written in place, so that a full disk wins none either; two slots are written
in turn, so that a torn write loses one count at most. No key exists before log-in, so nothing here
is secret or authentic: who can write to the data folder can copy vault.json and guess without this
program anyway. Putting an older file back is noticed by the time the system keeps for it, and by
the serial number the log holds; it is said at the next log-in. Format: docs/formats/attempts.md.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from appliance.people.lockout import require_may_try
from appliance.vault.durable import storage_error, sync_folder

FILE = "attempts"
_MAGIC = b"CLATTM\x01\n"
_HEAD = struct.Struct("<8s32sI")  # magic, SHA-256 of the body, its length
_SLOT = 64 << 10
_NAMES = 500
_TAG = 16  # hexadecimal digits of the name's tag that are kept
_TOLERANCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Failures:
    """Of one name. `count`: in a row. `unlogged`: since somebody last logged in and told the log.
    `tag` tells the name to who has the vault open; `newest` is UTC, whole seconds."""

    tag: str
    count: int
    unlogged: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class _State:
    serial: int = 0
    written: int = 0  # seconds since 1970
    failures: tuple[Failures, ...] = ()


class Attempts:
    """The file `attempts` in `folder`, made where it is missing. For one process at a time, which
    the data folder's lock sees to. Every method raises StorageFull, StorageReadOnly, StorageFailed.

    `problem` says what is wrong with what was found: "missing", "damaged" or "replaced"; empty if
    nothing was noticed."""

    def __init__(self, folder: Path, now: datetime, *, expected: bool = True) -> None:
        """expected: whether there must be one, since the vault is not new."""
        self._path = folder / FILE
        self.problem = ""
        self._state = _State()
        with self._errors():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.exists():
                self._state = self._read()
            else:
                self.problem = "missing" if expected else ""
                self._make(now)

    @property
    def serial(self) -> int:
        """How often the file was written: rises with each attempt. Put it into the log."""
        return self._state.serial

    def failures(self) -> tuple[Failures, ...]:
        return self._state.failures

    def begin(
        self, tag: str, now: datetime, *, administrator: bool, people: Collection[str] = ()
    ) -> None:
        """Counts an attempt; durable on return. Raises TryLater, LockedOut (nothing is counted).

        people: the tags of everybody the vault has. Where room is needed, the names it has not are
        forgotten first, so that typing many of them wins nobody a try at an account."""
        known = self._of(tag)
        require_may_try(known.count, known.newest, now, administrator=administrator)
        counted = replace(
            known, count=known.count + 1, unlogged=known.unlogged + 1, newest=_seconds(now)
        )
        self._put(counted, now, {one[:_TAG] for one in people})

    def undo(self, tag: str, now: datetime) -> None:
        """The attempt begun last says nothing of the passphrase: something else went wrong."""
        known = self._of(tag)
        if known.count:
            count, unlogged = known.count - 1, max(known.unlogged - 1, 0)
            self._put(replace(known, count=count, unlogged=unlogged), now)

    def succeeded(self, tag: str, now: datetime) -> None:
        """The attempt begun last opened the vault: the failures before it are over."""
        known = self._of(tag)
        if known.count:
            self._put(replace(known, count=0, unlogged=max(known.unlogged - 1, 0)), now)

    def release(self, tag: str, now: datetime) -> None:
        """The account may try again at once."""
        self._put(replace(self._of(tag), count=0), now)

    def logged(self, now: datetime) -> None:
        """The log holds all failures up to now."""
        if any(one.unlogged for one in self._state.failures):
            kept = tuple(replace(one, unlogged=0) for one in self._state.failures if one.count)
            self._write(replace(self._state, failures=kept), now)

    def put_back(self, now: datetime) -> None:
        """The file came out of a backup, whose log knows no newer one: written anew, so that the
        system's time of it is its own again. One that is damaged stays so."""
        if self.problem == "replaced":
            self.problem = ""
            self._write(self._state, now)

    # --- within ------------------------------------------------------------------------------

    def _of(self, tag: str) -> Failures:
        short = tag[:_TAG]
        for one in self._state.failures:
            if one.tag == short:
                return one
        return Failures(short, 0, 0, datetime.fromtimestamp(0, UTC))

    def _put(self, changed: Failures, now: datetime, people: Collection[str] = ()) -> None:
        others = [one for one in self._state.failures if one.tag != changed.tag]
        if len(others) >= _NAMES:  # nobody's first, then who waits the least, then the oldest
            others.sort(key=lambda one: (one.tag in people, one.count, one.newest))
            others = others[1:]
        self._write(replace(self._state, failures=(*others, changed)), now)

    def _write(self, state: _State, now: datetime) -> None:
        state = replace(state, serial=state.serial + 1, written=int(now.timestamp()))
        with self._errors():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.pwrite(descriptor, _encoded(state), (state.serial % 2) * _SLOT)
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        self._state = state

    def _make(self, now: datetime) -> None:
        """Whole or not at all: a kill leaves no half file under the name."""
        fresh = self._path.with_name(f".{FILE}.{os.urandom(8).hex()}.part")
        state = _State(1, int(now.timestamp()))
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, bytes(2 * _SLOT), 0)
            os.pwrite(descriptor, _encoded(state), _SLOT)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(self._path)
        sync_folder(self._path.parent)
        self._state = state

    def _read(self) -> _State:
        with self._path.open("rb") as file:
            untrusted, status = file.read(2 * _SLOT + 1), os.fstat(file.fileno())
        found = [_decoded(untrusted[at : at + _SLOT]) for at in (0, _SLOT)]
        states = [state for state in found if state is not None]
        if not states or len(untrusted) != 2 * _SLOT:
            self.problem = "damaged"
            self._path.unlink()
            self._make(datetime.now(UTC))
            return self._state
        newest = max(states, key=lambda state: state.serial)
        # Nobody but the system sets this time, and it is not copied with a file.
        changed = datetime.fromtimestamp(status.st_ctime, UTC)
        if changed - datetime.fromtimestamp(newest.written, UTC) > _TOLERANCE:
            self.problem = "replaced"
        return newest

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise storage_error(error, "a log-in was not counted") from error


def _seconds(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(microsecond=0)


def _encoded(state: _State) -> bytes:
    body = json.dumps(
        {
            "serial": state.serial,
            "written": state.written,
            "failures": [
                [one.tag, one.count, one.unlogged, int(one.newest.timestamp())]
                for one in state.failures
            ],
        }
    ).encode()
    return (_HEAD.pack(_MAGIC, sha256(body).digest(), len(body)) + body).ljust(_SLOT, b"\0")


def _decoded(untrusted: bytes) -> _State | None:
    """None for a slot that was never written whole."""
    if len(untrusted) != _SLOT:
        return None
    magic, digest, length = _HEAD.unpack_from(untrusted)
    body = untrusted[_HEAD.size : _HEAD.size + length]
    if magic != _MAGIC or len(body) != length or sha256(body).digest() != digest:
        return None
    try:
        said = json.loads(body)
        rows = said["failures"][: _NAMES + 1]
        return _State(_whole(said["serial"]), _whole(said["written"]), tuple(map(_row, rows)))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _row(untrusted: list[object]) -> Failures:
    tag, count, unlogged, newest = untrusted
    if not isinstance(tag, str) or len(tag) > _TAG:
        raise ValueError(tag)
    moment = datetime.fromtimestamp(_whole(newest), UTC)
    return Failures(tag, _whole(count), _whole(unlogged), moment)


def _whole(untrusted: object) -> int:
    if (
        isinstance(untrusted, bool)
        or not isinstance(untrusted, int)
        or not 0 <= untrusted < 1 << 40
    ):
        raise ValueError(untrusted)
    return untrusted
