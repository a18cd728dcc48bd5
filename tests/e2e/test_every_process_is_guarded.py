"""While a command works, each process of it is behind the kernel's filter, helpers included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
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


def observed(arguments: list[str], tmp_path: Path) -> tuple[int, dict[int, list[str]]]:
    """How the command ended, and the modes each of its processes was seen in, in order."""
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    seen: dict[int, list[str]] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "appliance", "--data", str(tmp_path / "data"),
         "--passphrase-fd", str(reading), *arguments],
        cwd=ROOT, pass_fds=(reading,), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as command:  # fmt: skip
        os.close(reading)
        while command.poll() is None:
            for pid in family(command.pid):
                modes = seen.setdefault(pid, [])
                mode = seccomp(pid)
                if mode and (not modes or modes[-1] != mode):
                    modes.append(mode)
            time.sleep(0.005)
    return command.returncode, seen


@pytest.mark.parametrize("what", ["init", "demo"])
def test_no_process_of_a_command_stays_without_the_filter(tmp_path: Path, what: str) -> None:
    arguments = {
        "init": ["init", "--recovery-file", str(tmp_path / "code")],
        "demo": ["demo"],
    }[what]
    status, seen = observed(arguments, tmp_path)
    assert status == 0
    assert len(seen) > 2, "the helpers were not seen"
    unguarded = {pid: modes for pid, modes in seen.items() if modes and modes[-1] != FILTERED}
    assert not unguarded
    assert all(modes in ([FILTERED], ["0", FILTERED]) for modes in seen.values() if modes)
