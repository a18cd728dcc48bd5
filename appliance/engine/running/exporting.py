"""The bytes that carry a part of a key-value cache out of one model and into another.

Rules kept here: what comes in is untrusted. It is taken whole or not at all: magic, fingerprint,
length, sizes and a SHA-256 over everything are checked before a byte is used. (It guards against
mistakes and damage; against forging, the desk seals what it keeps.)

Layout: MAGIC, fingerprint (64 hex digits), tokens (uint32), parts (uint32), the parts one after
another, SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from appliance.errors import EngineFailed

MAGIC = b"cloister-kv/1\n"
HEADER = len(MAGIC) + 64 + 4 + 4


class ExportInvalid(EngineFailed):
    """Exported tokens that are damaged or belong to another model."""

    code = "cache_export"
    hint = "Nothing is lost: the model reads the text again."


def pack_export(fingerprint: str, tokens: int, parts: Sequence[bytes]) -> bytes:
    counts = tokens.to_bytes(4, "little") + len(parts).to_bytes(4, "little")
    digest = hashlib.sha256()
    whole = [MAGIC + fingerprint.encode("ascii") + counts, *parts]
    for part in whole:
        digest.update(part)
    return b"".join([*whole, digest.digest()])


def unpack_export(
    untrusted: bytes, fingerprint: str, *, count: int, part_size: Callable[[int], int], most: int
) -> tuple[int, list[memoryview]]:
    """(tokens, parts). `count` parts of part_size(tokens) bytes each are expected, `most` tokens
    at most. Raises ExportInvalid."""
    view = memoryview(untrusted)
    if len(view) < HEADER + 32 or bytes(view[: len(MAGIC)]) != MAGIC:
        raise ExportInvalid("These are not exported tokens of a model.")
    if bytes(view[len(MAGIC) : HEADER - 8]) != fingerprint.encode("ascii"):
        raise ExportInvalid("The exported tokens belong to another model.")
    tokens = int.from_bytes(view[HEADER - 8 : HEADER - 4], "little")
    parts = int.from_bytes(view[HEADER - 4 : HEADER], "little")
    if not 1 <= tokens <= most or parts != count:
        raise ExportInvalid("The exported tokens do not fit this model.")
    size = part_size(tokens)
    if len(view) != HEADER + count * size + 32:
        raise ExportInvalid("The exported tokens are cut short or too long.")
    if hashlib.sha256(view[:-32]).digest() != bytes(view[-32:]):
        raise ExportInvalid("The exported tokens are damaged.")
    return tokens, [view[HEADER + i * size : HEADER + (i + 1) * size] for i in range(count)]
