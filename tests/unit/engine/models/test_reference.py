"""The reference computes what transformers computes, and the vectors would show if it did not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from appliance.engine.models.architecture import Activation, Architecture, LayerKind
from appliance.engine.models.rope import plain
from tests.model_vectors import FAMILIES, assembled, relative_error, vector
from tests.reference_model import logits

Change = Callable[[Architecture], Architecture]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_reference_agrees_with_transformers(family: str) -> None:
    one = vector(family)
    got = logits(one.architecture, one.weights(), one.tokens)
    assert got.dtype == np.float32
    assert relative_error(got, one.logits) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_in_double_precision_it_agrees_as_well(family: str) -> None:
    one = vector(family)
    got = logits(one.architecture, one.weights("float64"), one.tokens)
    assert got.dtype == np.float64
    assert relative_error(got, one.logits) < 1e-5


def everywhere(a: Architecture) -> Architecture:
    return replace(a, layers=tuple(LayerKind(0, kind.rope) for kind in a.layers))


def one_narrower(a: Architecture) -> Architecture:
    kinds = (LayerKind(max(kind.window - 1, 0), kind.rope) for kind in a.layers)
    return replace(a, layers=tuple(kinds))


def one_rope(a: Architecture) -> Architecture:
    return replace(a, layers=tuple(LayerKind(kind.window) for kind in a.layers))


def unscaled(theta: float) -> Change:
    def change(a: Architecture) -> Architecture:
        pairs = len(a.ropes[0].inverse_frequencies)
        scaled = replace(plain(theta, 2 * pairs), magnitude=a.ropes[0].magnitude)
        return replace(a, ropes=(scaled, *a.ropes[1:]))

    return change


@pytest.mark.parametrize(
    ("family", "change"),
    [
        ("llama", unscaled(500_000.0)),
        ("mistral", everywhere),
        ("mistral", one_narrower),
        ("gemma2", everywhere),
        ("gemma2", one_narrower),
        ("gemma2", lambda a: replace(a, layers=a.layers[1:] + a.layers[:1])),
        ("gemma2", lambda a: replace(a, score_cap=0.0)),
        ("gemma2", lambda a: replace(a, logit_cap=0.0)),
        ("gemma2", lambda a: replace(a, attention_scale=a.head_dim**-0.5)),
        ("gemma2", lambda a: replace(a, activation=Activation.SILU)),
        ("gemma2", lambda a: replace(a, norm_offset=0.0)),
        ("gemma2", lambda a: replace(a, embedding_scale=1.0)),
        ("gemma3", everywhere),
        ("gemma3", one_rope),
        ("gemma3", unscaled(1_000_000.0)),
        ("gemma3", lambda a: replace(a, qk_norm=False)),
        ("phi3", everywhere),
        ("phi3", unscaled(10_000.0)),
        ("phi3", lambda a: replace(a, ropes=(replace(a.ropes[0], magnitude=1.0),))),
        ("qwen2", lambda a: replace(a, qkv_bias=False)),
        ("qwen3", lambda a: replace(a, qk_norm=False)),
        ("llama", lambda a: replace(a, norm_eps=0.1)),
    ],
)
def test_what_makes_a_family_different_shows_in_its_vector(family: str, change: Change) -> None:
    one = vector(family)
    changed = change(one.architecture)
    assert changed != one.architecture
    assert relative_error(logits(changed, one.weights(), one.tokens), one.logits) > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_token_does_not_see_what_comes_after_it(family: str) -> None:
    one = vector(family)
    short = logits(one.architecture, one.weights(), one.tokens[:5])
    assert relative_error(short, one.logits[:5]) < 1e-5


def test_weights_are_put_together_in_the_order_of_query_key_value() -> None:
    one = vector("llama")
    parts = [one.tensors[f"model.layers.0.self_attn.{part}_proj.weight"] for part in "qkv"]
    fused = assembled(one.architecture, one.tensors)["0.qkv"]
    assert np.array_equal(fused, np.vstack(parts))
