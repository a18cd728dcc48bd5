"""Whether the tiles, payloads and JSON lines of a copy are those its records make.

Rules kept here: a tile that is needed is there; a tile that is there is right, or the copy is not;
one that lies beyond the end says that the log was cut; a missing payload is an erasure only where a
record says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from appliance.audit.copy import LINES, Copy, files_below, opened
from appliance.audit.errors import LogTampered
from appliance.audit.frames import Frame
from appliance.audit.merkle import leaf_hash, subtree_root
from appliance.audit.story import Story
from appliance.audit.tiles import (
    MAX_ENTRY,
    TILE_WIDTH,
    Tile,
    entry_bundle,
    parsed_path,
    parsed_payload_path,
    tiles_of,
)

_LENGTH = 4  # bytes that say how long a payload is
_LARGEST_PAYLOAD = 4 * 1024 * 1024


def require_tiles(
    copy: Copy, hashes: Sequence[bytes], tail_leaves: Sequence[bytes], start: int
) -> None:
    """hashes: of every record, in order. tail_leaves: the records after the last full bundle
    before `start`, before which everything must lie in tiles."""
    levels = _levels(hashes)
    for tile in tiles_of(start):
        if tile.width == TILE_WIDTH or not _grown(copy, tile):
            _require_hashes(copy, tile, levels)
    for name in copy.tiles:
        found = parsed_path(name)
        if found is None or _grown(copy, found):
            continue
        if found.end > len(hashes):
            raise LogTampered(f"The log was cut: {name} lies beyond its {len(hashes)} records.")
        if found.level >= 0:
            _require_hashes(copy, found, levels)
        else:
            _require_entries(copy, found, tail_leaves, len(hashes))


def _grown(copy: Copy, tile: Tile) -> bool:
    """Whether a partial tile of a live log has given way to the full one."""
    if not copy.live or tile.width == TILE_WIDTH or (copy.folder / tile.path).exists():
        return False
    return (copy.folder / Tile(tile.level, tile.index).path).exists()


def _levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """levels[l] holds MTH of every complete run of 256^l records."""
    levels = [list(hashes)]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        whole = len(below) // TILE_WIDTH * TILE_WIDTH
        levels.append(
            [subtree_root(below[at : at + TILE_WIDTH]) for at in range(0, whole, TILE_WIDTH)]
        )
    return levels


def _require_hashes(copy: Copy, tile: Tile, levels: Sequence[Sequence[bytes]]) -> None:
    first = tile.index * TILE_WIDTH
    expected = b"".join(levels[tile.level][first : first + tile.width])
    if copy.tile(tile) != expected:
        raise LogTampered(f"{tile.path} does not hold the hashes of its records.")


def _require_entries(copy: Copy, bundle: Tile, tail: Sequence[bytes], size: int) -> None:
    """A bundle beside those that were read: in the journal's stretch, or partial and left over."""
    first = size - len(tail)
    if bundle.start >= first:
        at = bundle.start - first
        expected = entry_bundle(tail[at : at + bundle.width])
    elif bundle.width < TILE_WIDTH:
        expected = copy.tile(Tile(-1, bundle.index))[: bundle.width * (MAX_ENTRY + 2)]
        expected = expected[: len(copy.tile(bundle))]
    else:
        return  # read already, and held against its hashes
    if copy.tile(bundle) != expected:
        raise LogTampered(f"{bundle.path} does not hold its records.")


def require_payloads(
    copy: Copy, story: Story, frames: Sequence[Frame], size: int
) -> tuple[int, int]:
    """How many payloads are there, and how many were erased as a record says. Raises LogTampered
    for one that is missing, changed, or belongs to no record (of a log that is being written,
    those of records beyond `size` are none of this reading)."""
    present: set[int] = set()
    journal, bundles = _in_journal(frames, copy.journal or b""), _in_bundles(copy.folder)
    for seq, untrusted in chain(journal, bundles):
        if copy.live and seq >= size:
            continue
        if story.payloads.get(seq) != sha256(untrusted).hexdigest():
            raise LogTampered(f"The payload of record {seq} is not the one logged.")
        present.add(seq)
    for seq in story.payloads:
        if seq not in present and seq not in story.erased:
            raise LogTampered(f"The payload of record {seq} is missing, and no record erased it.")
    return len(present), len(story.payloads.keys() - present)


def _in_journal(frames: Sequence[Frame], untrusted: bytes) -> Iterator[tuple[int, bytes]]:
    """(record, payload) of those in the journal; an erased one is zeros."""
    for frame in frames:
        for seq, (offset, length) in enumerate(frame.payloads, frame.start):
            payload = untrusted[offset : offset + length]
            if payload.strip(b"\x00"):
                yield seq, payload


def _in_bundles(folder: Path) -> Iterator[tuple[int, bytes]]:
    for name in files_below(folder, "payload"):
        place = parsed_payload_path(name)
        if place is None:
            continue
        index, width = place
        with opened(folder, name) as file:
            for seq, untrusted in enumerate(_payloads(file, width, name), index * TILE_WIDTH):
                if untrusted:
                    yield seq, untrusted


def _payloads(file: BinaryIO, width: int, name: str) -> Iterator[bytes]:
    """The payloads of a bundle one after the other: it may be far larger than looking at it should
    take memory. Raises LogTampered unless it holds exactly `width` of them."""
    for _ in range(width):
        length = int.from_bytes(_exactly(file, _LENGTH, name), "big")
        if length > _LARGEST_PAYLOAD:
            raise LogTampered(f"{name} is damaged.")
        yield _exactly(file, length, name)
    if file.read(1):
        raise LogTampered(f"{name} is damaged.")


def _exactly(file: BinaryIO, length: int, name: str) -> bytes:
    untrusted = file.read(length)
    if len(untrusted) != length:
        raise LogTampered(f"{name} is damaged.")
    return untrusted


def require_lines(folder: Path, hashes: Sequence[bytes]) -> None:
    """The records as JSON lines, where the copy has them, are the records."""
    if not (folder / LINES).exists():
        return
    count = 0
    with opened(folder, LINES) as file:
        while untrusted := file.readline(MAX_ENTRY + 2):
            whole = untrusted.endswith(b"\n") and count < len(hashes)
            if not whole or hashes[count] != leaf_hash(untrusted[:-1]):
                raise LogTampered(f"Line {count + 1} of {LINES} is not record {count}.")
            count += 1
    if count != len(hashes):
        raise LogTampered(f"{LINES} holds {count} of {len(hashes)} records.")
