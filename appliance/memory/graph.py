"""The HNSW graph over a collection's vectors, and its sealed snapshot.

Rules kept here: a snapshot is authenticated before a byte of it is parsed (a corrupted index would
load silently); it is bound to its collection; it is derived, so whatever is wrong with it, the
graph is built again and that is said; labels are passage keys, which are never used twice, so an
old snapshot only ever lacks the newest, which are added, or has forgotten what is found again, and
then it is not used; a busy graph refuses rather than waits, since exact search is always there.

Malkov and Yashunin 2018, "Efficient and robust approximate nearest neighbor search using HNSW".
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.values import VECTOR_SIZE, Vectors
from appliance.vault.errors import SealedMissing, Tampered
from appliance.vault.sealed import Context, read_sealed, write_sealed

Keys: TypeAlias = npt.NDArray[np.int64]
Similarities: TypeAlias = npt.NDArray[np.float32]

M: Final = 16
EF_CONSTRUCTION: Final = 120
EF_SEARCH: Final = 120

_HEAD: Final = struct.Struct("<4sQqQ")
_MAGIC: Final = b"CLV1"
_PIECE: Final = 1 << 20
_LIMIT: Final = 16 << 30


class GraphBusy(Exception):
    """The graph is being extended; search exactly."""


class Graph:
    """Vectors by key. Safe to call from several threads."""

    def __init__(self, threads: int = 1) -> None:
        self._lock = threading.Lock()
        self._threads = threads
        self._index = _new_index(1024)
        self._covered = -1
        self._dead = 0
        self.changed = False

    @property
    def covered(self) -> int:
        """Every key up to this one is inside, or was dead when its turn came."""
        return self._covered

    @property
    def count(self) -> int:
        """How many keys can be found."""
        return int(self._index.get_current_count()) - self._dead

    @property
    def worn(self) -> bool:
        """Whether so many keys are dead that building anew pays."""
        return self._dead > max(1000, self.count // 2)

    def extend(self, keys: Keys, vectors: Vectors, covered: int) -> None:
        """Adds keys in ascending order, all beyond what was covered; now `covered` is."""
        with self._lock:
            self._covered = covered
            if not len(keys):
                return
            needed = self._index.get_current_count() + len(keys)
            if needed > self._index.get_max_elements():
                self._index.resize_index(max(needed, int(1.5 * self._index.get_max_elements())))
            self._index.add_items(vectors, keys, num_threads=self._threads)
            self.changed = True

    def forget(self, keys: Keys) -> None:
        """Keys up to `covered` that shall no longer be found; those that are not, stay so."""
        with self._lock:
            for key in keys:
                if key <= self._covered:
                    with suppress(RuntimeError):  # forgotten already, by whoever removed it
                        self._index.mark_deleted(int(key))
                        self._dead += 1
                        self.changed = True

    def nearest(self, vector: Vectors, limit: int) -> tuple[Keys, Similarities]:
        """Up to `limit` keys by falling cosine. Raises GraphBusy when it cannot answer now."""
        if not self._lock.acquire(blocking=False):
            raise GraphBusy
        try:
            wanted = min(limit, self.count)
            if wanted <= 0:
                return np.zeros(0, np.int64), np.zeros(0, np.float32)
            self._index.set_ef(max(EF_SEARCH, 2 * wanted))
            try:
                labels, distances = self._index.knn_query(vector, wanted, num_threads=1)
            except (
                RuntimeError
            ):  # too few reachable neighbours: hnswlib gives none rather than some
                raise GraphBusy from None
        finally:
            self._lock.release()
        return labels[0].astype(np.int64), np.float32(1.0) - distances[0]

    def save(self, path: Path, key: bytes, collection: str) -> None:
        """Writes the snapshot. Raises StorageFull, StorageReadOnly."""
        with self._lock:
            write_sealed(path, key, self._pieces(), _context(collection))
            self.changed = False

    def _pieces(self) -> Iterator[bytes]:
        count = int(self._index.get_current_count())
        yield _HEAD.pack(_MAGIC, count, self._covered, self._dead)
        descriptor = os.memfd_create("vectors", os.MFD_CLOEXEC)
        try:
            self._index.save_index(f"/proc/self/fd/{descriptor}")
            at = 0
            while piece := os.pread(descriptor, _PIECE, at):
                yield piece
                at += len(piece)
        finally:
            os.close(descriptor)


def load(path: Path, key: bytes, collection: str, alive: Keys, threads: int = 1) -> Graph:
    """The graph of a snapshot, with keys that are not in `alive` (ascending) forgotten.

    Raises SealedMissing, or Tampered for anything but this collection's own snapshot, and for one
    that has forgotten a key which is alive.
    """
    plain = read_sealed(path, key, _context(collection), limit=_LIMIT)
    if len(plain) < _HEAD.size:
        raise Tampered("A vector snapshot does not have its form.")
    magic, count, covered, dead = _HEAD.unpack_from(plain)
    if magic != _MAGIC:
        raise Tampered("A vector snapshot does not have its form.")
    graph = Graph(threads)
    descriptor = os.memfd_create("vectors", os.MFD_CLOEXEC)
    try:
        view = memoryview(plain)[_HEAD.size :]
        while view:
            view = view[os.write(descriptor, view) :]
        index = _blank_index()
        index.load_index(f"/proc/self/fd/{descriptor}", max_elements=max(1024, count + count // 8))
    except RuntimeError:
        raise Tampered("A vector snapshot does not have its form.") from None
    finally:
        os.close(descriptor)
    graph._index, graph._covered, graph._dead = index, covered, dead
    labels = np.sort(np.array(index.get_ids_list(), np.int64))
    wanted = alive[alive <= covered]
    marked = _forget_removed(graph, labels, wanted)
    if marked < dead or len(np.setdiff1d(wanted, labels, assume_unique=True)):
        raise Tampered("A vector snapshot is of a time when other documents were answered from.")
    return graph


def _forget_removed(graph: Graph, labels: Keys, alive: Keys) -> int:
    """Marks what was removed after the snapshot; returns how many were marked in it already (they
    raise, and stay)."""
    gone = np.setdiff1d(labels, alive, assume_unique=True)
    marked = 0
    for key in gone:
        try:
            graph._index.mark_deleted(int(key))
        except RuntimeError:
            marked += 1
        else:
            graph.changed = True
    graph._dead = len(gone)
    return marked


def _context(collection: str) -> Context:
    return Context("vector snapshot", collection)


def _new_index(capacity: int) -> Any:  # noqa: ANN401 - hnswlib has no types
    index = _blank_index()
    index.init_index(capacity, M=M, ef_construction=EF_CONSTRUCTION, random_seed=100)
    return index


def _blank_index() -> Any:  # noqa: ANN401 - hnswlib has no types
    import hnswlib  # late: only large collections need it

    return hnswlib.Index(space="ip", dim=VECTOR_SIZE)


SnapshotUnusable: Final = (SealedMissing, Tampered)
