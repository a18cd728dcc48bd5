"""While a command works, each process of it is behind the kernel's filter, helpers included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, ROOT

FILTERED = "2"  # proc(5), Seccomp: SECCOMP_MODE_FILTER


def family(pid: int) -> set[int]:
    """The process and all below it."""
    found, waiting = {pid}, [pid]
    while waiting:
        parent = waiting.pop()
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        new = {int(child) for child in children} - found
        found |= new
        waiting += new
    return found


def seccomp(pid: int) -> str:
    """Its mode; empty where the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[1] for line in lines if line.startswith("Seccomp:")), "")


@dataclass
class Seen:
    """A process: its command line, and the modes it was seen in, in order."""

    command: str = ""
    modes: list[str] = field(default_factory=list)


def observed(arguments: list[str], data: Path) -> tuple[int, dict[int, Seen]]:
    """How the command ended, and each of its processes."""
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    seen: dict[int, Seen] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "appliance", "--data", str(data),
         "--passphrase-fd", str(reading), *arguments],
        cwd=ROOT, pass_fds=(reading,), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as command:  # fmt: skip
        os.close(reading)
        while command.poll() is None:
            for pid in family(command.pid):
                process = seen.setdefault(pid, Seen())
                process.command = command_line(pid) or process.command
                mode = seccomp(pid)
                if mode and (not process.modes or process.modes[-1] != mode):
                    process.modes.append(mode)
            time.sleep(0.005)
    return command.returncode, seen


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def require_filtered(seen: dict[int, Seen]) -> None:
    """Each process was behind the filter to its end, but for its first moments."""
    assert len(seen) > 2, "the helpers were not seen"
    allowed = ([FILTERED], ["0", FILTERED])
    assert not [one for one in seen.values() if one.modes and one.modes not in allowed]


@pytest.mark.parametrize("what", ["init", "demo"])
def test_no_process_of_a_command_stays_without_the_filter(tmp_path: Path, what: str) -> None:
    arguments = {
        "init": ["init", "--recovery-file", str(tmp_path / "code")],
        "demo": ["demo"],
    }[what]
    status, seen = observed(arguments, tmp_path / "data")
    assert status == 0
    require_filtered(seen)
