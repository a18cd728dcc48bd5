"""Writes parameters as MLC does: shards of about 32 MB and their index.

Rules kept here: numbers are written as they are (format "raw"), so what was built is what is read;
each tensor starts at a multiple of 64 bytes, which the layout allows and which spares a copy when
it is read. The index comes last: a folder without one is no model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import ALIGNMENT
from appliance.engine.mlc.index import NAMES

SHARD = 32 << 20
"""Bytes a shard holds, as MLC's `shard_cap_mb`; a larger tensor has one of its own."""


def write_tensors(
    folder: Path, tensors: Iterable[tuple[str, npt.NDArray[Any]]], parameters: int
) -> None:
    """Writes shards and index into a folder without them. parameters: weights of the model, for
    the index's metadata alone. Raises OSError."""
    writer = _Writer(folder)
    for name, tensor in tensors:
        writer.add(name, tensor)
    writer.finish(parameters)


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: list[dict[str, object]] = []
        self._records: list[dict[str, object]] = []
        self._pending = bytearray()

    def add(self, name: str, tensor: npt.NDArray[Any]) -> None:
        data = np.ascontiguousarray(tensor).tobytes()
        if self._pending and len(self._pending) + len(data) > SHARD:
            self._write()
        self._records.append(
            {
                "name": name,
                "shape": list(tensor.shape),
                "dtype": tensor.dtype.name,
                "format": "raw",
                "nbytes": len(data),
                "byteOffset": len(self._pending),
            }
        )
        self._pending += data + bytes(-len(data) % ALIGNMENT)

    def finish(self, parameters: int) -> None:
        self._write()
        sizes = [record["nbytes"] for shard in self._shards for record in _records(shard)]
        total = sum(size for size in sizes if isinstance(size, int))
        metadata = {
            "ParamSize": len(sizes),
            "ParamBytes": float(total),
            "BitsPerParam": total * 8 / parameters,
        }
        index = {"metadata": metadata, "records": self._shards}
        (self._folder / NAMES[0]).write_text(json.dumps(index, indent=1) + "\n", "utf-8")

    def _write(self) -> None:
        file = f"params_shard_{len(self._shards)}.bin"
        (self._folder / file).write_bytes(self._pending)
        self._shards.append(
            {
                "dataPath": file,
                "format": "raw-shard",
                "nbytes": len(self._pending),
                "records": self._records,
                "md5sum": hashlib.md5(self._pending, usedforsecurity=False).hexdigest(),
            }
        )
        self._records, self._pending = [], bytearray()


def _records(shard: dict[str, object]) -> list[dict[str, object]]:
    records = shard["records"]
    return records if isinstance(records, list) else []
