"""Architectures out of published configurations, and hostile ones refused with a sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.errors import ConfigurationInvalid, FamilyUnsupported
from appliance.engine.models.architecture import Activation, Architecture, LayerKind
from appliance.engine.models.families import (
    FAMILIES,
    architecture_from_huggingface,
    architecture_from_mlc,
)
from appliance.engine.models.parameters import parameters
from tests.model_vectors import vector
from tests.unit.engine.models.configurations import HUGGINGFACE, MLC, Configuration


def known(name: str, **changed: object) -> Architecture:
    return architecture_from_huggingface({**HUGGINGFACE[name], **changed})


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("SmolLM2-135M", 134.5),
        ("TinyLlama-1.1B", 1100.0),
        ("Llama-3.2-1B", 1235.8),
        ("Mistral-7B-v0.1", 7241.7),
        ("Qwen2.5-0.5B", 494.0),
        ("Qwen3-0.6B", 596.0),
        ("Gemma-2-2B", 2614.3),
        ("Gemma-3-1B", 999.9),
        ("Gemma-3-4B", 3880.3),
        ("Phi-3-mini-4k", 3821.1),
    ],
)
def test_a_published_model_has_as_many_weights_as_its_makers_say(
    name: str, millions: float
) -> None:
    count = sum(math.prod(p.shape) for p in parameters(known(name)))
    assert count / 1e6 == pytest.approx(millions, abs=0.06)


def test_llama_3_slows_slow_pairs_and_keeps_fast_ones() -> None:
    (scaled,), (plain,) = (
        known("Llama-3.2-1B").ropes,
        known("Llama-3.2-1B", rope_scaling=None).ropes,
    )
    pairs = list(zip(scaled.inverse_frequencies, plain.inverse_frequencies, strict=True))
    assert all(s == pytest.approx(p) for s, p in pairs if 2 * math.pi / p < 8192 / 4)
    assert all(s == pytest.approx(p / 32) for s, p in pairs if 2 * math.pi / p > 8192)
    between = [s / p for s, p in pairs if 8192 / 4 < 2 * math.pi / p < 8192]
    assert between
    assert all(1 / 32 < ratio < 1 for ratio in between)


def test_positions_can_be_scaled_linearly_and_are_spelt_in_two_ways() -> None:
    plain = known("TinyLlama-1.1B").ropes[0].inverse_frequencies
    older = known("TinyLlama-1.1B", rope_scaling={"type": "linear", "factor": 2.0})
    assert older.ropes[0].inverse_frequencies == tuple(f / 2 for f in plain)
    newer = dict(HUGGINGFACE["TinyLlama-1.1B"])
    del newer["rope_theta"]
    newer["rope_parameters"] = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    assert architecture_from_huggingface(newer) == older


def test_mistral_has_its_window_in_every_layer() -> None:
    assert set(known("Mistral-7B-v0.1").layers) == {LayerKind(window=4096)}
    assert set(known("Mistral-7B-v0.1", sliding_window=None).layers) == {LayerKind()}


def test_a_window_as_long_as_the_context_is_none() -> None:
    assert set(known("Phi-3-mini-128k").layers) == {LayerKind()}
    assert set(known("Phi-3-mini-4k").layers) == {LayerKind(window=2047)}
    short = architecture_from_huggingface(HUGGINGFACE["Mistral-7B-v0.1"], context=4096)
    assert set(short.layers) == {LayerKind()}
    assert short.context == 4096


def test_qwen_uses_its_window_only_when_it_says_so() -> None:
    qwen = known("Qwen2.5-0.5B", sliding_window=4096)
    assert qwen.qkv_bias
    assert set(qwen.layers) == {LayerKind()}
    used = known("Qwen2.5-0.5B", sliding_window=4096, use_sliding_window=True)
    assert [kind.window for kind in used.layers] == [0] * 21 + [4096] * 3
    listed = ["sliding_attention"] + 23 * ["full_attention"]
    named = known("Qwen2.5-0.5B", sliding_window=4096, use_sliding_window=True, layer_types=listed)
    assert [kind.window for kind in named.layers] == [4096] + [0] * 23


def test_qwen_3_norms_queries_and_keys_of_heads_wider_than_its_hidden_size_has_room_for() -> None:
    qwen = known("Qwen3-0.6B")
    assert qwen.qk_norm
    assert not qwen.qkv_bias
    assert (qwen.head_dim, qwen.qkv_rows) == (128, 4096)


def test_gemma_2_caps_alternates_and_offsets() -> None:
    gemma = known("Gemma-2-2B")
    assert [kind.window for kind in gemma.layers] == [4096, 0] * 13
    assert (gemma.score_cap, gemma.logit_cap) == (50.0, 30.0)
    assert gemma.embedding_scale == 48.0
    assert gemma.attention_scale == 1 / 16
    assert gemma.activation is Activation.GELU_TANH
    assert gemma.tied
    assert gemma.post_norms
    assert gemma.norm_offset == 1.0


def test_gemma_3_sees_everything_in_every_sixth_layer_with_a_rope_of_its_own() -> None:
    gemma = known("Gemma-3-1B")
    assert gemma.layers[:6] == (LayerKind(512, 1),) * 5 + (LayerKind(0, 0),)
    far, near = gemma.ropes
    assert far.inverse_frequencies[1] == pytest.approx(1e6 ** (-1 / 128))
    assert near.inverse_frequencies[1] == pytest.approx(1e4 ** (-1 / 128))
    assert gemma.qk_norm
    assert gemma.score_cap == gemma.logit_cap == 0.0


def test_gemma_3_in_the_newer_spelling_is_the_same() -> None:
    newer = dict(HUGGINGFACE["Gemma-3-1B"])
    for old in ("rope_theta", "rope_scaling", "rope_local_base_freq", "sliding_window_pattern"):
        del newer[old]
    newer["rope_parameters"] = {
        "full_attention": {"rope_type": "default", "rope_theta": 1000000},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000},
    }
    kinds = 5 * ["sliding_attention"] + ["full_attention"]
    newer["layer_types"] = (5 * kinds)[:26]
    assert architecture_from_huggingface(newer) == known("Gemma-3-1B")


def test_gemma_3_with_pictures_is_read_for_its_text() -> None:
    gemma = known("Gemma-3-4B")
    assert (gemma.heads, gemma.kv_heads, gemma.head_dim) == (8, 4, 256)
    assert gemma.family == "gemma3_text"
    assert gemma.layers[0] == LayerKind(1024, 1)
    assert gemma.ropes[0].inverse_frequencies[0] == 1 / 8
    assert gemma.ropes[1].inverse_frequencies[0] == 1.0


def test_longrope_is_chosen_by_the_context_a_model_is_loaded_for() -> None:
    (long,) = known("Phi-3-mini-128k").ropes
    (short,) = architecture_from_huggingface(HUGGINGFACE["Phi-3-mini-128k"], context=4096).ropes
    theta = [10000 ** (-n / 48) for n in range(48)]
    assert long.inverse_frequencies == pytest.approx([t / (1 + n) for n, t in enumerate(theta)])
    expected = [t / (1 + n / 48) for n, t in enumerate(theta)]
    assert short.inverse_frequencies == pytest.approx(expected)
    assert long.magnitude == short.magnitude == pytest.approx(math.sqrt(1 + 5 / 12))


def test_part_of_a_head_can_be_turned() -> None:
    phi = known("Phi-3-mini-4k", partial_rotary_factor=0.75)
    assert len(phi.ropes[0].inverse_frequencies) == 36


def test_a_model_without_gemmas_offset_is_the_same_in_both_layouts() -> None:
    assert architecture_from_mlc(MLC["Phi-3-mini-128k"]) == known("Phi-3-mini-128k")


def test_gemma_in_mlcs_layout_has_the_offset_in_its_norms() -> None:
    for name in ("Gemma-2-2B", "Gemma-3-1B"):
        mlc = architecture_from_mlc(MLC[name])
        same = architecture_from_huggingface(HUGGINGFACE[name], context=mlc.context)
        assert mlc == replace(same, norm_offset=0.0)


def test_mistral_in_mlcs_layout_holds_a_window_unless_told_more() -> None:
    assert architecture_from_mlc(MLC["Mistral-7B-v0.1"]).context == 4096
    longer = architecture_from_mlc(MLC["Mistral-7B-v0.1"], context=32768)
    assert longer == known("Mistral-7B-v0.1")


def test_the_smaller_of_the_two_contexts_in_mlcs_layout_counts() -> None:
    cut = {**MLC["Gemma-3-1B"], "context_window_size": 2048}
    assert architecture_from_mlc(cut).context == 2048


@pytest.mark.parametrize("family", ["mamba", "gpt2", "llama4", "qwen2_moe", "gemma"])
def test_a_foreign_family_is_named_with_those_that_run(family: str) -> None:
    with pytest.raises(FamilyUnsupported) as caught:
        known("TinyLlama-1.1B", model_type=family)
    with pytest.raises(FamilyUnsupported) as as_well:
        architecture_from_mlc({**MLC["Mistral-7B-v0.1"], "model_type": family})
    for sentence in (caught.value.sentence, as_well.value.sentence):
        assert f"“{family}”" in sentence
        assert all(name in sentence for name in FAMILIES)


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("TinyLlama-1.1B", {"attention_bias": True}, "attention_bias"),
        ("TinyLlama-1.1B", {"mlp_bias": True}, "mlp_bias"),
        ("TinyLlama-1.1B", {"hidden_act": "gelu"}, "gelu"),
        ("TinyLlama-1.1B", {"quantization_config": {"quant_method": "awq"}}, "quantised"),
        ("Qwen2.5-0.5B", {"rope_scaling": {"type": "yarn", "factor": 4.0}}, "yarn"),
        ("TinyLlama-1.1B", {"rope_scaling": {"type": "dynamic", "factor": 4.0}}, "dynamic"),
        ("Gemma-3-1B", {"layer_types": ["chunked_attention"] * 26}, "neither"),
    ],
)
def test_what_cannot_be_run_exactly_is_refused(
    name: str, changed: dict[str, object], says: str
) -> None:
    with pytest.raises(FamilyUnsupported, match=says):
        known(name, **changed)


HUGE = 10**400


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        *(
            ("TinyLlama-1.1B", {field: bad})
            for field in ("hidden_size", "num_hidden_layers", "vocab_size", "intermediate_size")
            for bad in (None, 0, -1, 1.5, "64", True, [64], HUGE)
        ),
        ("TinyLlama-1.1B", {"num_key_value_heads": 5}),
        ("TinyLlama-1.1B", {"num_attention_heads": 4096}),
        ("TinyLlama-1.1B", {"head_dim": 63}),
        ("TinyLlama-1.1B", {"rms_norm_eps": math.nan}),
        ("TinyLlama-1.1B", {"rms_norm_eps": 0}),
        ("TinyLlama-1.1B", {"rms_norm_eps": True}),
        ("TinyLlama-1.1B", {"rope_theta": math.inf}),
        ("TinyLlama-1.1B", {"rope_theta": HUGE}),
        ("TinyLlama-1.1B", {"rope_theta": 0.0}),
        ("TinyLlama-1.1B", {"max_position_embeddings": HUGE}),
        ("TinyLlama-1.1B", {"tie_word_embeddings": 1}),
        ("TinyLlama-1.1B", {"rope_scaling": "linear"}),
        ("TinyLlama-1.1B", {"rope_scaling": {"type": "linear"}}),
        ("TinyLlama-1.1B", {"rope_scaling": {"type": "linear", "factor": 0}}),
        ("TinyLlama-1.1B", {"model_type": None}),
        ("TinyLlama-1.1B", {"model_type": 7}),
        ("TinyLlama-1.1B", {"model_type": "x" * 1000}),
        ("TinyLlama-1.1B", {"model_type": "\x1b[2J"}),
        ("Llama-3.2-1B", {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}),
        ("Phi-3-mini-4k", {"partial_rotary_factor": 0.0}),
        ("Phi-3-mini-4k", {"partial_rotary_factor": 0.02}),
        ("Phi-3-mini-128k", {"rope_scaling": {"type": "longrope", "long_factor": [1.0]}}),
        ("Phi-3-mini-128k", {"original_max_position_embeddings": 1 << 20}),
        ("Gemma-2-2B", {"query_pre_attn_scalar": 0}),
        ("Gemma-2-2B", {"attn_logit_softcapping": -50}),
        ("Gemma-3-1B", {"sliding_window_pattern": 0}),
        ("Gemma-3-1B", {"layer_types": ["full_attention"]}),
        ("Gemma-3-1B", {"sliding_window": 0}),
    ],
)
def test_a_hostile_configuration_is_refused(name: str, changed: dict[str, object]) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        known(name, **changed)
    assert len(caught.value.sentence) < 200
    assert caught.value.sentence.isprintable()


def test_llama_3_with_its_bounds_the_wrong_way_round_is_refused() -> None:
    scaling = {**HUGGINGFACE["Llama-3.2-1B"]["rope_scaling"], "high_freq_factor": 1.0}
    with pytest.raises(ConfigurationInvalid, match="high_freq_factor"):
        known("Llama-3.2-1B", rope_scaling=scaling)


@pytest.mark.parametrize("whole", [None, [], "llama", 3])
def test_what_is_no_table_is_refused(whole: Mapping[str, object]) -> None:
    for read in (architecture_from_huggingface, architecture_from_mlc):
        with pytest.raises(ConfigurationInvalid):
            read(whole)
    with pytest.raises(ConfigurationInvalid):
        architecture_from_mlc({"model_type": "llama", "model_config": whole or 1})


def test_a_context_out_of_bounds_is_refused() -> None:
    for context in (-1, 1 << 40):
        with pytest.raises(ConfigurationInvalid):
            architecture_from_huggingface(HUGGINGFACE["TinyLlama-1.1B"], context=context)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


@given(st.data())
def test_whatever_a_field_holds_the_answer_is_an_architecture_or_a_sentence(
    data: st.DataObject,
) -> None:
    mlc = data.draw(st.booleans())
    some: Mapping[str, Configuration] = MLC if mlc else HUGGINGFACE
    whole: Any = json.loads(json.dumps(some[data.draw(st.sampled_from(sorted(some)))]))
    table = whole
    while True:
        field = data.draw(st.sampled_from(sorted(table)))
        if not isinstance(table[field], dict) or data.draw(st.booleans()):
            break
        table = table[field]
    table[field] = data.draw(ANYTHING)
    try:
        found = (architecture_from_mlc if mlc else architecture_from_huggingface)(whole)
    except (ConfigurationInvalid, FamilyUnsupported):
        return
    assert all(math.isfinite(f) for rope in found.ropes for f in rope.inverse_frequencies)


def test_the_vectors_describe_themselves_as_transformers_writes_it() -> None:
    assert vector("gemma3").architecture.ropes[0].inverse_frequencies[0] == 1 / 8
    assert [kind.window for kind in vector("gemma2").architecture.layers] == [8, 0, 8]
    assert vector("phi3").architecture.ropes[0].magnitude > 1
