"""The journal's bytes: a header, then one frame for every append.

Rules kept here: a frame is whole or it is not (length, checksum over all but the payloads, payloads
bound by the hashes in their leaves); it carries the signature of the log's root after it, which is
byte for byte a checkpoint signature (C2SP tlog-checkpoint); everything is a pure function of bytes.
Layout: docs/formats/log.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from appliance.audit.errors import LogTampered
from appliance.audit.tiles import entry_bundle, parsed_entries

_HEADER = struct.Struct(">8sQ32s")
_HEADER_MAGIC = b"CLJRNL\x01\n"
_FRAME = struct.Struct(">4sQIIIQ")
_FRAME_MAGIC = b"\xffLF\x01"  # 0xff is in no UTF-8 text, so no leaf can hold it
_CHECK_SIZE = 16
_SIGNATURE_SIZE = 64

HEADER_SIZE = _HEADER.size + _CHECK_SIZE
MAX_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Header:
    """Where a journal takes over: the log had `start` records with `root`. Not signed itself: the
    first frame's signature covers it, and before there is one the checkpoint does."""

    start: int
    root: bytes

    def encoded(self) -> bytes:
        body = _HEADER.pack(_HEADER_MAGIC, self.start, self.root)
        return body + _check(body)


@dataclass(frozen=True, slots=True)
class Frame:
    """One append. payloads: (offset in the journal, length) for each leaf; length 0 is none.

    The frame occupies [offset, end) of the journal."""

    start: int
    epoch: int
    leaves: tuple[bytes, ...]
    payloads: tuple[tuple[int, int], ...]
    signature: bytes
    offset: int
    end: int


def parsed_header(untrusted: bytes) -> Header:
    """Raises LogTampered unless the journal begins with a whole header."""
    body = untrusted[: _HEADER.size]
    if len(untrusted) < HEADER_SIZE or untrusted[_HEADER.size : HEADER_SIZE] != _check(body):
        raise LogTampered("The journal's beginning is damaged.")
    magic, start, root = _HEADER.unpack(body)
    if magic != _HEADER_MAGIC:
        raise LogTampered("The journal is of a version this program does not know.")
    return Header(start, root)


def encoded_frame(
    start: int, epoch: int, leaves: Sequence[bytes], payloads: Sequence[bytes], signature: bytes
) -> bytes:
    """payloads: one for each leaf, b"" where there is none."""
    entries = entry_bundle(leaves)
    lengths = struct.pack(f">{len(payloads)}I", *[len(payload) for payload in payloads])
    sealed = b"".join(payloads)
    head = _FRAME.pack(_FRAME_MAGIC, start, epoch, len(leaves), len(entries), len(sealed))
    check = sha256(head)
    for part in (entries, lengths, signature):  # hashed where it lies: a batch is large
        check.update(part)
    return b"".join((head, entries, lengths, signature, check.digest()[:_CHECK_SIZE], sealed))


def payload_places(frame_offset: int, frame_size: int, payloads: Sequence[bytes]) -> list[int]:
    """Where each payload of a frame just encoded lies in the journal."""
    at = frame_offset + frame_size - sum(map(len, payloads))
    places: list[int] = []
    for payload in payloads:
        places.append(at)
        at += len(payload)
    return places


def read_frame(untrusted: bytes, offset: int) -> Frame | None:
    """The whole frame at `offset`, or None where there is none: cut, damaged, or the end."""
    if offset + _FRAME.size > len(untrusted):
        return None
    magic, start, epoch, count, size, sealed = _FRAME.unpack_from(untrusted, offset)
    if magic != _FRAME_MAGIC or not 0 < count <= MAX_BATCH:
        return None
    return _body(untrusted, Frame(start, epoch, (), (), b"", offset, offset), count, size, sealed)


def _body(untrusted: bytes, head: Frame, count: int, size: int, sealed: int) -> Frame | None:
    """What follows a frame's head: `size` bytes of entries, `sealed` bytes of payloads."""
    entries_at = head.offset + _FRAME.size
    lengths_at = entries_at + size
    signature_at = lengths_at + 4 * count
    check_at = signature_at + _SIGNATURE_SIZE
    payload_at = check_at + _CHECK_SIZE
    if payload_at + sealed > len(untrusted):
        return None
    if untrusted[check_at:payload_at] != _check(untrusted[head.offset : check_at]):
        return None
    lengths = struct.unpack_from(f">{count}I", untrusted, lengths_at)
    if sum(lengths) != sealed:
        return None
    try:
        leaves = parsed_entries(untrusted[entries_at:lengths_at], count)
    except ValueError:
        return None
    places: list[tuple[int, int]] = []
    at = payload_at
    for length in lengths:
        places.append((at, length))
        at += length
    signature = untrusted[signature_at:check_at]
    return replace(head, leaves=tuple(leaves), payloads=tuple(places), signature=signature, end=at)


def read_frames(untrusted: bytes, start: int) -> tuple[list[Frame], int]:
    """Every whole frame from the header on, and the offset at which they end.

    What follows that offset is zeros, or a torn append. Raises LogTampered if a whole frame
    follows later (then the gap is damage, not a torn append) or the numbers do not follow on."""
    frames: list[Frame] = []
    offset, expected = HEADER_SIZE, start
    while (frame := read_frame(untrusted, offset)) is not None:
        if frame.start != expected:
            raise LogTampered(f"The journal jumps from record {expected} to {frame.start}.")
        frames.append(frame)
        offset, expected = frame.end, expected + len(frame.leaves)
    at = untrusted.find(_FRAME_MAGIC, offset)
    while at >= 0:
        if read_frame(untrusted, at) is not None:
            raise LogTampered(f"The journal is damaged at record {expected}, before later ones.")
        at = untrusted.find(_FRAME_MAGIC, at + 1)
    return frames, offset


def _check(body: bytes) -> bytes:
    return sha256(body).digest()[:_CHECK_SIZE]
