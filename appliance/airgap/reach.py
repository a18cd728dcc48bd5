"""In words: what the kernel refuses, which local sockets stay, why what could reach out cannot.

Rules kept here: what is refused is read from the rules that are put on, never written beside them;
a socket that is not listed here is none that the product uses, and a test follows a whole journey
by the kernel's trace to see that; a part that could reach out and of which nobody has said why it
cannot is shown without a reason, and a test fails.
"""

from __future__ import annotations

import errno

from appliance.airgap.guard import RULES
from appliance.values import Denied, LocalSocket

_SAID = {
    "socket": "A socket of any family but AF_UNIX: TCP, UDP, raw packets, netlink, Bluetooth, …",
    "socketpair": "A pair of sockets of any family but AF_UNIX.",
    "clone3": "The newer way to start a process, whose flags a filter cannot read; the C library "
    "then takes the older one, which is checked.",
    "clone": "A new namespace for a child, in which a network could be made.",
    "unshare": "A new namespace for the process itself.",
    "ioctl": "Typing into the terminal outside (TIOCSTI, TIOCLINUX).",
}
_DOORS = (
    "Other doors: asynchronous sockets (io_uring), another process's memory and descriptors, "
    "tracing, kernel programs (bpf), kernel modules, the kernel's key ring (its name resolver), "
    "mounts, file handles, and namespaces of others."
)

ALLOWED: tuple[LocalSocket, ...] = (
    LocalSocket("", "desk, reader", "frames between the desk and a sandboxed reader", "always"),
    LocalSocket("/tmp/.X11-unix/X*", "window", "the X display", "a window under X11"),  # noqa: S108
    LocalSocket("@/tmp/.X11-unix/X*", "window", "the X display, by its abstract name",
                "a window under X11"),
    LocalSocket("/run/user/*/wayland-*", "window", "the display", "a window under Wayland"),
    LocalSocket("/run/user/*/at-spi/bus*", "window", "the accessibility bus",
                "where AT_SPI_BUS_ADDRESS names it, for a screen reader"),
    LocalSocket("/run/cups/cups.sock", "window", "the print service, which prints where it is told",
                "when a person prints a recovery code"),
    LocalSocket("/var/run/cups/cups.sock", "window", "the same, by its older name",
                "when a person prints a recovery code"),
    LocalSocket("/run/user/*/bus", "secret-tool, a child that ends before the guards go on",
                "the system's key store", "only where somebody logs in with it"),
    LocalSocket("*/api.sock", "desk, its clients", "other programs of this user that ask",
                "only while `cloister serve` runs, which a policy must allow"),
)  # fmt: skip
"""Everything else of AF_UNIX is not used. The buses of the session and of the system have an
address that leads nowhere (starting.py); users and groups are looked up in files (guard.py);
commands cannot reach abstract sockets at all, where the kernel has Landlock 6."""

_EVERYWHERE = (
    "the kernel refuses it the socket, in every thread and every child, and names are answered "
    "from /etc/hosts alone"
)
WHY = {
    "cloister": "The program's own libraries make no sockets.",
    "cryptography": "OpenSSL is inside for its ciphers. No TLS or BIO call of it is made; if one "
    f"were, {_EVERYWHERE}.",
    "duckdb": "The database can fetch remote files. External access is switched off, extensions "
    f"are neither found nor fetched, the settings are locked; and {_EVERYWHERE}.",
    "duckdb-extension-httpfs": "Loaded by its path for OpenSSL's AES alone; external access is "
    f"switched off right after, so no URL is opened; and {_EVERYWHERE}.",
    "pyside6-essentials": "Qt's network library comes with Qt. No module of the window imports "
    f"QtNetwork or QtDBus, and no view loads a remote resource; and {_EVERYWHERE}.",
    "python": "Python's socket module makes the AF_UNIX pairs of the readers and the API's socket. "
    f"For any other family {_EVERYWHERE}.",
    "apache-tvm": "TVM's runtime has a server for remote devices. It is never started: no RPC "
    f"function is looked up; and {_EVERYWHERE}.",
    "": f"It came with the system the program was built on. Whatever asks it, {_EVERYWHERE}.",
}
"""By part: why it cannot reach out."""


def denied() -> tuple[Denied, ...]:
    """What the filter refuses, out of its own rules."""
    codes = {rule.call: rule.code for rule in RULES}
    told = [
        Denied((call,), _name(code), _SAID[call]) for call, code in codes.items() if call in _SAID
    ]
    doors = tuple(call for call in codes if call not in _SAID)
    answers = sorted({_name(codes[call]) for call in doors})
    return (*told, Denied(doors, ", ".join(answers), _DOORS))


def _name(code: int) -> str:
    return errno.errorcode.get(code, str(code))
