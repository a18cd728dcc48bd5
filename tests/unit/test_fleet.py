"""Exported logs of many seats: each proved, counted together, and what is wrong with any said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit import Log, LogTampered, Record
from appliance.errors import UsageError
from appliance.fleet import KeysUnusable, read_keys, verified_fleet
from appliance.memory.errors import StoreFailed
from appliance.memory.fleet import FleetRecord, FleetRecords
from appliance.values import Fleet, Outcome
from tests.unit.audit.making import KEY, START, VERDICT, Ticking, question

ROOT = Path(__file__).resolve().parents[2]
DENIED = replace(VERDICT, allowed=False, policies=("baseline.no-tampering-with-records",))


def seat(folder: Path, name: str, *, asks: int = 3, version: str = "1.0") -> tuple[Log, str]:
    """A seat's log: a session, asks of which the second is refused, and one that stays open."""
    log = Log.create(folder, f"hospital.example/{name}", KEY, Ticking(), seat=name)
    log.append(Record("session.opened", person="p-1", details=(("version", version),)))
    ask(log, asks)
    return log, log.public_key


def ask(log: Log, asks: int) -> None:
    for number in range(asks):
        asked = replace(question(f"q-{log.size}"), application="letters/1" if number == 0 else "")
        log.open_ask(asked, DENIED if number == 1 else VERDICT, None)
        if number == 2:
            continue
        outcome = Outcome.REFUSED if number == 1 else Outcome.ANSWERED
        log.close_ask(asked, outcome, None, "policy" if number == 1 else "")


@pytest.fixture
def desks(tmp_path: Path) -> dict[str, str]:
    """Keys by name, of two seats whose exports lie in tmp_path/exports."""
    keys = {}
    (tmp_path / "exports").mkdir()
    for name, version in (("one", "1.0"), ("two", "1.1")):
        log, key = seat(tmp_path / name, name, version=version)
        log.export(tmp_path / "exports" / name)
        log.close()
        keys[key.partition("+")[0]] = key
    return keys


def fleet(folder: Path, keys: dict[str, str], *, days: int = 0, silent: int = 7) -> Fleet:
    now = START + timedelta(days=days, hours=1)
    return verified_fleet([folder], keys, now=now, silent_days=silent)


def test_seats_are_proved_and_counted_together(tmp_path: Path, desks: dict[str, str]) -> None:
    found = fleet(tmp_path / "exports", desks)
    assert found.problems == ()
    assert [one.version for one in found.seats] == ["1.0", "1.1"]
    one = found.seats[0]
    assert (dict(one.asks), one.people, one.programs) == (
        {"answered": 1, "open": 1, "refused": 1}, 1, 1,
    )  # fmt: skip
    assert (one.packs, one.seat_id) == (("baseline@1",), "one")
    assert dict(found.asks) == {"answered": 2, "open": 2, "refused": 2}
    assert dict(found.refusals) == {"baseline.no-tampering-with-records": 2}
    assert dict(found.versions) == {"1.0": 1, "1.1": 1}
    assert dict(found.days) == {"2026-11-23": 6}
    assert found.silent == ()


def test_a_seat_that_wrote_nothing_for_long_is_silent(
    tmp_path: Path, desks: dict[str, str]
) -> None:
    assert len(fleet(tmp_path / "exports", desks, days=8).silent) == 2
    assert fleet(tmp_path / "exports", desks, days=8, silent=30).silent == ()


def test_a_seat_without_an_export_is_missed(tmp_path: Path, desks: dict[str, str]) -> None:
    shutil.rmtree(tmp_path / "exports" / "two")
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["seat_missing"]
    assert "/two" in found.problems[0].name


def test_a_log_that_does_not_verify_is_a_problem_and_nothing_of_it_counts(
    tmp_path: Path, desks: dict[str, str]
) -> None:
    entries = next((tmp_path / "exports" / "two" / "tile" / "entries").rglob("*.p/*"))
    raw = bytearray(entries.read_bytes())
    raw[-3] ^= 1
    entries.write_bytes(raw)
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["log_tampered"]
    assert dict(found.asks) == {"answered": 1, "open": 1, "refused": 1}


