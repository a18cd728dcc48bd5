"""Architectures out of configurations: Hugging Face's config.json and MLC's mlc-chat-config.json.

Rules kept here: both are untrusted and bounded; one that asks for what Cloister cannot run exactly
is refused with a sentence, never run approximately. MLC's spelling is translated into Hugging
Face's, so that each family is read by one function.

What differs between the two:
- MLC adds Gemma's offset of 1 to the norms when it converts, so a model from MLC's layout has
  norm_offset 0 and one from a Hugging Face folder norm_offset 1 (names.py, `is_norm`).
- MLC drops what its own code does not use. Windows of Phi-3 are gone; Mistral's are kept but not
  the context, which then is the window's length unless the caller knows better.
- MLC's own code leaves out Gemma 2's cap on scores and Gemma 3's second rope; here the model is
  run as its makers described it, from the same bundle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from appliance.engine.errors import ConfigurationInvalid, FamilyUnsupported
from appliance.engine.models.architecture import Activation, Architecture, LayerKind, Rope
from appliance.engine.models.configuration import Fields
from appliance.engine.models.rope import MAX_CONTEXT, MAX_THETA, scaled

MAX_HIDDEN = 1 << 16
MAX_INNER = 1 << 18
MAX_LAYERS = 512
MAX_HEADS = 1 << 10
MAX_HEAD_DIM = 1 << 10
MAX_VOCABULARY = 1 << 20

Read: TypeAlias = Callable[[Fields, int], Architecture]


def architecture_from_huggingface(
    untrusted: Mapping[str, object], context: int = 0
) -> Architecture:
    """What config.json of a Hugging Face folder describes.

    context: tokens a sequence may hold, in place of what the configuration says; 0 leaves that.
    Raises FamilyUnsupported, ConfigurationInvalid.
    """
    return _read(Fields(untrusted, "config.json"), context)


def architecture_from_mlc(untrusted: Mapping[str, object], context: int = 0) -> Architecture:
    """What mlc-chat-config.json describes; its norms have Gemma's offset in them already. Raises
    as above."""
    Fields(untrusted, "mlc-chat-config.json").within("model_config")
    spelt, kept = _as_huggingface(untrusted)
    read = _read(Fields(spelt, "mlc-chat-config.json"), context or kept)
    return replace(read, norm_offset=0.0)


def _read(config: Fields, context: int) -> Architecture:
    if not 0 <= context <= MAX_CONTEXT:
        raise ConfigurationInvalid(f"A context has 1 to {MAX_CONTEXT:,} tokens.")
    family = config.word("model_type")
    if family not in FAMILIES:
        raise FamilyUnsupported(
            f"The model is of the family “{family}”. Cloister runs {', '.join(FAMILIES)}."
        )
    if config.has("quantization_config"):
        raise FamilyUnsupported(
            "The model's parameters are quantised in a way Cloister does not read."
        )
    try:
        return FAMILIES[family](config, context)
    except ValueError as error:
        raise ConfigurationInvalid(f"The sizes do not fit together: {error}.") from error


def _as_huggingface(untrusted: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """MLC's fields in Hugging Face's spelling, and the context they say (0: none)."""
    config = _table(untrusted.get("model_config"))
    text = _table(config.get("text_config"))
    spelt = {**config, **_table(text.get("kwargs")), **text}
    if config.get("vocab_size") is not None:
        spelt["vocab_size"] = config["vocab_size"]
    spelt["model_type"] = "gemma3_text" if text else untrusted.get("model_type")
    if "position_embedding_base" in spelt:
        spelt["rope_theta"] = spelt["position_embedding_base"]
    if "sliding_window_size" in spelt:
        spelt["sliding_window"] = spelt["sliding_window_size"]
    # 0 and -1 stand for none.
    if spelt.get("sliding_window") in (0, -1):
        spelt["sliding_window"] = None
    if spelt.get("rope_scaling") == 0:
        spelt["rope_scaling"] = None
    said = (untrusted.get("context_window_size"), spelt.get("context_window_size"))
    contexts = [n for n in said if type(n) is int and 0 < n <= MAX_CONTEXT]
    window = spelt.get("sliding_window")
    if not contexts and type(window) is int and 0 < window <= MAX_CONTEXT:
        contexts = [window]
    if contexts and spelt.get("max_position_embeddings") is None:
        spelt["max_position_embeddings"] = max(contexts)
    return spelt, min(contexts, default=0)


def _table(untrusted: object) -> Mapping[str, object]:
    return untrusted if isinstance(untrusted, Mapping) else {}


def _plain(config: Fields, context: int, activation: str = "silu") -> Architecture:
    """What all families share, as Llama has it."""
    for bias in ("attention_bias", "mlp_bias"):
        if config.flag(bias, False):
            raise FamilyUnsupported(f"The model has `{bias}`, which Cloister does not run.")
    named = config.word("hidden_activation", config.word("hidden_act", activation))
    if named != activation:
        raise FamilyUnsupported(f"The model's activation is “{named}”, not “{activation}”.")
    hidden = config.count("hidden_size", MAX_HIDDEN)
    heads = config.count("num_attention_heads", MAX_HEADS)
    head_dim = config.count("head_dim", MAX_HEAD_DIM, max(hidden // heads, 1))
    length = context or config.count("max_position_embeddings", MAX_CONTEXT)
    return Architecture(
        family=config.word("model_type"),
        hidden=hidden,
        inner=config.count("intermediate_size", MAX_INNER),
        layers=(LayerKind(),) * config.count("num_hidden_layers", MAX_LAYERS),
        heads=heads,
        kv_heads=config.count("num_key_value_heads", MAX_HEADS, heads),
        head_dim=head_dim,
        vocabulary=config.count("vocab_size", MAX_VOCABULARY),
        context=length,
        norm_eps=config.number("rms_norm_eps", 1e-12, 0.1, 1e-6),
        ropes=(_rope(config, head_dim, length),),
        attention_scale=1 / math.sqrt(head_dim),
        activation=Activation.SILU if activation == "silu" else Activation.GELU_TANH,
        tied=config.flag("tie_word_embeddings", False),
    )


def _rope(config: Fields, head_dim: int, context: int) -> Rope:
    """Newer configurations hold theta and scaling in rope_parameters, older ones apart."""
    newer = config.within("rope_parameters")
    scaling = newer if config.has("rope_parameters") else config.within("rope_scaling")
    theta = newer.number("rope_theta", 1.0, MAX_THETA, _theta(config, "rope_theta", 10_000.0))
    whole = config.number("partial_rotary_factor", 0.0, 1.0, 1.0)
    part = newer.number("partial_rotary_factor", 0.0, 1.0, whole)
    return scaled(config, scaling, theta, _turned(head_dim, part), context)


def _theta(config: Fields, field: str, default: float) -> float:
    return config.number(field, 1.0, MAX_THETA, default)


def _turned(head_dim: int, part: float) -> int:
    dimensions = int(head_dim * part)
    if dimensions < 2 or dimensions % 2:
        raise ConfigurationInvalid("The positions turn an odd number of a head's dimensions.")
    return dimensions


def _window(config: Fields, context: int, default: int | None = None) -> int:
    """Tokens a windowed layer sees, the newest included; 0 where that is all there can be."""
    if default is None and not config.has("sliding_window"):
        return 0
    window = config.count("sliding_window", MAX_CONTEXT, default)
    return window if window < context else 0


def _local(config: Fields, count: int, otherwise: Callable[[int], bool]) -> tuple[bool, ...]:
    """Which layers have the window: as layer_types says, or by the family's rule."""
    if not config.has("layer_types"):
        return tuple(otherwise(n) for n in range(count))
    kinds = config.words("layer_types", count)
    if not {*kinds} <= {"full_attention", "sliding_attention"}:
        raise FamilyUnsupported("The model has layers that are neither full nor sliding attention.")
    return tuple(kind == "sliding_attention" for kind in kinds)


