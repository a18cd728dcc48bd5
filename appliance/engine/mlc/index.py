"""The index of a model's shards: tensor-cache.json, formerly ndarray-cache.json.

Rules kept here: the index is untrusted. Every name, shape, type, offset and size is bounded and
checked against the others before a shard is opened: tensors lie inside their shard, do not overlap
and are named once; shards are plain files of the same folder.

A record's format "f32-to-bf16" says that float32 numbers are on disk as bfloat16 (their upper two
bytes); for every other type it says nothing, and MLC writes it all the same.

Source: apache/tvm, python/tvm/contrib/tvmjs.py (`dump_tensor_cache`) and
src/runtime/vm/tensor_cache_support.cc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

from appliance.engine.errors import ModelDamaged, ModelMissing
from appliance.engine.mlc.files import PLAIN_NAME, json_object, read_file

NAMES = ("tensor-cache.json", "ndarray-cache.json")
"""The newer name first."""

MAX_INDEX = 32_000_000
MAX_SHARDS = 10_000
MAX_TENSORS = 100_000
MAX_DIMENSION = 1 << 32
MAX_SHARD = 1 << 36

_ITEM = {"float16": 2, "float32": 4, "uint32": 4}
_MD5 = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in its shard. bfloat16: its float32 numbers are stored in two bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bfloat16: bool
    offset: int
    size: int

    @property
    def size_in_memory(self) -> int:
        return prod(self.shape) * _ITEM[self.dtype]


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of tensors. md5: empty where the index has none."""

    file: str
    size: int
    md5: str
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """All that a model's shards hold."""

    shards: tuple[Shard, ...]

    @property
    def size_in_memory(self) -> int:
        """Bytes of the parameters once they are read."""
        return sum(tensor.size_in_memory for shard in self.shards for tensor in shard.tensors)


def index_file(folder: Path) -> Path:
    """Raises ModelMissing where there is none."""
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    raise ModelMissing(
        f"{folder.name} is no model in MLC's layout: it has no {NAMES[0]}.",
        hint="Name the folder with mlc-chat-config.json, or build one with `cloister model build`.",
    )


def read_index(folder: Path) -> Index:
    """Raises ModelMissing, ModelDamaged."""
    path = index_file(folder)
    return parse_index(read_file(path, MAX_INDEX), path.name)


def parse_index(untrusted: bytes, name: str) -> Index:
    """Raises ModelDamaged."""
    try:
        return _index(json_object(untrusted, name))
    except _Wrong as error:
        raise ModelDamaged(f"{name} of the model is not in order: {error}.") from error


class _Wrong(Exception):
    """What is not in order, as the end of a sentence."""


def _index(untrusted: dict[str, object]) -> Index:
    shards = tuple(_shard(entry) for entry in _rows(untrusted.get("records"), MAX_SHARDS))
    if len({shard.file.lower() for shard in shards}) != len(shards):
        raise _Wrong("a shard is named twice")
    names = [tensor.name for shard in shards for tensor in shard.tensors]
    if len(names) > MAX_TENSORS:
        raise _Wrong("it has too many tensors")
    if len(set(names)) != len(names):
        raise _Wrong("a tensor is named twice")
    return Index(shards)


def _rows(untrusted: object, limit: int) -> list[dict[str, object]]:
    if not isinstance(untrusted, list) or not 1 <= len(untrusted) <= limit:
        raise _Wrong("a list of records is missing or too long")
    if not all(isinstance(entry, dict) for entry in untrusted):
        raise _Wrong("a record is not a table of fields")
    return untrusted


def _shard(untrusted: dict[str, object]) -> Shard:
    file = untrusted.get("dataPath")
    if not isinstance(file, str) or not PLAIN_NAME.fullmatch(file) or not file.endswith(".bin"):
        raise _Wrong("a shard is not named as a plain .bin file")
    if untrusted.get("format") != "raw-shard":
        raise _Wrong(f"{file} is not a raw shard")
    size = _whole(untrusted.get("nbytes"), MAX_SHARD, f"the size of {file}")
    md5 = untrusted.get("md5sum", "")
    if not isinstance(md5, str) or not (md5 == "" or _MD5.fullmatch(md5)):
        raise _Wrong(f"the MD5 of {file} is none")
    rows = _rows(untrusted.get("records"), MAX_TENSORS)
    tensors = tuple(_tensor(row, size) for row in rows)
    ordered = sorted(tensors, key=lambda tensor: tensor.offset)
    if any(a.offset + a.size > b.offset for a, b in pairwise(ordered)):
        raise _Wrong(f"two tensors of {file} overlap")
    return Shard(file, size, md5, tensors)


def _tensor(untrusted: dict[str, object], available: int) -> Tensor:
    name = untrusted.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Wrong("a tensor has no plain name")
    shape, dtype = untrusted.get("shape"), untrusted.get("dtype")
    if not isinstance(shape, list) or not 1 <= len(shape) <= 4:
        raise _Wrong(f"the shape of {name} is none")
    sides = tuple(_whole(side, MAX_DIMENSION, f"a side of {name}", 1) for side in shape)
    if not isinstance(dtype, str) or dtype not in _ITEM:
        raise _Wrong(f"{name} is of a type that no supported model has")
    stored = untrusted.get("format", "raw")
    if stored not in ("raw", "f32-to-bf16"):
        raise _Wrong(f"{name} is stored in a way that is not known")
    bfloat16 = stored == "f32-to-bf16" and dtype == "float32"
    size = _whole(untrusted.get("nbytes"), MAX_SHARD, f"the size of {name}")
    offset = _whole(untrusted.get("byteOffset"), MAX_SHARD, f"the offset of {name}")
    if size != prod(sides) * (2 if bfloat16 else _ITEM[dtype]):
        raise _Wrong(f"the size of {name} does not fit its shape")
    if offset + size > available:
        raise _Wrong(f"{name} lies outside its shard")
    return Tensor(name, sides, dtype, bfloat16, offset, size)


def _whole(untrusted: object, limit: int, what: str, low: int = 0) -> int:
    if type(untrusted) is not int or not low <= untrusted <= limit:
        raise _Wrong(f"{what} cannot be")
    return untrusted
