"""The reader's integers are exact, its layers are the model's, and every level says the same."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tvm
import tvm_ffi
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.compile.reading.library import LEVELS as COMPILED
from appliance.engine.compile.reading.library import target_of
from appliance.engine.compile.reading.products import gemm
from appliance.engine.compile.reading.weights import panelled
from appliance.engine.compile.rooted import UNTOUCHED
from appliance.engine.encoder.layout import HIDDEN, INNER, VOCABULARY
from appliance.engine.encoder.layout import tensors as encoder_tensors
from appliance.engine.encoder.minilm import aligned
from appliance.engine.processor import processor_features
from appliance.engine.reading.layers import CAPACITY, Layers
from appliance.engine.reading.layout import MAX_TOKENS
from appliance.engine.reading.levels import LEVELS
from appliance.engine.reading.model import Outcome, read_rows
from appliance.engine.reading.rows import Row
from appliance.engine.reading.weights import open_weights
from tests.unit.engine import reading_model
from tests.unit.engine.running.levels import runtime_library

Array = npt.NDArray[Any]

USABLE = [level for level, needed in LEVELS if needed <= processor_features()]
MATRICES = {"qkv": (3 * HIDDEN, HIDDEN), "out": (HIDDEN, HIDDEN), "down": (HIDDEN, INNER)}


def library(bundle_folder: Path, level: str) -> Path:
    return bundle_folder / "lib" / f"reader-{level}.so"


@pytest.fixture(scope="session")
def made(bundle_folder: Path, reader_folder: Path) -> dict[str, Layers]:
    """The test model at each level this processor runs."""
    entry = next(tensor for tensor in encoder_tensors() if tensor.name == "words")
    words = aligned((VOCABULARY, HIDDEN), np.float32)
    with (bundle_folder / "params.bin").open("rb") as file:
        file.seek(entry.offset)
        file.readinto(words.data.cast("B"))
    weights = open_weights(reader_folder)
    return {
        level: Layers(library(bundle_folder, level), runtime_library(), words, weights)
        for level in USABLE
    }


@pytest.fixture(scope="session")
def best(made: dict[str, Layers]) -> Layers:
    return made[USABLE[0]]


@pytest.fixture(scope="session")
def slow() -> reading_model.Numpy:
    return reading_model.Numpy()


def row(length: int, seed: int = 0) -> Row:
    dice = np.random.default_rng([length, seed])
    ids = dice.integers(1000, VOCABULARY, length).astype(np.int32)
    none = np.zeros(0, np.int32)
    return Row(ids, second=min(9, length), text=min(9, length), begins=none, ends=none)


def numbers(outcome: Outcome) -> Array:
    assert outcome.tokens is not None
    return np.array([outcome.exit, outcome.relevance, *outcome.tokens.reshape(-1)], np.float32)


# --- products -----------------------------------------------------------------------------------


def run_kernel(bundle_folder: Path, level: str, name: str, *arguments: Array) -> None:
    ctypes.CDLL(str(runtime_library()), ctypes.RTLD_GLOBAL)
    kernel = tvm_ffi.load_module(str(library(bundle_folder, level)))[name]
    kernel(*map(tvm_ffi.from_dlpack, arguments))


def given_aligned(array: Array) -> Array:
    copy = aligned(array.shape, array.dtype.type)
    copy[:] = array
    return copy


def operands(
    x: Array, w: Array, *, vnni: bool, xs: Array, s: Array, bias: Array
) -> tuple[Array, ...]:
    """What a product takes before its residual and result: codes (m, k), codes (n, k)."""
    codes = given_aligned((x + 128).astype(np.uint8) if vnni else x.astype(np.int16))
    begin = given_aligned((-128 * w.sum(axis=1)).astype(np.int32))
    scales, columns, added = (given_aligned(a.astype(np.float32)) for a in (xs, s, bias))
    panels = given_aligned(panelled(w.astype(np.int8)))
    return codes.view(np.int32 if vnni else np.int64), scales, panels, begin, columns, added


def product(bundle_folder: Path, level: str, name: str) -> Callable[[Array, Array], Array]:
    """Codes (m, k) times codes (n, k) by a kernel, scales being one."""

    def run(x: Array, w: Array) -> Array:
        m, n = len(x), len(w)
        ones = np.ones(max(m, n))
        given = operands(
            x, w, vnni=level.endswith("vnni"), xs=ones[:m], s=ones[:n], bias=np.zeros(n)
        )
        residual = aligned((m, n) if name in ("out", "down") else (1, 1), np.float32)
        y = aligned((m, n), np.float32)
        run_kernel(bundle_folder, level, f"gemm_{name}", *given, residual, y)
        return y

    return run


def exact(x: Array, w: Array) -> Array:
    """Sums of whole numbers below 2^53 are exact in float64; the kernel ends in float32."""
    return (x.astype(np.float64) @ w.astype(np.float64).T).astype(np.float32)


@pytest.mark.parametrize("level", USABLE)
def test_products_are_the_integers_for_any_number_of_rows(bundle_folder: Path, level: str) -> None:
    runs = {name: product(bundle_folder, level, name) for name in MATRICES}

    @settings(max_examples=12, deadline=None)
    @given(st.sampled_from(sorted(MATRICES)), st.integers(1, 140), st.integers(0, 1 << 30))
    def holds(name: str, m: int, seed: int) -> None:
        dice = np.random.default_rng(seed)
        n, k = MATRICES[name]
        x, w = dice.integers(-127, 128, (m, k)), dice.integers(-127, 128, (n, k))
        assert np.array_equal(runs[name](x, w), exact(x, w))

    holds()


@pytest.mark.parametrize("level", USABLE)
def test_products_of_extremes_are_exact(bundle_folder: Path, level: str) -> None:
    run = product(bundle_folder, level, "down")
    x = np.zeros((8, INNER), np.int64)
    x[1], x[2], x[3, ::2], x[4, 1::2] = 127, -127, 127, -127
    x[5], x[5, ::3] = 127, -127
    w = np.zeros((HIDDEN, INNER), np.int64)
    w[0::5], w[1::5], w[2::5, ::2], w[3::5, 3::4] = 127, -127, -127, 127
    assert np.array_equal(run(x, w), exact(x, w))


@pytest.mark.parametrize("level", USABLE)
def test_rounding_keeps_half_a_step_and_rows_of_nothing(bundle_folder: Path, level: str) -> None:
    dice = np.random.default_rng(1)
    x = aligned((9, HIDDEN), np.float32)
    x[:] = dice.normal(size=x.shape) * np.array([[10.0**n] for n in range(-4, 5)])
    x[2], x[3], x[4, 1:] = 0, 1e-38, 0
    vnni = level.endswith("vnni")
    codes = aligned(x.shape, np.uint8 if vnni else np.int16)
    scales = aligned((9,), np.float32)
    run_kernel(bundle_folder, level, "round_hidden", x, codes, scales)
    whole = codes.astype(np.int64) - (128 if vnni else 0)
    assert np.abs(whole).max() == 127
    assert not whole[2:4].any()
    assert not scales[2:4].any()
    error = np.abs(x - scales[:, None] * whole)
    assert (error <= scales[:, None] * 0.5001 + 1e-38).all()


# --- one kernel at a time, against float64 ------------------------------------------------------


@pytest.mark.parametrize("level", USABLE)
def test_a_product_ends_with_scales_bias_and_gelu(bundle_folder: Path, level: str) -> None:
    m, n, k = 7, INNER, HIDDEN
    dice = np.random.default_rng(2)
    x, w = dice.integers(-127, 128, (m, k)), dice.integers(-127, 128, (n, k))
    vnni = level.endswith("vnni")
    xs, s = dice.uniform(0, 0.01, m), dice.uniform(0, 0.001, n)
    bias, y = dice.normal(size=n), aligned((m, n), np.float32)
    run_kernel(
        bundle_folder, level, "gemm_up", *operands(x, w, vnni=vnni, xs=xs, s=s, bias=bias),
        aligned((1, 1), np.float32), y,
    )  # fmt: skip
    inner = (x @ w.T) * xs[:, None] * s + bias
    expected = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    assert np.abs(y - expected).max() < 1e-5


@pytest.mark.parametrize("level", USABLE)
def test_norm_is_the_papers(bundle_folder: Path, level: str) -> None:
    dice = np.random.default_rng(3)
    x, g, b = (
        given_aligned(dice.normal(size=shape).astype(np.float32))
        for shape in ((5, HIDDEN), (HIDDEN,), (HIDDEN,))
    )
    x[1] *= 100
    y, scales = aligned((5, HIDDEN), np.float32), aligned((5,), np.float32)
    codes = aligned((5, HIDDEN), np.uint8 if level.endswith("vnni") else np.int16)
    run_kernel(bundle_folder, level, "norm_and_round", x, g, b, y, codes, scales)
    wide = x.astype(np.float64)
    apart = wide - wide.mean(axis=1, keepdims=True)
    expected = apart / np.sqrt(wide.var(axis=1, keepdims=True) + 1e-12) * g + b
    assert np.abs(y - expected).max() < 1e-5
    assert scales == pytest.approx(np.abs(expected).max(axis=1) / 127, rel=1e-5)
    whole = codes.astype(np.int64) - (128 if level.endswith("vnni") else 0)
    assert np.abs(y - scales[:, None] * whole).max() <= scales.max() * 0.5001


@pytest.mark.parametrize("level", USABLE)
def test_attention_is_softmax_within_each_row(bundle_folder: Path, level: str) -> None:
    lengths = (1, 16, 37, MAX_TOKENS)
    x = given_aligned(
        np.random.default_rng(4).normal(size=(sum(lengths), 3 * HIDDEN)).astype(np.float32)
    )
    starts = given_aligned(np.cumsum((0, *lengths)).astype(np.int32))
    y = aligned((len(x), HIDDEN), np.float32)
    run_kernel(bundle_folder, level, "attention", x, starts, y)
    for start, length in zip(starts, lengths, strict=False):
        own = x[start : start + length].astype(np.float64).reshape(length, 3, 12, 32)
        q, k, v = own.transpose(1, 2, 0, 3)
        weight = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        expected = (weight / weight.sum(axis=-1, keepdims=True)) @ v
        got = y[start : start + length].reshape(length, 12, 32).transpose(1, 0, 2)
        assert np.abs(got - expected).max() < 1e-5


# --- layers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [17, 130])
def test_each_layer_is_the_models(best: Layers, slow: reading_model.Numpy, length: int) -> None:
    """From the same states, one layer at a time. A number that lies between two codes may fall
    either way, and its row is then apart by what one step of one code does."""
    one = row(length)
    best.lay([length])
    best.embed([(one.ids, one.second)])
    states = best.states[:length]
    for n in range(6):
        expected = slow.layer(states.astype(np.float64), n)
        best.run(range(n, n + 1))
        apart = np.abs(states - expected)
        assert np.median(apart) < 1e-4
        assert apart.max() < 0.1


@pytest.mark.parametrize("length", [12, 200])
def test_readings_are_the_models(best: Layers, slow: reading_model.Numpy, length: int) -> None:
    """Two ways of falling end as far apart as rounding is from not rounding at all."""
    one = row(length)
    first, heads = slow.read(one.ids.tolist(), one.second)
    [outcome] = read_rows(best, [one], [0.0], 1)
    assert outcome.tokens is not None
    assert outcome.exit == pytest.approx(first, abs=0.03)
    assert outcome.relevance == pytest.approx(heads[0, 0], abs=0.1)
    assert np.abs(outcome.tokens - heads[:, 1:]).mean() < 0.05


def test_every_level_says_the_same_to_the_last_bit(made: dict[str, Layers]) -> None:
    rows = [row(length) for length in (1, 2, 31, 384, 100)]
    first, *others = [
        [numbers(outcome) for outcome in read_rows(layers, rows, [0.0] * 5, 5)]
        for layers in made.values()
    ]
    assert others or len(USABLE) == 1
    for other in others:
        assert all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def outcomes(layers: Layers, rows: Sequence[Row], keep: int | None = None) -> list[Outcome]:
    return read_rows(layers, rows, [0.0] * len(rows), len(rows) if keep is None else keep)


def test_a_row_does_not_depend_on_the_others(best: Layers) -> None:
    rows = [row(length) for length in (384, 3, 200, 384, 384, 384, 300, 17, 384, 1)]
    assert sum(len(one.ids) for one in rows) > CAPACITY  # more than one pass
    together = outcomes(best, rows)
    backwards = outcomes(best, rows[::-1])[::-1]
    for one, a, b in zip(rows, together, backwards, strict=True):
        assert np.array_equal(numbers(a), numbers(b))
        assert np.array_equal(numbers(a), numbers(outcomes(best, [one])[0]))


def test_rows_that_go_on_come_to_the_same_and_the_best_do(best: Layers) -> None:
    rows = [row(40 + n, seed=n) for n in range(9)]
    whole = outcomes(best, rows)
    exits = [outcome.exit for outcome in whole]
    few = outcomes(best, rows, keep=4)
    kept = [n for n, outcome in enumerate(few) if outcome.tokens is not None]
    assert kept == sorted(sorted(range(9), key=lambda n: -exits[n])[:4])
    assert [outcome.exit for outcome in few] == exits
    for n in kept:
        assert np.array_equal(numbers(few[n]), numbers(whole[n]))
    assert all(outcome.tokens is None for outcome in outcomes(best, rows, keep=0))


def test_a_prior_brings_a_row_on_and_of_equals_the_earlier_goes(best: Layers) -> None:
    rows = [row(30)] * 4
    for priors, expected in (([0.0] * 4, [0, 1]), ([0.0, 0.0, 0.1, 0.0], [0, 2])):
        found = read_rows(best, rows, priors, 2)
        assert [n for n, one in enumerate(found) if one.tokens is not None] == expected


def test_rows_the_kernels_do_not_take_are_refused(best: Layers) -> None:
    for lengths in ([], [0], [MAX_TOKENS + 1], [MAX_TOKENS] * 6):
        with pytest.raises(ValueError, match="tokens"):
            best.lay(lengths)
    for token in (-1, VOCABULARY):
        best.lay([1])
        with pytest.raises(ValueError, match="vocabulary"):
            best.embed([(np.array([token], np.int32), 1)])


# --- code ---------------------------------------------------------------------------------------


def assembly(level: str) -> str:
    arithmetic, _ = COMPILED[level]
    made = gemm(arithmetic, HIDDEN, HIDDEN, "add").with_attr("global_symbol", "gemm")
    with tvm.transform.PassContext(config=UNTOUCHED):
        return str(
            tvm.compile(tvm.IRModule({"gemm": made}), target_of(level)).mod.inspect_source("asm")
        )


@pytest.mark.parametrize(
    ("level", "holds", "never"),
    [
        ("x86-64-v3", "vpmaddwd", r"%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[1-7]|vpdpbusd"),
        ("x86-64-v4", r"vpmaddwd\s.*%zmm", "vpdpbusd"),
        ("x86-64-v4-vnni", r"vpdpbusd\s.*%zmm", "vpmaddwd"),
    ],
)
def test_code_is_of_its_level_and_no_tile_asks_for_memory(
    level: str, holds: str, never: str
) -> None:
    code = assembly(level)
    assert re.search(holds, code)
    assert not re.search(never, code)
    assert "AllocWorkspace" not in code
