"""The sandbox binds one thread: one that is ending is waited for, one that stays is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import sys, threading, time
sys.path.insert(0, {root!r})
from appliance.airgap import threads
from appliance.airgap.sandbox import SandboxLimits, SandboxUnavailable, enter_sandbox
threads.ENDING = {patience}
threading.Thread(target=time.sleep, args=({busy},), daemon=True).start()
try:
    print(enter_sandbox(SandboxLimits(memory=None, cpu_seconds=None)).guards[0])
except SandboxUnavailable as error:
    print(error.sentence)
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")


def entered(*, busy: float, patience: float) -> str:
    child = CHILD.format(root=os.fspath(ROOT), busy=busy, patience=patience)
    done = subprocess.run(
        [sys.executable, "-I", "-c", child], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def test_a_thread_that_is_ending_is_waited_for() -> None:
    assert entered(busy=0.2, patience=30) == "system_calls"


def test_a_thread_that_stays_is_refused() -> None:
    refused = "The sandbox was entered with 2 threads running."
    assert entered(busy=600, patience=0.1) == refused
