"""The CUDA kernels on a processor: the same source, its warps' instructions emulated.

What this shows is that indices, layouts, barriers and edges are right. It says nothing of speed,
and the instructions themselves are the PTX ISA's word for it, not hardware's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest

from appliance.engine.models.stored import Packed
from appliance.engine.running.copy_on_write import PAGE
from tests.unit.engine.gpu import emulation

pytestmark = pytest.mark.skipif(emulation.COMPILER is None, reason="needs g++")

Number = TypeVar("Number", bound=np.generic)
Halves = npt.NDArray[np.float16]


def aligned(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """A copy that begins where a GPU's allocator would put it."""
    raw = np.zeros(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def halves(random: np.random.Generator, *shape: int) -> Halves:
    return aligned(random.standard_normal(shape).astype(np.float16))


def packed(random: np.random.Generator, rows: int, columns: int) -> tuple[Packed, Halves]:
    """A matrix of random codes, and its numbers."""
    words = random.integers(0, 2**32, (rows, columns // 8), np.uint32)
    scales = random.uniform(0.01, 0.1, (rows, columns // 32)).astype(np.float16)
    codes = (words[:, :, None] >> (4 * np.arange(8, dtype=np.uint32))) & 15
    numbers = (codes.reshape(rows, columns).astype(np.float16) - np.float16(7)) * np.repeat(
        scales, 32, axis=1
    )
    return Packed(aligned(words), aligned(scales), columns), numbers.astype(np.float16)


MATMULS = [
    *((8, m, n, k) for m, n, k in ((1, 16, 128), (8, 40, 1024), (3, 17, 96), (5, 100, 1056))),
    *((32, m, n, k) for m, n, k in ((9, 128, 64), (33, 200, 96))),
    *((128, m, n, k) for m, n, k in ((128, 128, 64), (65, 130, 32), (130, 90, 160))),
]


@pytest.mark.parametrize(("rows", "m", "n", "k"), MATMULS)
@pytest.mark.parametrize("quantised", [True, False])
def test_a_product_is_the_dequantised_product(
    rows: int, m: int, n: int, k: int, quantised: bool
) -> None:
    random = np.random.default_rng(m * n + k)
    x = halves(random, m, k)
    residual = random.standard_normal((m, n)).astype(np.float32) if m % 2 else None
    if quantised:
        matrix, numbers = packed(random, n, k)
        found = emulation.matmul(rows, x, matrix, residual)
    else:
        numbers = halves(random, n, k)
        found = emulation.matmul(rows, x, numbers, residual)
    expected = x.astype(np.float32) @ numbers.astype(np.float32).T
    expected += 0 if residual is None else residual
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def plain_attention(
    qkv: Halves, keys: list[Halves], values: list[Halves], news: list[int], **how: float
) -> npt.NDArray[np.float32]:
    """Written the way the formula is."""
    share = (qkv.shape[1] - 2 * keys[0].shape[1]) // keys[0].shape[1]
    out, row = [], 0
    for k, v, new in zip(keys, values, news, strict=True):
        for i in range(len(k) - new, len(k)):
            first = max(0, i - int(how["window"]) + 1) if how["window"] else 0
            for h in range(share * k.shape[1]):
                seen = slice(first, i + 1)
                scores = k[seen, h // share].astype(np.float64) @ qkv[row, h] * how["scale"]
                if how["cap"]:
                    scores = how["cap"] * np.tanh(scores / how["cap"])
                weights = np.exp(scores - scores.max())
                out.append(weights / weights.sum() @ v[seen, h // share].astype(np.float64))
            row += 1
    return np.array(out, np.float32).reshape(row, -1, qkv.shape[2])


@dataclass(frozen=True, slots=True)
class Texts:
    """Sequences of these lengths, of which the last `news` tokens are new."""

    dim: int
    heads: int
    kv_heads: int
    lengths: tuple[int, ...]
    news: tuple[int, ...]


TEXTS = [
    Texts(16, 4, 2, (70, 5, 33), (40, 5, 1)),
    Texts(64, 2, 2, (100,), (70,)),
    Texts(96, 2, 1, (66, 3), (35, 1)),
    Texts(128, 8, 2, (200, 1, 37, 64), (1, 1, 1, 1)),
    Texts(256, 2, 1, (40,), (3,)),
]


@pytest.mark.parametrize("splits", [1, 4])
@pytest.mark.parametrize(("window", "cap"), [(0, 0.0), (20, 0.0), (0, 2.0), (5, 1.5)])
@pytest.mark.parametrize("texts", TEXTS, ids=lambda t: f"{t.dim}")
def test_attention_is_the_formula(texts: Texts, window: int, cap: float, splits: int) -> None:
    random = np.random.default_rng(texts.dim + window)
    lengths, kv_heads, dim = texts.lengths, texts.kv_heads, texts.dim
    columns = -(-max(lengths) // PAGE) + 1
    order = random.permutation(columns * len(lengths)).astype(np.int32)
    table = order.reshape(len(lengths), columns).copy()
    pages = halves(random, table.size, 2, kv_heads, PAGE, dim)
    whole = [pages[line].transpose(1, 0, 3, 2, 4).reshape(2, -1, kv_heads, dim) for line in table]
    keys = [w[0][:length] for w, length in zip(whole, lengths, strict=True)]
    values = [w[1][:length] for w, length in zip(whole, lengths, strict=True)]
    qkv = halves(random, sum(texts.news), texts.heads + 2 * kv_heads, dim)
    starts = [0, *np.cumsum(texts.news).tolist()]
    how = {"scale": dim**-0.5, "cap": cap, "window": window}
    found = emulation.attention(
        emulation.Cache(pages, table, list(lengths)), qkv, starts, how, splits=splits
    )
    expected = plain_attention(qkv, keys, values, list(texts.news), **how)
    np.testing.assert_allclose(found.astype(np.float32), expected, rtol=4e-3, atol=4e-3)
