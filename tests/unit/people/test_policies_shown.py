"""Policies as they are shown, and the air gap tried again, at a desk with the real engine."""

from __future__ import annotations

import pytest

from appliance.airgap import selftest
from appliance.errors import AirgapBroken
from appliance.policy.vocabulary import Action
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
