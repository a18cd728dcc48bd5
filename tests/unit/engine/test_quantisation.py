"""Packing is bit for bit what MLC's formulas give, each step in the type of the scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from appliance.engine.errors import WeightsUnusable
from appliance.engine.models.architecture import Format
from appliance.engine.models.parameters import Parameter
from appliance.engine.models.quantisation import dequantise, groups_of, quantise, store, words_of
from appliance.engine.models.stored import Packed

PACKED = (Format.Q4F16_1, Format.Q4F32_1)


def by_the_formula(
    row: list[float], real: type[np.float16] | type[np.float32]
) -> tuple[list[int], list[float]]:
    """One row, weight by weight: scales and codes packed into words, lowest bits first."""
    scales: list[float] = []
    words = [0] * words_of(len(row))
    for at, weight in enumerate(row):
        if at % 32 == 0:
            largest = real(max(abs(float(real(w))) for w in row[at : at + 32]))
            scales.append(float(real(largest / real(7))))
        scale = real(scales[-1])
        if scale == 0:
            code = 14 if float(real(weight)) > 0 else 0
        else:
            shifted = real(real(real(weight) / scale) + real(7))
            code = int(min(max(round(float(shifted)), 0), 14))  # half to even, as Python rounds
        words[at // 8] |= code << (4 * (at % 8))
    return words, scales


@st.composite
def matrices(draw: st.DrawFn) -> npt.NDArray[np.float32]:
    """Of ordinary weights, of halves that test the rounding, and of groups that are all zero."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 80))
    elements = draw(
        st.sampled_from(
            [
                st.floats(-1000, 1000, width=32),
                st.integers(-14, 14).map(lambda n: n / 2),
                st.sampled_from([0.0, -0.0, 7.0, -7.0, 6e-8, -6e-8, 2.0**-20]),
            ]
        )
    )
    return draw(arrays.arrays(np.float32, (rows, columns), elements=elements))


@pytest.mark.parametrize("format", PACKED)
@given(matrix=matrices())
def test_words_and_scales_are_the_formulas(format: Format, matrix: npt.NDArray[np.float32]) -> None:
    real = np.float16 if format is Format.Q4F16_1 else np.float32
    packed = quantise(matrix, format)
    for row, words, scales in zip(matrix, packed.words, packed.scales, strict=True):
        with np.errstate(all="ignore"):
            expected_words, expected_scales = by_the_formula(row.tolist(), real)
        assert words.tolist() == expected_words
        assert scales.tobytes() == np.array(expected_scales, real).tobytes()


@pytest.mark.parametrize("format", PACKED)
@given(matrix=matrices())
def test_a_weight_comes_back_within_half_a_step(
    format: Format, matrix: npt.NDArray[np.float32]
) -> None:
    packed = quantise(matrix, format)
    steps = np.repeat(packed.scales.astype(np.float32), 32, axis=1)[:, : matrix.shape[1]]
    slack = 0.51 * steps + 0.01 * np.abs(matrix) + 2.0**-22  # rounding of a scale near zero
    assert (np.abs(dequantise(packed) - matrix) <= slack).all()


def test_what_was_unpacked_packs_to_the_same_again() -> None:
    matrix = np.random.default_rng(1).normal(size=(40, 172)).astype(np.float32)
    once = quantise(matrix, Format.Q4F32_1)
    again = quantise(dequantise(once), Format.Q4F32_1)
    assert np.array_equal(once.words, again.words)
    np.testing.assert_allclose(once.scales, again.scales, rtol=1e-6)


def test_rounding_is_half_to_even() -> None:
    row = np.zeros((1, 32), np.float32)
    row[0, :5] = [7, 0.5, 1.5, -0.5, -1.5]  # scale 1: 7.5 and 8.5 go to 8, 6.5 to 6, 5.5 to 6
    assert dequantise(quantise(row, Format.Q4F32_1))[0, :5].tolist() == [7, 1, 1, -1, -1]


def test_a_group_of_zeros_is_zeros_with_scale_zero() -> None:
    packed = quantise(np.zeros((1, 64), np.float32), Format.Q4F16_1)
    assert not packed.words.any()
    assert not packed.scales.any()
    assert not dequantise(packed).any()


