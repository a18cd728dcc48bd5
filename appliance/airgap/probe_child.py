"""The self-test's child: a fresh Python that tries to open sockets and says what the kernel said.

Rules kept here: the child imports next to nothing (it must cost milliseconds) and takes no input
but its arguments; what it prints is untrusted and bounded. It tries the 32-bit gate last, for a
kernel without one kills it there.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

NO_GATE = -2
"""Instead of an errno: the kernel has no 32-bit gate (the call was answered with SIGSEGV)."""

_LONGEST = 64 * 1024
_PATIENCE = 10.0  # seconds

# i386's own call `socket` (359) by `int 0x80`: push rbx; mov eax,359; mov ebx,2; mov ecx,1;
# xor edx,edx; int 0x80; pop rbx; ret. No pointers, so 64-bit addresses do not matter.
_GATE_CODE = "53b867010000bb02000000b90100000031d2cd805bc3"

_PROGRAM = """
import sys, os, _socket
import ctypes
families = eval(sys.argv[1]); kinds = eval(sys.argv[2]); number = int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True); out = []
for f in families:
    for k in kinds:
        try:
            _socket.socket(f, k, 0).close(); e = 0
        except OSError as error:
            e = error.errno or -1
        out.append("python %d %d %d" % (f, k, e))
        r = libc.syscall(number, f, k, 0)
        if r >= 0: os.close(r)
        out.append("call %d %d %d" % (f, k, 0 if r >= 0 else ctypes.get_errno()))
os.write(1, ("\\n".join(out) + "\\n").encode())
if sys.argv[4]:
    import mmap
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex(sys.argv[4]))
    go = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    r = go()
    os.write(1, b"gate 0 0 %d\\n" % (0 if r >= 0 else -r))
"""


def run(
    families: Sequence[int], kinds: Sequence[int], socket_number: int, *, gate: bool
) -> tuple[list[tuple[str, int, int, int]], int | None]:
    """Runs the child; returns (route, family, kind, errno) of each attempt and the gate's answer.

    The errno is 0 where a socket opened. The gate's answer is None when it was not asked for.
    Raises OSError when the child cannot be started or hangs, ValueError when it did not report.
    """
    command = [
        sys.executable, "-I", "-S", "-E", "-c", _PROGRAM, repr(tuple(families)),
        repr(tuple(kinds)), str(socket_number), _GATE_CODE if gate else "",
    ]  # fmt: skip
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
