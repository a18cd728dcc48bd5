"""A reader process whose parser has been taken over: what it tries is named by the document.

Only test_reader_hostile.py starts it; the sandbox, the template and the framing are the product's
own.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.airgap.sandbox import Sandbox
from appliance.documents import child
from appliance.documents.frames import HEADER, Value
from appliance.documents.limits import ReaderLimits
from appliance.documents.wire import ParseRequest, RenderRequest

LIBC = ctypes.CDLL(None, use_errno=True)
PDF: list[Value] = ["document", "pdf", "T", True, 4]


def raw(number: int, *arguments: object) -> int:
    result = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def late_fork() -> int:
    child_id = LIBC.fork()
    if child_id == 0:
        os._exit(0)
    if child_id < 0:
        raise OSError(ctypes.get_errno(), "fork")
    return int(child_id)


def start_thread() -> str:
    threading.Thread(target=int).start()
    return "started"


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read a file": lambda: Path("/etc/passwd").read_text(),
    "read a file through libc": lambda: raw(2, b"/etc/passwd", ctypes.c_int(0)),
    "read its own memory map": lambda: Path("/proc/self/maps").read_text(),
    "list a folder": lambda: os.listdir("/"),  # noqa: PTH208
    "ask whether a file is there": lambda: os.stat("/etc/passwd"),  # noqa: PTH116
    "write a file": lambda: Path("/tmp/hostile").write_text("x"),
    "delete a file": lambda: Path("/tmp/hostile").unlink(),
    "make a folder": lambda: Path("/tmp/hostile.d").mkdir(),
    "make a memory file": lambda: os.memfd_create("x"),
    "open an internet socket": lambda: socket.socket(socket.AF_INET),
    "open a unix socket": lambda: socket.socket(socket.AF_UNIX),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "open a pair of sockets": socket.socketpair,
    "start a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must be refused
    "start a program by descriptor": lambda: raw(
        322, ctypes.c_int(-100), b"/bin/true", None, None, 0
    ),
    "fork": os.fork,
    "fork through libc": late_fork,
    "start a thread": start_thread,
    "trace its parent": lambda: raw(
        101, ctypes.c_long(16), ctypes.c_long(os.getppid()), None, None
    ),
    "read its parent's memory": lambda: raw(310, ctypes.c_int(os.getppid()), None, 0, None, 0, 0),
    "kill its parent": lambda: os.kill(os.getppid(), 9),
    "signal its parent's thread": lambda: raw(234, os.getppid(), os.getppid(), 9),
    "set up io_uring": lambda: raw(425, ctypes.c_uint(4), ctypes.create_string_buffer(120)),
    "load a kernel program": lambda: raw(321, ctypes.c_int(0), None, ctypes.c_uint(0)),
    "leave its namespaces": lambda: raw(272, ctypes.c_int(0x10000000)),
    "mount": lambda: raw(165, b"none", b"/tmp", b"tmpfs", ctypes.c_long(0), None),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (999, 999)),
    "forget who its parent is": lambda: raw(157, ctypes.c_int(1), ctypes.c_long(0)),
    "run new machine code": lambda: mmap.mmap(-1, 4096, prot=7),
    "allocate 2 GB": lambda: bytearray(2 << 30),
    "ask to be signalled": lambda: raw(72, ctypes.c_int(0), ctypes.c_int(8), os.getppid()),
}


def told(outcome: str) -> Iterator[Value]:
    yield ["document", "text", "T", False, 0]
    yield ["page", 1, outcome, [["paragraph", 0, len(outcome), 0]], 0.0, 0.0]
    yield ["end"]


def page(number: int) -> Value:
    return ["page", number, "text", [["paragraph", 0, 4, 0]], 10.0, 10.0]


def at_page_two(request: ParseRequest, harm: Callable[[], object]) -> Iterator[Value]:
    """A PDF of four pages whose second one does harm."""
    yield PDF
    for number in range(request.first, 5):
        if number == 2:
            harm()
        yield page(number)
    yield ["end"]


def spin() -> None:
    while True:
        pass


def flood() -> Iterator[Value]:
    yield ["document", "text", "T", False, 0]
    number = 0
    while True:
        number += 1
        yield ["page", number, "x" * 1000, [["paragraph", 0, 1000, 0]], 0.0, 0.0]


def huge_frame() -> None:
    os.write(1, HEADER.pack(0xFFFFFFFF))
    time.sleep(60)


def half_frame() -> None:
    os.write(1, HEADER.pack(100) + b"\x91")
    os._exit(0)


HARMS: dict[str, Callable[[], object]] = {
    "crash": lambda: ctypes.string_at(1),
    "abort": os.abort,
    "leave": lambda: os._exit(0),
    "spin": spin,
    "sleep": lambda: time.sleep(600),
    "x32 call": lambda: raw(0x40000000 | 39),
    "huge frame": huge_frame,
    "half a frame": half_frame,
    "noise": lambda: os.write(1, b"\xff" * 64),
    "no memory": lambda: bytearray(4 << 30),
}


def hostile(
    request: ParseRequest | RenderRequest, untrusted: bytes, limits: ReaderLimits
) -> Iterator[Value]:
    """The taken-over parser. The document's bytes name what it does."""
    name = untrusted.decode()
    if not isinstance(request, ParseRequest):
        HARMS[name]()
        return
    if name in ATTEMPTS:
        try:
            yield from told(f"done: {ATTEMPTS[name]()!r:.80}")
        except (OSError, MemoryError, RuntimeError, ValueError) as error:
            yield from told(f"refused: {type(error).__name__} {getattr(error, 'errno', '')}")
    elif name == "flood":
        yield from flood()
    elif name == "every page":
        yield PDF
        HARMS["crash"]()
    elif name == "what is left of others":
        yield from told(repr(leftovers()))
    elif name in HARMS:
        yield from at_page_two(request, HARMS[name])
    else:
        yield from told("read: " + name[:20])


SEEN: list[bytes] = []


def leftovers() -> list[bytes]:
    """What an earlier document left in this process."""
    return list(SEEN)


def remembering(
    request: ParseRequest | RenderRequest, untrusted: bytes, limits: ReaderLimits
) -> Iterator[Value]:
    yield from hostile(request, untrusted, limits)
    SEEN.append(untrusted)


def main() -> None:
    """With "unguarded FILE" before the usual arguments the sandbox is left out, and what comes
    after the greeting is written into FILE."""
    if sys.argv[1] == "unguarded":
        target = sys.argv[2]
        del sys.argv[1:3]
        vars(child)["enter_sandbox"] = lambda limits: _unguarded(target)
    child.main(remembering)


def _unguarded(target: str) -> Sandbox:
    def listen() -> None:
        os.set_blocking(0, True)
        Path(target).write_bytes(b"got: " + os.read(0, 100))
        os._exit(0)

    threading.Thread(target=listen).start()
    return Sandbox("linux-none", guards=("limits",))
