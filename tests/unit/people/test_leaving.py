"""What must hold before a word of an answer leaves, at a desk with the real vault and log."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from appliance import exporting
from appliance.app import Appliance
from appliance.audit.note import opened_note, parsed_vkey
from appliance.audit.proofs import require_inclusion
from appliance.cancellation import Cancellation
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, LogUnwritable, UsageError
from appliance.exporting import NoPlace, NothingToCopy, require_exportable, write_new
from appliance.exports_checked import NotAsItLeft, seen_in_copy, seen_in_log
from appliance.memory.errors import TurnUnknown
from appliance.policy import load_packs
from appliance.policy.engine import PolicyEngine
from appliance.policy.pack import shipped_folder
from appliance.values import Cancelled, CopyForm, ExportForm
from tests.people_at_work import Hospital
from tests.unit.people.answers import asked, detail, of
from tests.unit.policy import packs

OWN = "The transfer letter of bed 7 names zanamivir twice daily."


def forbids(hospital: Hospital, desk_of: Appliance, folder: Path) -> None:
    """The ward's text may not leave."""
    cedar = (
        '@id("small.kept-here") @sentence("The ward keeps this here.") @hint("Ask the ward.") '
        'forbid (principal, action == Action::"export_answer", '
        f'resource == Collection::"{hospital.ward}");'
    )
    baseline = load_packs([shipped_folder() / "baseline"])
    with desk_of.at_desk() as desk:
        desk.policy = PolicyEngine((*baseline, packs.made(folder, "small", cedar=cedar)))


def test_nothing_leaves_where_the_log_cannot_be_written(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _content: bytes, _offset: int) -> int:
        raise OSError(28, "No space left on device")

    given: list[bytes] = []
    anna = hospital.appliance()
    anna.unlock("seven lanterns over quiet water", "Anna")
    conversation, record = asked(anna)
    monkeypatch.setattr(os, "pwrite", full)
    with anna.remembered() as remembered:
        with pytest.raises(LogUnwritable):
            remembered.let_copy(conversation, record, CopyForm.CITED, 40)
        for into in (tmp_path / "a.md", given.append):
            with pytest.raises(LogUnwritable):
                remembered.export(conversation, ExportForm.MARKDOWN, into)
    monkeypatch.undo()
    with suppress(CloisterError):  # the log takes no more records
        anna.close()
    assert not given
    assert not (tmp_path / "a.md").exists()


def test_the_record_is_there_before_the_first_byte_and_says_what_became_of_it(
    hospital: Hospital,
) -> None:
    seen: list[str] = []

    class Unforeseen(Exception):
        pass

    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)

        def into(_content: bytes) -> None:
            with anna.at_desk() as desk:
                seen.append(desk.ledger.log.records(desk.ledger.log.size - 1, 1)[0].action)
            raise Unforeseen

        with pytest.raises(Unforeseen):
            remembered.export(conversation, ExportForm.MARKDOWN, into)
    assert seen == ["answer.exporting"]
    (ended,) = of(hospital.records(), "answer.exported")
    assert (ended.outcome, dict(ended.fields)["code"]) == ("failed", "unexpected")


def test_the_file_says_who_decided_and_what_answered(hospital: Hospital, tmp_path: Path) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        refused = list(anna.ask("How can I delete my searches from the audit log?",
                                conversation=conversation))  # fmt: skip
        assert refused
        why = remembered.why(conversation, record)
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
    said = (tmp_path / "a.md").read_text().replace("\\", "")
    assert f"Decided by baseline.members-ask, in the policy packs {why.packs[0]}" in said
    assert f"with the hash {why.pack_hash}. Log record {why.opened}," in said
    assert "Decided by baseline.no-tampering-with-records" in said
    assert why.model in said
    assert f"Hash of record {record}: {why.inclusion.leaf_hash}" in said


def test_a_copy_is_logged_before_it_is_made_and_the_policy_can_forbid_it(
    hospital: Hospital, tmp_path: Path
) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        remembered.let_copy(conversation, record, CopyForm.CITED, 61)
        with pytest.raises(TurnUnknown):
            remembered.let_copy(conversation, record + 1, CopyForm.WORDS, 1)
        forbids(hospital, anna, tmp_path / "packs")
        with pytest.raises(NotAllowed, match="keeps this here"):
            remembered.let_copy(conversation, record, CopyForm.PART, 3)
    (copied,) = of(hospital.records(), "answer.copied")
    said = [detail(copied, name) for name in ("form", "records", "size")]
    assert said == ["cited", str(record), "61"]
    assert dict(copied.fields)["verdict.policies"] == "baseline.members-export-answers"
    (denied,) = of(hospital.records(), "action.denied")
    assert detail(denied, "wanted") == "export_answer"


def test_what_quotes_nothing_is_of_everything_that_was_read_for_it(
    hospital: Hospital, tmp_path: Path
) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        (turn,) = anna.turns(conversation)
        assert turn.answer is not None
        doubted = replace(turn.answer.sentences[0], citations=(), supported=False)
        bare = replace(turn, answer=replace(turn.answer, sentences=(doubted,), citations=()))
        stopped = Cancellation()
        stopped.cancel()
        *_, ended = anna.ask("How many visitors?", conversation=conversation, cancellation=stopped)
        assert isinstance(ended, Cancelled)
        forbids(hospital, anna, tmp_path / "packs")
        with anna.at_desk() as desk, pytest.raises(NotAllowed, match="keeps this here"):
            require_exportable(desk, [bare], conversation)
        last = anna.turns(conversation)[-1]
        assert last.record != record
        with pytest.raises(NothingToCopy):
            remembered.let_copy(conversation, last.record, CopyForm.PART, 3)


