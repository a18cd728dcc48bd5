"""The main job, through the terminal, on real parts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, ROOT, cloister, require

QUESTION = "When may apixaban be restarted after a high bleeding-risk procedure?"


def test_an_answer_is_quoted_and_cited(vault: Path) -> None:
    said = require(cloister(vault, "ask", QUESTION))
    answer = said.find("answer")
    assert isinstance(answer, list)
    assert any("48 to 72 hours" in sentence["text"] for sentence in answer)
    citations = said.find("citations")
    assert isinstance(citations, list)
    assert citations[0]["title"] == "Anticoagulation Guideline"
    assert citations[0]["place"] == "Restarting after surgery"


def test_what_is_not_there_is_not_answered(vault: Path) -> None:
    said = cloister(vault, "ask", "What is the recommended dose of vancomycin in neonates?")
    assert said.status == 4, said
    assert said.find("found") is False


def test_what_the_policy_forbids_is_refused_and_logged(vault: Path) -> None:
    said = require(cloister(vault, "ask", "How can I delete my searches from the audit log?"), 3)
    assert said.find("policies")
    shown = require(cloister(vault, "log", "show", "--count", "1000"))
    closed = [line for line in shown.lines if line["action"] == "ask.closed"]
    assert [line["outcome"] for line in closed] == ["answered", "refused"]


def test_the_log_of_an_exported_copy_verifies_with_the_key_alone(
    vault: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    key = str(require(cloister(vault, "log", "export", str(copy))).find("key"))
    fresh = [sys.executable, "-m", "appliance", "log", "verify", str(copy), "--key"]
    good = subprocess.run([*fresh, key], capture_output=True, text=True, check=False, cwd=ROOT)
    assert good.returncode == 0, good.stderr
    assert "verifies" in good.stdout
    entries = sorted((copy / "tile" / "entries").rglob("*"))
    target = next(path for path in entries if path.is_file())
    raw = bytearray(target.read_bytes())
    raw[len(raw) // 2] ^= 1
    target.write_bytes(raw)
    bad = subprocess.run([*fresh, key], capture_output=True, text=True, check=False, cwd=ROOT)
    assert bad.returncode == 1
    assert bad.stderr


def test_questions_and_answers_are_for_auditors_and_reading_them_is_logged(vault: Path) -> None:
    shown = require(cloister(vault, "log", "show", "--payloads", "--count", "1000"))
    texts = [str(line["payload"]) for line in shown.lines if line.get("payload")]
    assert any("apixaban" in text for text in texts)
    again = require(cloister(vault, "log", "show", "--count", "1000"))
    assert any(line["action"] == "payload.read" for line in again.lines)


def test_adding_the_same_again_changes_nothing(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(
        "Staff park on level three. The barrier opens with the staff badge only.\n"
    )
    said = require(cloister(vault, "add", str(tmp_path / "p.txt")))
    assert said.find("unchanged") == 1


def test_a_removed_document_is_found_no_more(vault: Path) -> None:
    listed = require(cloister(vault, "library"))
    document = next(str(x["document"]) for x in listed.lines if "Anti" in str(x.get("title", "")))
    require(cloister(vault, "library", "--remove", document))
    assert cloister(vault, "ask", QUESTION).status == 4
    assert not list(vault.glob(f"collections/*/files/{document}*"))


def test_every_bad_document_is_reported_and_the_good_one_is_in(vault: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "empty.pdf").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n" + os.urandom(500))
    (folder / "binary.docx").write_bytes(os.urandom(500))
    (folder / "good.txt").write_text("The lift to the roof is closed in winter.")
    said = cloister(vault, "add", str(folder))
    assert said.status == 1
    results = {Path(str(x["path"])).name: x for x in said.lines if "path" in x}
    assert results["good.txt"]["state"] == "added"
    for name in ("empty.pdf", "broken.pdf", "binary.docx"):
        assert results[name]["state"] == "failed"
        assert results[name]["sentence"]
        assert results[name]["hint"]


@pytest.mark.parametrize(
    ("question", "word"), [("   ", "empty"), ("x" * 100_000, "100,000")], ids=["empty", "long"]
)
def test_an_unusable_question_gets_a_sentence_and_a_next_step(
    vault: Path, question: str, word: str
) -> None:
    said = require(cloister(vault, "ask", question), 1)
    assert word in str(said.find("sentence"))
    assert said.find("hint")


def test_doctor_shows_the_proof_without_a_passphrase(tmp_path: Path) -> None:
    said = require(cloister(tmp_path / "new", "doctor"))
    probes = [line for line in said.lines if "probe" in line]
    assert len(probes) > 10
    assert all(line["blocked"] for line in probes)


def test_a_passphrase_is_never_taken_from_an_argument(vault: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "--data", str(vault), "library",
         "--passphrase", PASSPHRASE],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode != 0


def test_the_passphrase_may_come_from_a_file(vault: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "--data", str(vault), "library",
         "--passphrase-file", str(secret)],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Ward" in done.stdout
