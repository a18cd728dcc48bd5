"""Every parameter has its sources in both layouts, and every tensor of a file is one's source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.models.families import architecture_from_mlc
from appliance.engine.models.names import (
    huggingface_prefix,
    huggingface_sources,
    is_norm,
    mlc_sources,
    quantised,
)
from appliance.engine.models.parameters import parameters
from tests.model_vectors import FAMILIES, vector

PUBLISHED = Path(__file__).resolve().parents[5] / "shared" / "data/model/smollm2-135m-mlc"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_has_sources_of_its_shape(family: str) -> None:
    one = vector(family)
    weights = one.weights()
    assert {p.name: p.shape for p in parameters(one.architecture)} == {
        name: weight.shape for name, weight in weights.items()
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_every_tensor_of_the_vector_is_used_once(family: str) -> None:
    one = vector(family)
    used = [name for names in huggingface_sources(one.architecture).values() for name in names]
    assert sorted(used) == sorted(one.tensors)


@pytest.mark.parametrize("family", FAMILIES)
def test_mlc_names_no_tensor_twice(family: str) -> None:
    architecture = vector(family).architecture
    sources = mlc_sources(architecture)
    assert list(sources) == [p.name for p in parameters(architecture)]
    names = [name for group in sources.values() for name in group]
    assert len(names) == len(set(names))


# Spelt out from mlc_llm/model/*/…_model.py and …_loader.py.
@pytest.mark.parametrize(
    ("family", "ours", "theirs"),
    [
        ("llama", "embed", ["model.embed_tokens.weight"]),
        ("llama", "head", ["lm_head.weight"]),
        ("llama", "2.qkv", ["model.layers.2.self_attn.qkv_proj.weight"]),
        ("llama", "2.mlp_norm", ["model.layers.2.post_attention_layernorm.weight"]),
        ("mistral", "0.gate_up", ["model.layers.0.mlp.gate_up_proj.weight"]),
        ("qwen2", "1.qkv", ["model.layers.1.self_attn.c_attn.weight"]),
        ("qwen2", "1.qkv_bias", ["model.layers.1.self_attn.c_attn.bias"]),
        ("qwen3", "1.k_norm", ["model.layers.1.self_attn.k_norm.weight"]),
        ("qwen3", "1.out", ["model.layers.1.self_attn.o_proj.weight"]),
        ("gemma2", "0.qkv", ["model.layers.0.self_attn.qkv_proj.weight"]),
        ("gemma2", "0.attention_post_norm", ["model.layers.0.post_attention_layernorm.weight"]),
        ("gemma2", "0.mlp_norm", ["model.layers.0.pre_feedforward_layernorm.weight"]),
        ("gemma2", "0.mlp_post_norm", ["model.layers.0.post_feedforward_layernorm.weight"]),
        (
            "gemma3",
            "5.qkv",
            [f"language_model.model.layers.5.self_attn.{part}_proj.weight" for part in "qkv"],
        ),
        ("gemma3", "norm", ["language_model.model.norm.weight"]),
        ("phi3", "embed", ["transformer.embd.weight"]),
        ("phi3", "0.attention_norm", ["transformer.h.0.ln.weight"]),
        ("phi3", "0.qkv", ["transformer.h.0.mixer.qkv_proj.weight"]),
        ("phi3", "0.out", ["transformer.h.0.mixer.out_proj.weight"]),
        ("phi3", "0.mlp_norm", ["transformer.h.0.post_attention_layernorm.weight"]),
        ("phi3", "0.down", ["transformer.h.0.mlp.down_proj.weight"]),
        ("phi3", "head", ["lm_head.weight"]),
    ],
)
def test_mlc_spells_it(family: str, ours: str, theirs: list[str]) -> None:
    assert mlc_sources(vector(family).architecture)[ours] == tuple(theirs)


def test_a_quantised_matrix_is_two_tensors() -> None:
    assert quantised("lm_head.weight") == ("lm_head.q_weight", "lm_head.q_scale")


def test_a_model_that_also_sees_has_its_text_part_under_a_prefix() -> None:
    one = vector("gemma3")
    names = {f"language_model.{name}" for name in one.tensors} | {"vision_tower.x.weight"}
    assert huggingface_prefix(names) == "language_model."
    assert huggingface_prefix(one.tensors) == ""
    sources = huggingface_sources(one.architecture, "language_model.")
    assert {name for group in sources.values() for name in group} <= names


@pytest.mark.parametrize("family", ["gemma2", "gemma3"])
def test_norms_are_those_the_offset_is_added_to(family: str) -> None:
    """Gemma's are trained around 0, all else in the vector has no such mean by name."""
    one = vector(family)
    norms = {name for name in one.weights() if is_norm(name)}
    sources = huggingface_sources(one.architecture)
    assert {name for ours in norms for name in sources[ours]} == {
        name for name, tensor in one.tensors.items() if np.ndim(tensor) == 1
    }


@pytest.mark.shared
def test_a_published_bundle_has_exactly_the_tensors_named() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the published bundle is not beside this checkout")
    config = json.loads((PUBLISHED / "mlc-chat-config.json").read_text())
    architecture = architecture_from_mlc(config)
    records = json.loads((PUBLISHED / "tensor-cache.json").read_text())["records"]
    published = {r["name"]: tuple(r["shape"]) for shard in records for r in shard["records"]}
    sources = mlc_sources(architecture)
    assert published == {sources[p.name][0]: p.shape for p in parameters(architecture)}
