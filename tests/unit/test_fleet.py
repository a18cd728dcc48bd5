"""Exported logs of many seats: each proved, counted together, and what is wrong with any said."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from appliance.audit import Log, LogTampered, Record
from appliance.cli.fleet import keys_text, show
from appliance.cli.log import FileUnreadable
from appliance.cli.output import Output
from appliance.errors import UsageError
from appliance.fleet import KeysUnusable, read_keys, verified_fleet
from appliance.memory import fleet as counting
from appliance.memory.errors import StoreFailed
from appliance.memory.fleet import FleetRecord, FleetRecords
from appliance.values import Answer, AnswerMode, Fleet, Outcome
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Two seats and, below `exports`, their exports; their keys by name."""
    folder, keys = tmp_path_factory.mktemp("seats"), {}
    (folder / "exports").mkdir()
    for name, version in (("one", "1.0"), ("two", "1.1")):
        log, key = seat(folder / name, name, version=version)
        log.export(folder / "exports" / name)
        log.close()
        keys[key.partition("+")[0]] = key
    return folder, keys


@pytest.fixture
def desks(made: tuple[Path, dict[str, str]], tmp_path: Path) -> dict[str, str]:
    """The keys of two seats, of which there is a copy in tmp_path to do anything to."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    return made[1]


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
    assert fleet(tmp_path / "exports", desks, days=8, silent=999_999_999).silent == ()


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
    assert [problem.code for problem in found.problems] == ["two_histories"]
    assert str(tmp_path / "exports" / "one-later") in found.problems[0].sentence
    assert [one.seat_id for one in found.seats] == ["two"]


def test_two_histories_of_the_same_length_are_found(tmp_path: Path, desks: dict[str, str]) -> None:
    shutil.copytree(tmp_path / "one", tmp_path / "image")
    for name in ("one", "image"):
        log = Log.open(tmp_path / name, KEY, Ticking(START + timedelta(hours=1)))
        log.append(Record("a.b", object=name))
        log.export(tmp_path / "exports" / f"{name}-later")
        log.close()
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["two_histories"]


def test_a_forged_folder_takes_no_honest_exports_place(
    tmp_path: Path, desks: dict[str, str]
) -> None:
    """It says that it is the same seat's, and longer."""
    honest = tmp_path / "exports" / "one"
    for number, (size, signature) in enumerate((("9" * 17, True), ("9" * 17, False), ("x", True))):
        forged = Path(shutil.copytree(honest, tmp_path / "exports" / f"a{number}"))
        lines = (honest / "checkpoint").read_text().split("\n")
        lines[1] = size
        (forged / "checkpoint").write_text("\n".join(lines if signature else lines[:4]))
    found = fleet(tmp_path / "exports", desks)
    assert [problem.code for problem in found.problems] == ["log_tampered"] * 3
    assert [one.folder for one in found.seats] == [str(honest), str(tmp_path / "exports" / "two")]


def test_what_keeps_an_export_from_being_read_is_said_and_the_others_count(
    tmp_path: Path, desks: dict[str, str]
) -> None:
    for name, part, target in (
        ("pipe", "checkpoint", None),
        ("lines", "leaves.jsonl", None),
        ("note", "epochs/0.note", None),
        ("circle", "checkpoint", "checkpoint"),
        ("endless", "checkpoint", "/dev/zero"),
        ("none", "checkpoint", ""),
        ("away", "tile", "/usr"),
        ("gone", "payload", "/usr"),
    ):
        spoiled = shutil.copytree(tmp_path / "exports" / "one", tmp_path / "exports" / name) / part
        if spoiled.is_dir():
            shutil.rmtree(spoiled)
        else:
            spoiled.unlink(missing_ok=True)
        if target is None:
            os.mkfifo(spoiled)  # whoever opens it plainly waits for ever
        elif target:
            spoiled.symlink_to(target)
    (tmp_path / "exports" / "file").write_text("no folder")
    (tmp_path / "exports" / "other").mkdir()
    found = fleet(tmp_path / "exports", desks)
    folders = {Path(problem.folder).name for problem in found.problems}
    assert folders == {"pipe", "lines", "note", "circle", "endless", "none", "away", "gone"}
    assert len(found.seats) == 2


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff", b"\x00\x3f\xff\xff"])
def test_a_file_of_payloads_as_large_as_a_disk_is_not_read_into_memory(
    tmp_path: Path, desks: dict[str, str], length: bytes
) -> None:
    folder = tmp_path / "exports" / "one" / "payload"
    folder.mkdir(exist_ok=True)
    with (folder / "000").open("wb") as file:
        file.write(length)
        file.truncate(1 << 35)  # sparse
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = fleet(tmp_path / "exports", desks)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
    assert [problem.code for problem in found.problems] == ["log_tampered"]


