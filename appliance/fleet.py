"""`cloister fleet verify`: the exported logs of many seats, proved one by one, counted together.

Rules kept here: only what verified is counted; the key a log verifies with comes from the list the
institution keeps, never from the export; two exports of one seat must be one history, or the seat
is a problem; a seat of the list without an export is said, and so is one that has been silent. A
folder is untrusted: what is read of it is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.audit.copy import CHECKPOINT, JOURNAL, read_bounded
from appliance.audit.errors import LogTampered
from appliance.audit.leaf import Leaf, moment
from appliance.audit.note import MAX_NOTE
from appliance.audit.verify import verify
from appliance.errors import CloisterError, UsageError
from appliance.memory.fleet import FleetRecord, FleetRecords, SeatWriter
from appliance.values import Fleet, SeatLog, SeatProblem

MOST_FOLDERS = 10_000
SESSION_OPENED = "session.opened"


class KeysUnusable(UsageError):
    code = "keys_unusable"
    hint = "The file has one line a seat: the key that `cloister log export` printed for it."


@dataclass(frozen=True, slots=True)
class _Export:
    """A folder with a log in it. name: what its checkpoint says it is; untrusted until verified."""

    folder: Path
    name: str
    size: int
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
    silent_before = now - timedelta(days=silent_days)
    with closing(FleetRecords()) as records:
        seats = []
        for name, exports in sorted(by_name.items()):
            newest = max(exports, key=lambda export: export.size)
            try:
                _take(records, newest, exports, keys[name])
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
    """Each folder that has a checkpoint, and those directly below the others. Raises UsageError
    for a folder that is not there or holds none."""
    count = 0
    for folder in folders:
        found = [folder] if (folder / CHECKPOINT).exists() else _below(folder)
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
        return [one for one in sorted(folder.iterdir()) if (one / CHECKPOINT).exists()]
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", hint="Name a folder of exports."
        ) from error


def _found(folder: Path, keys: Mapping[str, str]) -> _Export:
    """Which seat a folder says it is of. Raises LogTampered."""
    if (folder / JOURNAL).exists():
        raise LogTampered("This is a log in use and no export of one.")
    untrusted = read_bounded(folder, CHECKPOINT, MAX_NOTE)
    lines = untrusted.decode("utf-8", "replace").split("\n")
    name, size = lines[0], lines[1] if len(lines) > 1 else ""
    if name not in keys:
        raise LogTampered("It is of a seat whose key is not in the list.")
    if not (size.isascii() and size.isdecimal() and len(size) <= 18):
        raise LogTampered("A checkpoint has no size.")
    return _Export(folder, name, int(size), untrusted)


def _take(records: FleetRecords, newest: _Export, exports: Sequence[_Export], key: str) -> None:
    """Verifies and takes in the newest export of a seat; it must continue every other one, so a
    seat that was put back and went another way shows. Raises LogTampered and what reading does."""
    with records.seat(newest.name) as writer:
        verify(newest.folder, key, on_leaf=_writing_to(writer))
    for other in exports:
        if other is not newest:
            verify(newest.folder, key, known_checkpoint=other.checkpoint)


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
                ask=leaf.ask,
                person=leaf.person,
                outcome=leaf.outcome,
                code=leaf.code,
                model=leaf.model,
                policies=",".join(said.policies) if said is not None else "",
                packs=",".join(said.packs) if said is not None else "",
                program=str(details.get("application", "")).partition("/")[0],
                version=str(details.get("version", "")) if leaf.action == SESSION_OPENED else "",
                seat_id=leaf.seat,
            )
        )

    return write


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
        models=records.models(export.name),
        silent=last < silent_before,
    )
