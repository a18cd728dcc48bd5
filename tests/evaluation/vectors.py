"""The encoder with a memory on the disk: a text is encoded once, however often it is evaluated.

Rules kept here: one file a model, named after the model, so that vectors of two never meet; records
of one size (16 bytes of BLAKE2b of the text, then the vector in little-endian float32), only ever
added at the end under a lock; a half-written record at the end is cut off. The file is not secret
and not trusted: the library refuses vectors that are not of unit length.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Final

import numpy as np

from appliance.protocols import Encoder
from appliance.values import VECTOR_SIZE, Vectors

KEY_BYTES: Final = 16
RECORD_BYTES: Final = KEY_BYTES + 4 * VECTOR_SIZE
_SCAN_RECORDS: Final = 4096


class KeptVectors:
    """An Encoder for documents' texts. Holds 16 bytes and a number a text in memory. One thread."""

    def __init__(self, encoder: Encoder, model: str, folder: Path) -> None:
        self._encoder = encoder
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]", "-", model)[:60]
        digest = sha256(model.encode()).hexdigest()[:16]
        self._file = os.open(
            folder / f"{name}-{digest}.vectors", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._places: dict[bytes, int] = {}
        self._scanned = 0
        self._scan()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """As Encoder.encode; what is new is kept."""
        keys = [blake2b(text.encode("utf-8", "replace"), digest_size=KEY_BYTES).digest()
                for text in texts]  # fmt: skip
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._places}
        if new:
            self._keep(list(new), self._encoder.encode(list(new.values())))
        rows = [self._read(key) for key in keys]
        return np.stack(rows) if rows else np.zeros((0, VECTOR_SIZE), np.float32)

    def close(self) -> None:
        os.close(self._file)

    def _read(self, key: bytes) -> Vectors:
        at = self._places[key] * RECORD_BYTES + KEY_BYTES
        stored = os.pread(self._file, RECORD_BYTES - KEY_BYTES, at)
        return np.frombuffer(stored, "<f4").astype(np.float32)

    def _keep(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        records = b"".join(
            key + vector.astype("<f4").tobytes() for key, vector in zip(keys, vectors, strict=True)
        )
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            whole = os.fstat(self._file).st_size // RECORD_BYTES * RECORD_BYTES
            os.ftruncate(self._file, whole)
            written = 0
            while written < len(records):
                written += os.pwrite(self._file, records[written:], whole + written)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._scan()

    def _scan(self) -> None:
        """Takes in the records that were added since, by this process or another."""
        count = os.fstat(self._file).st_size // RECORD_BYTES
        while self._scanned < count:
            step = min(_SCAN_RECORDS, count - self._scanned)
            stored = os.pread(self._file, step * RECORD_BYTES, self._scanned * RECORD_BYTES)
            for number in range(len(stored) // RECORD_BYTES):
                at = number * RECORD_BYTES
                self._places[stored[at : at + KEY_BYTES]] = self._scanned
                self._scanned += 1