def test_a_last_short_group_has_a_scale_of_its_own() -> None:
    row = np.full((1, 36), 0.5, np.float32)
    row[0, 32:] = [70, -70, 10, 0]
    packed = quantise(row, Format.Q4F32_1)
    assert packed.words.shape == (1, 5)
    assert packed.scales.shape == (1, groups_of(36))
    assert dequantise(packed)[0, 32:].tolist() == [70, -70, 10, 0]


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_is_refused(format: Format, number: float) -> None:
    weights = np.zeros((2, 40), np.float32)
    weights[1, 39] = number
    with pytest.raises(WeightsUnusable, match=r"0\.down"):
        store(Parameter("0.down", (2, 40)), weights, format)


def test_a_number_too_large_for_half_precision_is_refused() -> None:
    weights = np.full((1, 32), 1e5, np.float32)
    with pytest.raises(WeightsUnusable, match="float16"):
        quantise(weights, Format.Q4F16_1)
    quantise(weights, Format.Q4F32_1)


def test_a_parameter_of_another_shape_is_refused() -> None:
    with pytest.raises(WeightsUnusable, match="shape"):
        store(Parameter("norm", (3,)), np.zeros(4, np.float32), Format.Q0F32)


def test_only_matrices_are_packed() -> None:
    weights = np.ones((2, 32), np.float32)
    assert isinstance(store(Parameter("embed", (2, 32)), weights, Format.Q4F16_1), Packed)
    norm = store(Parameter("norm", (32,)), weights[0], Format.Q4F16_1)
    assert not isinstance(norm, Packed)
    assert norm.dtype == np.float16
    plain = store(Parameter("embed", (2, 32)), weights, Format.Q0F16)
    assert not isinstance(plain, Packed)


def test_rows_packed_in_parts_are_the_rows_packed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.engine.models import quantisation

    matrix = np.random.default_rng(2).normal(size=(7, 96)).astype(np.float32)
    whole = quantise(matrix, Format.Q4F16_1)
    monkeypatch.setattr(quantisation, "_AT_ONCE", 200)
    parts = quantise(matrix, Format.Q4F16_1)
    assert np.array_equal(whole.words, parts.words)
    assert np.array_equal(whole.scales, parts.scales)


def by_tvm(matrix: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Scales and codes as TVM's own arithmetic gives them, which is what MLC packs with: tensor
    expressions in the matrix's type, compiled for this processor."""
    import tvm
    from tvm import te, tirx

    (rows, columns), dtype = matrix.shape, matrix.dtype.name
    seven = tirx.const(7, dtype)
    w = te.placeholder((rows, columns), dtype, "w")
    k = te.reduce_axis((0, 32), "k")
    largest = te.compute(
        (rows, groups_of(columns)),
        lambda i, g: te.max(
            tirx.if_then_else(g * 32 + k < columns, te.abs(w[i, g * 32 + k]), te.min_value(dtype)),
            axis=k,
        ),
    )
    scale = te.compute(largest.shape, lambda i, g: largest[i, g] / seven)
    code = te.compute(
        w.shape,
        lambda i, j: tirx.min(
            tirx.max(tirx.round(w[i, j] / scale[i, j // 32] + seven), tirx.const(0, dtype)),
            tirx.const(14, dtype),
        ).astype("uint32"),
    )
    run = tvm.compile(te.create_prim_func([w, scale, code]), "llvm")
    scales = tvm.runtime.tensor(np.zeros((rows, groups_of(columns)), dtype))
    codes = tvm.runtime.tensor(np.zeros(matrix.shape, np.uint32))
    run(tvm.runtime.tensor(matrix), scales, codes)
    return scales.numpy(), codes.numpy()


@pytest.mark.parametrize("format", PACKED)
def test_tvm_packs_the_same_bits(format: Format) -> None:
    """Ordinary weights, ones near the smallest number, ties, zeros and groups of zeros."""
    random = np.random.default_rng(11)
    sizes = random.choice([100, 1, 1e-3, 1e-6, 1e-7, 1e-40], size=(300, 1))
    matrix = (random.normal(size=(300, 172)) * sizes).astype(format.dtype)
    matrix[::7, ::3] = 0
    matrix[5, :64] = 0
    matrix[6, :32] = (np.arange(32) - 14) / 2
    matrix[6, 31] = 7
    scales, codes = by_tvm(matrix)
    packed = quantise(matrix, format)
    assert packed.scales.tobytes() == scales.tobytes()
    shifts = np.arange(8, dtype=np.uint32) * 4
    unpacked = (packed.words[..., None] >> shifts).reshape(300, -1)[:, :172] & 15
    assert np.array_equal(unpacked, codes)
