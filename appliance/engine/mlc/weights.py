"""A model's parameters out of MLC's layout and into it.

Rules kept here: that the index has every parameter, in the shape and type the architecture asks
for, is checked before a shard is read. A matrix in four bits is two tensors, whose rows have whole
groups on disk (four words each) and whole words in memory. What MLC stores in parts is put together
by rows, in the order names.py gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import aligned
from appliance.engine.errors import ModelDamaged
from appliance.engine.mlc.index import Index, Tensor, read_index
from appliance.engine.mlc.shards import read_tensors
from appliance.engine.mlc.writing import write_tensors
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.names import mlc_sources, quantised
from appliance.engine.models.parameters import Parameter, parameters
from appliance.engine.models.quantisation import CODES_A_WORD, GROUP, groups_of, words_of
from appliance.engine.models.stored import Packed, Plain, Stored, Weights

_WORDS_A_GROUP = GROUP // CODES_A_WORD

Tensors = dict[str, npt.NDArray[Any]]


def read_weights(
    folder: Path,
    architecture: Architecture,
    format: Format,
    sha256: Mapping[str, str] | None = None,
    index: Index | None = None,
) -> Weights:
    """Every parameter, verified: read-only, each array 64-byte aligned, nothing shared with files.

    sha256: of each shard by its file's name, as the manifest has them; None reads a bundle that has
    no manifest by the index's own MD5. index: the one that was read and verified
    already. Raises ModelMissing, ModelDamaged, MemoryShort.
    """
    index = read_index(folder) if index is None else index
    require_parameters(index, architecture, format)
    tensors = read_tensors(folder, index, sha256)
    sources = mlc_sources(architecture)
    stored: dict[str, Stored] = {}
    for parameter in parameters(architecture):
        names = sources[parameter.name]
        if format.quantised and parameter.is_matrix:
            stored[parameter.name] = _packed(tensors, names, parameter.shape[1])
        else:
            stored[parameter.name] = _joined([tensors.pop(name) for name in names])
    return Weights(architecture=architecture, format=format, stored=stored)


def require_parameters(index: Index, architecture: Architecture, format: Format) -> None:
    """Raises ModelDamaged unless the index has every parameter as the architecture asks for it."""
    there = {tensor.name: tensor for shard in index.shards for tensor in shard.tensors}
    sources = mlc_sources(architecture)
    for parameter in parameters(architecture):
        names, rest = sources[parameter.name], parameter.shape[1:]
        if format.quantised and parameter.is_matrix:
            groups = groups_of(parameter.shape[1])
            codes, scales = zip(*(quantised(name) for name in names), strict=True)
            words = (groups * _WORDS_A_GROUP,)
            _require(there, parameter, codes, words, "uint32")
            _require(there, parameter, scales, (groups,), format.dtype)
        else:
            _require(there, parameter, names, rest, format.dtype)


def _require(
    there: Mapping[str, Tensor],
    parameter: Parameter,
    names: Iterable[str],
    rest: tuple[int, ...],
    dtype: str,
) -> None:
    rows = 0
    for name in names:
        tensor = there.get(name)
        if tensor is None:
            raise ModelDamaged(f"The model has no {name}.")
        if tensor.dtype != dtype or tensor.shape[1:] != rest:
            raise ModelDamaged(
                f"{name} of the model is of shape {tensor.shape} in {tensor.dtype}, which does not "
                "fit its configuration."
            )
        rows += tensor.shape[0]
    if rows != parameter.shape[0]:
        raise ModelDamaged(
            f"{parameter.name} of the model has {rows} rows, not the {parameter.shape[0]} its "
            "configuration asks for."
        )


def _packed(tensors: Tensors, names: Iterable[str], columns: int) -> Packed:
    pairs = [quantised(name) for name in names]
    words = _joined([tensors.pop(codes) for codes, _ in pairs])
    if words.shape[1] != words_of(columns):
        words = _copied([words[:, : words_of(columns)]])
    scales = _joined([tensors.pop(scales) for _, scales in pairs])
    return Packed(words=words, scales=scales, columns=columns)


def _joined(parts: list[Plain]) -> Plain:
    return parts[0] if len(parts) == 1 else _copied(parts)


def _copied(parts: list[Plain]) -> Plain:
    """One under the other, in aligned memory of its own."""
    shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
    dtype = parts[0].dtype
    whole = aligned(shape, dtype.type)
    np.concatenate(parts, out=whole)
    whole.flags.writeable = False
    return whole


def write_weights(
    folder: Path, architecture: Architecture, stored: Iterable[tuple[Parameter, Stored]]
) -> None:
    """Writes shards and index; `stored` in the order of parameters.py. Raises OSError."""
    count = sum(prod(parameter.shape) for parameter in parameters(architecture))
    write_tensors(folder, _tensors(architecture, stored), count)


def _tensors(
    architecture: Architecture, stored: Iterable[tuple[Parameter, Stored]]
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    sources = mlc_sources(architecture)
    for parameter, value in stored:
        names = sources[parameter.name]
        cuts = (0, *accumulate(_rows(architecture, parameter, len(names))))
        for name, (start, end) in zip(names, pairwise(cuts), strict=True):
            if isinstance(value, Packed):
                codes, scales = quantised(name)
                yield codes, _whole_groups(value.words[start:end], value.columns)
                yield scales, value.scales[start:end]
            else:
                yield name, value[start:end]


def _rows(a: Architecture, parameter: Parameter, parts: int) -> tuple[int, ...]:
    """How many rows each of the parts has that a parameter is stored in."""
    if parts == 1:
        return (parameter.shape[0],)
    if parts == 3:  # query, key, value
        return (a.heads * a.head_dim, a.kv_heads * a.head_dim, a.kv_heads * a.head_dim)
    return (parameter.shape[0] // parts,) * parts


def _whole_groups(words: npt.NDArray[np.uint32], columns: int) -> npt.NDArray[np.uint32]:
    missing = groups_of(columns) * _WORDS_A_GROUP - words.shape[1]
    return np.pad(words, ((0, 0), (0, missing))) if missing else words
