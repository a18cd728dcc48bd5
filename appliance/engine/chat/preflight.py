"""Whether the GPU can be used, found out in a throwaway child.

Rules kept here: a driver is only ever loaded in a process that may die of it. What the child says
is untrusted, bounded and checked; a crash, a hang and nonsense all mean that the GPU is not used,
and why. A machine without one is nothing to speak of: the reason is then empty.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from appliance import processes
from appliance.engine import reaping
from appliance.engine.environment import child_environment
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import unpack

PATIENCE = 20.0
"""Seconds; the first use of a driver after the machine has started takes a few."""
MAX_SAID = 4096
COMMAND = processes.command(processes.GPU_PROBE)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that took memory and gave back what was written there."""

    name: str


@dataclass(frozen=True, slots=True)
class NoGpu:
    """reason: why one that seems to be there is not used, as a part of a sentence; else empty."""

    reason: str = ""


def probe(command: Sequence[str] = COMMAND, patience: float = PATIENCE) -> Gpu | NoGpu:
    """Looks for a GPU. Never raises on the driver's account."""
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            cwd="/",
        )
    except OSError as error:
        return NoGpu(f"the probe cannot be started, {error.strerror}")
    try:
        untrusted, _ = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        reaping.kill(child)
        if child.stdout is not None:
            child.stdout.close()
        return NoGpu("the driver does not answer")
    if child.returncode < 0:
        known = {one.value: one.name for one in signal.Signals}
        return NoGpu(f"the driver crashes, {known.get(-child.returncode, 'by a signal')}")
    if child.returncode != 0:
        return NoGpu(f"the probe failed, exit status {child.returncode}")
    try:
        return read(untrusted)
    except FrameInvalid:
        return NoGpu("the driver's answers are not in order")


def read(untrusted: bytes) -> Gpu | NoGpu:
    """What the child said. Raises FrameInvalid."""
    if len(untrusted) > MAX_SAID:
        raise FrameInvalid("The probe says too much.")
    match unpack(untrusted, longest_list=8):
        case ["none", str(reason)] if len(reason) <= 200 and reason.isprintable():
            return NoGpu(reason)
        case ["gpu", str(name)] if 0 < len(name) <= 200 and name.isprintable():
            return Gpu(name)
    raise FrameInvalid("The probe's answer is not in order.")