def test_what_stands_beside_a_conversation_is_no_way_round_a_wall(
    hospital: Hospital, tmp_path: Path
) -> None:
    """A conversation that calls itself by a collection's id."""
    letter = tmp_path / "letter.txt"
    letter.write_text(f"{OWN}\n")
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.prepare(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Bert") as bert:
        with bert.people() as people:
            people.break_glass(hospital.ward, "The pharmacist of the ward is not there.", 30)
        asked(bert, conversation=hospital.ward)
        with bert.remembered() as remembered:
            with pytest.raises(UsageError, match="collection of this name"):
                list(remembered.attach(hospital.ward, [letter], Cancellation()))
            with pytest.raises(NotAllowed, match="key you do not"):
                remembered.export(hospital.ward, ExportForm.MARKDOWN, tmp_path / "a.md")
    assert not (tmp_path / "a.md").exists()


def test_one_record_names_the_policies_of_every_collection_that_is_quoted(
    hospital: Hospital, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(f"{OWN}\n")
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        list(remembered.attach(conversation, [letter], Cancellation()))
        asked(anna, f"{OWN} Is that so?", conversation=conversation)
        extra = (
            '@id("small.own") permit (principal, action == Action::"export_answer", '
            f'resource == Collection::"{conversation}");'
        )
        baseline = load_packs([shipped_folder() / "baseline"])
        with anna.at_desk() as desk:
            small = packs.made(tmp_path / "packs", "small", cedar=extra)
            desk.policy = PolicyEngine((*baseline, small))
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
    (exporting,) = of(hospital.records(), "answer.exporting")
    said = dict(exporting.fields)["verdict.policies"]
    assert said == "baseline.members-export-answers, small.own"


def test_a_place_that_cannot_be_is_said_and_no_link_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "none" / "a.md", tmp_path / f"{'x' * 300}.md"):
        with pytest.raises(NoPlace):
            write_new(path, b"text")
    (tmp_path / "b.md").symlink_to(tmp_path / "mine")
    with pytest.raises(UsageError, match="already"):
        write_new(tmp_path / "b.md", b"text")
    assert [file.name for file in tmp_path.iterdir()] == ["b.md"]
    for number, step in ((13, "another place"), (28, "space there")):

        def broken(_path: Path, _content: bytes, number: int = number) -> None:
            raise OSError(number, "no")

        monkeypatch.setattr(exporting, "_linked", broken)
        with pytest.raises(CloisterError) as refused:
            write_new(tmp_path / "c.md", b"text")
        assert step in refused.value.next_step


def test_no_name_holds_a_character_that_ends_it(hospital: Hospital, tmp_path: Path) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        with pytest.raises(NoPlace):
            remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a\0.md")


def test_a_file_is_known_by_its_hash_in_the_log_and_in_a_copy_of_it(
    hospital: Hospital, tmp_path: Path
) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        exported = remembered.export(conversation, ExportForm.WORD, tmp_path / "a.docx")
        with anna.people() as people:
            people.confirm("seven lanterns over quiet water")
        key = anna.export_log(tmp_path / "copy")
    other = sha256((tmp_path / "a.docx").read_bytes() + b"\0").hexdigest()
    with hospital.desk("Egon") as egon, egon.logbook() as book:
        seen = seen_in_log(book, exported.sha256)
        assert (seen.record, seen.outcome, seen.form) == (exported.record, "done", "docx")
        assert (seen.person, seen.records) == (hospital.ids["Anna"], str(record))
        with pytest.raises(NotAsItLeft):
            seen_in_log(book, other)
    assert seen_in_copy(tmp_path / "copy", key, exported.sha256) == seen
    with pytest.raises(NotAsItLeft):
        seen_in_copy(tmp_path / "copy", key, other)
    with hospital.desk("Bert") as bert, bert.logbook() as book, pytest.raises(NotAllowed):
        seen_in_log(book, exported.sha256)


@pytest.mark.parametrize("asks", [1, 3])
def test_the_proof_in_the_file_is_whole(hospital: Hospital, tmp_path: Path, asks: int) -> None:
    """As somebody checks it who has the file and a program for c2sp.org/tlog-proof."""
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, first = asked(anna)
        numbers = [first]
        numbers += [asked(anna, conversation=conversation)[1] for _ in range(asks - 1)]
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
        key = remembered.why(conversation, first).inclusion.signed_by
    said = (tmp_path / "a.md").read_text()
    named = re.findall(r"^Hash of record .*: (\S+)$", said.replace("\\", ""), re.MULTILINE)
    leaves = [b64decode(leaf) for leaf in named]
    code = re.findall(r"(?:^ {4}.*\n)+", said, re.MULTILINE)
    blocks = ["".join(line[4:] for line in block.splitlines(keepends=True)) for block in code]
    paths, checkpoint = blocks[:-1], blocks[-1]
    if asks == 1:
        path, _, checkpoint = blocks[0].partition("\n\n")
        paths = [path]
    name, vkey = parsed_vkey(key)
    _, size, root = opened_note(checkpoint.encode(), name, [vkey]).splitlines()[:3]
    assert len(leaves) == len(paths) == asks
    for leaf, path, number in zip(leaves, paths, numbers, strict=True):
        form, index, *proof = path.splitlines()
        assert (form, index) == ("c2sp.org/tlog-proof@v1", f"index {number}")
        steps = [b64decode(step) for step in proof]
        require_inclusion(leaf, number, int(size), steps, b64decode(root))
