"""What a model takes of a machine's memory, and how long its texts may be in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.errors import FamilyUnsupported
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.running.blocks import PAGE
from appliance.engine.running.budget import (
    LEAST,
    RESERVE,
    SEQUENCES,
    Budget,
    budget,
    token_bytes,
    workspace_bytes,
)

GB = 1 << 30
LLAMA = architecture_from_huggingface(
    {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128_256,
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500_000.0,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
)
SIZE = 4_500_000_000


def of(available: int | None, wanted: int = 0, a: Architecture = LLAMA, size: int = SIZE) -> Budget:
    return budget(
        a, Format.Q4F16_1, size=size, largest=200 << 20, available=available, wanted=wanted
    )


def test_a_token_takes_keys_and_values_of_every_layer_in_padded_heads() -> None:
    assert token_bytes(LLAMA, Format.Q4F16_1) == 2 * 32 * 8 * 128 * 2
    narrow = replace(LLAMA, head_dim=160)
    assert token_bytes(narrow, Format.Q4F16_1) == 2 * 32 * 8 * 256 * 2
    assert token_bytes(narrow, Format.Q4F32_1) == 2 * 32 * 8 * 256 * 4


def test_with_much_memory_four_usual_conversations_fit() -> None:
    found = of(100 * GB)
    assert (found.context, found.cache_tokens) == (8_192, 4 * 8_192)
    assert of(None) == found
    assert of(100 * GB, wanted=16_384).context == 16_384
    assert of(100 * GB, wanted=1_000_000).context == 131_072


def test_the_cache_takes_a_quarter_of_what_is_free_beside_the_rest() -> None:
    available = 12 * GB
    fixed = SIZE + (200 << 20) + workspace_bytes(LLAMA) + RESERVE
    found = of(available)
    cache = found.cache_tokens * token_bytes(LLAMA, Format.Q4F16_1)
    page = PAGE * token_bytes(LLAMA, Format.Q4F16_1)
    assert (available - fixed) / 4 == pytest.approx(cache, abs=page)
    assert found.memory == fixed + cache


def test_below_the_least_it_is_more_than_there_is() -> None:
    found = of(SIZE)
    assert (found.context, found.cache_tokens) == (LEAST, LEAST)
    assert found.memory > SIZE


def test_a_model_of_short_texts_needs_no_more_than_its_own() -> None:
    short = replace(LLAMA, context=512)
    assert of(SIZE, a=short).context == 512
    assert of(100 * GB, a=short).cache_tokens == SEQUENCES * 512


def test_heads_that_no_kernel_serves_are_refused() -> None:
    with pytest.raises(FamilyUnsupported, match="512"):
        of(GB, a=replace(LLAMA, head_dim=512))


@given(
    available=st.none() | st.integers(0, 1 << 40),
    wanted=st.integers(0, 1 << 20),
    context=st.integers(1, 1 << 20),
)
def test_whatever_is_free_the_promises_hold(
    available: int | None, wanted: int, context: int
) -> None:
    found = of(available, wanted, replace(LLAMA, context=context))
    usual = min(context, wanted or 8_192)
    assert min(usual, LEAST) <= found.context <= usual
    assert found.context <= found.cache_tokens
    assert found.cache_tokens % PAGE == 0
    least = of(0, wanted, replace(LLAMA, context=context)).memory
    if available is not None and available >= least:
        assert found.memory <= available
