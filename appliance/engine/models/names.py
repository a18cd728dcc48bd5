"""Cloister's names for parameters (parameters.py), translated from Hugging Face's and from MLC's.

Rules kept here: a parameter is made of its sources by putting their rows one under the other in
the order given; no source is used twice. Translation goes from our names to theirs, so a file
cannot bring in a parameter that was not asked for.

MLC writes a quantised matrix as two tensors: for `x.weight` they are `x.q_weight` (packed codes)
and `x.q_scale` (`quantised`). Matrices are quantised, the head and the embedding among them; norms
and biases never are. Groups run along a row, so quantised sources are put together like plain ones.

MLC adds the offset of Gemma's norms when it converts from Hugging Face: its tensors hold weight + 1
where those of Hugging Face hold weight. `is_norm` says which parameters that concerns.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from appliance.engine.models.architecture import Architecture
from appliance.engine.models.parameters import parameters

_Table: TypeAlias = dict[str, tuple[str, ...]]

_QKV = tuple(f"self_attn.{part}_proj" for part in "qkv")

_HUGGINGFACE: _Table = {
    "embed": ("model.embed_tokens.weight",),
    "norm": ("model.norm.weight",),
    "head": ("lm_head.weight",),
    "attention_norm": ("input_layernorm.weight",),
    "qkv": tuple(f"{part}.weight" for part in _QKV),
    "qkv_bias": tuple(f"{part}.bias" for part in _QKV),
    "q_norm": ("self_attn.q_norm.weight",),
    "k_norm": ("self_attn.k_norm.weight",),
    "out": ("self_attn.o_proj.weight",),
    "mlp_norm": ("post_attention_layernorm.weight",),
    "gate_up": ("mlp.gate_proj.weight", "mlp.up_proj.weight"),
    "down": ("mlp.down_proj.weight",),
}

# With norms after attention and feed-forward, "post_attention" is one of those.
_POST_NORMS: _Table = {
    "attention_post_norm": ("post_attention_layernorm.weight",),
    "mlp_norm": ("pre_feedforward_layernorm.weight",),
    "mlp_post_norm": ("post_feedforward_layernorm.weight",),
}

_FUSED_GATE_UP: _Table = {"gate_up": ("mlp.gate_up_proj.weight",)}
_FUSED: _Table = {"qkv": ("self_attn.qkv_proj.weight",), **_FUSED_GATE_UP}

_QWEN_MLC: _Table = {
    "qkv": ("self_attn.c_attn.weight",),
    "qkv_bias": ("self_attn.c_attn.bias",),
    **_FUSED_GATE_UP,
}

_PHI3_MLC: _Table = {
    "embed": ("transformer.embd.weight",),
    "norm": ("transformer.norm.weight",),
    "attention_norm": ("ln.weight",),
    "qkv": ("mixer.qkv_proj.weight",),
    "out": ("mixer.out_proj.weight",),
    **_FUSED_GATE_UP,
}

# Gemma 3's attention is the one that MLC leaves in three parts.
_MLC: dict[str, _Table] = {
    "llama": _FUSED,
    "mistral": _FUSED,
    "qwen2": _QWEN_MLC,
    "qwen3": _QWEN_MLC,
    "gemma2": _FUSED,
    "gemma3_text": _FUSED_GATE_UP,
    "phi3": _PHI3_MLC,
}


def huggingface_sources(architecture: Architecture, prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Our name of every parameter to the tensors of a Hugging Face folder that make it up. prefix:
    see `huggingface_prefix`."""
    own: _Table = _FUSED if architecture.family == "phi3" else {}
    return _sources(architecture, own, prefix, "model.layers.")


def huggingface_prefix(names: Collection[str]) -> str:
    """What stands before the names in a folder whose model also sees pictures, or nothing."""
    inner = "language_model."
    return inner if f"{inner}model.embed_tokens.weight" in names else ""


def mlc_sources(architecture: Architecture) -> dict[str, tuple[str, ...]]:
    """Our name of every parameter to the tensors of MLC's layout that make it up, in their plain
    spelling."""
    family = architecture.family
    prefix = "language_model." if family == "gemma3_text" else ""
    layers = "transformer.h." if family == "phi3" else "model.layers."
    return _sources(architecture, _MLC[family], prefix, layers)


def quantised(mlc_name: str) -> tuple[str, str]:
    """The two tensors that stand for `x.weight` in a q4 format: codes and scales."""
    stem = mlc_name.removesuffix("weight")
    return f"{stem}q_weight", f"{stem}q_scale"


def is_norm(ours: str) -> bool:
    """Whether the architecture's norm_offset is added to this parameter."""
    return ours.endswith("norm")


def _sources(a: Architecture, own: _Table, prefix: str, layers: str) -> dict[str, tuple[str, ...]]:
    table = _HUGGINGFACE | (_POST_NORMS if a.post_norms else {}) | own
    found = {}
    for parameter in parameters(a):
        number, _, part = parameter.name.rpartition(".")
        before = f"{prefix}{layers}{number}." if number else prefix
        found[parameter.name] = tuple(f"{before}{source}" for source in table[part])
    return found
