"""Tiny models in a Hugging Face folder and bundles built of them, for any test to damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from appliance.engine.bundles.libraries import LEVELS
from appliance.engine.compile.bundle import Compilers, Origin, build_bundle
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.models.names import huggingface_sources
from appliance.engine.models.parameters import parameters
from appliance.vault.signers import SignerKey
from tests.stories260k import safetensors

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 44,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 40,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TOKENIZER = {
    "added_tokens": [
        {"id": 1, "content": "<|im_start|>"},
        {"id": 2, "content": "<|im_end|>"},
    ],
    "model": {"type": "BPE", "vocab": {"a": 3}, "merges": []},
}
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
ORIGIN = Origin("tiny", "1", "Apache-2.0", "made for a test", "2026-11-25T12:00:00+00:00")
KEY = SignerKey.generate()
TRUSTED = (KEY.public("The institution"),)
V3 = tuple("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave".split())


def tensors(config: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Random ones by Hugging Face's names, each the share of its parameter's rows it should be."""
    a = architecture_from_huggingface(config)
    random = np.random.default_rng(3)
    made: dict[str, np.ndarray[Any, Any]] = {}
    sources = huggingface_sources(a)
    for parameter in parameters(a):
        names = sources[parameter.name]
        for name, rows in zip(names, _shares(a, parameter.shape[0], len(names)), strict=True):
            made[name] = random.normal(size=(rows, *parameter.shape[1:])).astype(np.float32)
    return made


def _shares(a: Architecture, rows: int, parts: int) -> tuple[int, ...]:
    heads, shared = a.heads * a.head_dim, a.kv_heads * a.head_dim
    return (heads, shared, shared) if parts == 3 else (rows // parts,) * parts


def write_huggingface(folder: Path, **changed: object) -> Path:
    config = {**CONFIG, **changed}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    (folder / "model.safetensors").write_bytes(safetensors(tensors(config)))
    return folder


def compilers() -> Compilers:
    """What they write is no code; nothing here loads it."""

    def cpu(level: str, path: Path) -> None:
        path.write_text(level)

    def gpu(architecture: Architecture, format: Format, target: str, path: Path) -> None:
        path.write_bytes(f"{architecture.family} {format} {target}".encode())

    return Compilers(cpu, gpu, tuple(LEVELS))


def built(
    folder: Path, format: Format = Format.Q4F16_1, targets: tuple[str, ...] = ("cpu",)
) -> Path:
    """folder/bundle, of a model in folder/source."""
    source = write_huggingface(folder / "source")
    out = folder / "bundle"
    build_bundle(
        source, out, format=format, targets=targets, origin=ORIGIN, key=KEY, compilers=compilers()
    )
    return out


def unsigned(folder: Path) -> Path:
    """As others publish a model: no manifest, no code, papers of their own."""
    out = built(folder, targets=())
    for name in ("manifest.json", "manifest.sig"):
        (out / name).unlink()
    (out / "README.md").write_text("Get it while it is hot.")
    return out
