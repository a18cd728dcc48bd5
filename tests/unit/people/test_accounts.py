"""Who may do what, and that each act has its records: the table of docs/people.md, in tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from appliance.accounts import People
from appliance.app import Appliance
from appliance.desk import NotAllowed
from appliance.errors import UsageError
from appliance.values import Role, Standing
from appliance.vault import AccountClosed, NotAMember, NotPermitted, WrongPassphrase
from tests.people_at_work import CANARY, SECRETS, Hospital, found

NEW = "nine chairs under an elm"


@dataclass(frozen=True)
class Act:
    """Something about people, who may do it, and what the log says of it."""

    does: Callable[[People, Hospital], object]
    who: frozenset[str]
    records: tuple[str, ...]


# Anna may do everything: she founded the vault and has every role. In the order they are done.
ACTS = {
    "list": Act(lambda people, _: people.all(), frozenset({"Bert", "Dora", "Egon"}), ()),
    "invite": Act(
        lambda people, _: people.invite("Frida", (Role.MEMBER,)),
        frozenset({"Dora"}),
        ("person.inviting", "person.invited"),
    ),
    "invite again": Act(
        lambda people, _: people.invite_again(people.named("Frida").id),
        frozenset({"Dora"}),
        ("person.inviting_again", "person.invited_again"),
    ),
    "add": Act(
        lambda people, _: people.add("Gustav", NEW, (Role.CURATOR,)),
        frozenset({"Dora"}),
        ("person.adding", "person.added"),
    ),
    "roles": Act(
        lambda people, at: people.set_roles(at.ids["Bert"], (Role.MEMBER, Role.CURATOR)),
        frozenset({"Dora"}),
        ("roles.changing", "roles.changed"),
    ),
    "release": Act(
        lambda people, at: people.release(at.ids["Bert"]),
        frozenset({"Dora"}),
        ("login.releasing", "login.released"),
    ),
    "close": Act(
        lambda people, _: people.close(people.named("Gustav").id),
        frozenset({"Dora"}),
        ("account.closing", "account.closed"),
    ),
    "reopen": Act(
        lambda people, _: people.reopen(people.named("Gustav").id, (Role.MEMBER,)),
        frozenset({"Dora"}),
        ("account.opening", "account.opened"),
    ),
    "erase": Act(
        lambda people, _: people.erase(people.named("Gustav").id),
        frozenset({"Dora"}),
        ("person.erasing", "person.erased"),
    ),
    "appoint": Act(
        lambda people, at: people.appoint(at.ids["Bert"]),
        frozenset({"Egon"}),
        ("auditor.appointing", "auditor.appointed"),
    ),
    "alerts": Act(lambda people, _: people.alerts(), frozenset({"Egon"}), ()),
    "join": Act(
        lambda people, at: people.join(at.ward, at.ids["Bert"]),
        frozenset({"Anna"}),
        ("member.adding", "member.added"),
    ),
    "prepare": Act(
        lambda people, at: people.prepare(at.ward, at.ids["Bert"]),
        frozenset({"Anna"}),
        ("glass.preparing", "glass.prepared"),
    ),
    "hand over": Act(
        lambda people, at: people.hand_over(at.ids["Bert"]),
        frozenset({"Anna"}),
        ("custody.changing", "custody.changed"),
    ),
    "new code": Act(
        lambda people, _: people.new_code(),
        frozenset({"Bert", "Dora", "Egon"}),
        ("recovery_code.changing", "recovery_code.changed"),
    ),
}
EVERYBODY = ("Bert", "Egon", "Dora")


def test_what_is_not_theirs_nobody_does(hospital: Hospital) -> None:
    """Also who comes later: Frida and Gustav are there for whoever would act on them."""
    with hospital.desk("Dora") as dora, dora.people() as people:
        for name in ("invite", "add"):
            ACTS[name].does(people, hospital)
    before = stated(hospital)
    for who in EVERYBODY:
        with hospital.desk(who) as desk, desk.people() as people:
            for act in ACTS.values():
                if who not in act.who:
                    with pytest.raises((NotAllowed, NotPermitted, NotAMember)):
                        act.does(people, hospital)
    assert stated(hospital) == before


def test_what_is_theirs_they_do_and_it_is_in_the_log(hospital: Hospital) -> None:
    for who in ("Dora", "Egon", "Anna", "Bert"):
        with hospital.desk(who) as desk, desk.people() as people:
            for act in ACTS.values():
                if who in act.who:
                    act.does(people, hospital)
    records = hospital.records()
    for name, act in ACTS.items():
        for who in act.who if act.records else ():
            mine = [one.action for one in records if one.person == hospital.ids[who]]
            assert [one for one in mine if one in act.records] == list(act.records), name


def stated(hospital: Hospital) -> object:
    """Who is what, and who holds which collection."""
    vault = json.loads((hospital.data / "vault.json").read_bytes())
    return vault["roster"], vault["collections"]


def test_no_record_holds_a_name(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora, dora.people() as people:
        person, _ = people.invite("Quirina Quernstone", (Role.MEMBER,))
        people.set_roles(person.id, (Role.CURATOR,))
        people.erase(person.id)
    assert not [one for one in hospital.records() if "Quern" in str(one)]


def test_an_invited_person_enrols_and_works(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora, dora.people() as people:
        person, code = people.invite("Frida", (Role.MEMBER,))
    appliance = hospital.appliance()
    appliance.enrol(code, "Frida", NEW)
    assert appliance.person == person
    appliance.close()
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.join(hospital.ward, person.id)
    appliance.unlock(NEW, "Frida")
    assert CANARY in found(appliance)
    appliance.close()


def said_by_bert(hospital: Hospital) -> int:
    """Bert asks something; the number of his ask's opening record."""
    with hospital.desk("Bert") as bert:
        found(bert)
    return max(one.seq for one in hospital.records() if one.action == "ask.opened")


