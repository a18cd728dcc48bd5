"""Administration: policies, models, the air gap tried again, and the parts of the program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from appliance import policies_shown
from appliance.errors import CloisterError
from appliance.policies_in_force import packs_in_force
from appliance.policies_shown import PoliciesInForce
from appliance.settings import Settings
from appliance.values import AirgapReport, CaseRun
from gui.admin.about import LicenceText
from gui.admin.action_names import action_name, obliged
from gui.admin.model_try import TryModel
from gui.admin.parcel import ParcelDialog
from gui.controls.confirm import Confirm
from gui.login.again import Again
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_carrying import PARCEL
from tests.gui.memory_screens import BROKEN, SMOL
from tests.gui.memory_state import Pace

MANAGES = ("manage_models", "read_log")


def shown(shell: Shell, name: str) -> None:
    workplace(shell).go("admin")
    workplace(shell).admin.show_page(name)


# --- policies ----------------------------------------------------------------------------------


def test_what_holds_for_me_is_said_with_the_policy_that_decided(shell: Shell, qtbot: QtBot) -> None:
    shown(shell, "policies")
    page = workplace(shell).admin.policies
    qtbot.waitUntil(lambda: len(page.applies.rows.rows) > 10)
    rows = {row.cells[0]: row for row in page.applies.rows.rows}
    assert rows["Ask questions"].cells[1] == "baseline.members-ask"
    assert rows["Read the log: no"].cells[1] == "no policy allows it"
    assert rows["Read the log: no"].glyph == "barred"
    assert "Stay logged in while away, for 15 minutes" in rows
    said = page.asking.rows[0][1]
    assert "A sentence that no passage carries is left out." in said
    assert "It is kept for 2,190 days." in said
    (pack,) = page.packs
    about = dict(pack.rows)
    assert about["Pack"].startswith("baseline ")
    assert about["Signed by"] == "Cloister policy packs"
    assert "logged in full" in about["HIPAA Security Rule, 45 CFR 164.312(b)"]
    assert not page.changed.isVisible()


def test_the_cases_are_run_and_shown(shell: Shell, qtbot: QtBot) -> None:
    shown(shell, "policies")
    page = workplace(shell).admin.policies
    qtbot.waitUntil(page.run.isEnabled)
    page.run.click()
    qtbot.waitUntil(lambda: page.cases.isVisible() and page.run.isEnabled(), timeout=20_000)
    assert page.said.sentence.startswith("All ")
    rows = page.cases.rows.rows
    assert len(rows) > 25
    assert {row.glyph for row in rows} == {"check"}
    page.failing.setChecked(True)
    assert page.cases.rows.rows == ()


def test_a_pack_that_decides_otherwise_than_its_cases_say_is_shown_in_red(
    shell: Shell, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cases are run by the engine on what the pack says now."""
    (baseline,) = packs_in_force(Settings(), None)
    cedar = baseline.cedar.replace('contains("auditor")', 'contains("member")')
    assert cedar != baseline.cedar
    doctored = replace(baseline, cedar=cedar)
    monkeypatch.setattr(policies_shown, "packs_in_force", lambda _settings, _data: (doctored,))
    shown(shell, "policies")
    page = workplace(shell).admin.policies
    qtbot.waitUntil(lambda: len(page.packs) == 1)
    page.run.click()
    qtbot.waitUntil(lambda: page.cases.isVisible() and page.run.isEnabled(), timeout=20_000)
    assert page.said.property("tone") == "danger"
    assert " do not hold." in page.said.sentence
    page.failing.setChecked(True)
    rows = page.cases.rows.rows
    assert rows
    assert {(row.glyph, row.tone) for row in rows} == {("warning", "danger")}


