"""The processor's model against transformers' logits and an independent forward pass."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.engine.decoding.model import Append
from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.quantisation import dequantise
from appliance.engine.models.stored import Packed, Weights
from appliance.engine.running import loading
from appliance.engine.running.budget import CHUNK, KEPT_ROWS
from appliance.engine.running.loading import Blocks, arrange
from appliance.engine.running.processor_model import ProcessorModel
from tests import model_vectors, reference_model
from tests.unit.engine.running.levels import make_model, stored_as, usable_levels

EXACT = 1e-5
"""In float32 the order of sums is all that differs (seen: below 1e-6; promised: 1e-4)."""


def logits_one_by_one(model: ProcessorModel, tokens: tuple[int, ...]) -> np.ndarray:
    sequence = model.add()
    rows = [model.forward([Append(sequence, [token])])[0] for token in tokens]
    return np.array(rows)


def made(seed: int = 0, **changes: object) -> tuple[Architecture, dict[str, np.ndarray]]:
    """A small random model with sizes that are no multiple of anything."""
    sizes: dict[str, object] = {
        "family": "llama", "hidden": 72, "inner": 100, "layers": (LayerKind(),) * 2, "heads": 6,
        "kv_heads": 2, "head_dim": 20, "vocabulary": 77, "context": 900, "norm_eps": 1e-5,
        "ropes": (Rope(tuple(0.5**n for n in range(10))),), "attention_scale": 20**-0.5,
    }  # fmt: skip
    a = Architecture(**{**sizes, **changes})  # type: ignore[arg-type]
    random = np.random.default_rng(seed)
    numbers = {
        p.name: (random.standard_normal(p.shape) * 0.08 + (not p.is_matrix)).astype(np.float32)
        for p in parameters(a)
    }
    return a, numbers


@pytest.mark.parametrize("level", usable_levels())
@pytest.mark.parametrize("family", model_vectors.FAMILIES)
def test_every_family_computes_what_transformers_computes(family: str, level: str) -> None:
    vector = model_vectors.vector(family)
    weights = stored_as(vector.architecture, dict(vector.weights()), Format.Q0F32)
    model = make_model(weights, level)
    one_by_one = logits_one_by_one(model, vector.tokens)
    assert model_vectors.relative_error(one_by_one, vector.logits) < EXACT
    at_once = model.forward([Append(model.add(), vector.tokens)])[0]
    assert model_vectors.relative_error(at_once, vector.logits[-1]) < EXACT


@pytest.mark.parametrize("level", usable_levels())
@pytest.mark.parametrize(
    ("form", "exact", "close"),
    [
        (Format.Q0F32, True, 1e-5),
        (Format.Q0F16, True, 5e-3),  # the cache is kept in float16
        (Format.Q4F32_1, True, 1e-5),
        (Format.Q4F16_1, True, 5e-3),
        (Format.Q4F32_1, False, 5e-2),  # activations are rounded to eight bits
        (Format.Q4F16_1, False, 5e-2),
    ],
)
def test_every_format_computes_what_its_numbers_say(
    form: Format, exact: bool, close: float, level: str
) -> None:
    a, numbers = made()
    weights = stored_as(a, numbers, form)
    meant = {
        name: dequantise(stored) if isinstance(stored, Packed) else stored.astype(np.float32)
        for name, stored in weights.stored.items()
    }
    tokens = tuple(int(t) for t in np.random.default_rng(1).integers(0, a.vocabulary, 40))
    wanted = reference_model.logits(a, meant, tokens)
    model = make_model(weights, level, exact=exact)
    got = model.forward([Append(model.add(), tokens)])[0]
    assert model_vectors.relative_error(got, wanted[-1]) < close
    assert model_vectors.relative_error(logits_one_by_one(model, tokens), wanted) < close


@pytest.mark.parametrize("level", usable_levels())
def test_eight_bits_are_really_used_where_they_are_asked_for(level: str) -> None:
    a, numbers = made()
    weights = stored_as(a, numbers, Format.Q4F32_1)
    tokens = [Append(0, range(20))]
    rough, exact = (make_model(weights, level, exact=exact) for exact in (False, True))
    rough.add(), exact.add()
    assert not np.array_equal(rough.forward(tokens), exact.forward(tokens))
    assert rough.fingerprint != exact.fingerprint


@pytest.mark.parametrize("level", usable_levels())
@pytest.mark.parametrize("head_dim", [8, 33, 64, 80, 96, 128, 200, 256])
def test_heads_of_any_size_are_computed(head_dim: int, level: str) -> None:
    turned = Rope(tuple(0.7**n for n in range(head_dim // 2)))
    a, numbers = made(head_dim=head_dim, heads=4, kv_heads=4, ropes=(turned,))
    tokens = tuple(range(35))
    model = make_model(stored_as(a, numbers, Format.Q0F32), level)
    wanted = reference_model.logits(a, numbers, tokens)[-1]
    got = model.forward([Append(model.add(), tokens)])[0]
    assert model_vectors.relative_error(got, wanted) < EXACT


@pytest.mark.parametrize("level", usable_levels())
@pytest.mark.parametrize("window", [1, 7, 16, 17, 40])
def test_a_window_sees_its_own_tokens_only(window: int, level: str) -> None:
    a, numbers = made(layers=(LayerKind(window=window), LayerKind()))
    tokens = tuple(int(t) for t in np.random.default_rng(3).integers(0, a.vocabulary, 100))
    wanted = reference_model.logits(a, numbers, tokens)
    model = make_model(stored_as(a, numbers, Format.Q0F32), level)
    assert model_vectors.relative_error(logits_one_by_one(model, tokens), wanted) < EXACT
    got = model.forward([Append(model.add(), tokens)])[0]
    assert model_vectors.relative_error(got, wanted[-1]) < EXACT


def test_a_prompt_longer_than_a_chunk_is_one_prompt() -> None:
    a, numbers = made(layers=(LayerKind(),))
    tokens = tuple(int(t) for t in np.random.default_rng(5).integers(0, a.vocabulary, CHUNK + 70))
    model = make_model(stored_as(a, numbers, Format.Q0F32), usable_levels()[0], tokens=1500)
    first, second = model.add(), model.add()
    got = model.forward([Append(first, tokens[:500]), Append(second, tokens)])
    wanted = reference_model.logits(a, numbers, tokens)
    assert model_vectors.relative_error(got, wanted[[499, -1]]) < EXACT


def test_a_row_does_not_depend_on_what_else_is_in_the_batch() -> None:
    """To the last bit: the order of sums is the same for one row and for many."""
    a, numbers = made()
    model = make_model(stored_as(a, numbers, Format.Q4F16_1), usable_levels()[0], tokens=4096)
    prompts = [tuple(range(n, n + 3 + 5 * n)) for n in range(7)]
    alone = [model.forward([Append(model.add(), prompt)])[0] for prompt in prompts]
    together = model.forward([Append(model.add(), prompt) for prompt in prompts])
    assert np.abs(together - np.array(alone)).max() < 1e-5 * np.abs(alone).max()


@pytest.mark.parametrize("tokens", [[77], [-1], [1, 10**6]])
def test_a_token_outside_the_vocabulary_is_refused(tokens: list[int]) -> None:
    a, numbers = made()
    model = make_model(stored_as(a, numbers, Format.Q0F32), usable_levels()[0])
    sequence = model.add()
    with pytest.raises(ValueError, match="vocabulary"):
        model.forward([Append(sequence, tokens)])
    assert model.length(sequence) == 0


def test_padding_never_counts() -> None:
    """Codes past the last column mean nothing, whatever they are."""
    a, numbers = made()
    clean = stored_as(a, numbers, Format.Q4F32_1)
    soiled = Weights(a, clean.format, {})
    for name, stored in clean.stored.items():
        if isinstance(stored, Packed):
            words, extra = stored.words.copy(), stored.columns % 8
            if extra:
                words[:, stored.columns // 8] |= np.uint32(0xFFFFFFFF << (4 * extra) & 0xFFFFFFFF)
            stored = Packed(words, stored.scales, stored.columns)  # noqa: PLW2901
        soiled.stored[name] = stored
    level = usable_levels()[0]
    both = [make_model(weights, level) for weights in (clean, soiled)]
    got = [model.forward([Append(model.add(), range(9))]) for model in both]
    np.testing.assert_array_equal(got[0], got[1])


@pytest.mark.parametrize("form", [Format.Q4F16_1, Format.Q0F32])
def test_weights_that_are_consumed_are_gone_one_by_one_and_arranged_the_same(
    form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = stored_as(*made(), form)
    kept = arrange(weights)
    names, left = set(weights.stored), []
    interleave = loading._interleave

    def watched(*arguments: object) -> None:
        left.append(len(weights.stored))
        interleave(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "_interleave", watched)
    consumed = arrange(weights, consume=True)
    assert left == sorted(left, reverse=True)
    assert left[0] == len(names) - 1
    assert (weights.stored, set(consumed)) == ({}, names)
    for name, one in kept.items():
        other = consumed[name]
        if isinstance(one, Blocks):
            assert isinstance(other, Blocks)
            assert np.array_equal(one.words, other.words)
        else:
            assert np.array_equal(one, other)  # type: ignore[arg-type]


def test_workspaces_of_many_sizes_are_not_all_kept() -> None:
    weights = stored_as(*made(), Format.Q0F32)
    model = make_model(weights, usable_levels()[-1])
    for length in range(100, 200):
        sequence = model.add()
        model.forward([Append(sequence, [1] * length)])
        model.remove(sequence)
        assert sum(model._spaces) <= KEPT_ROWS
