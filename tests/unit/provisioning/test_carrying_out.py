"""A plan carried out at a real desk: steps, codes, what is logged, and what a second time does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.desk import Desk
from appliance.errors import StorageFull
from appliance.policies_in_force import packs_in_force
from appliance.policy import shipped_folder
from appliance.provisioning.accounts import VaultAccounts
from appliance.provisioning.carrying_out import KIOSK, Carrier, Step, serials_of
from appliance.provisioning.plan import Plan
from appliance.provisioning.policies import policy_mistakes
from appliance.provisioning.reading import read_plan
from appliance.provisioning.seating import Seating
from appliance.provisioning.secret_files import ENROLMENT, Codes
from appliance.provisioning.state import in_force, left_to_do
from appliance.values import Person, Role
from appliance.vault import Vault
from tests.unit.provisioning.conftest import ANNA

TEXT = """\
format = "cloister-provision"
version = 1
[administrator]
name = "Ida"
passphrase_file = "it.pass"
codes = "codes"
[[people]]
name = "Anna Berg"
roles = ["member"]
passphrase_file = "anna.pass"
[[collections]]
title = "Ward 9"
members = ["Anna Berg", "Ida"]
"""
VISITORS = """
[[people]]
name = "Visitor"
roles = ["kiosk"]
passphrase_file = "v.pass"
[[collections]]
title = "Visitors"
members = ["Visitor"]
[kiosk]
collection = "Visitors"
person = "Visitor"
"""
PASSPHRASES = {"anna berg": ANNA, "visitor": "eleven wooden boats on a lake"}


def planned(folder: Path, text: str = TEXT) -> Plan:
    return read_plan(text.encode(), folder)


def carrier(
    desk: Desk, plan: Plan, seat: Seating | None = None, accounts: VaultAccounts | None = None
) -> Carrier:
    return Carrier(
        desk, plan, accounts or VaultAccounts(desk), passphrases=PASSPHRASES,
        seating=None if seat is None else lambda _: seat,
    )  # fmt: skip


def carried_out(made: Carrier, plan: Plan) -> list[Step]:
    return list(made.carry_out(left_to_do(plan, made.state(), made.digests())))


def kinds(steps: list[Step]) -> list[tuple[str, str]]:
    return [(step.what, step.outcome) for step in steps]


def actions(desk: Desk, since: int = 0) -> list[str]:
    return [record.action for record in desk.ledger.log.records(since, 1_000)]


def test_people_collections_members_and_kiosk_are_made_once(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path, TEXT + VISITORS)
    made = carrier(desk, plan)
    assert kinds(carried_out(made, plan)) == [
        ("person", "done"), ("person", "done"), ("collection", "done"), ("collection", "done"),
        ("member", "done"), ("member", "done"), ("kiosk", "done"),
    ]  # fmt: skip
    people = {person.name: person for person in desk.session.people()}
    assert people["Anna Berg"].roles == (Role.MEMBER,)
    ids = {title: identifier for identifier, title in desk.session.collections()}
    assert set(desk.session.members(ids["Ward 9"])) == {people["Anna Berg"].id, desk.person.id}
    assert desk.ledger.log.latest_value(KIOSK, ids["Visitors"]) == 1
    assert desk.ledger.log.latest_value(KIOSK, ids["Ward 9"]) is None

    size, counter = desk.ledger.log.size, desk.session.counter
    assert carried_out(made, plan) == []
    assert desk.session.counter == counter
    assert actions(desk, size) == ["provision.began", "provision.ended"]


def test_the_code_in_the_folder_logs_its_person_in(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    carried_out(carrier(desk, planned(tmp_path)), planned(tmp_path))
    code = codes.file("Anna Berg").read_text().splitlines()[2]
    session = Vault(desk.place.data).unlock(code, "anna berg")
    assert session.person.name == "Anna Berg"
    session.close()


def test_the_log_holds_ids_and_counts_and_no_names(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path, TEXT + VISITORS)
    carried_out(carrier(desk, plan), plan)
    records = desk.ledger.log.records(0, 1_000)
    text = json.dumps([[r.action, r.object, r.person, *map(list, r.fields)] for r in records])
    for name in ("Anna", "anna", "Berg", "Ward", "Visitor", "visitors", ANNA):
        assert name not in text
    for begun, ended in (("person.adding", "person.added"), ("member.adding", "member.added")):
        assert actions(desk).count(begun) == actions(desk).count(ended) == 2
    (began,) = [dict(r.fields) for r in records if r.action == "provision.began"]
    assert began["details.sha256"] == plan.sha256
    assert began["details.steps"] == "7"


class Interrupted(VaultAccounts):
    """Accounts whose run ends right after somebody was added, before anybody saw the code."""

    def add(self, name: str, passphrase: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        super().add(name, passphrase, roles)
        raise StorageFull("The disk is full.")

    def invite(self, name: str, roles: tuple[Role, ...]) -> tuple[Person, str]:
        super().invite(name, roles)
        raise StorageFull("The disk is full.")


def test_a_code_that_a_run_did_not_live_to_write_is_replaced(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path)
    with pytest.raises(StorageFull):
        carried_out(carrier(desk, plan, accounts=Interrupted(desk)), plan)
    last = desk.ledger.log.records(desk.ledger.log.size - 1, 1)[0]
    assert (last.action, last.outcome) == ("provision.ended", "failed")
    assert codes.cut_off("Anna Berg")

    assert kinds(carried_out(carrier(desk, plan), plan)) == [
        ("code", "done"), ("collection", "done"), ("member", "done"),
    ]  # fmt: skip
    code = codes.file("Anna Berg").read_text().splitlines()[2]
    Vault(desk.place.data).unlock(code, "Anna Berg").close()
    assert desk.ledger.log.latest_value("vault", desk.session.vault_id) == desk.session.counter
    assert carried_out(carrier(desk, plan), plan) == []


def test_the_administrators_own_lost_code_is_replaced(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path)
    codes.prepare("Ida")
    assert ("code", "done") in kinds(carried_out(carrier(desk, plan), plan))
    code = codes.file("Ida").read_text().splitlines()[2]
    Vault(desk.place.data).unlock(code, "Ida").close()
    assert [title for _, title in desk.session.recoverable(code)] == ["Ward 9"]


def test_a_lost_code_of_somebody_who_changed_their_passphrase_is_said_to_be_lost(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path)
    with pytest.raises(StorageFull):
        carried_out(carrier(desk, plan, accounts=Interrupted(desk)), plan)
    anna = Vault(desk.place.data).unlock(ANNA, "Anna Berg")
    anna.change_passphrase(ANNA, "a hedgehog sleeps under leaves")
    anna.close()
    assert ("code", "lost") in kinds(carried_out(carrier(desk, plan), plan))


def test_a_collection_made_by_a_run_that_was_cut_off_is_remembered(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan, made = planned(tmp_path), carrier(desk, planned(tmp_path))
    desk.create_collection("WARD 9")
    assert ("collection", "done") not in kinds(carried_out(made, plan))
    (ward,) = (identifier for identifier, _ in desk.session.collections())
    anna = next(p.id for p in desk.session.people() if p.name == "Anna Berg")
    assert anna in desk.session.members(ward)
    assert made.state().handed_on == frozenset()
    desk.session.remove_member(ward, desk.person.id)  # handed on to Anna
    state = made.state()
    assert state.handed_on == {"ward 9"}
    assert left_to_do(plan, state, {}).steps == 0
    assert not left_to_do(plan, state, {}).waits
    desk.library.abandon()  # its key is not this person's any more


def test_a_run_does_not_let_in_who_was_shown_out(desk: Desk, tmp_path: Path, codes: Codes) -> None:
    plan = planned(tmp_path, TEXT + VISITORS)
    made = carrier(desk, plan)
    carried_out(made, plan)
    ids = {title: identifier for identifier, title in desk.session.collections()}
    anna = next(p.id for p in desk.session.people() if p.name == "Anna Berg")
    desk.session.remove_member(ids["Ward 9"], anna)
    desk.ledger.log.note_value(KIOSK, ids["Visitors"], 0)
    assert kinds(carried_out(made, plan)) == [("member", "undone"), ("kiosk", "undone")]
    edited = planned(tmp_path, TEXT + VISITORS + "# edited\n")
    assert kinds(carried_out(carrier(desk, edited), edited)) == [
        ("member", "undone"), ("kiosk", "undone"),
    ]  # fmt: skip
    assert anna not in desk.session.members(ids["Ward 9"])
    assert desk.ledger.log.latest_value(KIOSK, ids["Visitors"]) == 0
    desk.library.abandon()  # its key has changed


INVITED = TEXT.replace('passphrase_file = "anna.pass"\n', "")


def test_who_is_invited_joins_once_they_have_enrolled(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path, INVITED)
    made = carrier(desk, plan)
    assert kinds(carried_out(made, plan)) == [
        ("person", "done"), ("collection", "done"), ("member", "waits"),
    ]  # fmt: skip
    assert kinds(carried_out(made, plan)) == [("member", "waits")]
    _, kind, code = codes.file("Anna Berg").read_text().splitlines()
    assert kind == ENROLMENT
    session, _ = Vault(desk.place.data).enrol(code, "Anna Berg", ANNA, desk.now())
    session.close()
    assert kinds(carried_out(made, plan)) == [("member", "done")]
    assert carried_out(made, plan) == []


def test_an_enrolment_code_that_a_run_did_not_live_to_write_is_replaced(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    plan = planned(tmp_path, INVITED)
    with pytest.raises(StorageFull):
        carried_out(carrier(desk, plan, accounts=Interrupted(desk)), plan)
    assert kinds(carried_out(carrier(desk, plan), plan))[0] == ("code", "done")
    code = codes.file("Anna Berg").read_text().splitlines()[2]
    session, _ = Vault(desk.place.data).enrol(code, "Anna Berg", ANNA, desk.now())
    session.close()


def test_looking_at_the_state_writes_nothing(desk: Desk, tmp_path: Path, codes: Codes) -> None:
    plan = planned(tmp_path, TEXT + VISITORS)
    size, counter = desk.ledger.log.size, desk.session.counter
    first: Mapping[str, object] = {"work": left_to_do(plan, carrier(desk, plan).state(), {})}
    assert first == {"work": left_to_do(plan, carrier(desk, plan).state(), {})}
    assert (desk.ledger.log.size, desk.session.counter) == (size, counter)
    assert replace(plan) == plan


def test_a_pack_is_brought_in_once_and_not_at_all_if_it_is_not_good(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    shutil.copytree(shipped_folder() / "api", tmp_path / "packs" / "api")
    policies = '[policies]\nfolder = "packs"\npacks = '
    plan = planned(tmp_path, f'{TEXT}{policies}["baseline", "api@1"]\n')
    serials, data = serials_of(desk), desk.place.data
    assert not list(policy_mistakes(plan, serials, desk.settings, data))
    assert kinds(carried_out(carrier(desk, plan), plan))[0] == ("policy", "done")
    assert {"pack.bringing", "pack.brought"} <= set(actions(desk))
    now = {pack.name: pack.serial for pack in packs_in_force(desk.settings, data)}
    assert in_force(plan.packs[1], now)

    (tmp_path / "packs" / "api" / "api.cedar").write_text("")
    for text in ("api@1", "api@2", "gdpr"):
        other = planned(tmp_path, f'{TEXT}{policies}["{text}"]\n')
        (mistake,) = policy_mistakes(other, serials, desk.settings, data)
        assert (mistake.line, bool(mistake.next_step)) == (16, True)
    older = replace(plan, packs=(replace(plan.packs[1], text="api@999"),))
    shutil.copy(shipped_folder() / "api" / "api.cedar", tmp_path / "packs" / "api")
    (mistake,) = policy_mistakes(older, serials, desk.settings, data)
    assert "older serial" in mistake.sentence