def test_cases_that_were_not_run_are_not_called_good(
    shell: Shell, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(shell, "policies")
    page = workplace(shell).admin.policies
    qtbot.waitUntil(lambda: len(page.packs) == 1)
    monkeypatch.setattr(PoliciesInForce, "run", lambda _self: iter(()))
    page.run.click()
    qtbot.waitUntil(page.run.isEnabled)
    assert page.said.sentence == "Not all cases were run."
    assert page.said.property("tone") == "warn"
    monkeypatch.undo()
    page.run.click()
    qtbot.waitUntil(lambda: page.cases.isVisible() and page.run.isEnabled(), timeout=20_000)
    assert page.said.property("tone") == "good"
    (baseline,) = packs_in_force(Settings(), None)
    newer = replace(baseline, serial=baseline.serial + 1, sha256="0" * 64)
    monkeypatch.setattr(policies_shown, "packs_in_force", lambda _settings, _data: (newer,))
    page.refresh()
    qtbot.waitUntil(lambda: not page.said.isVisible())  # those of another pack say nothing of it
    assert page.cases.rows.rows == ()
    assert page.changed.isVisible()


def test_why_a_case_does_not_hold_is_said_in_words(shell: Shell, qtbot: QtBot) -> None:
    shown(shell, "policies")
    page = workplace(shell).admin.policies
    for said, wanted, words in (
        (("gdpr.a",), ("gdpr.b",), "allowed: gdpr.a; wanted gdpr.b"),
        (("gdpr.a",), ("gdpr.a",), "allowed: gdpr.a; but not under what is wanted"),
    ):
        assert page._decided(CaseRun("gdpr", "member: May I?", True, False, said, wanted)) == words


def test_what_has_no_name_is_shown_by_its_own() -> None:
    assert action_name("fly_kites") == "fly kites"
    assert obliged("colour", "blue") == "colour: blue"
    assert obliged("redact", "false") == ""


# --- models ------------------------------------------------------------------------------------


def test_models_and_the_machine_are_shown(
    shell: Shell, product: MemoryAppliance, pace: Pace, qtbot: QtBot
) -> None:
    product.models.here += [SMOL, BROKEN]
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 3 and bool(page.hardware.rows))
    machine = dict(page.hardware.rows)
    assert machine["Memory"] == "33.3 GB, 21.4 GB free"
    assert machine["GPU"] == "none: the processor is used"
    composer, smol, broken = page.cards
    assert composer.state.text() == "writes the answers"
    assert smol.lines[2].text() == "Not measured here yet"
    assert broken.lines[0].text() == "A file of it is missing."
    assert not smol.measure.isVisible()  # whoever does not manage models looks at them
    assert not page.install.isVisible()


def test_a_model_is_measured_and_the_speed_stays(
    shell: Shell, product: MemoryAppliance, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = MANAGES
    product.models.here.append(SMOL)
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 2)
    page.cards[1].measure.click()
    qtbot.waitUntil(lambda: "14.6 tokens a second" in page.notice.sentence)
    qtbot.waitUntil(lambda: "14.6 tokens a second" in page.cards[1].lines[2].text())
    assert page.work is None


def test_measuring_can_be_stopped(
    shell: Shell, product: MemoryAppliance, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed, pace.file = MANAGES, 0.1
    product.models.here.append(SMOL)
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 2)
    page.cards[1].measure.click()
    work = page.work
    assert work is not None
    assert not page.cards[1].remove.isEnabled()
    qtbot.waitUntil(lambda: product.models.stop is not None)
    work.cancel.click()
    qtbot.waitUntil(work.notice.isVisible)
    assert work.notice.sentence == "Measuring was stopped."
    assert page.cards[1].remove.isEnabled()


def test_a_model_is_tried_without_documents_and_can_be_stopped(
    shell: Shell, product: MemoryAppliance, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = MANAGES
    product.models.here.append(SMOL)
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 2)
    page.cards[1].attempt.click()
    tried = dialog(TryModel)
    assert isinstance(tried, TryModel)
    tried.message.setPlainText("Say <b>hello</b>.")
    tried.go.click()
    qtbot.waitUntil(lambda: tried.go.isEnabled() and bool(tried.written.toPlainText()))
    assert tried.written.toPlainText().strip() == "SmolLM2-1.7B@2 heard: Say <b>hello</b>."
    pace.token = 0.05
    tried.go.click()
    qtbot.waitUntil(tried.halt.isVisible)
    tried.halt.click()
    qtbot.waitUntil(tried.go.isEnabled)
    tried.reject()


def test_a_model_comes_from_a_stick_after_proof_of_who_asks(
    shell: Shell, product: MemoryAppliance, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    pace.allowed, pace.stale = MANAGES, True
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 1)
    pace.stale = False  # looking asks nothing
    page.refresh()
    pace.stale = True
    page.bring(tmp_path)
    qtbot.waitUntil(lambda: dialog(Again) is not None)
    proof = dialog(Again)
    assert isinstance(proof, Again)
    proof.secret.edit.setText(PASSPHRASE)
    proof.go.click()
    qtbot.waitUntil(lambda: len(page.cards) == 2)
    assert page.notice.sentence == "SmolLM2-1.7B@2 is installed."


