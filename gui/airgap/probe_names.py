"""What the attempts to leave are called on the screen.

Rule kept here: what has no name here is shown by its own, never left out; what the kernel answered
stays as it is, for it is evidence.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

_SWEPT = re.compile(r"(\d{1,6}) tried, all refused \(([A-Z]{1,20})\)")


def probe_name(name: str) -> str:
    """A system call is called what it is."""
    known = {
        "filter on the process": _tr("Filter on the process"),
        "filter on every thread": _tr("Filter on every thread"),
        "sockets inherited": _tr("Sockets inherited"),
        "sockets by Python": _tr("Sockets by Python"),
        "sockets by ctypes": _tr("Sockets by ctypes"),
        "sockets by system call": _tr("Sockets by system call"),
        "socket pairs": _tr("Socket pairs"),
        "sockets in a thread": _tr("Sockets in a thread"),
        "sockets in a child": _tr("Sockets in a child process"),
        "sockets by the x32 gate": _tr("Sockets by the x32 gate"),
        "sockets by the 32-bit gate": _tr("Sockets by the 32-bit gate"),
        "writes elsewhere": _tr("Writing elsewhere"),
        "name resolution": _tr("Name resolution"),
    }
    return known.get(name, name)


def probe_detail(detail: str) -> str:
    known = {
        "opened": _tr("opened"),
        "none but AF_UNIX": _tr("none but AF_UNIX"),
        "refused outside the data folder": _tr("refused outside the data folder"),
        "not tried, for a way out is open": _tr("not tried, for a way out is open"),
        "no filter is on this process": _tr("no filter is on this process"),
        "this kernel has none": _tr("this kernel has none"),
        "the probe did not run": _tr("the probe did not run"),
    }
    swept = _SWEPT.fullmatch(detail)
    if swept is not None:
        return _tr("{tried} tried, all refused ({answer})").format(tried=swept[1], answer=swept[2])
    return known.get(detail, detail)


def _tr(text: str) -> str:
    return QCoreApplication.translate("probe_names", text)
