"""Retiring, putting back and replacing documents, at a desk with the real stores and log."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.app import Appliance, Cancellation
from appliance.desk import NotAllowed
from appliance.errors import CloisterError
from appliance.memory.errors import DocumentUnknown
from appliance.shelves import NotRetired
from appliance.values import DocumentInfo, ImportProgress, ImportState
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


def test_it_stays_retired_after_the_next_log_in(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        info = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            shelves.retire(hospital.ward, info.id)
    with hospital.desk("Anna") as anna:
        assert found(anna) == ""
        with anna.at_desk() as desk:
            assert desk.originals(hospital.ward).path(info.id).exists()


def test_a_newer_version_takes_the_place_of_the_older_one(
    hospital: Hospital, tmp_path: Path
) -> None:
    newer = tmp_path / "protocol 2.txt"
    newer.write_text(f"{NEWER}\n")
    with hospital.desk("Anna") as anna:
        old = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            events = list(shelves.replace(hospital.ward, old.id, newer, Cancellation()))
            states = [one.state for one in events if isinstance(one, ImportProgress)]
            assert states == [ImportState.ADDED]
            first, second = shelves.versions(hospital.ward, old.id)
            assert shelves.versions(hospital.ward, second.id) == (first, second)
        assert (first.id, first.successor, second.retired) == (old.id, second.id, None)
        assert NEWER in found(anna)
        assert CANARY not in found(anna)


def test_nothing_is_retired_where_nothing_new_came_in(hospital: Hospital, tmp_path: Path) -> None:
    same = tmp_path / "protocol again.txt"
    same.write_text(f"{CANARY}\n")
    with hospital.desk("Anna") as anna:
        old = only(anna, hospital.ward)
        with anna.shelves() as shelves:
            list(shelves.replace(hospital.ward, old.id, same, Cancellation()))
        assert only(anna, hospital.ward).retired is None


def test_who_may_not_remove_may_not_retire(hospital: Hospital) -> None:
    with hospital.desk("Egon") as egon, egon.shelves() as shelves, pytest.raises(NotAllowed):
        shelves.retire(hospital.ward, "d1")
    with hospital.desk("Anna") as anna, anna.shelves() as shelves:
        with pytest.raises(DocumentUnknown):
            shelves.retire(hospital.ward, "d1")
        with pytest.raises(CloisterError):
            shelves.versions("nowhere", "d1")
