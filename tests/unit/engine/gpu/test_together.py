"""Whole passes through the model with the CUDA kernels' source in it, emulated on the processor:
what the adapter tells the kernels is what they expect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tvm
import tvm_ffi
from tvm import relax

from appliance.engine.compile.gpu.library import HOST
from appliance.engine.compile.gpu.model import Batch, Portable, Value, module
from appliance.engine.decoding.model import Append
from appliance.engine.models.architecture import Architecture, Format, LayerKind
from appliance.engine.models.stored import Packed
from appliance.engine.running.gpu import GpuModel, load_gpu_model
from tests import reference_model
from tests.model_vectors import relative_error
from tests.unit.engine.gpu import emulation
from tests.unit.engine.gpu.models import RUNTIME, TINY, numbers

pytestmark = pytest.mark.skipif(emulation.COMPILER is None, reason="needs g++")

Array = npt.NDArray[Any]
SHAPE = replace(TINY, layers=(LayerKind(), LayerKind(window=9)), score_cap=4.0, inner=128)


def _arrays(tensors: tuple[Any, ...]) -> list[Array]:
    return [np.from_dlpack(tensor) for tensor in tensors]


class Emulated:
    """The kernels as Cuda picks them for so many rows."""

    def __init__(self, a: Architecture, rows: int) -> None:
        self._a, self._rows, self._splits = a, rows, 4 if rows == 8 else 1
        self._plain = Portable(a)
        tvm_ffi.register_global_func(f"cloister.test.matmul{rows}", self._matmul, override=True)

    def _matmul(self, *tensors: Any) -> None:  # noqa: ANN401
        """x, words, scales, the residual or nothing, y."""
        x, words, scales, *residual, y = _arrays(tensors)
        matrix = Packed(words, scales, x.shape[1])
        added = residual[0].astype(np.float32) if residual else None
        y[...] = emulation.matmul(self._rows, x, matrix, added)

    def matmul(
        self,
        block: Value,
        x: Value,
        parts: tuple[Value, ...],
        shape: tuple[int, int],
        *,
        out: str,
        residual: Value | None = None,
    ) -> Value:
        given = [x, *parts] if residual is None else [x, *parts, residual]
        made = relax.TensorType((x.ty.shape[0], shape[0]), out)
        return block.emit(relax.call_dps_packed(f"cloister.test.matmul{self._rows}", given, made))

    def attention(
        self, block: Value, kind: LayerKind, qkv: Value, cache: Value, batch: Batch
    ) -> Value:
        a, name = self._a, f"cloister.test.attention{self._rows}.{kind.window}"

        def attend(*tensors: Any) -> None:  # noqa: ANN401
            qkv, pages, starts, lengths, table, out = _arrays(tensors)
            held = emulation.Cache(pages, np.ascontiguousarray(table), lengths.tolist())
            how = {"scale": a.attention_scale, "cap": a.score_cap, "window": kind.window}
            found = emulation.attention(held, qkv, starts.tolist(), how, splits=self._splits)
            out[...] = found.reshape(out.shape)

        tvm_ffi.register_global_func(name, attend, override=True)
        given = [qkv, cache, batch.starts, batch.lengths, batch.table]
        made = relax.TensorType((qkv.ty.shape[0], a.heads * a.head_dim), "float16")
        return block.emit(relax.call_dps_packed(name, given, made))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("together") / "model.so"
    steps = {"decode": 8, "batch": 32, "forward": 128}
    variants = {name: Emulated(SHAPE, rows) for name, rows in steps.items()}
    build = module(SHAPE, Format.Q4F16_1, {**variants})
    tvm.compile(build, tvm.target.Target(HOST)).export_library(str(path))
    return path


def test_several_texts_in_passes_of_every_size_come_to_the_reference(library: Path) -> None:
    held = numbers(SHAPE, Format.Q4F16_1)
    model: GpuModel = load_gpu_model(held.stored, library, RUNTIME, device="cpu", cache_tokens=2048)
    random = np.random.default_rng(0)
    texts = [random.integers(0, SHAPE.vocabulary, n).tolist() for n in (48, 30, 45, 21)]
    expected = [reference_model.logits(SHAPE, held.plain, text) for text in texts]
    sequences = [model.add() for _ in texts]
    ends = [0] * len(texts)
    for news in ((40, 1, 22, 18), (1, 9, 17, 1), (1, 1, 1, 1), (1, 19, 1, 1)):
        batch = []
        for n, new in enumerate(news):
            batch.append(Append(sequences[n], texts[n][ends[n] : ends[n] + new]))
            ends[n] += new
        logits = model.forward(batch)
        wanted = np.array([rows[end - 1] for rows, end in zip(expected, ends, strict=True)])
        assert relative_error(logits, wanted) < 2e-2