def test_an_unsigned_model_is_taken_in_only_after_a_question(
    shell: Shell, product: MemoryAppliance, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    pace.allowed = MANAGES
    product.models.trusting = False
    shown(shell, "models")
    page = workplace(shell).admin.models
    qtbot.waitUntil(lambda: len(page.cards) == 1)
    page.install_from(tmp_path)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    asked = dialog(Confirm)
    assert isinstance(asked, Confirm)
    assert len(product.models.here) == 1
    asked.action.click()
    qtbot.waitUntil(lambda: len(page.cards) == 2)
    assert "unsigned" in page.cards[1].lines[1].text()
    page.cards[1].remove.click()
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    again = dialog(Confirm)
    assert isinstance(again, Confirm)
    again.action.click()
    qtbot.waitUntil(lambda: len(page.cards) == 1)


def test_a_parcel_on_the_stick_is_looked_into_by_its_own_dialog(
    shell: Shell, product: MemoryAppliance, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    pace.allowed = MANAGES
    product.carrying.parcels[tmp_path] = PARCEL
    shown(shell, "models")
    workplace(shell).admin.models.bring(tmp_path)
    qtbot.waitUntil(lambda: dialog(ParcelDialog) is not None)
    opened = dialog(ParcelDialog)
    assert opened is not None
    opened.reject()


# --- air gap -----------------------------------------------------------------------------------


def test_every_way_out_is_tried_again_and_the_pill_says_how_it_went(
    shell: Shell, product: MemoryAppliance, pace: Pace, qtbot: QtBot
) -> None:
    shown(shell, "airgap")
    page = workplace(shell).admin.airgap
    qtbot.waitUntil(lambda: page.probes.probes == product.airgap.probes)
    assert page.result.sentence.startswith("All ")
    assert dict(page.facts.rows)["System"]
    page.again.click()
    assert page.result.sentence == "Every way out is being tried …"
    qtbot.waitUntil(page.again.isEnabled)
    assert page.result.sentence.startswith("All ")
    assert workplace(shell).pill.property("tone") == "good"
    pace.breached = True
    page.again.click()
    qtbot.waitUntil(lambda: workplace(shell).pill.property("tone") == "danger")
    assert "attempts were blocked" in page.result.sentence
    assert page.result.property("tone") == "danger"


def test_the_proof_is_written_out_as_three_files_and_takes_no_files_place(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot, tmp_path: Path
) -> None:
    shown(shell, "airgap")
    page = workplace(shell).admin.airgap
    qtbot.waitUntil(page.write.isVisible)
    page.write_out(tmp_path / "proof.pdf")
    qtbot.waitUntil(page.notice.isVisible)
    assert "proof.html, .pdf and .proof" in page.notice.sentence
    assert (tmp_path / "proof.pdf").read_bytes().startswith(b"%PDF")
    assert len([*tmp_path.glob("proof.*")]) == 3
    assert page.notice.property("tone") == "good"
    qtbot.waitUntil(page.again.isEnabled)
    page.write_out(tmp_path / "proof.2026")
    qtbot.waitUntil(lambda: "proof.2026.html, .pdf and .proof" in page.notice.sentence)


def test_a_proof_of_what_did_not_hold_is_written_and_is_red(
    shell: Shell, pace: Pace, qtbot: QtBot, tmp_path: Path
) -> None:
    shown(shell, "airgap")
    page = workplace(shell).admin.airgap
    qtbot.waitUntil(page.write.isVisible)
    pace.breached = True
    page.write_out(tmp_path / "proof.pdf")
    qtbot.waitUntil(page.notice.isVisible)
    assert page.notice.property("tone") == "danger"
    assert "Marked red in it: 2." in page.notice.step
    assert page.result.property("tone") == "danger"


def test_who_may_not_write_the_proof_out_is_not_offered_it(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = tuple(name for name in pace.allowed if name != "report_airgap")
    shown(shell, "airgap")
    page = workplace(shell).admin.airgap
    qtbot.waitUntil(lambda: bool(page.probes.probes))
    qtbot.wait(100)
    assert not page.write.isVisible()


def test_what_could_not_be_tried_leaves_the_proof_there_was_with_its_time(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> AirgapReport:
        raise CloisterError("The compliance log cannot be written.")

    shown(shell, "airgap")
    page = workplace(shell).admin.airgap
    monkeypatch.setattr(product, "prove_airgap", failing)
    page.again.click()
    qtbot.waitUntil(page.notice.isVisible)
    assert page.notice.sentence == "The compliance log cannot be written."
    assert page.result.sentence.startswith("All ")
    assert page.again.isEnabled()


# --- about -------------------------------------------------------------------------------------


def test_every_part_is_named_with_its_licence_which_can_be_read(shell: Shell, qtbot: QtBot) -> None:
    shown(shell, "about")
    page = workplace(shell).admin.about
    qtbot.waitUntil(lambda: bool(page.facts.rows), timeout=10_000)
    names = [row.cells[0].lower() for row in page.parts.rows.rows]
    assert "duckdb" in names
    assert not page.read.isEnabled()
    page.parts.selectRow(names.index("duckdb"))
    assert page.read.isEnabled()
    page.read.click()
    qtbot.waitUntil(lambda: dialog(LicenceText) is not None)
    text = dialog(LicenceText)
    assert isinstance(text, LicenceText)
    assert "Permission is hereby granted" in text.text.toPlainText()
    text.accept()


def test_locking_empties_the_pages(shell: Shell, product: MemoryAppliance, qtbot: QtBot) -> None:
    admin = workplace(shell).admin
    for name in ("policies", "models", "airgap", "about"):
        shown(shell, name)
    qtbot.waitUntil(lambda: bool(admin.about.facts.rows), timeout=10_000)
    shell.lock()
    assert admin.models.cards == []
    assert admin.policies.applies.rows.rows == ()
    assert admin.airgap.probes.probes == ()
    assert admin.about.parts.rows.rows == ()
