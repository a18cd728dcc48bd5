"""Policies as they are shown, and the air gap tried again, at a desk with the real engine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import policies_in_force, policies_shown
from appliance.airgap import selftest
from appliance.errors import AirgapBroken, LogUnwritable
from appliance.policies_in_force import packs_in_force
from appliance.policy import shipped_folder
from appliance.policy.errors import PackAltered
from appliance.policy.vocabulary import Action
from appliance.settings import Settings
from appliance.values import AirgapReport, Probe
from tests.people_at_work import PROVED, SECRETS, Hospital


def test_what_holds_for_a_person_names_the_policies_that_decided(hospital: Hospital) -> None:
    with hospital.desk("Bert") as bert, bert.administration() as care:
        shown = care.policies.shown()
    holds = {one.action: one for one in shown.applies}
    assert set(holds) == {action.value for action in Action}
    assert holds["ask"].allowed
    assert holds["ask"].policies == ("baseline.members-ask",)
    assert dict(holds["ask"].obliged)["retention_days"] == "2190"
    assert not holds["read_log"].allowed
    assert holds["read_log"].sentence
    assert shown.current
    (pack,) = shown.packs
    assert (pack.name, pack.origin, pack.signer) == (
        "baseline", "shipped", "Cloister policy packs",
    )  # fmt: skip
    assert pack.cases > 25
    assert "action.denied" not in hospital.actions()


def test_every_case_that_ships_holds(hospital: Hospital) -> None:
    with hospital.desk("Bert") as bert, bert.administration() as care:
        runs = list(care.policies.run())
    assert runs
    assert [run.title for run in runs if not run.holds] == []
    assert {run.pack for run in runs} == {"baseline"}


def test_a_case_that_is_decided_otherwise_does_not_hold(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each case is decided anew by what the pack says: other policies, other obligations and other
    minutes all show."""
    (pack,) = packs_in_force(Settings(), None)

    def failing(old: str, new: str) -> set[str]:
        cedar = pack.cedar.replace(old, new)
        assert cedar != pack.cedar
        doctored = replace(pack, cedar=cedar)
        with monkeypatch.context() as then:
            then.setattr(policies_shown, "packs_in_force", lambda _settings, _data: (doctored,))
            return {run.title for run in care.policies.run() if not run.holds}

    with hospital.desk("Bert") as bert, bert.administration() as care:
        assert "member: read_log" in failing('contains("auditor")', 'contains("member")')
        assert failing('@retention_days("2190")', '@retention_days("30")')
        kept = failing('@lock_minutes("15")', '@lock_minutes("14")')
        assert {title.rpartition(": ")[2] for title in kept} == {"stay_unlocked"}


def test_a_pack_that_was_altered_on_the_disk_is_not_shown(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(shipped_folder(), tmp_path / "policies")
    with hospital.desk("Bert") as bert, bert.administration() as care:
        altered = next((folder / "baseline").glob("*.cedar"))
        altered.write_text(altered.read_text().replace("permit (", "forbid (", 1))
        monkeypatch.setattr(policies_in_force, "shipped_folder", lambda: folder)
        with pytest.raises(PackAltered):
            care.policies.shown()
        with pytest.raises(PackAltered):
            list(care.policies.run())


def test_the_air_gap_is_tried_again_and_logged(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = AirgapReport("test", ("none",), (Probe("sockets", False, "opened"),), PROVED.tested)
    answers = [PROVED, broken]
    monkeypatch.setattr(selftest, "prove", lambda _now: answers.pop(0))
    anna = hospital.appliance()
    anna.unlock(SECRETS["Anna"], "Anna")
    assert anna.prove_airgap().holds
    assert not anna.prove_airgap().holds
    assert not anna.insights().airgap_holds
    anna.lock()
    with pytest.raises(AirgapBroken):  # nothing is opened on a proof that does not hold
        anna.unlock(SECRETS["Anna"], "Anna")
    anna.close()
    tried = [one for one in hospital.records() if one.action == "airgap.tried"]
    assert [one.outcome for one in tried] == ["proved", "unproved"]
    assert dict(tried[1].fields)["details.open"] == "1"


@pytest.mark.parametrize("holds", [True, False])
def test_a_way_out_that_is_open_is_told_though_the_log_cannot_hold_it(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    def unwritable(*_: object, **__: object) -> int:
        raise LogUnwritable("The compliance log cannot be written.")

    found = AirgapReport("test", ("none",), (Probe("sockets", holds, ""),), PROVED.tested)
    monkeypatch.setattr(selftest, "prove", lambda _now: found)
    anna = hospital.appliance()
    anna.unlock(SECRETS["Anna"], "Anna")
    with anna.at_desk() as desk, monkeypatch.context() as then:
        then.setattr(desk.ledger, "note", unwritable)
        if holds:
            with pytest.raises(LogUnwritable):
                anna.prove_airgap()
        else:
            assert anna.prove_airgap() is anna.airgap is found
    anna.close()
