"""The records of many seats counted in one DuckDB database, in memory alone.

Rules kept here: nothing is written to a disk, spill included: what does not fit fails; nothing but
this database can be opened from it; a seat's records are counted whole or not at all, and only the
counts are kept, so that one seat at a time must fit. What is put in has been verified; this counts,
and believes nothing of its own: an id that comes twice multiplies nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from appliance.memory.errors import StoreFailed

if TYPE_CHECKING:
    import duckdb

_MEMORY: Final = "1GB"
_THREADS: Final = 2  # each holds memory of its own; proving takes longer than counting anyway
_ROWS_AT_ONCE: Final = 5_000
_LONGEST: Final = 2_000
_MOST_GROUPS: Final = 50
_DAYS: Final = 31

_COLUMNS: Final = {
    **dict.fromkeys(("seq", "opened", "tokens"), "BIGINT"),
    **dict.fromkeys(("time", "action", "person", "outcome", "code", "model"), "VARCHAR"),
    **dict.fromkeys(("policies", "packs", "program", "version", "seat_id"), "VARCHAR"),
}
_SHAPE: Final = json.dumps([_COLUMNS])
_FRESH: Final = (
    "CREATE OR REPLACE TABLE records ("
    + ", ".join(f"{name} {kind} NOT NULL" for name, kind in _COLUMNS.items())
    + ")"
)
_INSERT: Final = "INSERT INTO records SELECT r.* FROM (SELECT unnest(from_json(?, ?)) AS r)"
_SUMS: Final = (
    "CREATE TABLE sums (seat VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, "
    "number BIGINT NOT NULL)"
)

# An ask without a closing record is open still; a closing record names its opening one by number.
_OUTCOMES: Final = """
    INSERT INTO sums SELECT ?, 'outcome', how, number FROM (
        SELECT outcome AS how, count(*) AS number FROM records WHERE action = 'ask.closed'
        GROUP BY outcome
        UNION ALL
        SELECT 'open', count(*) FILTER (action = 'ask.opened')
            - count(*) FILTER (action = 'ask.closed') FROM records)
    WHERE number > 0"""
# What was refused by something else than a policy (the seat, say) is counted under its code.
_REFUSALS: Final = """
    INSERT INTO sums SELECT ?, 'refusal', CASE WHEN closed.code IN ('', 'policy')
        THEN opened.policies ELSE closed.code END AS reason, count(*)
    FROM records AS closed JOIN records AS opened ON opened.seq = closed.opened
    WHERE closed.action = 'ask.closed' AND closed.outcome = 'refused' GROUP BY reason"""
_FAILURES: Final = """
    INSERT INTO sums SELECT ?, 'failure', CASE code WHEN '' THEN action ELSE code END AS reason,
        count(*)
    FROM records WHERE outcome = 'failed' GROUP BY reason"""
_DAYS_OF: Final = """
    INSERT INTO sums SELECT ?, 'day', time[:10] AS day, count(*) FROM records
    WHERE action = 'ask.opened' GROUP BY day"""
_SEAT: Final = """
    SELECT count(*), min(time), max(time),
        coalesce(arg_max(version, seq) FILTER (version <> ''), ''),
        coalesce(arg_max(seat_id, seq) FILTER (seat_id <> ''), ''),
        coalesce(arg_max(packs, seq) FILTER (packs <> ''), ''),
        count(DISTINCT person) FILTER (action = 'ask.opened' AND person <> ''),
        count(DISTINCT program) FILTER (program <> ''),
        coalesce(sum(tokens), 0)::BIGINT
    FROM records"""
_MODELS: Final = """
    SELECT model FROM records WHERE model <> '' GROUP BY model ORDER BY max(seq) DESC LIMIT ?"""
_SUM: Final = """
    SELECT name, sum(number)::BIGINT AS number FROM sums WHERE kind = ? AND ? IN ('', seat)
    GROUP BY name"""
_BY_NAME: Final = _SUM + " ORDER BY name"
_LARGEST: Final = _SUM + " ORDER BY number DESC, name"
_NEWEST: Final = _SUM + " ORDER BY name DESC"


class FleetRecord(NamedTuple):
    """What is counted of a record. opened: of a closing record, the number of the opening one, else
    -1. policies and packs: by commas. version: of the program, where the record names it. seat_id:
    of the seat's certificate, where the record has it. tokens: written for an answer."""

    seq: int
    time: str
    action: str
    person: str
    outcome: str
    code: str
    model: str
    policies: str
    packs: str
    program: str
    version: str
    seat_id: str = ""
    opened: int = -1
    tokens: int = 0


