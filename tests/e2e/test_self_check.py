"""`cloister self-check`: what installers believe before an older version goes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli import selfcheck
from appliance.cli.output import Output
from appliance.cli.selfcheck import Lost, Trial
from tests.e2e.terminal import PROGRAM, ROOT, read_said, require


def test_it_works_here_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--json", "self-check"], capture_output=True, text=True, check=False, cwd=ROOT,
        timeout=280, env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    said = require(read_said(done))
    assert said.find("works") is True
    tried = [line["trial"] for line in said.lines if "trial" in line]
    assert tried == ["screen", "window", "product", "models"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('no such library'); raise SystemExit(3)", "status_3. no such library"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal_11"),
    ],
)
def test_a_part_that_ends_badly_is_lost_with_what_it_said(
    tmp_path: Path, program: str, said: str
) -> None:
    with pytest.raises(Lost, match=said):
        selfcheck._ends_well(tmp_path, (sys.executable, "-c", program))


def test_a_part_that_cannot_be_started_is_lost(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="cannot be started"):
        selfcheck._ends_well(tmp_path, (str(tmp_path / "nothing"),))


def test_nothing_of_this_environment_reaches_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOISTER_TEST_SECRET", "x")
    program = "import os; raise SystemExit('CLOISTER_TEST_SECRET' in os.environ)"
    selfcheck._ends_well(tmp_path, (sys.executable, "-c", program))


def test_one_lost_part_is_enough_to_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost() -> None:
        raise Lost("The engine is not there.")

    trials = (Trial("first", lambda: None), Trial("second", lost))
    output = Output(as_json=True)
    assert [selfcheck._passes(trial, output) for trial in trials] == [True, False]
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["trial"], row["works"]) for row in rows] == [("first", True), ("second", False)]
    assert rows[1]["said"] == "The engine is not there."
