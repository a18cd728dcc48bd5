"""A child that uses a GPU may speak to its driver, and to nothing else that takes an ioctl."""

from __future__ import annotations

import os
import subprocess
import sys
from errno import ENOTTY, EPERM
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import fcntl, os, sys
sys.path.insert(0, {root!r})
from appliance.airgap.sandbox import SandboxLimits, enter_sandbox
enter_sandbox(SandboxLimits(memory=None, cpu_seconds=None, gpu={gpu}))
for request in {requests}:
    try:
        fcntl.ioctl(0, request, bytes(64))
    except OSError as error:
        print(error.errno, flush=True)
"""
BESIDE = """
import os, sys, threading
sys.path.insert(0, {root!r})
from pathlib import Path
from appliance.airgap import threads
from appliance.airgap.sandbox import SandboxLimits, SandboxUnavailable, enter_sandbox
threads.ENDING = 0.05
go, ready = threading.Event(), threading.Event()
def driver():
    import socket
    status = os.open("/proc/thread-self/status", os.O_RDONLY)
    ready.set()
    go.wait()
    said = dict(line.split(":", 1) for line in os.pread(status, 9999, 0).decode().splitlines())
    print(said["Seccomp"].strip(), said["NoNewPrivs"].strip(), flush=True)
    for attempt in (
        lambda: os.open("/dev/null", os.O_RDONLY),
        lambda: os.open("/dev/null", os.O_WRONLY),
        lambda: socket.socket(socket.AF_INET),
        os.fork,
    ):
        try:
            print(attempt(), flush=True)
        except OSError as error:
            print(error.errno, flush=True)
beside = threading.Thread(target=driver)
beside.start()
ready.wait()
limits = SandboxLimits(memory=None, cpu_seconds=None, threads=True, gpu={gpu})
try:
    print(*enter_sandbox(limits, {readable}).missing, flush=True)
except SandboxUnavailable as error:
    print(error.sentence, flush=True)
    os._exit(0)
go.set()
beside.join()
"""
DRIVER = (0xC020462A, 0x30000001, 19)
"""NV_ESC_RM_CONTROL, UVM_INITIALIZE, and another of UVM's plain numbers."""
OTHERS = (0x5412, 0x541B, 0x8901)
"""TIOCSTI, FIONREAD and a socket's FIOSETOWN."""


def tried(requests: tuple[int, ...], *, gpu: bool) -> list[int]:
    """The error of each request, made on an empty pipe."""
    child = CHILD.format(root=os.fspath(ROOT), gpu=gpu, requests=requests)
    done = subprocess.run(
        [sys.executable, "-I", "-c", child], input=b"", capture_output=True, check=True
    )
    return [int(line) for line in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_the_drivers_requests_pass_and_those_of_terminals_and_sockets_do_not() -> None:
    assert tried(DRIVER, gpu=True) == [ENOTTY] * len(DRIVER)
    assert tried(OTHERS, gpu=True) == [EPERM] * len(OTHERS)


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_without_a_gpu_no_request_passes() -> None:
    assert tried(DRIVER + OTHERS, gpu=False) == [EPERM] * 6


def beside(*, gpu: bool, readable: str = "()") -> list[str]:
    """What a child says that enters the sandbox beside another thread."""
    child = BESIDE.format(root=os.fspath(ROOT), gpu=gpu, readable=readable)
    done = subprocess.run(
        [sys.executable, "-I", "-c", child], capture_output=True, check=True, text=True
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_a_thread_that_a_driver_started_before_is_held_like_the_others() -> None:
    missing, status, *errors = beside(gpu=True)
    assert missing == "landlock_in_other_threads"
    assert status == "2 1"  # a filter is on, and no new privileges
    assert errors == [str(EPERM)] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_another_thread_is_refused_without_a_gpu_and_where_files_are_read() -> None:
    refused = ["The sandbox was entered with 2 threads running."]
    assert beside(gpu=False) == refused
    assert beside(gpu=True, readable="(Path('/usr'),)") == refused
