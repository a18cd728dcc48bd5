"""Who may write the air gap's evidence out is the policy's to say; what fails is in the log."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from appliance import airgap_evidence
from appliance.airgap_evidence import (
    WRITING,
    WRITTEN,
    EvidenceWrong,
    gathered,
    require_evidence,
    write_evidence,
)
from appliance.app import Appliance
from appliance.audit import Record
from appliance.audit.log import Log
from appliance.audit.recorded import proof_file
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, LogUnwritable, StorageFull, UsageError
from appliance.exporting import FileExists, write_new
from appliance.parts import SBOM
from appliance.values import AirgapEvidence, EvidenceWritten, Sheet
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


def test_where_the_log_cannot_be_written_no_byte_leaves(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, append = Files(), Log.append

    def full(log: Log, record: Record, payload: bytes | None = None) -> int:
        if record.action == WRITING:
            raise LogUnwritable("The disk is full.")
        return append(log, record, payload)

    monkeypatch.setattr(Log, "append", full)
    with hospital.desk("Egon") as appliance, pytest.raises(LogUnwritable):
        write(appliance, files)
    assert files.pages == []


def test_the_proof_of_one_report_proves_no_other(hospital: Hospital, tmp_path: Path) -> None:
    """Nor does a proof of another record of the same log. An old report stays one of its day."""
    old, new = b"%PDF-old", b"%PDF-new"
    with hospital.desk("Egon") as appliance, appliance.administration() as care:
        for pdf in (old, new):
            place, setter = tmp_path / pdf[5:].decode(), partial(_constant, pdf)
            written = care.write_airgap(appliance.airgap, place, setter)
        with appliance.at_desk() as desk:
            log = desk.ledger.log
            other = proof_file(log.inclusions((written.record + 1,))[0], log.epochs())
    key = written.public_key
    proofs = {name: (tmp_path / f"{name}.proof").read_bytes() for name in ("old", "new")}
    was = require_evidence(proofs["old"], key, {"pdf": old}).record
    assert was.leaf.seq < require_evidence(proofs["new"], key, {"pdf": new}).record.leaf.seq
    for proof, pdf in ((proofs["old"], new), (proofs["new"], old), (other, new)):
        with pytest.raises(EvidenceWrong):
            require_evidence(proof, key, {"pdf": pdf})


def _constant(pdf: bytes, _sheet: Sheet) -> bytes:
    return pdf


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


def packaged_with(folder: Path, listed: object) -> Path:
    """A packaged program's folder: a library of no part's that makes sockets, and a list."""
    program = folder / "cloister"
    (program / "_internal").mkdir(parents=True)
    socket = next(Path(p) for p in sys.path if [*Path(p).glob("_socket.*.so")])
    copied = next(socket.glob("_socket.*.so")).read_bytes()
    (program / "_internal" / "libextra.so.1").write_bytes(copied)
    (program / "_internal" / SBOM).write_text(json.dumps(listed))
    return program


def file_listed(program: Path, digest: str = "") -> dict[str, object]:
    name = "_internal/libextra.so.1"
    digest = digest or sha256((program / name).read_bytes()).hexdigest()
    return {
        "components": [
            {
                "type": "file", "name": name,
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "properties": [{"name": "cloister:part", "value": "system"}],
            }
        ]
    }  # fmt: skip


def run_from(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(program / "_internal"), raising=False)
    monkeypatch.setattr(airgap_evidence, "ROOT", program / "_internal")


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of one library: the real one's are looked at by its own test, once."""
    run_from(packaged_with(tmp_path / "small", {}), monkeypatch)


def found_in(program: Path, hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> AirgapEvidence:
    run_from(program, monkeypatch)
    with hospital.desk("Egon") as appliance, appliance.at_desk() as desk:
        return gathered(desk, desk.airgap)


def test_a_packaged_programs_files_are_held_against_its_list(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = packaged_with(tmp_path, {})
    (program / "_internal" / SBOM).write_text(json.dumps(file_listed(program)))
    evidence = found_in(program, hospital, monkeypatch)
    assert (evidence.looked_at, evidence.unread, evidence.unlisted) == (1, (), ())
    (able,) = evidence.network
    assert (able.part, able.version) == ("", "")
    assert able.why.startswith("It came with the system")


@pytest.mark.parametrize(
    "listed",
    [
        {}, [], 7, {"components": 7}, {"components": [7, {"type": "file"}]},
        {"components": [{"type": "file", "name": 7, "hashes": 7, "properties": [7]}]},
    ],
)  # fmt: skip
def test_a_list_that_does_not_name_a_file_gives_it_no_reason(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: object
) -> None:
    evidence = found_in(packaged_with(tmp_path, listed), hospital, monkeypatch)
    assert "_internal/libextra.so.1" in evidence.unlisted
    assert [one.why for one in evidence.network] == [""]


def test_a_file_that_was_exchanged_and_a_link_that_leads_out_are_told(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = packaged_with(tmp_path, {})
    (program / "_internal" / SBOM).write_text(json.dumps(file_listed(program, "ab" * 32)))
    (program / "_internal" / "more.so").symlink_to("/usr/lib/elsewhere.so")
    evidence = found_in(program, hospital, monkeypatch)
    assert set(evidence.unlisted) == {"_internal/libextra.so.1", "_internal/more.so"}
    assert [one.why for one in evidence.network] == [""]
