"""The recovery code and the passphrase: what is shown once reaches the person, whatever fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, Terminal, cloister, require, started

OTHER = "nine copper kettles by the window"


def test_a_title_the_vault_would_refuse_is_refused_before_there_is_a_vault(tmp_path: Path) -> None:
    code = tmp_path / "code"
    said = cloister(
        tmp_path / "data", "init", "--collection", "  ", "--recovery-file", str(code)
    )  # fmt: skip
    assert said.status == 1
    assert "title" in str(said.find("sentence"))
    assert not (tmp_path / "data").exists()
    assert not code.exists()


@pytest.mark.parametrize("place", ["missing/x/code", "taken"])
def test_a_recovery_file_that_cannot_be_made_ends_it_before_there_is_a_vault(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "taken").write_text("mine")
    said = cloister(tmp_path / "data", "init", "--recovery-file", str(tmp_path / place))
    assert said.status == 1
    assert said.find("hint")
    assert not (tmp_path / "data").exists()
    assert (tmp_path / "taken").read_text() == "mine"


def test_the_recovery_file_is_taken_away_again_when_no_vault_is_made(tmp_path: Path) -> None:
    code = tmp_path / "code"
    said = cloister(
        tmp_path / "data", "init", "--recovery-file", str(code), passphrase="short"
    )  # fmt: skip
    assert said.find("error") == "passphrase_too_weak"
    assert not code.exists()


def test_the_code_in_the_recovery_file_opens_the_vault_and_only_its_owner_reads_it(
    tmp_path: Path,
) -> None:
    code = tmp_path / "code"
    require(cloister(tmp_path / "data", "init", "--recovery-file", str(code)))
    assert code.stat().st_mode & 0o777 == 0o600
    require(cloister(tmp_path / "data", "library", passphrase=code.read_text().strip()))


def test_a_code_that_could_not_be_printed_is_shown_with_the_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = started(tmp_path / "data", "init", stdout=full, stderr=subprocess.PIPE)
        _, raw = process.communicate(timeout=60)
    errors = raw.decode()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "No space left" in errors
    shown = re.search(r"^  (\S.*)$", errors, re.MULTILINE)
    assert shown, errors
    require(cloister(tmp_path / "data", "library", passphrase=shown.group(1)))


def test_a_passphrase_is_changed_by_two_lines_from_a_descriptor(vault: Path) -> None:
    require(cloister(vault, "passphrase", passphrase=f"{PASSPHRASE}\n{OTHER}"))
    assert cloister(vault, "library").find("error") == "wrong_passphrase"
    require(cloister(vault, "library", passphrase=OTHER))


def test_one_line_does_not_change_a_passphrase(vault: Path) -> None:
    assert cloister(vault, "passphrase").find("error") == "passphrase_missing"


def test_a_terminal_is_asked_for_the_old_passphrase_once(vault: Path) -> None:
    terminal = Terminal("--data", str(vault), "passphrase")
    for prompt, answer in (
        ("Passphrase: ", PASSPHRASE),
        ("New passphrase: ", OTHER),
        ("Once more: ", OTHER),
    ):
        terminal.wait_for(prompt)
        terminal.type(f"{answer}\n")
    assert terminal.status() == 0, terminal.shown
    assert "is changed" in terminal.shown