def _windowed(a: Architecture, local: tuple[bool, ...], window: int) -> Architecture:
    return replace(a, layers=tuple(LayerKind(window if here else 0) for here in local))


def _llama(config: Fields, context: int) -> Architecture:
    return _plain(config, context)


def _mistral(config: Fields, context: int) -> Architecture:
    """Also Phi-3, but for its names: a window in every layer, or none."""
    a = _plain(config, context)
    return _windowed(a, (True,) * len(a.layers), _window(config, a.context))


def _qwen2(config: Fields, context: int) -> Architecture:
    return replace(_qwen(config, context), qkv_bias=True)


def _qwen3(config: Fields, context: int) -> Architecture:
    return replace(_qwen(config, context), qk_norm=True)


def _qwen(config: Fields, context: int) -> Architecture:
    a = _plain(config, context)
    if not config.flag("use_sliding_window", False):
        return a
    # The first layers have no window. 0 is a number of layers too, so it is not read as a count.
    full = config.number("max_window_layers", 0, MAX_LAYERS, 28)
    local = _local(config, len(a.layers), lambda n: n >= full)
    return _windowed(a, local, _window(config, a.context, 4096))


def _gemma(config: Fields, context: int) -> Architecture:
    a = _plain(config, context, "gelu_pytorch_tanh")
    scalar = config.number("query_pre_attn_scalar", 1e-3, 1e6, 256)
    return replace(
        a,
        attention_scale=1 / math.sqrt(scalar),
        tied=config.flag("tie_word_embeddings", True),
        post_norms=True,
        norm_offset=1.0,
        embedding_scale=math.sqrt(a.hidden),
    )


