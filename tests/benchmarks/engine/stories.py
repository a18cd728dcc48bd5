"""stories260K under Cloister's names, and the texts its perplexity is measured on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.stored import Weights
from tests import reference_model
from tests.benchmarks.engine.rounding import Floats, packed
from tests.stories260k import SHARED, read_checkpoint, read_vocabulary, tokenizer

STORIES = Path(__file__).resolve().parents[2] / "vectors" / "heldout_stories.txt"
BEGIN = 1
SAMPLES, SAMPLE_TOKENS = 4, 250
_SOURCES = {
    "embed": ("model.embed_tokens",),
    "norm": ("model.norm",),
    "attention_norm": ("input_layernorm",),
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "out": ("self_attn.o_proj",),
    "mlp_norm": ("post_attention_layernorm",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}


def available() -> bool:
    return (SHARED / "stories260K.bin").is_file()


@dataclass(frozen=True)
class Stories:
    """The model in float32: weights by the names of parameters.py."""

    architecture: Architecture
    weights: dict[str, Floats]

    def quantised(self) -> Weights:
        """As a q4f16_1 bundle would bring it."""
        return Weights(
            self.architecture,
            Format.Q4F16_1,
            {
                name: packed(w) if w.ndim == 2 else w.astype(np.float16)
                for name, w in self.weights.items()
            },
        )

    @cached_property
    def heldout(self) -> list[list[int]]:
        """Stories nobody trained on, each with the beginning token."""
        data = (SHARED / "tok512.bin").read_bytes()
        described = tokenizer(read_vocabulary(data, self.architecture.vocabulary))
        read = Tokenizer.from_str(json.dumps(described))
        return [read.encode(story).ids for story in STORIES.read_text("utf-8").split("\n\n")]

    @cached_property
    def sampled(self) -> list[list[int]]:
        """What the model itself tells in float32, at temperature 1."""
        random = np.random.default_rng(0)
        stories = []
        for _ in range(SAMPLES):
            story = [BEGIN]
            while len(story) < SAMPLE_TOKENS:
                last = reference_model.logits(self.architecture, self.weights, story)[-1]
                shares = np.exp((last - last.max()).astype(np.float64))
                story.append(int(random.choice(len(last), p=shares / shares.sum())))
                if story[-1] == BEGIN:  # stories were parted by it
                    story.pop()
                    break
            stories.append(story)
        return stories


def read_stories() -> Stories:
    checkpoint = read_checkpoint((SHARED / "stories260K.bin").read_bytes())
    sizes = {name: n for name, n in checkpoint.config.items() if isinstance(n, int)}
    heads, hidden = sizes["num_attention_heads"], sizes["hidden_size"]
    head = hidden // heads
    pairs = np.arange(0, head, 2) / head
    architecture = Architecture(
        family="llama",
        hidden=hidden,
        inner=sizes["intermediate_size"],
        layers=(LayerKind(),) * sizes["num_hidden_layers"],
        heads=heads,
        kv_heads=sizes["num_key_value_heads"],
        head_dim=head,
        vocabulary=sizes["vocab_size"],
        context=sizes["max_position_embeddings"],
        norm_eps=1e-5,
        ropes=(Rope(tuple((10_000.0**-pairs).tolist())),),
        attention_scale=head**-0.5,
        tied=True,
    )
    weights: dict[str, Floats] = {}
    for parameter in parameters(architecture):
        layer, dot, kind = parameter.name.rpartition(".")
        prefix = f"model.layers.{layer}." if dot else ""
        parts = [checkpoint.tensors[f"{prefix}{source}.weight"] for source in _SOURCES[kind]]
        weights[parameter.name] = np.concatenate(parts).astype(np.float32)
    return Stories(architecture, weights)
