"""The self-test's child: a fresh process that tries to open sockets and says what the kernel did.

Rules kept here: the child (probing.py) imports next to nothing, since it must cost milliseconds,
and takes no input but its arguments; what it prints is untrusted and bounded.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence

from appliance import processes

NO_GATE = -2
"""Instead of an errno: the kernel has no 32-bit gate (the call was answered with SIGSEGV)."""

_LONGEST = 64 * 1024
_PATIENCE = 10.0  # seconds

# i386's own call `socket` (359) by `int 0x80`: push rbx; mov eax,359; mov ebx,2; mov ecx,1;
# xor edx,edx; int 0x80; pop rbx; ret. No pointers, so 64-bit addresses do not matter.
_GATE_CODE = "53b867010000bb02000000b90100000031d2cd805bc3"


def run(
    families: Sequence[int], kinds: Sequence[int], socket_number: int, *, gate: bool
) -> tuple[list[tuple[str, int, int, int]], int | None]:
    """Runs the child; returns (route, family, kind, errno) of each attempt and the gate's answer.

    The errno is 0 where a socket opened. The gate's answer is None when it was not asked for.
    Raises OSError when the child cannot be started or hangs, ValueError when it did not report.
    """
    command = [
        *processes.command(processes.SOCKET_PROBE),
        *(",".join(map(str, numbers)) for numbers in (families, kinds)),
        str(socket_number),
        _GATE_CODE if gate else "",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OSError("the child hung") from error
    untrusted_text = done.stdout[:_LONGEST].decode("ascii")
    rows = [_row(line) for line in untrusted_text.splitlines()]
    if not rows:
        raise ValueError("the child said nothing")
    answers = [row for row in rows if row[0] != "gate"]
    if not gate:
        return answers, None
    for route, _, _, answer in rows:
        if route == "gate":
            return answers, answer
    if done.returncode == -signal.SIGSEGV:
        return answers, NO_GATE
    raise ValueError("the child ended before the gate")


def _row(untrusted_line: str) -> tuple[str, int, int, int]:
    route, family, kind, answer = untrusted_line.split(" ")
    if route not in ("python", "call", "gate"):
        raise ValueError("the child said something else")
    return route, int(family), int(kind), int(answer)
