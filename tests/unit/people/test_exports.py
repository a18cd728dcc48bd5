"""Answers and conversations that leave as a file, at a desk with the real vault and log."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import docx
import pytest

from appliance import exporting
from appliance.desk import NotAllowed
from appliance.errors import StorageFull, UsageError
from appliance.exporting import FileExists, NoTypesetter, write_new
from appliance.policy import load_packs
from appliance.policy.engine import PolicyEngine
from appliance.policy.pack import shipped_folder
from appliance.values import ExportForm, Opened, Role, Sheet
from tests.people_at_work import CANARY, SECRETS, Hospital
from tests.unit.people.answers import QUESTION, asked, detail, of
from tests.unit.policy import packs


def test_an_answer_leaves_with_its_sources_and_the_log_has_its_hash(
    hospital: Hospital, tmp_path: Path
) -> None:
    file = tmp_path / "answer.docx"
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        asked(anna, "And children?", conversation=conversation)
        exported = remembered.export(conversation, ExportForm.WORD, file, turns=[record])
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == exported.sha256
    said = "\n".join(p.text for p in docx.Document(io.BytesIO(content)).paragraphs)
    assert CANARY in said
    assert "And children?" not in said
    assert f"index {record}" in said
    assert file.stat().st_mode & 0o777 == 0o600
    records = hospital.records()
    before, after = of(records, "answer.exporting"), of(records, "answer.exported")
    for one in (*before, *after):
        assert detail(one, "sha256") == exported.sha256
        assert detail(one, "records") == str(record)
        assert detail(one, "form") == "docx"
    assert dict(before[0].fields)["verdict.policies"] == "baseline.members-export-answers"
    assert after[0].seq == exported.record
    assert CANARY not in repr(records)
    assert "answer.docx" not in repr(records)


def test_a_conversation_leaves_whole(hospital: Hospital, tmp_path: Path) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, first = asked(anna)
        _, second = asked(anna, conversation=conversation, replaces=first)
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "all.md")
    said = (tmp_path / "all.md").read_text()
    assert said.count(f"## {QUESTION}") == 2
    assert f"record {second} replaces this answer" in said
    assert detail(of(hospital.records(), "answer.exported")[0], "records") == f"{first} {second}"


def test_a_pdf_is_what_the_typesetter_makes_of_the_sheet(
    hospital: Hospital, tmp_path: Path
) -> None:
    seen: list[Sheet] = []

    def typeset(sheet: Sheet) -> bytes:
        seen.append(sheet)
        return b"%PDF-1.7 set"

    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        with pytest.raises(NoTypesetter):
            remembered.export(conversation, ExportForm.PDF, tmp_path / "a.pdf")
        remembered.export(conversation, ExportForm.PDF, tmp_path / "a.pdf", typeset=typeset)
    assert (tmp_path / "a.pdf").read_bytes() == b"%PDF-1.7 set"
    assert any(CANARY in part.text for part in seen[0].parts)


def test_what_is_behind_broken_glass_is_read_and_not_taken_away(
    hospital: Hospital, tmp_path: Path
) -> None:
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.prepare(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Bert") as bert:
        with bert.people() as people:
            people.break_glass(hospital.ward, "The pharmacist of the ward is not there.", 30)
        conversation, _ = asked(bert)
        with bert.remembered() as remembered, pytest.raises(NotAllowed, match="key you do not"):
            remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
    assert not (tmp_path / "a.md").exists()
    assert of(hospital.records(), "action.denied")
    assert not of(hospital.records(), "answer.exporting")


def test_who_may_not_export_gets_no_file(hospital: Hospital, tmp_path: Path) -> None:
    with hospital.desk("Anna") as anna:
        conversation, _ = asked(anna)
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.confirm(SECRETS["Dora"])
        people.set_roles(hospital.ids["Anna"], (Role.ADMINISTRATOR,))
    with (
        hospital.desk("Anna") as anna,
        anna.remembered() as remembered,
        pytest.raises(NotAllowed, match="roles"),
    ):
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
    assert not (tmp_path / "a.md").exists()


def test_a_pack_keeps_one_collections_text_here(hospital: Hospital, tmp_path: Path) -> None:
    forbids = (
        '@id("small.kept-here") @sentence("The ward keeps this here.") @hint("Ask the ward.") '
        'forbid (principal, action == Action::"export_answer", '
        f'resource == Collection::"{hospital.ward}");'
    )
    pack = packs.made(tmp_path / "packs", "small", cedar=forbids)
    baseline = load_packs([shipped_folder() / "baseline"])
    with hospital.desk("Anna") as anna, anna.remembered() as remembered, anna.at_desk() as desk:
        desk.policy = PolicyEngine((*baseline, pack))
        conversation, record = asked(anna)
        opened, *_ = anna.ask("How can I delete my searches from the audit log?")
        assert isinstance(opened, Opened)
        with pytest.raises(NotAllowed, match="keeps this here") as refused:
            remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md", turns=[record])
        assert refused.value.next_step == "Ask the ward."
        remembered.export(opened.conversation, ExportForm.MARKDOWN, tmp_path / "b.md")
    assert "record that must be kept" in (tmp_path / "b.md").read_text().replace("\\", "")
    assert not (tmp_path / "a.md").exists()
    (denied,) = of(hospital.records(), "action.denied")
    assert dict(denied.fields)["verdict.policies"] == "small.kept-here"


def test_an_export_that_cannot_be_written_is_logged_as_failed(
    hospital: Hospital, tmp_path: Path
) -> None:
    def full(_content: bytes) -> None:
        raise StorageFull("The stick is full.")

    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        with pytest.raises(StorageFull):
            remembered.export(conversation, ExportForm.MARKDOWN, full)
        (tmp_path / "a.md").write_text("mine")
        with pytest.raises(FileExists):
            remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
        with pytest.raises(UsageError, match="data folder"):
            remembered.export(conversation, ExportForm.MARKDOWN, hospital.data / "a.md")
    assert (tmp_path / "a.md").read_text() == "mine"
    assert not (hospital.data / "a.md").exists()
    ended = of(hospital.records(), "answer.exported")
    assert [(one.outcome, dict(one.fields)["code"]) for one in ended] == [
        ("failed", "storage_full"),
        ("failed", "file_exists"),
    ]


@pytest.mark.parametrize("nameless", [True, False])
def test_a_file_is_written_whole_under_its_own_name_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:  # as on a file system that cannot
        monkeypatch.setattr(exporting, "_linked", lambda *_: False)
    write_new(tmp_path / "a.md", b"text")
    with pytest.raises(FileExists):
        write_new(tmp_path / "a.md", b"other")

    def broken(_descriptor: int, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_write", broken)
    with pytest.raises(StorageFull):
        write_new(tmp_path / "b.md", b"text")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a.md": b"text"}