def test_leaving_keeps_conversations_until_the_account_is_opened_again(hospital: Hospital) -> None:
    said_by_bert(hospital)
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.close(hospital.ids["Bert"])
        standing = {account.person.id: account.standing for account in people.all()}
        assert standing[hospital.ids["Bert"]] is Standing.CLOSED
    with pytest.raises(AccountClosed):
        hospital.appliance().unlock(SECRETS["Bert"], "Bert")
    assert (hospital.data / "people" / hospital.ids["Bert"] / "store.duckdb").exists()
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.reopen(hospital.ids["Bert"], (Role.MEMBER,))
    with hospital.desk("Bert") as bert:
        assert len(bert.conversations()) == 1


def test_leaving_for_good_destroys_the_keys_and_is_certified(hospital: Hospital) -> None:
    seq = said_by_bert(hospital)
    with hospital.desk("Dora") as dora, dora.people() as people:
        digest = people.erase(hospital.ids["Bert"])
    assert not (hospital.data / "people" / hospital.ids["Bert"]).exists()
    with pytest.raises(WrongPassphrase):
        hospital.appliance().unlock(SECRETS["Bert"], "Bert")
    (record,) = [one for one in hospital.records() if one.action == "person.erased"]
    fields = dict(record.fields)
    assert record.object == hospital.ids["Bert"]
    assert fields["details.keys_sha256"] == digest
    assert fields["details.sealed_texts"] == "false"
    with hospital.desk("Egon") as egon:  # what the log sealed is kept, for six years
        assert "visitors" in egon.log_payload(seq)
        assert egon.verify_log().verified


def test_what_the_log_sealed_of_a_person_goes_where_that_is_asked(hospital: Hospital) -> None:
    seq = said_by_bert(hospital)
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.erase(hospital.ids["Bert"], sealed_texts=True)
    with hospital.desk("Egon") as egon:
        assert "visitors" not in egon.log_payload(seq)
        assert egon.verify_log().verified


def test_nobody_closes_their_own_account_and_everybody_has_a_role(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora, dora.people() as people:
        for act in (people.close, people.erase):
            with pytest.raises(UsageError):
                act(hospital.ids["Dora"])
        with pytest.raises(UsageError):
            people.set_roles(hospital.ids["Bert"], ())


def test_the_founder_gives_up_what_others_are_for(hospital: Hospital) -> None:
    """Duties are separate once she has: no single person audits and administers."""
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.resign(Role.ADMINISTRATOR)
        people.resign(Role.AUDITOR)
        with pytest.raises(NotAllowed):
            people.invite("Frida", (Role.MEMBER,))
        with pytest.raises(NotAllowed):
            anna.log_records(0, 1)
    with hospital.desk("Dora") as dora, dora.people() as people:
        with pytest.raises(NotPermitted):
            people.resign(Role.ADMINISTRATOR)
        with pytest.raises(NotPermitted):
            people.set_roles(hospital.ids["Anna"], (Role.MEMBER, Role.AUDITOR))


def test_the_custodian_brings_a_collection_back_with_the_code(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.set_roles(hospital.ids["Bert"], (Role.MEMBER, Role.CURATOR))
        people.join(hospital.ward, hospital.ids["Bert"])
        people.leave(hospital.ward, hospital.ids["Anna"])
        assert anna.collections() == ()
        assert people.recoverable(hospital.code) == ((hospital.ward, "Ward 9"),)
        people.recover(hospital.ward, hospital.code)
    with hospital.desk("Anna") as anna:
        assert CANARY in found(anna)
    with hospital.desk("Egon") as egon, egon.people() as people:
        (alert,) = people.alerts()
        assert (alert.person, alert.collection) == (hospital.ids["Anna"], hospital.ward)
        assert alert.recovery
        people.review(alert.id, "She told us beforehand.")
        assert people.waiting() == 0
    assert "collection.recovered" in hospital.actions()


def test_a_new_recovery_code_leaves_the_old_one_no_key_that_is_used_on(hospital: Hospital) -> None:
    """With the old code and an older file somebody has every key there was."""
    with hospital.desk("Anna") as anna, anna.people() as people:
        held = anna._sitting.desk
        assert held is not None
        before = held.session.collection_key(hospital.ward)
        people.new_code()
    with hospital.desk("Anna") as anna:
        held = anna._sitting.desk
        assert held is not None
        assert held.session.collection_keys(hospital.ward)[0] != before
        assert len(held.session.collection_keys(hospital.ward)) == 1
        assert CANARY in found(anna)


def test_what_the_rules_refuse_is_in_the_log_as_well(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora, dora.people() as people:
        with pytest.raises(NotPermitted):
            people.hand_over(hospital.ids["Dora"])
        people.resign(Role.ADMINISTRATOR)
    refused = [one for one in hospital.records() if one.action == "custody.refused"]
    assert [dict(one.fields)["code"] for one in refused] == ["not_permitted"]


def test_a_desk_that_is_open_sees_what_was_taken_from_it(hospital: Hospital) -> None:
    appliance: Appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    with appliance.people() as people:
        people.set_roles(hospital.ids["Anna"], (Role.MEMBER, Role.AUDITOR, Role.ADMINISTRATOR))
        with pytest.raises(NotAllowed):
            appliance.create_collection("Ward 10")
    appliance.close()
    (denied,) = [one for one in hospital.records() if one.action == "action.denied"]
    assert dict(denied.fields)["role"] == "administrator,auditor,member"
