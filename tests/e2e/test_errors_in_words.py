"""Whatever goes wrong ends in a sentence and a next step, never in a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, PROGRAM, ROOT, Terminal, cloister, require, started

NO_TEXT = os.fsdecode(b"caf\xe9")


def test_log_verify_says_which_file_cannot_be_read(vault: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    key = str(require(cloister(vault, "log", "export", str(copy))).find("key"))
    for options in (["--key", "@/nonexistent"], ["--key", key, "--checkpoint", "/nonexistent"]):
        said = cloister(tmp_path, "log", "verify", str(copy), *options)
        assert said.status == 1
        assert said.find("error") == "file_unreadable"
        assert "/nonexistent" in str(said.find("sentence"))
        assert "Traceback" not in said.errors
    mistyped = cloister(tmp_path, "log", "verify", str(copy), "--key", key[:-9])
    assert mistyped.find("error") == "key_mistyped"  # it says nothing of the log
    assert "security officer" not in str(mistyped.find("hint"))


def test_a_data_folder_that_cannot_be_looked_into(tmp_path: Path) -> None:
    said = cloister(tmp_path / ("x" * 300), "library")
    assert said.find("error") == "storage_read_only"
    assert "Traceback" not in said.errors


@pytest.mark.parametrize("arguments", [("ask", NO_TEXT), ("ask", "Why?", "--continue", NO_TEXT)])
def test_an_argument_that_is_no_text(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said = cloister(tmp_path, *arguments)
    assert said.status == 2
    assert "UTF-8" in str(said.find("sentence"))
    assert "Traceback" not in said.errors


def test_a_question_on_stdin_that_is_no_text(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "question").write_bytes(b"caf\xe9?")
    with (tmp_path / "question").open("rb") as question:
        process = started(vault, "ask", stdin=question, stderr=subprocess.PIPE)
        errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "UTF-8" in errors
    assert "Traceback" not in errors


def test_output_to_a_full_disk(vault: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = started(vault, "library", stdout=full, stderr=subprocess.PIPE)
        errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "No space left on device" in errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


@pytest.mark.parametrize("buffered", [True, False])
def test_the_version_to_a_full_disk(monkeypatch: pytest.MonkeyPatch, buffered: bool) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "--version"], stdout=full, stderr=subprocess.PIPE, check=False, cwd=ROOT
        )
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_an_error_nobody_foresaw_is_named_by_its_type_alone(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from appliance.cli import opening\n"
        "def broken(arguments): raise ValueError('a line of a document')\n"
        "opening.data_folder = broken\n"
        "from appliance.__main__ import main\n"
        "sys.exit(main(['--json', 'library']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    line = json.loads(done.stdout)
    assert line["error"] == "unexpected"
    assert "ValueError" in line["sentence"]
    assert "cloister doctor" in line["hint"]
    assert "a line of a document" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("log", "show", "--start", "-1"),
        ("log", "show", "--count", "-5"),
        ("ask", "-x"),
    ],
)
def test_unusable_arguments_are_json_where_json_is_asked_for(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said = cloister(tmp_path, *arguments)
    assert said.status == 2
    assert said.find("error") == "usage"
    assert said.find("hint")


def test_the_version_is_printed() -> None:
    done = subprocess.run(
        [*PROGRAM, "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split()[0] == "cloister"
    assert done.stdout.split()[1][0].isdigit()


def test_log_show_begins_with_the_newest_records(vault: Path) -> None:
    newest = [line["seq"] for line in require(cloister(vault, "log", "show")).lines]
    assert len(newest) == 20
    whole = require(cloister(vault, "log", "show", "--start", "0", "--count", "1000")).lines
    assert whole[0]["seq"] == 0
    assert len(whole) > int(str(newest[-1])) >= 20
    two = require(cloister(vault, "log", "show", "--count", "2")).lines
    assert len(two) == 2
    assert int(str(two[0]["seq"])) > int(str(whole[-2]["seq"]))


def test_an_export_makes_its_folder_and_touches_no_other(vault: Path, tmp_path: Path) -> None:
    missing = cloister(vault, "log", "export", str(tmp_path / "no" / "copy"))
    assert missing.status == 1
    assert f"no folder {tmp_path / 'no'}" in str(missing.find("sentence"))
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").touch()
    assert "not empty" in str(cloister(vault, "log", "export", str(full)).find("sentence"))
    copy = tmp_path / "copy"
    assert cloister(vault, "log", "export", str(copy), passphrase="wrong " * 5).status == 1
    assert not copy.exists()


def test_the_guard_opens_nothing_but_the_data_folder_and_the_export(
    vault: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(PASSPHRASE + "\n")
    script = (
        "import sys\n"
        "from appliance.airgap import guard\n"
        "from appliance.__main__ import main\n"
        "status = main(sys.argv[1:])\n"
        "print(*guard.engaged().writable, sep='\\n', file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    copy = tmp_path / "copy"
    done = subprocess.run(
        [sys.executable, "-c", script, "--data", str(vault), "--passphrase-file",
         str(tmp_path / "secret"), "log", "export", str(copy)],
        capture_output=True, text=True, check=True, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert sorted(done.stderr.split()) == sorted([str(copy), str(vault)])


def test_adding_where_there_are_several_collections_asks_which(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The lift to the roof is closed in winter.")
    require(cloister(vault, "add", str(tmp_path / "a.txt"), "--to", "Roof"))
    said = cloister(vault, "add", str(tmp_path / "a.txt"))
    assert said.status == 1
    assert "“Ward”, “Roof”" in str(said.find("sentence"))
    assert "--to" in str(said.find("hint"))


def test_a_conversation_that_does_not_exist_is_not_begun(vault: Path) -> None:
    said = cloister(vault, "ask", "When are visitors welcome?", "--continue", "typo")
    assert said.status == 1
    assert said.find("error") == "unknown_conversation"
    asked = require(cloister(vault, "ask", "When are visitors welcome?"))
    conversation = str(asked.find("conversation"))
    again = require(cloister(vault, "ask", "And on intensive care?", "--continue", conversation))
    assert again.find("conversation") == conversation


def test_a_reader_who_leaves_ends_an_import_that_is_then_said_to_wait(
    vault: Path, tmp_path: Path
) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(f"Ward {number} is cleaned at {number} o'clock.")
    begun = time.monotonic()
    process = started(
        vault, "add", *(str(tmp_path / f"{n}.txt") for n in range(6)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 1
    assert time.monotonic() - begun < 15
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    listed = require(cloister(vault, "library"))
    assert "cloister add --resume" in listed.errors
    require(cloister(vault, "add", "--resume"))
    assert "--resume" not in require(cloister(vault, "library")).errors


@pytest.mark.parametrize("command", [("ask", "Why?"), ("add", "README.md")], ids=["ask", "add"])
def test_ctrl_c_at_the_passphrase_ends_the_command(vault: Path, command: tuple[str, ...]) -> None:
    terminal = Terminal("--data", str(vault), *command)
    terminal.wait_for("Passphrase: ")
    terminal.type("\x03")
    assert terminal.status(20) == 130
    assert "Stopped." in terminal.shown
    assert signal.Signals.SIGINT.name not in terminal.shown


def test_a_terminal_is_asked_for_the_question(vault: Path) -> None:
    terminal = Terminal("--data", str(vault), "ask")
    terminal.wait_for("Question: ")
    terminal.type("When are visitors welcome?\n")
    terminal.wait_for("Passphrase: ")
    terminal.type(f"{PASSPHRASE}\n")
    assert terminal.status() == 0, terminal.shown
    assert "14:00" in terminal.shown


def test_a_terminal_shows_how_far_a_long_document_is(vault: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.md"
    long.write_text(
        "\n\n".join(
            f"## Room {n}\n\nRoom {n} is cleaned every day at {n} o'clock. " + "It is wiped. " * 90
            for n in range(150)
        )
    )
    terminal = Terminal("--data", str(vault), "add", str(long))
    terminal.wait_for("Passphrase: ")
    terminal.type(f"{PASSPHRASE}\n")
    assert terminal.status() == 0, terminal.shown
    assert "\r\x1b[K[1/1] long.md: 64 of " in terminal.shown
    assert "1 added" in terminal.shown
