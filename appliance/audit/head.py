"""How far the log was acknowledged, so that a cut tail is told from a torn one.

Rules kept here: written after the record is durable and before it is acknowledged, in place and
without waiting for the disk, so it may lag behind the journal but never lead it; authenticated, so
it cannot be set back without an older copy of it; two slots, so a write torn by a power cut leaves
the one before.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest as hmac_digest
from pathlib import Path

from appliance.audit.errors import LogTampered
from appliance.vault.errors import Tampered
from appliance.vault.primitives import hkdf, require_mac
from appliance.vault.sealed import write_atomic

FILE = "head"
_SLOT = struct.Struct(">8sQ32s")
_MAGIC = b"CLHEAD\x01\n"
_SLOT_SIZE = 512  # one sector: written whole or not at all


@dataclass(frozen=True, slots=True)
class Reached:
    """The log had `size` records with `root` when its last append was acknowledged."""

    size: int
    root: bytes


class Head:
    """The open head file. Not safe for several threads; the log's lock covers it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Raises LogTampered where the file is missing or neither slot is authentic."""
        self._key = _derived(key)
        self._flip = 0
        path = folder / FILE
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise LogTampered("The log's head is missing (the file `head`).") from None
        try:
            self.reached = self._read()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def create(folder: Path, key: bytes, reached: Reached) -> None:
        slot = _slot(_derived(key), reached)
        write_atomic(folder / FILE, slot + slot)

    def write(self, size: int, root: bytes) -> None:
        """Raises OSError."""
        os.pwrite(self._descriptor, _slot(self._key, Reached(size, root)), self._flip)
        self._flip ^= _SLOT_SIZE

    def sync(self) -> None:
        """Makes the newest slot durable, before what it is measured against moves on."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def _read(self) -> Reached:
        found: list[tuple[Reached, int]] = []
        for offset in (0, _SLOT_SIZE):
            untrusted = os.pread(self._descriptor, _SLOT_SIZE, offset)
            body, tag = untrusted[: _SLOT.size], untrusted[_SLOT.size : _SLOT.size + 32]
            try:
                require_mac(self._key, body, tag)
            except Tampered:
                continue
            magic, size, root = _SLOT.unpack(body)
            if magic == _MAGIC:
                found.append((Reached(size, root), offset))
        if not found:
            raise LogTampered("The log's head is damaged (the file `head`).")
        newest, offset = max(found, key=lambda slot: slot[0].size)
        self._flip = offset ^ _SLOT_SIZE
        return newest


def _derived(key: bytes) -> bytes:
    return hkdf(key, "cloister/audit/head/v1")


def _slot(key: bytes, reached: Reached) -> bytes:
    body = _SLOT.pack(_MAGIC, reached.size, reached.root)
    return (body + hmac_digest(key, body, sha256)).ljust(_SLOT_SIZE, b"\x00")