def test_a_seats_refusal_is_no_policys_and_a_failure_has_a_name(tmp_path: Path) -> None:
    log, key = seat(tmp_path / "one", "one", asks=0)
    asked = question("q")
    log.open_ask(asked, VERDICT, None)
    log.close_ask(asked, Outcome.REFUSED, None, "seat_revoked")
    log.append(Record("login.failed", person="p-1", outcome="failed"))
    log.export(tmp_path / "export")
    log.close()
    found = fleet(tmp_path / "export", {key.partition("+")[0]: key})
    assert dict(found.refusals) == {"seat_revoked": 1}
    assert dict(found.failures) == {"login.failed": 1}


def test_an_id_that_comes_again_and_again_multiplies_nothing(tmp_path: Path) -> None:
    """A seat chooses the ids of its asks."""
    log, key = seat(tmp_path / "one", "one", asks=0)
    for number in range(30):
        log._index.closed.clear()  # a program of its own would not mind
        asked = question("q")
        log.open_ask(asked, DENIED, None)
        written = Answer((), (), AnswerMode.GENERATE, "m@1", 0.0, 0.0, tokens=7)
        log.close_ask(asked, Outcome.REFUSED if number else Outcome.ANSWERED, written)
    log.export(tmp_path / "export")
    log.close()
    found = fleet(tmp_path / "export", {key.partition("+")[0]: key})
    assert dict(found.asks) == {"answered": 1, "refused": 29}
    assert dict(found.refusals) == {DENIED.policies[0]: 29}
    assert found.seats[0].tokens == 210


def test_seats_are_counted_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they would not fit."""
    monkeypatch.setattr(counting, "_MEMORY", "24MB")
    with closing(FleetRecords()) as records:
        for seat_number in range(8):
            many_taken(records, str(seat_number), 8_000)
        assert records.outcomes() == (("open", 64_000),)
        assert records.counts("7").people == 8_000
        with pytest.raises(StoreFailed, match="more records"):
            many_taken(records, "huge", 200_000)
        assert records.outcomes() == (("open", 64_000),)


def many_taken(records: FleetRecords, name: str, rows: int) -> None:
    row = FleetRecord(0, "2026-11-23T08:00:00.000Z", "ask.opened", "", "", "", "", "b" * 60,
                      "c" * 60, "d" * 40, "", "")  # fmt: skip
    with records.seat(name) as writer:
        for number in range(rows):
            writer.add(row._replace(seq=number, person=f"{number:040}"))


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


def test_names_of_others_make_no_line_of_their_own(
    tmp_path: Path, desks: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "exports" / "two").rename(tmp_path / "exports" / "x\nok       y: \x1b[2J")
    (tmp_path / "exports" / "x\nok       y: \x1b[2J" / "checkpoint").write_text("?")
    found = fleet(tmp_path / "exports", desks)
    show(found, 7, Output(as_json=False))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in lines if line.startswith("ok")] == ["ok     "]
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * 50])
def test_a_file_of_keys_is_read_whole_or_not_at_all(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.cli.fleet.KEYS_LIMIT", 49)
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(FileUnreadable):
        keys_text(tmp_path / "keys")
    (tmp_path / "keys").write_bytes(b"\xef\xbb\xbfname+1+x\r\n")
    assert read_keys(keys_text(tmp_path / "keys")) == {"name": "name+1+x"}


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
        f"COPY sums TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
        "SET enable_external_access = true",
        "SET temp_directory = '/tmp'",
        "SELECT * FROM read_text('/etc/hostname')",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error, match=r"disabled|locked|[Pp]ermission"):
            records._database.execute(sql)
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