def test_a_log_with_a_key_of_its_own_is_a_problem(tmp_path: Path, desks: dict[str, str]) -> None:
    """Somebody makes a log anew under the same origin: its name commits to its keys."""
    shutil.rmtree(tmp_path / "exports" / "two")
    forged, _ = seat(tmp_path / "forged", "two")
    forged.export(tmp_path / "exports" / "two")
    forged.close()
    found = fleet(tmp_path / "exports", desks)
    assert sorted(problem.code for problem in found.problems) == ["log_tampered", "seat_missing"]
    renamed = tmp_path / "exports" / "two" / "checkpoint"
    honest = next(name for name in desks if "/two/" in name)
    text = renamed.read_text()
    renamed.write_text(text.replace(text.split("\n")[0], honest, 1))
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["log_tampered"]
    assert len(found.seats) == 1


def test_two_exports_of_one_seat_are_counted_once(tmp_path: Path, desks: dict[str, str]) -> None:
    log = Log.open(tmp_path / "one", KEY, Ticking(START + timedelta(hours=1)))
    ask(log, 1)
    log.export(tmp_path / "exports" / "one-later")
    log.close()
    found = fleet(tmp_path / "exports", desks)
    assert found.problems == ()
    assert dict(found.asks) == {"answered": 3, "open": 2, "refused": 2}


def test_a_seat_that_was_put_back_and_went_another_way_is_found(
    tmp_path: Path, desks: dict[str, str]
) -> None:
    shutil.copytree(tmp_path / "one", tmp_path / "image")
    for name, asks in (("one", 1), ("image", 2)):
        log = Log.open(tmp_path / name, KEY, Ticking(START + timedelta(hours=asks)))
        ask(log, asks)
        log.export(tmp_path / "exports" / f"{name}-later")
        log.close()
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["log_tampered"]
    assert "you kept" in found.problems[0].sentence


def test_a_log_in_use_is_no_export(tmp_path: Path, desks: dict[str, str]) -> None:
    found = verified_fleet([tmp_path / "one"], desks, now=START, silent_days=7)
    assert "in use" in found.problems[0].sentence


def test_a_folder_without_exports_is_said(tmp_path: Path, desks: dict[str, str]) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(UsageError):
            fleet(folder, desks)


@pytest.mark.parametrize("text", ["", "# none\n", "no key", "a+1+x\na+2+y\n"])
def test_keys_that_are_none_are_said(text: str) -> None:
    with pytest.raises(KeysUnusable):
        read_keys(text)


def test_keys_are_read_by_the_name_of_their_log(desks: dict[str, str]) -> None:
    text = "# seats\n\n" + "\n".join(desks.values())
    assert read_keys(text) == desks


def half_taken(records: FleetRecords, row: FleetRecord) -> None:
    with records.seat("t") as writer:
        writer.add(row)
        writer.flush()
        raise LogTampered("Record 1 is damaged.")


def test_the_database_opens_no_file_and_writes_none(tmp_path: Path) -> None:
    records = FleetRecords()
    row = FleetRecord(0, "2026-11-23T08:00:00.000Z", "a.b", "", "", "", "", "", "", "", "", "")
    with records.seat("s") as writer:
        writer.add(row)
    for sql in (
        f"COPY records TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
        "SET enable_external_access = true",
        "SELECT * FROM read_text('/etc/hostname')",
    ):
        with pytest.raises(StoreFailed):
            records._counts(sql, None)
    with pytest.raises(LogTampered):
        half_taken(records, row)
    with pytest.raises(StoreFailed):
        records.counts("t")
    assert records.counts("s").records == 1
    records.close()
    assert list(tmp_path.iterdir()) == []


def test_the_terminal_proves_and_counts_behind_the_guard() -> None:
    """In a process of its own: the guard stays on for good."""
    copy = ROOT / "tests" / "vectors" / "audit" / "log-v1"
    told = subprocess.run(
        [sys.executable, "-m", "appliance", "--json", "fleet", "verify", str(copy),
         "--keys", str(copy / "public-key")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.returncode == 0, told.stderr
    assert lines[0]["verified"] is True
    assert lines[-1]["seats"] == 1
    assert sum(lines[-1]["asks"].values()) > 0
