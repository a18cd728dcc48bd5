"""The files of a tiled log (C2SP tlog-tiles): their names, what is in them, which a size needs.

Rules kept here: names and contents are those of the specification, to the byte; a full tile never
changes; everything is a pure function of bytes and numbers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TILE_WIDTH = 256
MAX_ENTRY = 0xFFFF
"""Bytes of the largest entry: bundles prefix each with a big-endian uint16."""

_ENTRY_LENGTH = struct.Struct(">H")
_PAYLOAD_LENGTH = struct.Struct(">I")

ENTRIES = "entries"
PAYLOADS = "payload"
_INDEX = r"(?:x[0-9]{3}/)*[0-9]{3}"
_TILE = re.compile(
    rf"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>{_INDEX})(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?"
)
_PAYLOAD = re.compile(rf"payload/(?P<index>{_INDEX})(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes at `level` 0 to 63, or a bundle of entries (level -1).

    width counts the hashes or entries in it: 256 for a full tile, less for a partial one.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Relative to the log's folder, for example `tile/0/x001/067.p/12`."""
        level = ENTRIES if self.level < 0 else str(self.level)
        return f"tile/{level}/{_numbered(self.index, self.width)}"

    @property
    def start(self) -> int:
        """The first record it covers."""
        return self.index << 8 * (max(self.level, 0) + 1)

    @property
    def end(self) -> int:
        """One past the last record it covers."""
        return self.start + (self.width << 8 * max(self.level, 0))


def payload_path(index: int, width: int = TILE_WIDTH) -> str:
    """The bundle of sealed payloads beside entry bundle `index`."""
    return f"{PAYLOADS}/{_numbered(index, width)}"


def parsed_path(untrusted: str) -> Tile | None:
    """The tile a relative path names; None where it names none (canonical spelling only)."""
    match = _TILE.fullmatch(untrusted)
    if match is None:
        return None
    level = -1 if match["level"] == ENTRIES else int(match["level"])
    width = int(match["width"] or TILE_WIDTH)
    tile = Tile(level, int(match["index"].replace("/", "").replace("x", "")), width)
    return tile if tile.path == untrusted else None


def parsed_payload_path(untrusted: str) -> tuple[int, int] | None:
    """(index, width) of the payload bundle a relative path names; None where it names none."""
    match = _PAYLOAD.fullmatch(untrusted)
    if match is None:
        return None
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = int(match["width"] or TILE_WIDTH)
    return (index, width) if payload_path(index, width) == untrusted else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of hashes a log of `size` records has, full and partial, level by level."""
    level, count = 0, size
    while count:
        full, rest = divmod(count, TILE_WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if rest:
            yield Tile(level, full, rest)
        level, count = level + 1, full


def bundles_of(size: int) -> Iterator[Tile]:
    """Every bundle of entries a log of `size` records has."""
    full, rest = divmod(size, TILE_WIDTH)
    for index in range(full):
        yield Tile(-1, index)
    if rest:
        yield Tile(-1, full, rest)


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Big-endian uint16 length before each entry."""
    return _bundle(entries, _ENTRY_LENGTH)


def parsed_entries(untrusted: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle. Raises ValueError unless that is exactly what it holds."""
    return _parsed(untrusted, width, _ENTRY_LENGTH)


def payload_bundle(payloads: Sequence[bytes]) -> bytes:
    """Big-endian uint32 length before each payload; none, or an erased one, is of length 0."""
    return _bundle(payloads, _PAYLOAD_LENGTH)


def parsed_payloads(untrusted: bytes, width: int) -> list[bytes]:
    """The `width` payloads of a bundle. Raises ValueError unless that is exactly what it holds."""
    return _parsed(untrusted, width, _PAYLOAD_LENGTH)


def parsed_hashes(untrusted: bytes, width: int) -> list[bytes]:
    """The `width` hashes of a tile. Raises ValueError unless that is exactly what it holds."""
    if len(untrusted) != 32 * width:
        raise ValueError("a tile has 32 bytes for each hash")
    return [untrusted[at : at + 32] for at in range(0, len(untrusted), 32)]


def _bundle(parts: Sequence[bytes], prefix: struct.Struct) -> bytes:
    """Every record passes here twice (journal and tile), so the loop is left to map()."""
    pieces = [b""] * (2 * len(parts))
    pieces[::2] = map(prefix.pack, map(len, parts))
    pieces[1::2] = parts
    return b"".join(pieces)


def _parsed(untrusted: bytes, width: int, prefix: struct.Struct) -> list[bytes]:
    parts: list[bytes] = []
    at, end = 0, len(untrusted)
    for _ in range(width):
        if at + prefix.size > end:
            raise ValueError("a bundle ends too early")
        (length,) = prefix.unpack_from(untrusted, at)
        at += prefix.size
        if at + length > end:
            raise ValueError("a bundle ends too early")
        parts.append(untrusted[at : at + length])
        at += length
    if at != end:
        raise ValueError("a bundle goes on past its end")
    return parts


def _numbered(index: int, width: int) -> str:
    """Zero-padded three-digit elements, all but the last beginning with x."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
