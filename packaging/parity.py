"""`make parity`: chat models against `transformers`, on tiny random models of every family.

Usage: python packaging/parity.py [--write]

Runs in an environment of its own that has torch and transformers. Two things are checked: that the
committed vectors (tests/vectors/models) are what transformers computes, and that the tests' numpy
reference agrees with it on other random models than the committed ones. --write makes the vectors
anew. Everything else that runs models is tested against the vectors and the reference.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
import transformers  # type: ignore[import-not-found, unused-ignore]

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from appliance.engine.models.families import architecture_from_huggingface  # noqa: E402
from tests.model_vectors import FOLDER, Vector, relative_error, vector  # noqa: E402
from tests.reference_model import logits as reference_logits  # noqa: E402

TOKENS = 24
COMMITTED_SEED = 20_000
FRESH_SEEDS = (1, 2, 3)
SAME = 1e-5
WITHIN = 1e-4

# Small enough for windows, scaling and caps to show within 24 tokens.
SIZES = {
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
GEMMA = {"head_dim": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 8}

MODELS: dict[str, tuple[str, dict[str, object]]] = {
    "llama": (
        "Llama",
        {
            "max_position_embeddings": 512,
            "rope_theta": 500_000.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
    ),
    "mistral": ("Mistral", {"sliding_window": 8, "rms_norm_eps": 1e-5}),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True, "rope_theta": 1_000_000.0}),
    "qwen3": ("Qwen3", {"head_dim": 32, "tie_word_embeddings": True, "rope_theta": 1_000_000.0}),
    "gemma2": (
        "Gemma2",
        {
            **GEMMA,
            "query_pre_attn_scalar": 48,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 5.0,
        },
    ),
    "gemma3": (
        "Gemma3",
        {
            **GEMMA,
            "num_hidden_layers": 6,
            "query_pre_attn_scalar": 48,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
    ),
    "phi3": (
        "Phi3",
        {
            "sliding_window": 12,
            "partial_rotary_factor": 0.75,
            "original_max_position_embeddings": 16,
            "pad_token_id": 0,
            "rope_scaling": {
                "type": "longrope",
                "short_factor": [1.0, 1.0, 1.25, 1.5, 2.0, 2.0],
                "long_factor": [1.0, 1.5, 2.0, 3.0, 4.0, 6.0],
            },
        },
    ),
}


def made(family: str, seed: int) -> Vector:
    """A random model of the family and what transformers computes with it."""
    name, own = MODELS[family]
    part = "TextConfig" if family == "gemma3" else "Config"
    config = getattr(transformers, f"{name}{part}")(**{**SIZES, **own})
    # Eager: the other implementations leave out Gemma 2's cap on scores.
    config._attn_implementation = "eager"
    model = getattr(transformers, f"{name}ForCausalLM")(config).float().eval()
    choose = np.random.default_rng(seed)
    tensors = {name: _weights(choose, name, p) for name, p in model.named_parameters()}
    tokens = choose.integers(0, config.vocab_size, TOKENS)
    said: dict[str, object] = json.loads(config.to_json_string())
    return Vector(said, tensors, tuple(tokens.tolist()), _logits(model, tensors, tokens.tolist()))


def _weights(choose: np.random.Generator, name: str, parameter: Any) -> Any:  # noqa: ANN401
    """Random multiples of 1/64 or 1/128: float16 holds them exactly, and they pack well."""
    shape = tuple(parameter.shape)
    if "norm" in name:
        # Around what the model begins with: 1, or 0 where an offset is added.
        first = round(float(parameter.detach().mean()))
        return (first + choose.integers(-16, 17, shape) / 64).astype(np.float32)
    return (choose.normal(0.0, 16.0, shape).round() / 128).astype(np.float32)


def _logits(model: Any, tensors: dict[str, Any], tokens: list[int]) -> Any:  # noqa: ANN401
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[name]))
        return model(torch.tensor([tokens]), use_cache=False).logits[0].numpy()


def write(family: str) -> None:
    one = made(family, COMMITTED_SEED)
    path = FOLDER / f"{family}.npz"
    arrays: dict[str, Any] = {
        "config": np.array(json.dumps(one.config)),
        "tokens": np.array(one.tokens, np.int32),
        "logits": one.logits,
    }
    arrays |= {f"weights/{name}": w.astype(np.float16) for name, w in one.tensors.items()}
    np.savez_compressed(path, **arrays)
    print(f"{family:8} {path.stat().st_size / 1000:.0f} kB")


def check(family: str) -> None:
    anew, kept = made(family, COMMITTED_SEED), vector(family)
    if anew.config != kept.config or anew.tokens != kept.tokens:
        raise SystemExit(f"{family}: the committed configuration or tokens are other ones.")
    if any(not np.array_equal(anew.tensors[name], kept.tensors[name]) for name in anew.tensors):
        raise SystemExit(f"{family}: the committed weights are other ones.")
    same = relative_error(kept.logits, anew.logits)
    if same > SAME:
        raise SystemExit(f"{family}: the committed logits are {same:.1e} away.")
    worst = max(_distance(made(family, seed)) for seed in FRESH_SEEDS)
    print(f"{family:8} vectors {same:.1e}, reference on fresh models {worst:.1e}", flush=True)
    if worst > WITHIN:
        raise SystemExit(f"{family}: the reference is {worst:.1e} away from transformers.")


def _distance(one: Vector) -> float:
    architecture = architecture_from_huggingface(one.config)
    return relative_error(reference_logits(architecture, one.weights(), one.tokens), one.logits)


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--write", action="store_true", help="make the committed vectors anew")
    asked = parse.parse_args()
    torch.set_num_threads(1)
    for family in MODELS:
        if asked.write:
            write(family)
        check(family)


if __name__ == "__main__":
    main()
