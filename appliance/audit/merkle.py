"""Merkle tree hashing (RFC 9162, 2.1.1; the same as RFC 6962, 2.1) with SHA-256.

Rules kept here: a leaf and a node never hash alike (the 0x00 and 0x01 prefixes); everything is a
pure function of bytes; a tree of n leaves is held as its at most 64 peaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32
RUN = 256
"""Leaves below one hash of the level above in a tiled log (C2SP tlog-tiles)."""

EMPTY_ROOT = sha256(b"").digest()
"""MTH({}) (RFC 9162, 2.1.1)."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over `hashes`, whose number is a power of two: a complete subtree."""
    level = list(hashes)
    if not level or len(level) & (len(level) - 1):
        raise ValueError("a complete subtree has a power of two of hashes")
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]


class Frontier:
    """A tree of `size` leaves, kept as the roots of its complete subtrees, largest first."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError("a tree has one peak for every set bit of its size")
        self.size = size
        self.peaks = list(peaks)

    def copy(self) -> Frontier:
        return Frontier(self.size, self.peaks)

    def add(self, leaf: bytes) -> None:
        """Appends a leaf hash."""
        self._climb(leaf, self.size)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> list[bytes]:
        """Appends leaf hashes. Returns the roots of the runs of 256 that became full by them:
        what the tiles above need, so that nobody hashes a run twice."""
        runs: list[bytes] = []
        at = 0
        while at < len(leaves):
            inside = self.size % RUN
            part = leaves[at : at + RUN - inside]
            at += len(part)
            self.size += len(part)
            if len(part) == RUN:
                root = subtree_root(part)
            else:
                for position, leaf in enumerate(part, inside):
                    self._climb(leaf, position)
                if self.size % RUN:
                    break
                root = self.peaks.pop()
            runs.append(root)
            self._climb(root, self.size // RUN - 1)
        return runs

    def _climb(self, node: bytes, position: int) -> None:
        """Appends the subtree at `position` among those of its height, and joins equal heights."""
        peaks = self.peaks
        while position & 1:
            node = sha256(b"\x01" + peaks.pop() + node).digest()
            position >>= 1
        peaks.append(node)

    def root(self) -> bytes:
        """MTH of all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        right = self.peaks[-1]
        for left in self.peaks[-2::-1]:
            right = sha256(b"\x01" + left + right).digest()
        return right


def peaks_of(hashes: Sequence[bytes]) -> list[bytes]:
    """The peaks of a tree over `hashes` (equal-height subtrees), largest first."""
    peaks: list[bytes] = []
    start = 0
    for bit in range(len(hashes).bit_length() - 1, -1, -1):
        if len(hashes) >> bit & 1:
            peaks.append(subtree_root(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return peaks
