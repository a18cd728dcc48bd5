"""Conversations through the terminal, on real parts and behind the real guard."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.e2e.terminal import cloister, require
from tests.e2e.test_terminal import QUESTION


def listed(vault: Path, *more: str) -> list[dict[str, object]]:
    return list(require(cloister(vault, "conversation", "list", *more)).lines)


def test_an_answer_is_found_again_and_leaves_with_its_proof(vault: Path, tmp_path: Path) -> None:
    asked = require(cloister(vault, "ask", QUESTION))
    conversation, record = str(asked.find("conversation")), asked.find("record")
    found = listed(vault, "--search", "resuming blood thinners")
    assert conversation in [line["conversation"] for line in found]

    file = tmp_path / "answer.docx"
    left = require(
        cloister(vault, "conversation", "export", conversation, str(file), "--record", str(record))
    )
    assert hashlib.sha256(file.read_bytes()).hexdigest() == left.find("sha256")
    shown = require(cloister(vault, "log", "show", "--count", "1000"))
    exported = [line for line in shown.lines if line["action"] == "answer.exported"]
    assert str(left.find("sha256")) in str(exported[0])
    assert "48 to 72" not in str(shown.lines)

    why = require(cloister(vault, "conversation", "why", conversation, str(record)))
    assert str(why.find("proof")).startswith(f"c2sp.org/tlog-proof@v1\nindex {record}\n")
    assert why.find("policies") == ["baseline.members-ask"]

    require(cloister(vault, "conversation", "export", conversation, str(tmp_path / "all.md")))
    said = (tmp_path / "all.md").read_text()
    assert "48 to 72 hours" in said
    assert "Anticoagulation Guideline" in said
    assert {path.name for path in tmp_path.iterdir()} == {"answer.docx", "all.md", "data"}

    checked = require(cloister(vault, "log", "check", str(file)))
    assert (checked.find("record"), checked.find("answers")) == (left.find("record"), [record])
    copy = tmp_path / "copy"
    key = str(require(cloister(vault, "log", "export", str(copy))).find("key"))
    nowhere = tmp_path / "no vault here"
    alone = require(cloister(nowhere, "log", "check", str(file), str(copy), "--key", key))
    assert alone.find("record") == left.find("record")
    (tmp_path / "all.md").write_text(said.replace("48 to 72", "24 to 72"))
    told = cloister(nowhere, "log", "check", str(tmp_path / "all.md"), str(copy), "--key", key)
    assert told.status != 0
    assert "No record" in told.errors


def test_a_file_is_named_for_what_it_is_and_never_lies_in_the_data_folder(
    vault: Path, tmp_path: Path
) -> None:
    conversation = str(listed(vault)[0]["conversation"])
    (tmp_path / "link").symlink_to(vault)
    (tmp_path / "out").mkdir()
    below = (vault, tmp_path / "link", tmp_path / "out" / ".." / "data")
    for file in (tmp_path / "answer.txt", tmp_path / "answer.pdf", *(d / "a.md" for d in below)):
        assert cloister(vault, "conversation", "export", conversation, str(file)).status != 0
        assert not file.exists()
    assert cloister(vault, "conversation", "export", "none", str(tmp_path / "a.md")).status != 0
    assert not (tmp_path / "a.md").exists()


def test_conversations_are_put_in_order_and_deleted_with_a_word_on_what_stays(
    vault: Path,
) -> None:
    first = str(listed(vault)[0]["conversation"])
    second = str(require(cloister(vault, "ask", "Where do staff park?")).find("conversation"))
    require(cloister(vault, "conversation", "pin", first))
    require(cloister(vault, "conversation", "folder", first, "Ward 4"))
    require(cloister(vault, "conversation", "rename", first, "Restarting apixaban"))
    lines = listed(vault)
    assert [line["conversation"] for line in lines] == [first, second]
    assert (lines[0]["title"], lines[0]["folder"]) == ("Restarting apixaban", "Ward 4")
    assert len(listed(vault, "--in", "Ward 4")) == 1
    unsure = cloister(vault, "conversation", "delete", first)
    assert unsure.status != 0
    assert unsure.find("logged") == "full"
    require(cloister(vault, "conversation", "delete", first, "--yes"))
    assert [line["conversation"] for line in listed(vault)] == [second]


def test_an_opinion_is_logged(vault: Path) -> None:
    asked = require(cloister(vault, "ask", QUESTION))
    given = ("judge", str(asked.find("conversation")), str(asked.find("record")), "bad")
    require(cloister(vault, "conversation", *given, "--reason", "It leaves renal function out."))
    shown = require(cloister(vault, "log", "show", "--count", "1000"))
    assert "answer.judged" in [line["action"] for line in shown.lines]
    assert "renal function out" not in str(shown.lines)
    payloads = require(cloister(vault, "log", "show", "--count", "1000", "--payloads"))
    assert "renal function out" in str(payloads.lines)


def test_a_document_beside_a_conversation_answers_there_and_nowhere_else(
    vault: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.md"
    letter.write_text(
        "# Transfer letter\n\nThe patient of bed seven receives zanamivir twice daily.\n"
    )
    asked = require(cloister(vault, "ask", QUESTION))
    conversation = str(asked.find("conversation"))
    require(cloister(vault, "conversation", "attach", conversation, str(letter)))
    question = "What does the patient of bed seven receive?"
    there = require(cloister(vault, "ask", question, "--continue", conversation))
    assert "zanamivir" in str(there.find("answer"))
    assert cloister(vault, "ask", question).status == 4
    require(cloister(vault, "conversation", "delete", conversation, "--yes"))
    assert not list(vault.glob("people/*/attached/*"))
    for file in vault.rglob("*"):
        assert not file.is_file() or b"zanamivir" not in file.read_bytes()
