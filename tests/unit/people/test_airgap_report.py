"""Who may write the air gap's evidence out is the policy's to say; what fails is in the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance import airgap_evidence
from appliance.airgap_evidence import WRITING, WRITTEN, require_evidence, write_evidence
from appliance.app import Appliance
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, StorageFull, UsageError
from appliance.exporting import FileExists, write_new
from appliance.values import EvidenceWritten, Sheet
from tests.people_at_work import Hospital


@dataclass
class Files:
    """Takes what is written, or fails as a full disk does."""

    full: bool = False
    pages: list[bytes] = field(default_factory=list)

    def __call__(self, page: bytes, _pdf: bytes, _proof: bytes) -> None:
        if self.full:
            raise StorageFull("The disk is full.")
        self.pages.append(page)


def a_pdf(_sheet: Sheet) -> bytes:
    return b"%PDF-1.4"


def write(appliance: Appliance, files: Files) -> EvidenceWritten:
    with appliance.at_desk() as desk:
        return write_evidence(desk, desk.airgap, a_pdf, files)


@pytest.mark.parametrize("name", ["Anna", "Dora", "Egon"])
def test_auditors_and_administrators_may(hospital: Hospital, name: str) -> None:
    files = Files()
    with hospital.desk(name) as appliance:
        written = write(appliance, files)
    assert len(files.pages) == 1
    records = {record.seq: record for record in hospital.records()}
    record = records[written.record]
    assert record.action == WRITING
    assert dict(record.fields)["details.html"] == written.html
    ended = [one for one in records.values() if one.action == WRITTEN]
    assert [(one.object, one.outcome) for one in ended] == [(str(written.record), "done")]


def test_a_member_may_not_and_the_log_says_that_they_tried(hospital: Hospital) -> None:
    files = Files()
    with hospital.desk("Bert") as appliance, pytest.raises(NotAllowed):
        write(appliance, files)
    assert files.pages == []
    denied = [one for one in hospital.records() if one.action == "action.denied"]
    assert dict(denied[-1].fields)["details.wanted"] == "report_airgap"


def test_what_could_not_be_written_is_logged_as_failed(hospital: Hospital) -> None:
    with hospital.desk("Egon") as appliance, pytest.raises(CloisterError):
        write(appliance, Files(full=True))
    ended = [one for one in hospital.records() if one.action == WRITTEN]
    assert [one.outcome for one in ended] == ["failed"]


def test_the_window_writes_three_new_files_or_none(hospital: Hospital, tmp_path: Path) -> None:
    with hospital.desk("Egon") as appliance, appliance.administration() as care:
        out = tmp_path / "out"
        out.mkdir()
        written = care.write_airgap(appliance.airgap, out / "proof.pdf", a_pdf)
        assert sorted(path.name for path in out.iterdir()) == [
            "proof.html", "proof.pdf", "proof.proof"
        ]  # fmt: skip
        files = {kind: (out / f"proof.{kind}").read_bytes() for kind in ("html", "pdf")}
        proof = (out / "proof.proof").read_bytes()
        checked = require_evidence(proof, written.public_key, files)
        assert checked.record.leaf.seq == written.record
        with pytest.raises(FileExists):
            care.write_airgap(appliance.airgap, out / "proof.html", a_pdf)
        with pytest.raises(UsageError):
            care.write_airgap(appliance.airgap, hospital.data / "proof", a_pdf)
    assert not [*hospital.data.glob("proof*")]


def test_what_could_not_be_written_to_the_end_leaves_nothing(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()

    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".proof":
            raise StorageFull("The disk is full.")
        write_new(path, content)

    monkeypatch.setattr(airgap_evidence, "write_new", full)
    with (
        hospital.desk("Egon") as appliance,
        appliance.administration() as care,
        pytest.raises(StorageFull),
    ):
        care.write_airgap(appliance.airgap, out / "proof.html", a_pdf)
    assert not [*out.iterdir()]
    ended = [one for one in hospital.records() if one.action == WRITTEN]
    assert [one.outcome for one in ended] == ["failed"]
