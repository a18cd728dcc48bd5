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
