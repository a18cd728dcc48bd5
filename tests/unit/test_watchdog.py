"""The watchdog starts again whatever fell, tells how, and stops for an administrator alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli import watchdog
from appliance.cli.watchdog import LONGEST_PAUSE, Watchdog, pause, told

WINDOW = """
import argparse, json, os, signal, sys, time
parser = argparse.ArgumentParser()
for name in ("secret-fd", "heartbeat-fd", "lived", "times"):
    parser.add_argument("--" + name, type=int)
parser.add_argument("--fell")
parser.add_argument("told")
given = parser.parse_args()
os.write(given.heartbeat_fd, b".")
with open(given.told, "a") as file:
    secret = os.fdopen(given.secret_fd).read()
    file.write(json.dumps([given.fell, given.times, secret]) + chr(10))
number = sum(1 for _ in open(given.told))
if number == 1:
    os.kill(os.getpid(), signal.SIGKILL)
elif number == 2:
    time.sleep(60)
elif number == 3:
    sys.exit(1)
sys.exit(0)
"""
SECRET = "eleven wooden boats on a lake"


def test_falls_are_told_to_the_next_window_until_one_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "SILENCE", 2.0)
    monkeypatch.setattr(watchdog, "pause", lambda _: 0.0)
    seen = tmp_path / "told"
    Watchdog([sys.executable, "-c", WINDOW, str(seen)], SECRET, os.environ).watch()
    starts = [json.loads(line) for line in seen.read_text().splitlines()]
    assert starts == [
        ["", 0, SECRET], ["signal_9", 1, SECRET], ["hung", 2, SECRET], ["status_1", 3, SECRET],
    ]  # fmt: skip


def test_the_secret_is_in_no_argument(tmp_path: Path) -> None:
    seen = tmp_path / "told"
    seen.write_text("[]\n[]\n[]\n")  # the next one ends well
    watched = Watchdog([sys.executable, "-c", WINDOW, str(seen)], SECRET, os.environ)
    commands: list[list[str]] = []

    class Seen(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **more: object) -> None:
            commands.append(command)
            super().__init__(command, **more)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Seen)
        watched.watch()
    assert commands
    assert not [word for command in commands for word in command if SECRET in word]


def test_it_waits_longer_after_each_fall_in_a_row_and_never_very_long() -> None:
    waits = [pause(times) for times in range(60)]
    assert waits[:4] == [0.0, 0.0, 0.5, 1.0]
    assert waits == sorted(waits)
    assert max(waits) == LONGEST_PAUSE


def test_ends_have_names_for_the_log() -> None:
    assert (told(-9), told(1), told(3)) == ("signal_9", "status_1", "status_3")


@pytest.fixture(autouse=True)
def _signals_as_before() -> object:
    """The watchdog takes the process's signals over."""
    before = [(n, signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    yield
    for number, handler in before:
        signal.signal(number, handler)
