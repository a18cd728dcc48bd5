"""The records of many seats in one DuckDB database, in memory alone, to be counted.

Rules kept here: nothing is written to a disk, spill included: what does not fit fails; nothing but
this database can be opened from it; a seat's records are in it whole or not at all. What is put in
has been verified; this counts, and believes nothing of its own.
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
_ROWS_AT_ONCE: Final = 5_000
_LONGEST: Final = 2_000
_MOST_GROUPS: Final = 50
_DAYS: Final = 31

_TABLE: Final = """CREATE TABLE records (
    seat VARCHAR NOT NULL, seq BIGINT NOT NULL, time VARCHAR NOT NULL, action VARCHAR NOT NULL,
    ask VARCHAR NOT NULL, person VARCHAR NOT NULL, outcome VARCHAR NOT NULL, code VARCHAR NOT NULL,
    model VARCHAR NOT NULL, policies VARCHAR NOT NULL, packs VARCHAR NOT NULL,
    program VARCHAR NOT NULL, version VARCHAR NOT NULL, seat_id VARCHAR NOT NULL)"""
_SHAPE: Final = json.dumps([
    {
        "seat": "VARCHAR", "seq": "BIGINT", "time": "VARCHAR", "action": "VARCHAR",
        "ask": "VARCHAR", "person": "VARCHAR", "outcome": "VARCHAR", "code": "VARCHAR",
        "model": "VARCHAR", "policies": "VARCHAR", "packs": "VARCHAR", "program": "VARCHAR",
        "version": "VARCHAR", "seat_id": "VARCHAR",
    }
])  # fmt: skip
_INSERT: Final = "INSERT INTO records SELECT r.* FROM (SELECT unnest(from_json(?, ?)) AS r)"

# An ask without a closing record is open still.
_OUTCOMES: Final = """
    SELECT coalesce(closed.outcome, 'open') AS how, count(*) AS number
    FROM (SELECT seat, ask FROM records WHERE action = 'ask.opened') AS opened
    LEFT JOIN (SELECT seat, ask, outcome FROM records WHERE action = 'ask.closed') AS closed
        USING (seat, ask)
    WHERE ? IN ('', seat) GROUP BY how ORDER BY how"""
_REFUSALS: Final = """
    SELECT opened.policies, count(*) AS number
    FROM records AS opened JOIN records AS closed ON opened.seat = closed.seat
        AND opened.ask = closed.ask AND opened.action = 'ask.opened'
        AND closed.action = 'ask.closed'
    WHERE closed.outcome = 'refused' GROUP BY ALL ORDER BY number DESC, 1 LIMIT ?"""
_FAILURES: Final = """
    SELECT code, count(*) AS number FROM records
    WHERE outcome = 'failed' GROUP BY code ORDER BY number DESC, code LIMIT ?"""
_DAYS_OF: Final = """
    SELECT day, number FROM (
        SELECT time[:10] AS day, count(*) AS number FROM records WHERE action = 'ask.opened'
        GROUP BY day ORDER BY day DESC LIMIT ?) ORDER BY day"""
_SEAT: Final = """
    SELECT count(*), min(time), max(time),
        coalesce(arg_max(version, seq) FILTER (version <> ''), ''),
        coalesce(arg_max(seat_id, seq) FILTER (seat_id <> ''), ''),
        coalesce(arg_max(packs, seq) FILTER (packs <> ''), ''),
        count(DISTINCT person) FILTER (action = 'ask.opened' AND person <> ''),
        count(DISTINCT program) FILTER (program <> '')
    FROM records WHERE seat = ?"""
_MODELS: Final = """
    SELECT model FROM records WHERE seat = ? AND model <> '' GROUP BY model
    ORDER BY max(seq) DESC LIMIT ?"""


class FleetRecord(NamedTuple):
    """What is counted of a record. policies and packs: by commas. version: of the program, where
    the record names it. seat_id: of the seat's certificate, where the record has it."""

    seq: int
    time: str
    action: str
    ask: str
    person: str
    outcome: str
    code: str
    model: str
    policies: str
    packs: str
    program: str
    version: str
    seat_id: str = ""


class SeatCounts(NamedTuple):
    records: int
    first: str
    last: str
    version: str
    seat_id: str
    packs: str
    people: int
    programs: int


Counts = tuple[tuple[str, int], ...]


class FleetRecords:
    """Used from one thread. Every method raises StoreFailed where the database cannot."""

    def __init__(self) -> None:
        import duckdb  # late, as everywhere: its threads start behind the guard

        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": "",
            "memory_limit": _MEMORY,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
        }
        with _said():
            self._database = duckdb.connect(":memory:", config=config)
            self._database.execute(_TABLE)
            self._database.execute("SET enable_external_access = false")
            self._database.execute("SET lock_configuration = true")

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def seat(self, name: str) -> Iterator[SeatWriter]:
        """What is written inside is there afterwards, or nothing of it if anything is raised."""
        with _said():
            self._database.execute("BEGIN")
        writer = SeatWriter(self._database, name)
        try:
            yield writer
            with _said():
                writer.flush()
                self._database.execute("COMMIT")
        except BaseException:
            with _said():
                self._database.execute("ROLLBACK")
            raise

    def outcomes(self, seat: str = "") -> Counts:
        """Asks by how they ended; of all seats if none is named."""
        return self._counts(_OUTCOMES, seat)

    def refusals(self) -> Counts:
        return self._counts(_REFUSALS, _MOST_GROUPS)

    def failures(self) -> Counts:
        return self._counts(_FAILURES, _MOST_GROUPS)

    def days(self) -> Counts:
        return self._counts(_DAYS_OF, _DAYS)

    def models(self, seat: str) -> tuple[str, ...]:
        """Those that answered, the newest first."""
        with _said():
            rows = self._database.execute(_MODELS, [seat, _MOST_GROUPS]).fetchall()
        return tuple(str(row[0]) for row in rows)

    def counts(self, seat: str) -> SeatCounts:
        with _said():
            row = self._database.execute(_SEAT, [seat]).fetchone()
        if row is None or not row[0]:
            raise StoreFailed("There are no records of this seat.")
        return SeatCounts(*row)

    def _counts(self, sql: str, bound: object) -> Counts:
        with _said():
            rows = self._database.execute(sql, [bound]).fetchall()
        return tuple((str(name), int(number)) for name, number in rows)


class SeatWriter:
    """Takes the records of one seat in."""

    def __init__(self, database: duckdb.DuckDBPyConnection, seat: str) -> None:
        self._database = database
        self._seat = seat
        self._rows: list[dict[str, object]] = []

    def add(self, record: FleetRecord) -> None:
        cut = {k: v[:_LONGEST] if isinstance(v, str) else v for k, v in record._asdict().items()}
        self._rows.append({"seat": self._seat, **cut})
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
            "There are more records than fit into memory.", hint="Name fewer folders at once."
        ) from None
    except duckdb.Error:
        raise StoreFailed("The records could not be counted.") from None
