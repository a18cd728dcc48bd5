"""`cloister provision`: an empty machine, the same again, mistakes, and a run that is cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import AlreadyRunning
from appliance.vault import Vault, lock_folder
from tests.e2e.terminal import ROOT, Said, read_said, require

IDA, ANNA, VISITOR = (
    "seven lanterns over quiet water",
    "nine copper kettles by the window",
    "eleven wooden boats on a lake",
)
TEXT = """\
format = "cloister-provision"
version = 1
[administrator]
name = "Ida Quillfeather"
passphrase_file = "ida"
codes = "codes"
[[people]]
name = "Anna Thistlewood"
roles = ["member", "curator", "auditor"]
passphrase_file = "anna"
[[people]]
name = "Visitor"
roles = ["kiosk"]
passphrase_file = "visitor"
[[collections]]
title = "Ward 9"
members = ["Anna Thistlewood"]
[[collections]]
title = "For visitors"
members = ["Visitor"]
[policies]
packs = ["baseline"]
[kiosk]
collection = "For visitors"
person = "Visitor"
"""
STEPS = 8


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """What IT prepared: the file, first passphrases, and a folder for codes."""
    folder = tmp_path / "stick"
    (folder / "codes").mkdir(parents=True, mode=0o700)
    for name, phrase in (("ida", IDA), ("anna", ANNA), ("visitor", VISITOR)):
        (folder / name).write_text(f"{phrase}\n")
        (folder / name).chmod(0o600)
    (folder / "machine.toml").write_text(TEXT)
    (folder / "machine.toml").chmod(0o600)
    return folder


def provision(data: Path, stick: Path, *more: str) -> Said:
    """Without a passphrase on the command line, a descriptor or a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "--json", "--data", str(data), "provision",
         str(stick / "machine.toml"), *more],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
        timeout=240,
    )  # fmt: skip
    return read_said(done)


def outcomes(said: Said) -> list[tuple[str, str]]:
    return [(str(x["step"]), str(x["outcome"])) for x in said.lines if "step" in x]


def mistakes(said: Said) -> dict[int, str]:
    return {int(str(x["line"])): str(x["mistake"]) for x in said.lines if "mistake" in x}


def titles(data: Path, secret: str, name: str) -> list[str]:
    """Of the collections whose keys are behind this passphrase or code."""
    session = Vault(data).unlock(secret, name)
    try:
        return sorted(title for _, title in session.collections())
    finally:
        session.close()


def test_a_machine_is_set_up_and_a_second_run_changes_nothing(tmp_path: Path, stick: Path) -> None:
    data = tmp_path / "not" / "yet" / "data"
    looked = require(provision(data, stick, "--check"))
    assert looked.find("to_do") == STEPS
    assert not data.exists()

    said = require(provision(data, stick))
    assert [kind for kind, outcome in outcomes(said) if outcome == "done"] == [
        "vault", "person", "person", "collection", "collection", "member", "member", "kiosk",
    ]  # fmt: skip
    assert titles(data, ANNA, "Anna Thistlewood") == ["Ward 9"]
    before = (data / "vault.json").read_bytes()

    for name in ("anna", "visitor"):
        (stick / name).unlink()  # what is not needed any more need not be there
    again = require(provision(data, stick))
    assert outcomes(again) == []
    assert again.find("done") == 0
    assert (data / "vault.json").read_bytes() == before
    for one in (looked, said, again):
        text = json.dumps(one.lines) + one.errors
        for word in ("Anna", "Thistlewood", "Quillfeather", "Ward", "lanterns", "kettles"):
            assert word not in text


def test_a_file_with_mistakes_changes_nothing(tmp_path: Path, stick: Path) -> None:
    (stick / "anna").chmod(0o644)
    (stick / "visitor").write_text("short\n")
    said = require(provision(tmp_path / "data", stick), 1)
    assert said.find("error") == "provision_mistaken"
    assert set(mistakes(said)) == {10, 14}
    assert all(x["hint"] for x in said.lines if "mistake" in x)
    assert not (tmp_path / "data").exists()
    assert not list((stick / "codes").iterdir())


def test_a_mistake_that_only_the_machine_shows_changes_nothing(tmp_path: Path, stick: Path) -> None:
    more = '[[models]]\nmodel = "small@1"\nfolder = "model"\n'
    (stick / "model").mkdir()
    (stick / "model" / "manifest.json").write_text("{}")
    (stick / "machine.toml").write_text(TEXT.replace('"baseline"', '"baseline@999"') + more)
    said = require(provision(tmp_path / "data", stick), 1)
    assert set(mistakes(said)) == {22, 28}
    assert not (tmp_path / "data").exists()
    assert not list((stick / "codes").iterdir())


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_change_is_refused(tmp_path: Path, stick: Path, mode: int) -> None:
    (stick / "machine.toml").chmod(mode)
    assert "Others can change" in str(
        require(provision(tmp_path / "data", stick), 1).find("mistake")
    )
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, stick: Path) -> None:
    (stick / "machine.toml").unlink()
    os.mkfifo(stick / "machine.toml", 0o600)
    assert require(provision(tmp_path / "data", stick), 1).find("error") == "provision_mistaken"


def test_a_machine_that_is_in_use_is_left_alone(tmp_path: Path, stick: Path) -> None:
    with lock_folder(tmp_path / "data"):
        said = require(provision(tmp_path / "data", stick), 1)
        with pytest.raises(AlreadyRunning):  # nor is its lock taken away
            lock_folder(tmp_path / "data")
    assert said.find("error") == "already_running"
    assert not (tmp_path / "data" / "vault.json").exists()


KILLS = ("the founder's code", "a person's code", "a collection's note", "a member's record")


def test_a_run_that_was_killed_anywhere_goes_on(tmp_path: Path, stick: Path) -> None:
    data = tmp_path / "data"
    for where in KILLS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.provision_kills", where, str(data),
             str(stick / "machine.toml")],
            capture_output=True, text=True, check=False, cwd=ROOT, timeout=240,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, (where, done.stdout, done.stderr)
    said = require(provision(data, stick))
    assert outcomes(said) == [("member", "done"), ("kiosk", "done")]
    assert outcomes(require(provision(data, stick))) == []

    for name, phrase in (("Ida Quillfeather", IDA), ("Anna Thistlewood", ANNA)):
        (code,) = (
            path.read_text().splitlines()[2]
            for path in (stick / "codes").iterdir()
            if path.read_text().startswith(name)
        )
        assert titles(data, code, name) == titles(data, phrase, name)
    assert titles(data, IDA, "Ida Quillfeather") == ["For visitors", "Ward 9"]
    assert titles(data, VISITOR, "Visitor") == ["For visitors"]
    ida = Vault(data).unlock(IDA, "Ida Quillfeather")
    assert len(ida.people()) == 3
    ida.close()
