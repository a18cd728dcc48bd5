"""The log looked through by an auditor, and a record proved, on the real log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance import logbook
from appliance.app import Cancellation
from appliance.audit.merkle import leaf_hash
from appliance.audit.note import opened_note, parsed_vkey
from appliance.audit.proofs import require_inclusion
from appliance.clock import now
from appliance.desk import NotAllowed
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
