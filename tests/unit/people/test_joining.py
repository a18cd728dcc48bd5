"""Collections: joining gives the key, leaving takes it and changes it, and nobody else loses
anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.desk import NotAllowed
from appliance.errors import UsageError
from appliance.values import Role
from appliance.vault import NotAMember
from appliance.vault.holdings import MAXIMUM_KEYS
from tests.people_at_work import CANARY, Hospital, added, found


def sealed_files(hospital: Hospital) -> dict[str, bytes]:
    folder = hospital.data / "collections" / hospital.ward
    found = [*folder.glob("files/*.sealed"), folder / "store.duckdb"]
    return {path.name: path.read_bytes() for path in found}


def test_who_joins_reads_and_who_leaves_does_not(hospital: Hospital, tmp_path: Path) -> None:
    bert = hospital.ids["Bert"]
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.join(hospital.ward, bert)
        assert [one.name for one in people.members(hospital.ward).members] == ["Anna", "Bert"]
    with hospital.desk("Bert") as desk:
        assert CANARY in found(desk)
    before = sealed_files(hospital)
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.leave(hospital.ward, bert)
        assert CANARY in found(anna)
    after = sealed_files(hospital)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())  # all of it is under the new key
    with hospital.desk("Bert") as desk:
        assert desk.collections() == ()
        assert found(desk) == ""
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "later.txt").write_text("Later 3 visitors are allowed.\n")
    with hospital.desk("Anna") as anna:
        assert added(anna, hospital.ward, papers) == 1
    with hospital.desk("Anna") as anna:
        assert "Later" in found(anna)
        assert CANARY in found(anna)
        assert {check.state for check in anna.doctor() if check.name == "stores"} == {"ok"}
    said = hospital.actions()
    for action in (
        "member.adding", "member.added", "member.removing", "member.removed",
        "collection.rekeying", "collection.rekeyed",
    ):  # fmt: skip
        assert said.count(action) == 1


def test_a_curator_says_who_is_in_and_an_administrator_cannot(hospital: Hospital) -> None:
    dora = hospital.ids["Dora"]
    with hospital.desk("Dora") as desk, desk.people() as people:
        with pytest.raises(NotAllowed):
            people.join(hospital.ward, dora)
        with pytest.raises(NotAMember):
            people.leave(hospital.ward, hospital.ids["Anna"])
    assert "member.added" not in hospital.actions()


def test_the_last_member_stays_and_strangers_are_not_removed(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.people() as people:
        with pytest.raises(UsageError):
            people.leave(hospital.ward, hospital.ids["Anna"])
        with pytest.raises(NotAMember):
            people.leave(hospital.ward, hospital.ids["Bert"])


def test_a_member_who_leaves_by_themselves_leaves_the_new_key_to_the_others(
    hospital: Hospital,
) -> None:
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.set_roles(hospital.ids["Bert"], (Role.MEMBER, Role.CURATOR))
        people.join(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Bert") as bert, bert.people() as people:
        people.leave(hospital.ward, hospital.ids["Bert"])
        assert bert.collections() == ()
    before = sealed_files(hospital)
    with hospital.desk("Anna") as anna:
        assert CANARY in found(anna)
    assert not set(before.values()) & set(sealed_files(hospital).values())
    assert "collection.rekeyed" in hospital.actions()


def test_a_disk_that_was_full_for_long_shuts_nobody_out(hospital: Hospital) -> None:
    """Every change of key was begun, none could be finished."""
    with hospital.desk("Anna") as anna:
        desk = anna._sitting.desk
        assert desk is not None
        for _ in range(MAXIMUM_KEYS):
            desk.session.add_member(hospital.ward, hospital.ids["Bert"])
            desk.session.expel(hospital.ward, hospital.ids["Bert"])
            desk.session.begin_rotation(hospital.ward)
        assert desk.session.due(hospital.ward)
        assert len(desk.session.collection_keys(hospital.ward)) == MAXIMUM_KEYS
    with hospital.desk("Anna") as anna:
        desk = anna._sitting.desk
        assert desk is not None
        assert CANARY in found(anna)
        assert not desk.session.due(hospital.ward)
        assert len(desk.session.collection_keys(hospital.ward)) == 1


def test_a_closed_account_leaves_its_collections_and_a_member_changes_the_key(
    hospital: Hospital,
) -> None:
    """The administrator who closes it holds no key: the next member to come does the rest."""
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.join(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.close(hospital.ids["Bert"])
    before = sealed_files(hospital)
    with hospital.desk("Anna") as anna:
        assert CANARY in found(anna)
    assert not set(before.values()) & set(sealed_files(hospital).values())