def _gemma2(config: Fields, context: int) -> Architecture:
    a = _gemma(config, context)
    # Every other layer has the window, the first among them.
    local = _local(config, len(a.layers), lambda n: n % 2 == 0)
    return replace(
        _windowed(a, local, _window(config, a.context, 4096)),
        score_cap=_cap(config, "attn_logit_softcapping"),
        logit_cap=_cap(config, "final_logit_softcapping"),
    )


def _gemma3(config: Fields, context: int) -> Architecture:
    """Five layers with the window and a rope of their own, then one that sees all."""
    a = _gemma(config, context)
    every = config.count("sliding_window_pattern", MAX_LAYERS, 6)
    local = _local(config, len(a.layers), lambda n: (n + 1) % every != 0)
    window = _window(config, a.context, 4096)
    return replace(
        a,
        family="gemma3_text",
        layers=tuple(LayerKind(window, 1) if here else LayerKind() for here in local),
        ropes=_gemma3_ropes(config, a),
        qk_norm=True,
        score_cap=_cap(config, "attn_logit_softcapping"),
        logit_cap=_cap(config, "final_logit_softcapping"),
    )


def _gemma3_ropes(config: Fields, a: Architecture) -> tuple[Rope, Rope]:
    """Of layers that see all, and of those with the window."""
    both = config.within("rope_parameters")
    everywhere, nearby = both.within("full_attention"), both.within("sliding_attention")
    scaling = everywhere if both.has("full_attention") else config.within("rope_scaling")
    far = everywhere.number("rope_theta", 1, MAX_THETA, _theta(config, "rope_theta", 1e6))
    near = nearby.number("rope_theta", 1, MAX_THETA, _theta(config, "rope_local_base_freq", 1e4))
    dimensions = _turned(a.head_dim, 1.0)
    return (
        scaled(config, scaling, far, dimensions, a.context),
        scaled(config, nearby, near, dimensions, a.context),
    )


def _gemma3_that_sees(config: Fields, context: int) -> Architecture:
    """The text part of Gemma 3 with pictures, whose configuration leaves out what is usual."""
    return _gemma3(config.within("text_config", GEMMA3_USUAL), context)


def _cap(config: Fields, field: str) -> float:
    return config.number(field, 1e-3, 1e6) if config.has(field) else 0.0


GEMMA3_USUAL: Mapping[str, object] = {
    "model_type": "gemma3_text",
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "vocab_size": 262_208,
    "max_position_embeddings": 131_072,
}

FAMILIES: dict[str, Read] = {
    "llama": _llama,
    "mistral": _mistral,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3_that_sees,
    "gemma3_text": _gemma3,
    "phi3": _mistral,
}
"""By model_type, which both layouts spell alike."""
