"""The log looked through by an auditor, and a record proved, on the real log."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from appliance import logbook
from appliance.__main__ import main
from appliance.app import Cancellation
from appliance.audit import LogTampered, excerpt
from appliance.audit.excerpt import require_excerpt
from appliance.audit.merkle import leaf_hash
from appliance.audit.note import opened_note, parsed_vkey
from appliance.audit.proofs import require_inclusion
from appliance.clock import now
from appliance.desk import NotAllowed
from appliance.errors import UsageError
from appliance.exporting import FileExists
from appliance.logbook import ExcerptTooLong, SearchStopped
from appliance.values import LogFilter, LogRecord
from tests.people_at_work import Hospital, found


def everything(hospital: Hospital, wanted: LogFilter, count: int = 200) -> list[LogRecord]:
    """In as many calls as it takes."""
    records: list[LogRecord] = []
    with hospital.desk("Egon") as egon, egon.logbook() as book:
        at = -1
        while at != 0:
            piece = book.find(wanted, at, count)
            assert len(piece.records) <= count
            records += piece.records
            at = piece.before
    return records


@pytest.fixture
def asked(hospital: Hospital) -> Hospital:
    with hospital.desk("Anna") as anna:
        found(anna)
    return hospital


@pytest.mark.parametrize("count", [1, 3, 200])
def test_what_fits_is_found_newest_first_in_pieces_of_any_size(
    asked: Hospital, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "PIECE", 7)
    records = everything(asked, LogFilter(kinds=("ask.",)), count)
    assert [record.action for record in records] == ["ask.closed", "ask.opened"]
    by_egon = everything(asked, LogFilter(person=asked.ids["Egon"]), count)
    assert by_egon
    assert {record.person for record in by_egon} == {asked.ids["Egon"]}
    numbers = [record.seq for record in everything(asked, LogFilter(), count)]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 0


def test_one_call_looks_through_so_many_and_says_where_it_stopped(
    asked: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "PIECE", 4)
    monkeypatch.setattr(logbook, "LOOKED", 8)
    with asked.desk("Egon") as egon, egon.logbook() as book:
        size = egon.log_size()
        piece = book.find(LogFilter(outcome="no such outcome"))
        assert (piece.records, piece.looked, piece.before) == ((), 8, size - 8)


def test_what_is_older_than_wanted_is_not_looked_through(asked: Hospital) -> None:
    assert everything(asked, LogFilter(since=now() + timedelta(days=1))) == []
    assert everything(asked, LogFilter(until=now() - timedelta(days=1))) == []
    with asked.desk("Egon") as egon, egon.logbook() as book:
        piece = book.find(LogFilter(since=now() + timedelta(days=1)))
        assert (piece.looked, piece.before) == (1, 0)


def test_a_search_that_is_stopped_stops(asked: Hospital) -> None:
    stop = Cancellation()
    stop.cancel()
    with asked.desk("Egon") as egon, egon.logbook(stop) as book:
        assert book.find(LogFilter()).looked == 0


def test_a_record_is_proved_to_somebody_who_has_the_public_key_alone(asked: Hospital) -> None:
    with asked.desk("Egon") as egon, egon.logbook() as book:
        proof = book.proof(2)
        assert book.people()[asked.ids["Bert"]] == "Bert"
    require_inclusion(leaf_hash(proof.leaf), 2, proof.size, proof.proof, proof.root)
    name, key = parsed_vkey(proof.signed_by)
    assert opened_note(proof.checkpoint.encode(), name, [key])


def test_nobody_else_looks_through_it(asked: Hospital) -> None:
    with asked.desk("Bert") as bert, bert.logbook() as book:
        for act in (lambda: book.find(LogFilter()), lambda: book.proof(0), book.people):
            with pytest.raises(NotAllowed):
                act()


def test_a_part_of_the_log_leaves_with_its_proofs_and_says_that_it_is_one(
    asked: Hospital, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, wanted = tmp_path / "part.jsonl", LogFilter(kinds=("ask.",))
    with asked.desk("Egon") as egon, egon.logbook() as book:
        with pytest.raises(UsageError):
            book.export(wanted, asked.data / "part.jsonl")
        left = book.export(wanted, file)
        with pytest.raises(FileExists):
            book.export(wanted, file)
        nothing: list[bytes] = []
        none = book.export(LogFilter(outcome="no such outcome"), nothing.append)
    content = file.read_bytes()
    assert b"This is a part of a compliance log, not the log" in content
    held = require_excerpt(content, left.public_key)
    assert [record.action for record in held.records] == ["ask.closed", "ask.opened"]
    assert (held.wanted, held.first, held.end) == (wanted, 0, left.looked)
    assert (left.found, left.size) == (2, left.looked)
    assert main(["--json", "log", "verify", str(file), "--key", left.public_key]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["verified"], said["part"], len(said["records"])) == (True, True, 2)
    assert main(["log", "verify", str(file), "--key", left.public_key]) == 0
    assert "It is a part of the log: actions ask.*, looked for in" in capsys.readouterr().out
    file.write_bytes(content + b"{}\n")
    assert main(["log", "verify", str(file), "--key", left.public_key]) != 0
    assert (none.found, require_excerpt(nothing[0], left.public_key).records) == (0, ())
    records = asked.records()
    exported = [one for one in records if one.action.startswith("log.export")]
    assert [(one.action, one.outcome) for one in exported] == [
        ("log.exporting", ""), ("log.exported", "done"),
        ("log.exporting", ""), ("log.exported", "failed"),
        ("log.exporting", ""), ("log.exported", "done"),
    ]  # fmt: skip
    noted = dict(records[left.record].fields)
    assert noted["details.sha256"] == left.sha256 == sha256(content).hexdigest()
    assert (noted["details.wanted"], noted["details.found"]) == ("actions ask.*", "2")


def test_an_excerpt_that_was_changed_is_not_one(asked: Hospital) -> None:
    taken: list[bytes] = []
    wanted = LogFilter(person=asked.ids["Anna"], since=now() - timedelta(days=1))
    with asked.desk("Egon") as egon, egon.logbook() as book:
        key = book.export(wanted, taken.append).public_key
    lines = taken[0].splitlines(keepends=True)
    require_excerpt(taken[0], key)
    changed = json.loads(lines[2])
    changed["record"] = changed["record"].replace(asked.ids["Anna"], asked.ids["Bert"])
    moved = json.loads(lines[2]) | {"seq": 1}
    head = json.loads(lines[0])

    def headed(**other: object) -> bytes:
        return b"".join([json.dumps(head | other).encode() + b"\n", *lines[1:]])

    others = head["wanted"] | {"person": asked.ids["Bert"]}
    for broken in (
        b"".join(lines[:-1]),
        b"".join([*lines, lines[-1]]),
        b"".join([lines[0], *reversed(lines[1:])]),
        b"".join([*lines[:2], json.dumps(changed).encode() + b"\n", *lines[3:]]),
        b"".join([*lines[:2], json.dumps(moved).encode() + b"\n", *lines[3:]]),
        b"".join(lines)[:-1],
        headed(wanted=others),
        headed(end=2),
        headed(first=head["end"] + 5),
        headed(epochs=[]),
        headed(checkpoint=head["checkpoint"].replace(str(head["end"]), "7", 1)),
        headed(excerpt="another"),
        headed(records=True),
        headed(more=1),
        b"[]\n",
        b"",
    ):
        with pytest.raises(LogTampered):
            require_excerpt(broken, key)
    with asked.desk("Egon") as egon:
        other = egon.verify_log()
    assert other.verified
    with pytest.raises(LogTampered):
        require_excerpt(taken[0], key.replace("+", "x+", 1))


def test_an_excerpt_is_bounded_can_be_stopped_and_is_an_auditors(
    asked: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []
    stop = Cancellation()
    stop.cancel()
    with asked.desk("Egon") as egon:
        with egon.logbook(stop) as book, pytest.raises(SearchStopped):
            book.export(LogFilter(), taken.append)
        monkeypatch.setattr(excerpt, "MOST", 3)
        with egon.logbook() as book, pytest.raises(ExcerptTooLong):
            book.export(LogFilter(), taken.append)
    with asked.desk("Dora") as dora, dora.logbook() as book, pytest.raises(NotAllowed):
        book.export(LogFilter(), taken.append)
    assert taken == []
    assert "log.exporting" not in asked.actions()
