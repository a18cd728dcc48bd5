"""Landlock: what files may be touched and that no TCP port may be, by kernel rule.

Rules kept here: rights a kernel does not know are left out and said (`Applied`), never silently; a
restriction holds for the calling thread and what it starts, and for the other threads only where
the kernel can (ABI 8), which is said too. Layout and rights: linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.airgap import syscalls

# LANDLOCK_ACCESS_FS_*
EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
REMOVE_DIR = 1 << 4
REMOVE_FILE = 1 << 5
MAKE_CHAR = 1 << 6
MAKE_DIR = 1 << 7
MAKE_REG = 1 << 8
MAKE_SOCK = 1 << 9
MAKE_FIFO = 1 << 10
MAKE_BLOCK = 1 << 11
MAKE_SYM = 1 << 12
REFER = 1 << 13  # ABI 2
TRUNCATE = 1 << 14  # ABI 3
IOCTL_DEV = 1 << 15  # ABI 5

READING = EXECUTE | READ_FILE | READ_DIR
MAKING = (
    REMOVE_DIR | REMOVE_FILE | MAKE_CHAR | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO
    | MAKE_BLOCK | MAKE_SYM
)  # fmt: skip
WRITING = WRITE_FILE | MAKING | REFER | TRUNCATE

# the rights a rule on a single file, not a folder, may carry
_ON_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

# LANDLOCK_ACCESS_NET_* (ABI 4) and LANDLOCK_SCOPE_* (ABI 6)
BIND_TCP = 1 << 0
CONNECT_TCP = 1 << 1
SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
SCOPE_SIGNAL = 1 << 1

_RULE_PATH_BENEATH = 1
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_RESTRICT_TSYNC = 1 << 3  # LANDLOCK_RESTRICT_SELF_TSYNC, ABI 8


@dataclass(frozen=True, slots=True)
class Allowance:
    """What stays allowed at `path` and below it. A path that is not there allows nothing."""

    path: Path
    rights: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What the kernel took: the masks in force and whether every thread is held."""

    abi: int
    files: int
    network: int
    scopes: int
    all_threads: bool


def abi() -> int:
    """The kernel's Landlock version, 0 where there is none or it is off."""
    try:
        return syscalls.call("landlock_create_ruleset", ctypes.c_void_p(None), 0, _VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def known_files(version: int) -> int:
    """The file rights that a Landlock version knows."""
    known = (1 << 13) - 1
    if version >= 2:
        known |= REFER
    if version >= 3:
        known |= TRUNCATE
    if version >= 5:
        known |= IOCTL_DEV
    return known if version >= 1 else 0


def restrict(
    *, files: int, allowances: Sequence[Allowance], network: int = 0, scopes: int = 0
) -> Applied:
    """Takes the rights in `files`, `network` and `scopes` away but for the allowances.

    Holds for this thread and all it starts, never to be undone. Returns what this kernel took; abi
    0 means nothing. no_new_privs is set. Raises OSError.
    """
    version = abi()
    files &= known_files(version)
    network = network if version >= 4 else 0
    scopes = scopes if version >= 6 else 0
    if not files and not network and not scopes:
        return Applied(version, 0, 0, 0, all_threads=False)
    syscalls.set_process(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", files, network, scopes)[:size]
    ruleset = syscalls.call(
        "landlock_create_ruleset", ctypes.create_string_buffer(attributes, size), size, 0
    )
    try:
        for allowance in allowances:
            _allow(ruleset, allowance, files)
        flags = _RESTRICT_TSYNC if version >= 8 else 0
        syscalls.call("landlock_restrict_self", ruleset, flags)
    finally:
        os.close(ruleset)
    return Applied(version, files, network, scopes, all_threads=version >= 8)


def _allow(ruleset: int, allowance: Allowance, handled: int) -> None:
    try:
        place = os.open(allowance.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EACCES):
            return
        raise
    try:
        rights = allowance.rights & handled
        if not allowance.path.is_dir():
            rights &= _ON_A_FILE
        if rights:
            rule = struct.pack("=Qi", rights, place)  # packed: 12 bytes
            pointer = ctypes.create_string_buffer(rule, len(rule))
            syscalls.call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, pointer, 0)
    finally:
        os.close(place)
