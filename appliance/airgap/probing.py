"""What the self-test's child does: tries to open sockets and says what the kernel answered.

Rules kept here: it imports next to nothing, holds nothing and opens no file; what it is asked comes
as arguments, from our own program (probe_child.py). The 32-bit gate is tried last, for a kernel
without one ends this process there.

argv: families and kinds (numbers by commas), the number of the call `socket`, and machine code in
hex or nothing.
"""

from __future__ import annotations

import _socket
import ctypes
import os
import sys


def main() -> None:
    families, kinds = (_numbers(text) for text in sys.argv[1:3])
    number, gate = int(sys.argv[3]), sys.argv[4]
    libc = ctypes.CDLL(None, use_errno=True)
    said = []
    for family in families:
        for kind in kinds:
            said.append(f"python {family} {kind} {_by_python(family, kind)}")
            said.append(f"call {family} {kind} {_by_call(libc, number, family, kind)}")
    os.write(1, ("\n".join(said) + "\n").encode())
    if gate:
        os.write(1, f"gate 0 0 {_by_gate(bytes.fromhex(gate))}\n".encode())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _by_python(family: int, kind: int) -> int:
    """The errno, 0 where it opened."""
    try:
        _socket.socket(family, kind, 0).close()
    except OSError as error:
        return error.errno or -1
    return 0


def _by_call(libc: ctypes.CDLL, number: int, family: int, kind: int) -> int:
    opened: int = libc.syscall(number, family, kind, 0)
    if opened < 0:
        return ctypes.get_errno()
    os.close(opened)
    return 0


def _by_gate(code: bytes) -> int:
    import mmap  # late: most machines never come here

    page = mmap.mmap(-1, 4096, prot=7)  # read, write, execute
    page.write(code)
    go = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    answer: int = go()
    return max(0, -answer)
