"""Sealed bytes and sealed files.

Rules kept here: everything sealed is bound to what it is (kind, id, version); every message has
its own key (HKDF of the caller's key with a 256-bit salt), so no nonce can ever repeat and there
is no limit on how many messages a key seals; the header commits to the key, so one ciphertext
opens under one key alone; a file is cut into chunks whose place and end are authenticated
(STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015), so cutting, swapping, repeating and appending
are caught. Formats: docs/formats/vault.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.vault.durable import remove_leftovers, storage_error, write_atomic
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.primitives import (
    KEY_SIZE,
    hkdf,
    mac,
    random_bytes,
    require_equal,
    require_mac,
    sha256,
)

__all__ = [
    "CHUNK_SIZE",
    "Context",
    "hkdf",
    "mac",
    "random_bytes",
    "read_sealed",
    "remove_leftovers",
    "require_mac",
    "seal",
    "seal_repeatably",
    "sha256",
    "stream_sealed",
    "unseal",
    "write_atomic",
    "write_sealed",
]

CHUNK_SIZE = 1 << 20
"""Plaintext bytes in every chunk of a sealed file but the last."""

DEFAULT_LIMIT = 4 << 30

_BLOB_MAGIC = b"CLSB\x01"
_FILE_MAGIC = b"CLSF\x01"
_SALT_SIZE = 32
_COMMITMENT_SIZE = 32
_TAG_SIZE = 16
_HEADER_SIZE = len(_BLOB_MAGIC) + _SALT_SIZE + _COMMITMENT_SIZE
_SENTENCE = "A sealed {kind} does not open: it was changed, swapped, cut short or has another key."


@dataclass(frozen=True, slots=True)
class Context:
    """What a sealed thing is. Opening under another kind, id or version fails."""

    kind: str
    id: str
    version: int = 1

    def encoded(self) -> bytes:
        """Canonical: no two contexts have the same bytes (every part carries its length)."""
        kind, name = self.kind.encode(), self.id.encode()
        return b"".join(
            (
                b"cloister-context\x01",
                struct.pack(">H", len(kind)),
                kind,
                struct.pack(">I", len(name)),
                name,
                struct.pack(">Q", self.version),
            )
        )


@dataclass(frozen=True, slots=True)
class _MessageKey:
    cipher: AESGCM
    nonce: bytes
    commitment: bytes


def seal(key: bytes | bytearray, plaintext: bytes, context: Context) -> bytes:
    """AES-256-GCM under a key of this message alone; 85 bytes longer than the plaintext."""
    return _sealed_with(random_bytes(_SALT_SIZE), key, plaintext, context)


def seal_repeatably(key: bytes | bytearray, plaintext: bytes, context: Context) -> bytes:
    """As `seal`, but the same plaintext in the same context gives the same bytes each time, so that
    what was lost can be made again. Whoever sees two results learns whether they are of the same
    plaintext, and no more: the salt is a keyed hash of context and plaintext, so no two different
    messages share a key."""
    bound = context.encoded() + plaintext
    return _sealed_with(mac(hkdf(key, "cloister/seal/salt/v1"), bound), key, plaintext, context)


def unseal(key: bytes | bytearray, untrusted: bytes, context: Context) -> bytes:
    """The plaintext. Raises Tampered for a wrong key, another context, or any changed bit."""
    header, body = untrusted[:_HEADER_SIZE], untrusted[_HEADER_SIZE:]
    sentence = _SENTENCE.format(kind=context.kind)
    message = _opened_header(key, header, context, _BLOB_MAGIC, "cloister/seal/v1")
    try:
        return message.cipher.decrypt(message.nonce, body, header + context.encoded())
    except InvalidTag:
        raise Tampered(sentence) from None


def write_sealed(
    path: Path, key: bytes | bytearray, plaintext: bytes | Iterable[bytes], context: Context
) -> None:
    """Writes a sealed file, durable on return, wholly old or wholly new (see `write_atomic`).

    `plaintext` may come in pieces of any size; at most one chunk of it is held at a time.
    """
    pieces = (plaintext,) if isinstance(plaintext, bytes) else plaintext
    write_atomic(path, _sealed_chunks(key, pieces, context))


def read_sealed(
    path: Path, key: bytes | bytearray, context: Context, *, limit: int = DEFAULT_LIMIT
) -> bytes:
    """The whole plaintext, once all of it is authenticated.

    Raises Tampered, SealedMissing (no such file), TooLarge (more than `limit` bytes of plaintext,
    found before reading).
    """
    with _opened(path) as (file, size):
        if size > limit + _HEADER_SIZE + _TAG_SIZE * (limit // CHUNK_SIZE + 1):
            raise TooLarge(f"{path.name} holds more than {limit} bytes.")
        return b"".join(_opened_chunks(file, size, key, context))


def stream_sealed(path: Path, key: bytes | bytearray, context: Context) -> Iterator[bytes]:
    """The plaintext chunk by chunk. Each chunk is authentic and in its place when it is yielded;
    that the file is complete is known only when the iterator ends without raising."""
    with _opened(path) as (file, size):
        yield from _opened_chunks(file, size, key, context)


def _sealed_with(salt: bytes, key: bytes | bytearray, plaintext: bytes, context: Context) -> bytes:
    message = _message_key(key, salt, context, "cloister/seal/v1")
    header = _BLOB_MAGIC + salt + message.commitment
    return header + message.cipher.encrypt(message.nonce, plaintext, header + context.encoded())


def _message_key(
    key: bytes | bytearray, salt: bytes, context: Context, purpose: str
) -> _MessageKey:
    if len(key) != KEY_SIZE:
        raise ValueError("a sealing key has 32 bytes")
    info = purpose.encode() + b"\x00" + context.encoded()
    derived = hkdf(key, info, KEY_SIZE + 12 + _COMMITMENT_SIZE, salt=salt)
    return _MessageKey(AESGCM(derived[:KEY_SIZE]), derived[KEY_SIZE:44], derived[44:])


def _opened_header(
    key: bytes | bytearray, untrusted: bytes, context: Context, magic: bytes, purpose: str
) -> _MessageKey:
    sentence = _SENTENCE.format(kind=context.kind)
    if len(untrusted) != _HEADER_SIZE or not untrusted.startswith(magic):
        raise Tampered(sentence)
    salt = untrusted[len(magic) : len(magic) + _SALT_SIZE]
    message = _message_key(key, salt, context, purpose)
    require_equal(message.commitment, untrusted[-_COMMITMENT_SIZE:], sentence)
    return message


def _sealed_chunks(
    key: bytes | bytearray, pieces: Iterable[bytes], context: Context
) -> Iterator[bytes]:
    salt = random_bytes(_SALT_SIZE)
    message = _message_key(key, salt, context, "cloister/file/v1")
    header = _FILE_MAGIC + salt + message.commitment
    bound = header + context.encoded()
    yield header
    for counter, (chunk, final) in enumerate(_chunks(pieces)):
        yield message.cipher.encrypt(_chunk_nonce(message, counter, final), chunk, bound)


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Chunks of CHUNK_SIZE, the last (perhaps shorter, empty only if all is empty) marked."""
    held = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        while view:
            if len(held) == CHUNK_SIZE:
                yield bytes(held), False
                held.clear()
            taken = view[: CHUNK_SIZE - len(held)]
            held += taken
            view = view[len(taken) :]
    yield bytes(held), True


