"""Retiring, putting back and replacing documents, at a desk with the real stores and log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from appliance import assistant
from appliance.app import Appliance, Cancellation
from appliance.clock import now
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, StorageFull, StoreTampered
from appliance.library_parcels import pack_library
from appliance.memory import retirement
from appliance.memory.errors import DocumentUnknown
from appliance.parcel.library import read_library
from appliance.shelves import NotRetired, OneFileOnly, RetiredAlready
from appliance.values import (
    Answered,
    DocumentInfo,
    ImportEvent,
    ImportProgress,
    ImportState,
    PageText,
    Question,
)
from tests.people_at_work import CANARY, Hospital, found

NEWER = "The quernstone protocol allows 12 visitors, and no children."


def only(anna: Appliance, ward: str) -> DocumentInfo:
    (info,) = anna.documents(ward)
    return info


def test_a_retired_document_answers_nothing_and_its_original_is_kept(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        info = only(anna, hospital.ward)
        assert CANARY in found(anna)
        with anna.shelves() as shelves:
            shelves.retire(hospital.ward, info.id)
        assert found(anna) == ""
        with anna.shelves() as shelves, pytest.raises(RetiredAlready):
            shelves.retire(hospital.ward, info.id)
        assert only(anna, hospital.ward).retired is not None
        assert anna.collections()[0].documents == 0
        assert anna.suggestions(hospital.ward, 3) == ()
        with anna.at_desk() as desk:
            assert CANARY.encode() in desk.originals(hospital.ward).read(info.id)
        with anna.shelves() as shelves:
            shelves.restore(hospital.ward, info.id)
            with pytest.raises(NotRetired):
                shelves.restore(hospital.ward, info.id)
        assert CANARY in found(anna)
    actions = hospital.actions()
    for once in ("document.retiring", "document.retired", "document.restoring",
                 "document.restored"):  # fmt: skip
        assert actions.count(once) == 1


def test_what_was_cited_can_be_opened_and_proved_after_its_document_was_retired(
    hospital: Hospital, tmp_path: Path
) -> None:
    newer = tmp_path / "protocol 2.txt"
    newer.write_text(f"{NEWER}\n")
    with hospital.desk("Anna") as anna:
        old = only(anna, hospital.ward)
        with anna.at_desk() as desk:
            question = Question("q1", CANARY, desk.person, now(), passages=1)
            last = list(assistant.ask(question, desk.asking(), lambda: False))[-1]
        assert isinstance(last, Answered)
        (citation,) = last.answer.citations
        with anna.shelves() as shelves:
            list(shelves.replace(hospital.ward, old.id, newer, Cancellation()))
        page = anna.page(citation)
        assert isinstance(page, PageText)
        (marked,) = page.highlights
        assert page.text[slice(*marked)] == CANARY
    with hospital.desk("Egon") as egon, egon.logbook() as book:
        proof = book.proof(last.record)
        assert json.loads(proof.leaf)["outcome"] == "answered"


def test_a_store_of_before_it_was_retired_is_not_used(hospital: Hospital) -> None:
    folder = hospital.data / "collections" / hospital.ward
    before = {file: file.read_bytes() for file in folder.glob("store.duckdb*")}
    with hospital.desk("Anna") as anna, anna.shelves() as shelves:
        shelves.retire(hospital.ward, only(anna, hospital.ward).id)
    for file in folder.glob("store.duckdb*"):
        file.unlink()
    for file, content in before.items():
        file.write_bytes(content)
    with hospital.desk("Anna") as anna:
        assert "put back to an older state" in anna.collections()[0].problem
        with pytest.raises(StoreTampered):
            found(anna)


def test_it_stays_retired_after_the_next_log_in(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        info = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            shelves.retire(hospital.ward, info.id)
    with hospital.desk("Anna") as anna:
        assert found(anna) == ""
        with anna.at_desk() as desk:
            assert desk.originals(hospital.ward).path(info.id).exists()


def ended(events: Iterable[ImportEvent]) -> list[tuple[ImportState, str]]:
    """How the one file ended, and the code of what was wrong with it."""
    return [(one.state, one.code) for one in events if isinstance(one, ImportProgress)]


def test_a_newer_version_takes_the_place_of_the_older_one(
    hospital: Hospital, tmp_path: Path
) -> None:
    newer = tmp_path / "protocol 2.txt"
    newer.write_text(f"{NEWER}\n")
    with hospital.desk("Anna") as anna:
        old = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            events = shelves.replace(hospital.ward, old.id, newer, Cancellation())
            assert ended(events) == [(ImportState.ADDED, "")]
            first, second = shelves.versions(hospital.ward, old.id)
            assert shelves.versions(hospital.ward, second.id) == (first, second)
            with pytest.raises(RetiredAlready):
                list(shelves.replace(hospital.ward, old.id, newer, Cancellation()))
        assert (first.id, first.successor, second.retired) == (old.id, second.id, None)
        assert NEWER in found(anna)
        assert CANARY not in found(anna)
        assert anna.unfinished_imports() == ()
    records = [one for one in hospital.records() if one.action.startswith("document.")][-4:]
    assert [(one.action, one.object) for one in records] == [
        ("document.retiring", old.id),
        ("document.adding", second.id),
        ("document.added", second.id),
        ("document.retired", old.id),
    ]
    assert dict(records[-1].fields)["details.successor"] == second.id


def test_what_is_no_newer_version_retires_nothing_and_says_why(
    hospital: Hospital, tmp_path: Path
) -> None:
    same, newer, empty = (tmp_path / name for name in ("same.txt", "newer.txt", "scan.pdf"))
    same.write_text(f"{CANARY}\n")
    newer.write_text(f"{NEWER}\n")
    empty.write_text("")
    stopped = Cancellation()
    stopped.cancel()
    with hospital.desk("Anna") as anna, anna.shelves() as shelves:
        old = only(anna, hospital.ward)
        for file, stop, wanted in (
            (same, Cancellation(), [(ImportState.FAILED, "nothing_newer")]),
            (newer, stopped, []),
            (empty, Cancellation(), [(ImportState.FAILED, "nothing_newer")]),
            (tmp_path / "gone.txt", Cancellation(), [(ImportState.FAILED, "file_unreadable")]),
        ):
            assert ended(shelves.replace(hospital.ward, old.id, file, stop)) == wanted
        with pytest.raises(OneFileOnly):
            list(shelves.replace(hospital.ward, old.id, tmp_path, Cancellation()))
        assert only(anna, hospital.ward) == old
        list(anna.add(hospital.ward, [newer]))
        assert ended(shelves.replace(hospital.ward, old.id, newer, Cancellation())) == [
            (ImportState.FAILED, "nothing_newer")
        ]
        there = next(one for one in anna.documents(hospital.ward) if one.id != old.id)
        shelves.retire(hospital.ward, there.id)
        (event,) = [
            one
            for one in shelves.replace(hospital.ward, old.id, newer, Cancellation())
            if isinstance(one, ImportProgress)
        ]
        assert event.sentence.endswith("and retired.")
        assert CANARY in found(anna)
        assert NEWER not in found(anna)
        list(anna.add(hospital.ward, [newer]))  # nor does importing bring it back
        assert NEWER not in found(anna)
    actions = hospital.actions()
    assert actions.count("document.not_retired") == 6
    assert actions.count("document.retired") == 1


def test_nothing_is_retired_or_added_where_there_is_no_room(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    newer = tmp_path / "newer.txt"
    newer.write_text(f"{NEWER}\n")
    with hospital.desk("Anna") as anna, anna.shelves() as shelves:
        old = only(anna, hospital.ward)
        with monkeypatch.context() as then:
            then.setattr(retirement, "retire_in", full)
            then.setattr(retirement, "retire", full)
            with pytest.raises(StorageFull):
                list(shelves.replace(hospital.ward, old.id, newer, Cancellation()))
            with pytest.raises(StorageFull):
                shelves.retire(hospital.ward, old.id)
        assert only(anna, hospital.ward) == old
        assert CANARY in found(anna)
        with anna.at_desk() as desk:
            files = list(desk.originals(hospital.ward).path(old.id).parent.iterdir())
    assert len(files) == 2  # the newer one's is swept at the next log-in
    with hospital.desk("Anna") as anna, anna.at_desk() as desk:
        files = list(desk.originals(hospital.ward).path(old.id).parent.iterdir())
        assert [file.stem for file in files] == [old.id]


def test_a_retired_document_is_not_searched_for_programs_nor_packed(
    hospital: Hospital, tmp_path: Path
) -> None:
    with hospital.desk("Anna") as anna:
        info = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            shelves.retire(hospital.ward, info.id)
        with anna.at_desk() as desk:
            question = Question("q1", CANARY, desk.person, now(), passages=5)
            searched = list(assistant.ask(question, desk.asking(), lambda: False))
            assert isinstance(searched[-1], Answered)
            assert searched[-1].answer.citations == ()
            code = pack_library(desk, hospital.ward, tmp_path / "ward.library")
            header, documents = read_library(tmp_path / "ward.library", code)
            assert (header.documents, list(documents)) == (0, [])


def test_who_may_not_remove_may_not_retire_and_is_told_why(
    hospital: Hospital, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.txt"
    newer.write_text(f"{NEWER}\n")
    with hospital.desk("Egon") as egon, egon.shelves() as shelves:
        for act in (
            lambda: shelves.retire(hospital.ward, "d1"),
            lambda: shelves.restore(hospital.ward, "d1"),
            lambda: list(shelves.replace(hospital.ward, "d1", newer, Cancellation())),
        ):
            with pytest.raises(NotAllowed) as refused:
                act()
            assert refused.value.sentence
            assert refused.value.next_step
    with hospital.desk("Anna") as anna, anna.shelves() as shelves:
        for act in (
            lambda: shelves.retire(hospital.ward, "d1"),
            lambda: shelves.restore(hospital.ward, "d1"),
            lambda: list(shelves.replace(hospital.ward, "d1", newer, Cancellation())),
        ):
            with pytest.raises(DocumentUnknown):
                act()
        with pytest.raises(CloisterError):
            shelves.versions("nowhere", "d1")
    denied = [one for one in hospital.records() if one.action == "action.denied"]
    assert [dict(one.fields)["details.wanted"] for one in denied] == [
        "remove_document", "import", "remove_document",
    ]  # fmt: skip
    assert "document.retiring" not in hospital.actions()
