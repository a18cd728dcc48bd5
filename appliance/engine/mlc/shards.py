"""Shards, read and verified: nothing of any is handed out before every one was.

Rules kept here: a shard is read into memory once and hashed there, so that what was verified is
what is used whatever happens to the file afterwards; several are read at once (reading and hashing
both let other threads run). Tensors start at multiples of 64 bytes, as the runtime demands.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import ALIGNMENT, aligned
from appliance.engine.errors import ModelDamaged
from appliance.engine.mlc.files import open_file, size_of
from appliance.engine.mlc.index import Index, Shard, Tensor

MAX_THREADS = 8

Bytes: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must be. sha256 or md5 in hex; an empty one is not asked for."""

    size: int
    sha256: str = ""
    md5: str = ""


def expected(shard: Shard, sha256: Mapping[str, str] | None) -> Expected:
    """By the hashes of a manifest, or by the index's own MD5 where there is no manifest.

    Raises ModelDamaged where neither has a hash: such a shard cannot be verified."""
    if sha256 is not None:
        known = sha256.get(shard.file, "")
        if not known:
            raise ModelDamaged(f"The model's manifest does not name {shard.file}.")
        return Expected(shard.size, sha256=known)
    if not shard.md5:
        raise ModelDamaged(f"The model's index has no hash of {shard.file}.")
    return Expected(shard.size, md5=shard.md5)


def read_tensors(
    folder: Path, index: Index, sha256: Mapping[str, str] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Every tensor by name, float16, float32 or uint32, read-only, 64-byte aligned.

    sha256: by shard, as a manifest has them; None for a bundle that has no manifest. Raises
    ModelDamaged, MemoryShort."""
    wanted = [(shard, expected(shard, sha256)) for shard in index.shards]
    contents = in_parallel(lambda one: _read(folder / one[0].file, one[1]), wanted)
    return {
        tensor.name: _tensor(content, tensor)
        for (shard, _), content in zip(wanted, contents, strict=True)
        for tensor in shard.tensors
    }


def in_parallel(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """In the order of the items. The first error is raised when no work is under way any more."""
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="shards") as pool:
        return list(pool.map(work, items))


def _read(path: Path, wanted: Expected) -> Bytes:
    with open_file(path) as file:
        require_size(path, size_of(file), wanted.size)
        content = aligned((wanted.size,), np.uint8)
        try:
            got = _fill(file.fileno(), content)
        except OSError as error:
            raise ModelDamaged(f"{path.name} of the model cannot be read.") from error
    require_size(path, got, wanted.size)
    require_hash(path, wanted, lambda kind: hashlib.new(kind, content.data, usedforsecurity=False))
    content.flags.writeable = False
    return content


def _fill(descriptor: int, content: Bytes) -> int:
    view = content.data
    got = 0
    while got < len(view) and (count := os.readv(descriptor, [view[got:]])):
        got += count
    return got


def require_size(path: Path, actual: int, wanted: int) -> None:
    if actual != wanted:
        raise ModelDamaged(f"{path.name} of the model is {actual:,} bytes long, not {wanted:,}.")


def require_hash(path: Path, wanted: Expected, hashed: Callable[[str], Any]) -> None:
    """`hashed` gives hashlib's object for an algorithm. Raises ModelDamaged."""
    for kind, known in (("sha256", wanted.sha256), ("md5", wanted.md5)):
        if known and hashed(kind).hexdigest() != known:
            raise ModelDamaged(f"{path.name} of the model is not the file it should be.")


def _tensor(content: Bytes, tensor: Tensor) -> npt.NDArray[Any]:
    stored = content[tensor.offset : tensor.offset + tensor.size]
    if tensor.bfloat16:
        found = aligned((tensor.size_in_memory // 4,), np.uint32)
        np.left_shift(_aligned(stored).view("<u2"), 16, out=found, dtype=np.uint32)
        return _shaped(found.view(np.float32), tensor)
    return _shaped(_aligned(stored).view(np.dtype(tensor.dtype)), tensor)


def _aligned(stored: Bytes) -> Bytes:
    """The same bytes; copied where they start between multiples of 64."""
    if stored.ctypes.data % ALIGNMENT == 0:
        return stored
    copy = aligned((stored.nbytes,), np.uint8)
    copy[:] = stored
    return copy


def _shaped(flat: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
    found = flat.reshape(tensor.shape)
    found.flags.writeable = False
    return found
