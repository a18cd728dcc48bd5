"""Code that is loaded is the very code that was hashed.

Rules kept here: a library is opened once, never through a link, read and hashed in memory, and
loaded from a copy that nobody can change any more (memfd_create(2), F_ADD_SEALS of fcntl(2)): what
becomes of the file meanwhile changes nothing. On systems other than Linux, which have no such
memory, the file's hash is looked at and the file is loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.errors import MachineUnsupported, ModelDamaged
from appliance.engine.mlc.files import read_file

MAX_CODE = 1 << 30
"""Bytes of a library."""
_NOEXEC_SEAL = 0x8
"""MFD_NOEXEC_SEAL of linux/memfd.h (6.3): a file that can be mapped and loaded, not run."""


@dataclass(frozen=True, slots=True)
class Code:
    """A library and the hash it must have, in hex."""

    path: Path
    sha256: str


def sealed(code: Code) -> Path:
    """Where to load it from: its sealed copy, for as long as this process lives. The descriptor is
    never closed, for the dynamic linker knows a library by its path. Raises ModelDamaged,
    MachineUnsupported."""
    content = read_file(code.path, MAX_CODE)
    if hashlib.sha256(content).hexdigest() != code.sha256:
        raise ModelDamaged(f"{code.path.name} is not the file it should be.")
    if sys.platform != "linux":
        return code.path
    try:
        return Path(f"/proc/self/fd/{_sealed(code.path.name, content)}")
    except OSError as error:
        raise MachineUnsupported(
            f"This system does not let code be loaded from memory ({error.strerror}).",
            hint="Use a Linux kernel with memfd_create, or ask your IT department.",
        ) from error


def _sealed(name: str, content: bytes) -> int:
    import fcntl  # not there on Windows

    descriptor = _memory(name)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _memory(name: str) -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        return os.memfd_create(name, flags | _NOEXEC_SEAL)
    except OSError:
        return os.memfd_create(name, flags)  # a kernel before 6.3
