"""The newest stretch of the log, held in memory, and the tile files it becomes.

Rules kept here: a tile is written only from leaves that are durable in the journal, which stays
their source until the tiles are on the disk; a full tile is written once; partial tiles stay until
the full one is there (C2SP tlog-tiles, "Partial Tiles").
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from appliance.audit.errors import LogTampered
from appliance.audit.merkle import Frontier, leaf_hash, peaks_of, subtree_root
from appliance.audit.tiles import (
    TILE_WIDTH,
    Tile,
    entry_bundle,
    parsed_hashes,
    payload_bundle,
    payload_path,
)
from appliance.vault.durable import sync_folder

ASIDE = ".new"
"""Ends the name of a file that is being written; no tile is called so."""

_SYNCS_AT_ONCE = 4


class Segment:
    """Records [start, end) of the journal; start is a multiple of 256.

    uppers[l] holds the hashes of the unfinished tile at level l+1, for the blocks written so far.
    Not safe for several threads; the log's lock covers it."""

    def __init__(self, folder: Path, start: int, uppers: Sequence[Sequence[bytes]] = ()) -> None:
        self.start = start
        self.leaves: list[bytes] = []
        self.hashes: list[bytes] = []
        self.runs: list[bytes] = []  # the roots over each 256 of the hashes
        self.payloads: dict[int, tuple[int, int]] = {}  # seq -> (offset, length) in the journal
        self.folder = folder
        self._uppers = [list(level) for level in uppers]
        self._blocks = start // TILE_WIDTH
        self._unsynced: list[Path] = []

    @property
    def end(self) -> int:
        return self.start + len(self.leaves)

    @property
    def blocks(self) -> int:
        """How many full bundles the log has on disk."""
        return self._blocks

    def unfinished(self, level: int) -> list[bytes]:
        """The hashes so far of the tile at `level` (1 and up) that is not full yet."""
        return self._uppers[level - 1] if level <= len(self._uppers) else []

    def frontier(self) -> Frontier:
        """The tree over the full bundles written so far (at `start`, before any is)."""
        peaks: list[bytes] = []
        for level in reversed(self._uppers):
            peaks += peaks_of(level)
        return Frontier(self.start, peaks)

    def take(self, leaves: Sequence[bytes], hashes: Sequence[bytes], runs: Sequence[bytes]) -> None:
        """runs: the roots of the runs of 256 that are full with these (`Frontier.extend`)."""
        self.leaves += leaves
        self.hashes += hashes
        self.runs += runs

    def write_tiles(self, size: int) -> int:
        """Writes what a checkpoint at `size` needs (size within the segment). Returns how many
        files had to be written because they were not there as they should be."""
        written = 0
        while (self._blocks + 1) * TILE_WIDTH <= size:
            written += self._write_block()
        rest = size - self._blocks * TILE_WIDTH
        if rest:
            at = self._blocks * TILE_WIDTH - self.start
            bundle = entry_bundle(self.leaves[at : at + rest])
            written += self._put(Tile(-1, self._blocks, rest), bundle)
            hashes = b"".join(self.hashes[at : at + rest])
            written += self._put(Tile(0, self._blocks, rest), hashes)
        for level, hashes_above in enumerate(self._uppers, 1):
            if hashes_above:
                index = self._blocks >> 8 * level
                tile = Tile(level, index, len(hashes_above))
                written += self._put(tile, b"".join(hashes_above))
        return written

    def write_payloads(self, end: int, payloads: dict[int, bytes]) -> None:
        """Writes the payload bundles of the blocks before `end`, where there are payloads."""
        for block in range(self.start // TILE_WIDTH, end // TILE_WIDTH):
            span = range(block * TILE_WIDTH, (block + 1) * TILE_WIDTH)
            if any(seq in payloads for seq in span):
                bundle = payload_bundle([payloads.get(seq, b"") for seq in span])
                self._write(self.folder / payload_path(block), bundle)

    def sync(self) -> None:
        """Makes every file written so far durable, and the folders that name them.

        Several at once: a file system that keeps a journal then commits them together. In no
        order: until all are durable, the journal is the source of every one."""
        from concurrent.futures import ThreadPoolExecutor  # late: only where a journal ends

        folders: set[Path] = set()
        for path in self._unsynced:
            folder = path.parent
            while folder != self.folder.parent and folder not in folders:
                folders.add(folder)
                folder = folder.parent
        with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
            pending = [pool.submit(_sync_file, path) for path in set(self._unsynced)]
            pending += [pool.submit(_sync_folder, folder) for folder in folders]
            for done in pending:
                done.result()
        self._unsynced.clear()

    def rest(self, start: int) -> Segment:
        """The segment from `start` on, once everything before is durable in tiles."""
        following = Segment(self.folder, start, self._uppers)
        at = start - self.start
        following.take(self.leaves[at:], self.hashes[at:], self.runs[at // TILE_WIDTH :])
        return following

    def _write_block(self) -> int:
        index = self._blocks
        at = index * TILE_WIDTH - self.start
        hashes = self.hashes[at : at + TILE_WIDTH]
        written = self._put(Tile(-1, index), entry_bundle(self.leaves[at : at + TILE_WIDTH]))
        written += self._put(Tile(0, index), b"".join(hashes))
        self._blocks += 1
        root, level = self.runs[at // TILE_WIDTH], 0
        while True:
            level += 1
            if len(self._uppers) < level:
                self._uppers.append([])
            above = self._uppers[level - 1]
            above.append(root)
            if len(above) < TILE_WIDTH:
                return written
            written += self._put(Tile(level, (self._blocks >> 8 * level) - 1), b"".join(above))
            root = subtree_root(above)
            self._uppers[level - 1] = []

    def _put(self, tile: Tile, content: bytes) -> int:
        """Writes the tile unless it is there already, byte for byte. Partial ones give way."""
        path = self.folder / tile.path
        if path.exists() and path.read_bytes() == content:
            self._unsynced.append(path)
            return 0
        self._write(path, content)
        if tile.width == TILE_WIDTH:
            shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)
        return 1

    def _write(self, path: Path, content: bytes) -> None:
        """Under its name only once it is whole: who verifies the log meanwhile must not take a
        file that is being written for one that somebody changed."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}{ASIDE}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(aside, flags, 0o600)
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(f"{path.name} was not written whole")
        finally:
            os.close(descriptor)
        aside.replace(path)
        self._unsynced.append(path)


def right_edge(folder: Path, size: int) -> list[list[bytes]]:
    """The hashes of the unfinished tiles at levels 1, 2 … of a log of `size` records (a multiple
    of 256). Raises LogTampered where a tile is missing or not of its size."""
    edge: list[list[bytes]] = []
    level, count = 1, size // TILE_WIDTH
    while count:
        index, width = divmod(count, TILE_WIDTH)
        edge.append(_edge_tile(folder, level, index, width) if width else [])
        level, count = level + 1, index
    return edge


def _edge_tile(folder: Path, level: int, index: int, width: int) -> list[bytes]:
    """The first `width` hashes, out of the partial tile or the full one that came after it."""
    partial = Tile(level, index, width)
    for tile in (partial, Tile(level, index)):
        try:
            untrusted = (folder / tile.path).read_bytes()
            return parsed_hashes(untrusted, tile.width)[:width]
        except FileNotFoundError:
            continue
        except ValueError:
            raise LogTampered(f"{tile.path} is damaged.") from None
    raise LogTampered(f"{partial.path} is missing.")


def hashed(leaves: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(leaf) for leaf in leaves]


def _sync_file(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # a partial tile that gave way to the full one
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if folder.exists():
        sync_folder(folder)
