"""The GPU's definition of a model, compiled for the processor, against independent numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.engine.decoding.model import Append
from appliance.engine.models.architecture import Activation, Format, LayerKind, Rope
from appliance.engine.models.stored import Weights
from appliance.engine.running import gpu
from appliance.engine.running.device import Device, GpuUnusable
from tests import reference_model
from tests.model_vectors import FAMILIES, relative_error, vector
from tests.unit.engine.gpu.models import RUNTIME, TINY, changed, library, loaded, numbers, tiny

EVERYTHING = changed(
    family="all at once",
    layers=(LayerKind(window=9, rope=1), LayerKind()),
    ropes=(TINY.ropes[0], Rope(tuple(float(500.0 ** (-i / 6)) for i in range(6)), 1.1)),
    activation=Activation.GELU_TANH,
    tied=True,
    qkv_bias=True,
    qk_norm=True,
    post_norms=True,
    norm_offset=1.0,
    embedding_scale=8.0,
    score_cap=3.0,
    logit_cap=5.0,
)
"""What no family has all of, so that no two of them hide each other."""


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_transformers(family: str) -> None:
    known = vector(family)
    weights = Weights(known.architecture, Format.Q0F32, dict(known.weights()))
    model = loaded(weights)
    sequence = model.add()
    half = len(known.tokens) // 2
    model.forward([Append(sequence, known.tokens[:half])])
    got = [model.forward([Append(sequence, [token])])[0] for token in known.tokens[half:]]
    assert relative_error(np.array(got), known.logits[half:]) < 1e-4


@pytest.mark.parametrize(
    ("form", "close"),
    [(Format.Q0F32, 1e-5), (Format.Q4F32_1, 1e-5), (Format.Q0F16, 2e-2), (Format.Q4F16_1, 2e-2)],
)
def test_logits_of_every_format_are_the_references(form: Format, close: float) -> None:
    held = numbers(EVERYTHING, form)
    tokens = np.random.default_rng(1).integers(0, EVERYTHING.vocabulary, 40)
    expected = reference_model.logits(EVERYTHING, held.plain, tokens)
    model = loaded(held.stored)
    sequence = model.add()
    for start, end in ((0, 30), (30, 31), (31, 40)):
        got = model.forward([Append(sequence, tokens[start:end].tolist())])[0]
        assert relative_error(got, expected[end - 1]) < close


def test_a_pass_that_is_too_long_for_one_is_taken_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded(tiny())
    batch = [[3] * 20, [4] * 7, [5] * 31]
    whole = model.forward([Append(model.add(), tokens) for tokens in batch])
    monkeypatch.setattr(gpu, "CHUNK", 8)
    parts = model.forward([Append(model.add(), tokens) for tokens in batch])
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-5)


def test_what_an_export_holds_past_its_end_is_zero() -> None:
    model = loaded(tiny())
    one, two = model.add(), model.add()
    model.forward([Append(one, [1, 2, 3]), Append(two, [1, 2, 9])])
    assert model.export(one, 2) == model.export(two, 2)
    assert model.export(one, 3) != model.export(two, 3)


def test_a_model_tells_its_weights_apart() -> None:
    prints = {
        gpu.fingerprint(numbers(TINY, form, seed).stored)
        for form, seed in ((Format.Q0F32, 0), (Format.Q0F32, 1), (Format.Q0F16, 0))
    }
    assert len(prints) == 3


def test_a_runtime_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(GpuUnusable, match="cannot be loaded"):
        Device("cpu", tmp_path / "libtvm_runtime.so")


def test_a_library_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    library = tmp_path / "model.so"
    library.write_bytes(b"no library")
    with pytest.raises(GpuUnusable, match="cannot be loaded on the device cpu"):
        gpu.load_gpu_model(tiny(), library, RUNTIME, device="cpu", cache_tokens=64)


@pytest.mark.parametrize(
    ("wanted", "cache", "context"), [(0, 512, 48), (20, 512, 20), (100, 512, 48), (0, 32, 32)]
)
def test_the_context_is_the_least_of_the_model_s_the_wanted_and_the_cache_s(
    wanted: int, cache: int, context: int
) -> None:
    model = gpu.load_gpu_model(
        tiny(), library(TINY, Format.Q0F32), RUNTIME,
        device="cpu", cache_tokens=cache, context=wanted,
    )  # fmt: skip
    assert model.context == context
    with pytest.raises(ValueError, match="outgrow"):
        model.forward([Append(model.add(), [1] * (context + 1))])


def test_a_device_that_fails_is_a_sentence() -> None:
    """A wrong library for the weights fails on the device, as a driver's error does."""
    wider = numbers(changed(inner=128), Format.Q0F32).stored
    path = library(TINY, Format.Q0F32)
    model = gpu.load_gpu_model(wider, path, RUNTIME, device="cpu", cache_tokens=64)
    with pytest.raises(GpuUnusable, match="stopped while it computed"):
        model.forward([Append(model.add(), [1, 2])])