class SeatCounts(NamedTuple):
    records: int
    first: str
    last: str
    version: str
    seat_id: str
    packs: str
    people: int
    programs: int
    tokens: int


Counts = tuple[tuple[str, int], ...]


class FleetRecords:
    """Used from one thread. Every method raises StoreFailed where the database cannot."""

    def __init__(self) -> None:
        import duckdb  # late, as everywhere: its threads start behind the guard

        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": "",
            "memory_limit": _MEMORY,
            "threads": _THREADS,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
        }
        self._counts: dict[str, SeatCounts] = {}
        self._models: dict[str, tuple[str, ...]] = {}
        with _said():
            self._database = duckdb.connect(":memory:", config=config)
            self._database.execute(_SUMS)
            self._database.execute("SET enable_external_access = false")
            self._database.execute("SET lock_configuration = true")

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def seat(self, name: str) -> Iterator[SeatWriter]:
        """What is written inside is counted afterwards, or nothing of it if anything is raised."""
        with _said():
            self._database.execute("BEGIN")
        try:
            with _said():
                self._database.execute(_FRESH)
            writer = SeatWriter(self._database)
            yield writer
            writer.flush()
            self._count(name)
        except BaseException:
            with _said():
                self._database.execute("ROLLBACK")
            raise

    def _count(self, name: str) -> None:
        with _said():
            for sql in (_OUTCOMES, _REFUSALS, _FAILURES, _DAYS_OF):
                self._database.execute(sql, [name])
            row = self._database.execute(_SEAT).fetchone()
            models = self._database.execute(_MODELS, [_MOST_GROUPS]).fetchall()
            if row is None or not row[0]:
                raise StoreFailed("There are no records of this seat.")
            self._database.execute("DROP TABLE records")
            self._database.execute("COMMIT")
        self._counts[name] = SeatCounts(*row)
        self._models[name] = tuple(str(model[0]) for model in models)

    def outcomes(self, seat: str = "") -> Counts:
        """Asks by how they ended; of all seats if none is named."""
        return self._summed(_BY_NAME, "outcome", seat)

    def refusals(self) -> Counts:
        return self._summed(_LARGEST, "refusal")[:_MOST_GROUPS]

    def failures(self) -> Counts:
        return self._summed(_LARGEST, "failure")[:_MOST_GROUPS]

    def days(self) -> Counts:
        return self._summed(_NEWEST, "day")[_DAYS - 1 :: -1]

    def models(self, seat: str) -> tuple[str, ...]:
        """Those that answered, the newest first."""
        return self._models.get(seat, ())

    def counts(self, seat: str) -> SeatCounts:
        if seat not in self._counts:
            raise StoreFailed("There are no records of this seat.")
        return self._counts[seat]

    def _summed(self, sql: str, kind: str, seat: str = "") -> Counts:
        with _said():
            rows = self._database.execute(sql, [kind, seat]).fetchall()
        return tuple((str(name), int(number)) for name, number in rows)


class SeatWriter:
    """Takes the records of one seat in."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database
        self._rows: list[dict[str, object]] = []

    def add(self, record: FleetRecord) -> None:
        cut = {k: v[:_LONGEST] if isinstance(v, str) else v for k, v in record._asdict().items()}
        self._rows.append(cut)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        rows: Sequence[dict[str, object]] = self._rows
        if rows:
            with _said():
                self._database.execute(_INSERT, [json.dumps(rows), _SHAPE])
        self._rows = []


@contextmanager
def _said() -> Iterator[None]:
    """DuckDB's own words never reach a sentence."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise StoreFailed(
            "This seat has more records than can be counted.",
            hint="`cloister log verify` proves them all the same.",
        ) from None
    except duckdb.Error:
        raise StoreFailed("The records could not be counted.") from None
