"""`cloister fleet verify`: the exported logs of many seats, proved one by one, counted together.

Rules kept here: only what verified is counted; the key a log verifies with comes from the list the
institution keeps, never from the export; an export that does not verify is a problem of its own and
takes no other's place, whatever it says of itself; two that verify must be one history, or the seat
is a problem; a seat of the list without an export is said, and so is one that has been silent. A
folder is untrusted: what is read of it is bounded, and what keeps it from being read is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.audit.copy import CHECKPOINT, EPOCHS, JOURNAL, read_bounded
from appliance.audit.errors import LogTampered
from appliance.audit.leaf import ASK_CLOSED, Leaf, moment
from appliance.audit.note import MAX_NOTE
from appliance.audit.verify import verify
from appliance.errors import CloisterError, UsageError
from appliance.memory.fleet import FleetRecord, FleetRecords, SeatWriter
from appliance.values import Fleet, SeatLog, SeatProblem
from appliance.vault.durable import storage_error

MOST_FOLDERS = 10_000
SESSION_OPENED = "session.opened"
_LONGEST_SILENCE = 36_500  # days; no calendar goes back for ever
_PARTS = (CHECKPOINT, EPOCHS, "tile")


class KeysUnusable(UsageError):
    code = "keys_unusable"
    hint = "The file has one line a seat: the key that `cloister log export` printed for it."


class TwoHistories(CloisterError):
    """Each verifies; they cannot both be what the seat wrote, unless it was put back in between."""

    code = "two_histories"
    hint = "Keep both exports and tell your security officer: a disk or an image was put back."


@dataclass(frozen=True, slots=True)
class _Export:
    """A folder with a log in it. name: what its checkpoint says it is; untrusted until verified."""

    folder: Path
    name: str
    checkpoint: bytes


def read_keys(text: str) -> dict[str, str]:
    """Verifier keys by the name of their log; empty lines and those that begin with # are left
    out. Raises KeysUnusable."""
    keys: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        name, plus, _ = key.partition("+")
        if not plus or not name or name in keys:
            raise KeysUnusable(f"Line {number} of the keys is not a key, or names a seat again.")
        keys[name] = key
    if not keys:
        raise KeysUnusable("There are no keys.")
    return keys


def verified_fleet(
    folders: Sequence[Path], keys: Mapping[str, str], *, now: datetime, silent_days: int
) -> Fleet:
    """folders: exports, or folders of exports. Raises nothing on a log's account: what does not
    verify is a problem in what is returned."""
    problems: list[SeatProblem] = []
    by_name: dict[str, list[_Export]] = {}
    for folder in exports_in(folders):
        try:
            export = _found(folder, keys)
        except CloisterError as error:
            problems.append(SeatProblem("", str(folder), error.code, error.sentence))
        else:
            by_name.setdefault(export.name, []).append(export)
    silent_before = now - timedelta(days=min(silent_days, _LONGEST_SILENCE))
    with closing(FleetRecords()) as records:
        seats = []
        for name, exports in sorted(by_name.items()):
            newest = exports[0]
            try:
                newest, continued = _newest(exports, keys[name], problems)
                _take(records, newest, continued, keys[name])
            except CloisterError as error:
                where = str(newest.folder)
                problems.append(SeatProblem(name, where, error.code, error.sentence))
            else:
                seats.append(_seat(records, newest, silent_before))
        for name in sorted(keys.keys() - by_name.keys()):
            problems.append(SeatProblem(name, "", "seat_missing", "There is no export of it."))
        versions = Counter(seat.version or "unknown" for seat in seats)
        return Fleet(
            seats=tuple(seats),
            problems=tuple(problems),
            asks=records.outcomes(),
            refusals=records.refusals(),
            failures=records.failures(),
            versions=tuple(sorted(versions.items())),
            days=records.days(),
        )


def exports_in(folders: Sequence[Path]) -> Iterator[Path]:
    """Each folder that has a part of a log, and those directly below the others. Raises UsageError
    for a folder that is not there or holds none."""
    count = 0
    for folder in folders:
        found = [folder] if _is_export(folder) else _below(folder)
        if not found:
            raise UsageError(
                f"{folder} holds no exported log.", hint="Name what `cloister log export` wrote."
            )
        for one in found:
            count += 1
            if count > MOST_FOLDERS:
                raise UsageError(f"There are more than {MOST_FOLDERS:,} exports.")
            yield one


def _below(folder: Path) -> list[Path]:
    try:
        return [one for one in sorted(folder.iterdir()) if _is_export(one)]
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", hint="Name a folder of exports."
        ) from error


def _is_export(folder: Path) -> bool:
    """Whether any part of a log is there; one whose checkpoint was taken away is no less one, and
    one that cannot be looked into may be."""
    try:
        return folder.is_dir() and any((folder / name).exists() for name in _PARTS)
    except OSError:
        return True


def _found(folder: Path, keys: Mapping[str, str]) -> _Export:
    """Which seat a folder says it is of. Raises LogTampered, and what reading it does."""
    try:
        if (folder / JOURNAL).exists():
            raise LogTampered("This is a log in use and no export of one.")
        untrusted = read_bounded(folder, CHECKPOINT, MAX_NOTE)
    except OSError as error:
        raise storage_error(error, "the export was not read") from error
    name = untrusted.decode("utf-8", "replace").partition("\n")[0]
    if name not in keys:
        raise LogTampered("It is of a seat whose key is not in the list.")
    return _Export(folder, name, untrusted)


def _newest(
    exports: Sequence[_Export], key: str, problems: list[SeatProblem]
) -> tuple[_Export, list[_Export]]:
    """The longest of a seat's exports, and the others, which it must continue. Where there are
    several each is verified first: what a folder says of itself must not put another one aside.
    Those that do not verify become problems. Raises LogTampered where none does."""
    if len(exports) == 1:
        return exports[0], []
    sizes: list[tuple[int, _Export]] = []
    for one in exports:
        try:
            sizes.append((verify(one.folder, key).size, one))
        except CloisterError as error:
            problems.append(SeatProblem(one.name, str(one.folder), error.code, error.sentence))
    if not sizes:
        raise LogTampered("None of its exports verifies.")
    _, newest = max(sizes, key=lambda pair: pair[0])
    return newest, [one for _, one in sizes if one is not newest]


def _take(records: FleetRecords, newest: _Export, others: Sequence[_Export], key: str) -> None:
    """Verifies and takes in the newest export of a seat; it must continue every other one, so a
    seat that was put back and went another way shows. Raises TwoHistories, LogTampered and what
    reading does."""
    kept = [(f"the export in {other.folder}", other.checkpoint) for other in others]
    try:
        with records.seat(newest.name) as writer:
            verify(newest.folder, key, also=kept, on_leaf=_writing_to(writer))
    except LogTampered as error:
        if not kept:
            raise
        raise TwoHistories(f"Its exports are not one history. {error.sentence}") from error


def _writing_to(writer: SeatWriter) -> Callable[[Leaf], None]:
    """Writes verified records to where they are counted."""

    def write(leaf: Leaf) -> None:
        details = dict(leaf.details)
        said = leaf.verdict
        writer.add(
            FleetRecord(
                seq=leaf.seq,
                time=leaf.time,
                action=leaf.action,
                person=leaf.person,
                outcome=leaf.outcome,
                code=leaf.code,
                model=leaf.model,
                policies=",".join(said.policies) if said is not None else "",
                packs=",".join(said.packs) if said is not None else "",
                program=str(details.get("application", "")).partition("/")[0],
                version=str(details.get("version", "")) if leaf.action == SESSION_OPENED else "",
                seat_id=leaf.seat,
                opened=leaf.number("opened") if leaf.action == ASK_CLOSED else -1,
                tokens=_tokens(leaf) if leaf.action == ASK_CLOSED else 0,
            )
        )

    return write


def _tokens(leaf: Leaf) -> int:
    """Of an answer that was written."""
    found = dict(leaf.details).get("tokens", 0)
    return found if type(found) is int and found > 0 else 0


def _seat(records: FleetRecords, export: _Export, silent_before: datetime) -> SeatLog:
    counts = records.counts(export.name)
    last = moment(counts.last)
    return SeatLog(
        name=export.name,
        folder=str(export.folder),
        records=counts.records,
        first=moment(counts.first),
        last=last,
        version=counts.version,
        seat_id=counts.seat_id,
        packs=tuple(pack for pack in counts.packs.split(",") if pack),
        asks=records.outcomes(export.name),
        people=counts.people,
        programs=counts.programs,
        tokens=counts.tokens,
        models=records.models(export.name),
        silent=last < silent_before,
    )
