"""A second person in the real program, guards and all."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.terminal import cloister, require

BERT = "green boats leave before noon"


def test_who_was_invited_enrols_and_logs_in_by_name(tmp_path: Path) -> None:
    data, written = tmp_path / "data", tmp_path / "code.txt"
    require(cloister(data, "init", "--name", "Anna"))
    invited = require(cloister(data, "people", "add", "Bert", "--role", "member"))
    code = str(invited.find("enrolment"))
    typed = f"{code}\n{BERT}"
    arguments = ("people", "enrol", "--name", "Bert", "--code-file", str(written))
    require(cloister(data, *arguments, passphrase=typed))
    assert len(written.read_text().strip().split("-")) == 9
    assert require(cloister(data, "library"), 1).find("error") == "name_required"
    listed = require(cloister(data, "--name", "Bert", "people", "list", passphrase=BERT))
    assert [line["name"] for line in listed.lines] == ["Anna", "Bert"]
