"""A kiosk that is killed, hangs, or loses its watchdog: it is back, or gone, and the log knows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from appliance.values import LogRecord, Role
from appliance.vault import lock_folder
from tests.e2e.terminal import ROOT
from tests.e2e.test_every_process_is_guarded import FILTERED, command_line, family, seccomp
from tests.people_at_work import Hospital, founded, without_children

SECRET = "eleven wooden boats on a lake"
SETTINGS = 'packs = "kiosk"\nkiosk_title = "Ask about visiting"\n'

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes as Linux has them")


@pytest.fixture(scope="module")
def _furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    base = tmp_path_factory.mktemp("kiosk")
    with without_children(quickly=False):
        hospital = founded(base / "data", base / "papers")
        with hospital.desk("Anna") as anna, anna.people() as people:
            visitor = people.add("Visitor", SECRET, (Role.KIOSK,))[0].id
            people.join(hospital.ward, visitor)
        yield replace(hospital, ids={**hospital.ids, "Visitor": visitor})


@pytest.fixture
def kiosk(_furnished: Hospital, tmp_path: Path) -> Hospital:
    (tmp_path / "managed.toml").write_text(SETTINGS)
    return _furnished.copied(tmp_path / "data")


@pytest.fixture
def watched(kiosk: Hospital, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    started: list[Watched] = []

    def start(silence: float = 30.0) -> Watched:
        watch = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.kiosk_watched", str(kiosk.data),
             str(tmp_path / "managed.toml"), str(silence)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        assert watch.stdin is not None
        assert watch.stdout is not None
        watch.stdin.write(f"{SECRET}\n".encode())
        watch.stdin.close()
        started.append(Watched(watch, watch.stdout))
        return started[-1]

    yield start
    for one in started:
        one.end()


class Watched:
    """A watchdog with its windows."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self.process, self._said = process, said
        self.windows: list[int] = []

    def until(self, place: str) -> int:
        """Waits until a window shows that; its process."""
        for line in self._said:
            number, shown, _ = line.decode().split()
            if int(number) not in self.windows:
                self.windows.append(int(number))
            if shown == place:
                return int(number)
        raise AssertionError(f"the watchdog ended before {place} was shown")

    def stop(self) -> int:
        """As the system ends a service."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._said.close()


def fell(hospital: Hospital) -> list[LogRecord]:
    return [record for record in hospital.records() if record.action == "kiosk.fell"]


def test_a_window_that_is_killed_is_back_and_the_log_says_why(
    kiosk: Hospital, watched: Callable[..., Watched]
) -> None:
    watch = watched()
    first = watch.until("Attract")
    os.kill(first, signal.SIGKILL)
    assert watch.until("Closed") != first  # something is on the screen at once
    second = watch.until("Attract")
    assert second != first
    assert watch.stop() == 0
    assert [dict(record.fields)["code"] for record in fell(kiosk)] == ["signal_9"]
    actions = kiosk.actions()
    assert actions.count("kiosk.opened") == 2
    assert "kiosk.left" not in actions


def test_a_window_that_hangs_is_ended_and_back(
    kiosk: Hospital, watched: Callable[..., Watched]
) -> None:
    watch = watched(6.0)
    first = watch.until("Attract")
    time.sleep(1.2)  # its heart has beaten
    os.kill(first, signal.SIGSTOP)
    assert watch.until("Attract") != first
    assert watch.stop() == 0
    assert {dict(record.fields)["code"] for record in fell(kiosk)} == {"hung"}


def test_a_window_without_its_watchdog_ends_by_itself_and_lets_go_of_the_vault(
    kiosk: Hospital, watched: Callable[..., Watched]
) -> None:
    watch = watched()
    window = watch.until("Attract")
    watch.process.kill()
    watch.process.wait()
    end = time.monotonic() + 30
    while Path(f"/proc/{window}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{window}").exists()
    lock_folder(kiosk.data).close()
    assert fell(kiosk) == []  # it ended cleanly


def test_each_process_of_the_command_is_behind_the_filter_and_the_system_ends_it(
    kiosk: Hospital, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    with subprocess.Popen(
        [sys.executable, "-m", "appliance", "--data", str(kiosk.data), "--name", "Visitor",
         "--passphrase-file", str(secret), "kiosk"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    ) as command:  # fmt: skip
        end = time.monotonic() + 60
        filtered: dict[int, str] = {}
        while len(filtered) < 3 and command.poll() is None and time.monotonic() < end:
            filtered = {pid: seccomp(pid) for pid in family(command.pid)}
            if set(filtered.values()) != {FILTERED}:
                filtered = {}
            time.sleep(0.05)
        assert len(filtered) >= 3  # the watchdog, the window, and a helper of its
        assert not [pid for pid in filtered if SECRET in command_line(pid)]
        command.send_signal(signal.SIGTERM)
        said, _ = command.communicate(timeout=60)
    assert command.returncode == 0
    assert said.decode() == "The kiosk has ended.\n"
    assert not [pid for pid in filtered if Path(f"/proc/{pid}").exists()]
    lock_folder(kiosk.data).close()
