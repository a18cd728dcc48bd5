"""People in the terminal: invited, enrolled, in and out of a collection, behind broken glass."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import _made, vault  # noqa: F401  the same vault, made once
from tests.e2e.terminal import PASSPHRASE, cloister, require

BERT = "green boats leave before noon"
QUESTION = "Where do staff park?"


def test_a_person_comes_works_and_leaves(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    invited = require(cloister(vault, "people", "add", "Bert", "--role", "member"))
    code = str(invited.find("enrolment"))
    written = tmp_path / "code.txt"
    enrolled = cloister(
        vault, "people", "enrol", "--name", "Bert", "--code-file", str(written),
        passphrase=f"{code}\n{BERT}",
    )  # fmt: skip
    require(enrolled)
    assert len(written.read_text().strip().split("-")) == 9
    assert enrolled.find("recovery") is None

    again = cloister(vault, "people", "enrol", "--name", "Bert", passphrase=f"{code}\n{BERT}")
    assert require(again, 1).find("error") == "wrong_passphrase"
    unnamed = require(cloister(vault, "library"), 1)
    assert unnamed.find("error") == "name_required"

    def anna(*words: str, status: int = 0) -> None:
        require(cloister(vault, "--name", "Anna", *words), status)

    def bert(*words: str, status: int = 0) -> dict[str, object]:
        said = require(cloister(vault, "--name", "Bert", *words, passphrase=BERT), status)
        return dict(said.lines[-1]) if said.lines else {}

    assert bert("people", "add", "Eve", "--role", "member", status=1)["error"] == "not_allowed"
    anna("people", "join", "Ward", "Bert", "--emergency")
    assert bert("ask", "--in", "Ward", QUESTION, status=1)["error"] == "unknown_collection"
    reason = "The barrier is broken and the porter is not there."
    assert bert("people", "break", "Ward", "--reason", reason, "--minutes", "5")["ends"]
    assert "level three" in str(bert("ask", "--in", "Ward", QUESTION)["answer"])

    alerts = require(cloister(vault, "--name", "Anna", "people", "alerts"))
    assert "ALERT" in alerts.errors
    assert reason in str(alerts.find("reason"))
    anna("people", "review", str(alerts.find("alert")), "--remark", "It was so, says the porter.")
    assert "ALERT" not in cloister(vault, "--name", "Anna", "library").errors
    anna("people", "close", "Bert", "--erase")
    gone = cloister(vault, "--name", "Bert", "library", passphrase=BERT)
    assert require(gone, 1).find("error") == "wrong_passphrase"
    listed = require(cloister(vault, "--name", "Anna", "people", "list"))
    assert [line["name"] for line in listed.lines] == ["Anna"]
    assert require(cloister(vault, "log", "verify", passphrase=PASSPHRASE)).find("verified") is True