def _opened_chunks(
    file: BinaryIO, size: int, key: bytes | bytearray, context: Context
) -> Iterator[bytes]:
    header = file.read(_HEADER_SIZE)
    message = _opened_header(key, header, context, _FILE_MAGIC, "cloister/file/v1")
    bound = header + context.encoded()
    sentence = _SENTENCE.format(kind=context.kind)
    left, counter, final = size - _HEADER_SIZE, 0, False
    while not final:
        body = file.read(min(left, CHUNK_SIZE + _TAG_SIZE))
        left -= len(body)
        final = left <= 0
        if counter and len(body) <= _TAG_SIZE:
            raise Tampered(sentence)  # an empty chunk is only ever the whole of an empty file
        try:
            yield message.cipher.decrypt(_chunk_nonce(message, counter, final), body, bound)
        except InvalidTag:
            raise Tampered(sentence) from None
        counter += 1
    if file.read(1):
        raise Tampered(sentence)


def _chunk_nonce(message: _MessageKey, counter: int, final: bool) -> bytes:
    """7 derived bytes, the chunk's number (32 bits), 1 for the last chunk else 0."""
    return message.nonce[:7] + struct.pack(">IB", counter, final)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    try:
        with path.open("rb") as file:
            yield file, file.seek(0, 2) - file.seek(0)
    except FileNotFoundError:
        raise SealedMissing(f"{path.name} is not there.") from None
    except OSError as error:
        raise storage_error(error, f"{path.name} was not read") from error
