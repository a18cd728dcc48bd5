"""The shape of a decoder-only transformer, the same for every family Cloister runs.

Rules kept here: a family is a set of values, not a class of its own: whatever distinguishes Llama
from Gemma stands in a field, and the code that runs a model reads fields, never a family's name.
Everything is checked when it is made; what comes from a bundle's configuration is untrusted and is
bounded in families.py before it gets here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How parameters are stored, in MLC's names. The part after q0/q4 is the type of scales,
    norms and of the key-value cache; q4 packs groups of 32 weights of a row (the suffix _1)."""

    Q0F32 = "q0f32"
    Q0F16 = "q0f16"
    Q4F16_1 = "q4f16_1"
    Q4F32_1 = "q4f32_1"

    @property
    def quantised(self) -> bool:
        return self.value.startswith("q4")

    @property
    def dtype(self) -> str:
        """ "float16" or "float32"."""
        return "float16" if "f16" in self.value else "float32"


class Activation(StrEnum):
    """Of the gated feed-forward: act(gate) * up."""

    SILU = "silu"
    GELU_TANH = "gelu_tanh"


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary position embedding of one kind of layer (Su et al. 2021, rotate-half form).

    inverse_frequencies: per pair of dimensions, scaling applied (len = rotary dims / 2).
    magnitude: what cosines and sines are multiplied with (1.0 but for LongRoPE).
    """

    inverse_frequencies: tuple[float, ...]
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class LayerKind:
    """What differs between layers of one model: the attention window in tokens (0: all that came
    before) and which of the architecture's ropes applies."""

    window: int = 0
    rope: int = 0


@dataclass(frozen=True, slots=True)
class Architecture:
    """All there is to know to run a model, but for its parameters.

    family: MLC's model_type, for messages and names only. heads share key-value heads in groups of
    heads / kv_heads. The rest is off unless said: qkv_bias (Qwen2), qk_norm: RMS norm of each
    head's query and key before the rope (Qwen3, Gemma 3), post_norms: a norm after attention and
    after the feed-forward, before each residual sum (Gemma), norm_offset: added to every norm's
    weight (Gemma: 1), embedding_scale (Gemma: sqrt(hidden)), score_cap and logit_cap:
    cap * tanh(x / cap) on attention scores and on logits (Gemma 2), 0 meaning none.
    """

    family: str
    hidden: int
    inner: int
    layers: tuple[LayerKind, ...]
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    norm_eps: float
    ropes: tuple[Rope, ...]
    attention_scale: float
    activation: Activation = Activation.SILU
    tied: bool = False
    qkv_bias: bool = False
    qk_norm: bool = False
    post_norms: bool = False
    norm_offset: float = 0.0
    embedding_scale: float = 1.0
    score_cap: float = 0.0
    logit_cap: float = 0.0

    def __post_init__(self) -> None:
        counts = (self.hidden, self.inner, self.heads, self.kv_heads, self.head_dim)
        if min(*counts, self.vocabulary, self.context, len(self.layers), len(self.ropes)) < 1:
            raise ValueError("every size of an architecture is at least 1")
        if self.heads % self.kv_heads:
            raise ValueError("heads share key-value heads evenly")
        if any(not 0 <= layer.rope < len(self.ropes) or layer.window < 0 for layer in self.layers):
            raise ValueError("a layer names a rope that is not there, or a negative window")
        if any(2 * len(rope.inverse_frequencies) > self.head_dim for rope in self.ropes):
            raise ValueError("a rope turns more dimensions than a head has")

    @property
    def qkv_rows(self) -> int:
        """Rows of the fused query, key and value projection, in this order."""
        return (self.heads + 2 * self.kv_heads) * self.head_dim
