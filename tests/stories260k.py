"""stories260K, real weights in a megabyte, made into a Hugging Face folder.

It comes as llama2.c's legacy checkpoint and tokenizer (github.com/karpathy/llama2.c, export.py
"legacy" and tokenizer.py); the documents beside the checkout hold both. Only tests and benchmarks
use it: it tells stories and answers nothing.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "model" / "stories260k"
SPECIAL = ("<unk>", "<s>", "</s>")
BYTES = 256


_ADDED = {"special": True, "single_word": False, "lstrip": False, "rstrip": False}
_BEGIN = {"SpecialToken": {"id": "<s>", "type_id": 0}}
_FIRST, _SECOND = ({"Sequence": {"id": which, "type_id": 0}} for which in "AB")

# What a tokenizer made by sentencepiece does before and after the merging.
_AROUND: dict[str, object] = {
    "added_tokens": [
        {"id": n, "content": name, "normalized": False, **_ADDED} for n, name in enumerate(SPECIAL)
    ],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    },
    "pre_tokenizer": None,
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [_BEGIN, _FIRST],
        "pair": [_BEGIN, _FIRST, _BEGIN, _SECOND],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    },
    "decoder": {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """config: as in config.json. tensors: float32 by Hugging Face's names."""

    config: dict[str, object]
    tensors: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """By token: its piece, blanks for sentencepiece's "▁", and the score of merging into it."""

    pieces: tuple[bytes, ...]
    scores: tuple[float, ...]


def read_checkpoint(data: bytes) -> Checkpoint:
    """llama2.c's legacy layout: seven int32, then float32 tensors, those of one kind together."""
    hidden, inner, layers, heads, kv_heads, vocabulary, context = struct.unpack_from("<7i", data)
    head = hidden // heads
    numbers = np.frombuffer(data, "<f4", offset=28)
    at = 0

    def take(*shape: int) -> Array:
        nonlocal at
        at += prod(shape)
        return numbers[at - prod(shape) : at].reshape(shape)

    tensors = {"model.embed_tokens.weight": take(abs(vocabulary), hidden)}
    kinds = {
        "input_layernorm": take(layers, hidden),
        "self_attn.q_proj": _halves(take(layers, heads * head, hidden), head),
        "self_attn.k_proj": _halves(take(layers, kv_heads * head, hidden), head),
        "self_attn.v_proj": take(layers, kv_heads * head, hidden),
        "self_attn.o_proj": take(layers, hidden, heads * head),
        "post_attention_layernorm": take(layers, hidden),
        "mlp.gate_proj": take(layers, inner, hidden),
        "mlp.down_proj": take(layers, hidden, inner),
        "mlp.up_proj": take(layers, inner, hidden),
    }
    for name, stacked in kinds.items():
        tensors |= {f"model.layers.{n}.{name}.weight": stacked[n] for n in range(layers)}
    tensors["model.norm.weight"] = take(hidden)
    take(2, context, head // 2)  # cosines and sines, which are computed anew
    if vocabulary < 0:
        tensors["lm_head.weight"] = take(-vocabulary, hidden)
    if at != len(numbers):
        raise ValueError("the checkpoint is longer or shorter than its sizes say")
    return Checkpoint(_config(data), tensors)


def _config(data: bytes) -> dict[str, object]:
    hidden, inner, layers, heads, kv_heads, vocabulary, context = struct.unpack_from("<7i", data)
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": abs(vocabulary),
        "max_position_embeddings": context,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": vocabulary > 0,
        "torch_dtype": "float32",
        "bos_token_id": 1,
        # Stories were parted by the beginning token alone in training.
        "eos_token_id": [1, 2],
    }


def _halves(stacked: Array, head: int) -> Array:
    """Rows of a rope that turns neighbours, in the order of one that turns halves."""
    layers, rows, columns = stacked.shape
    pairs = stacked.reshape(layers, rows // head, head // 2, 2, columns)
    return np.ascontiguousarray(pairs.transpose(0, 1, 3, 2, 4)).reshape(stacked.shape)


def read_vocabulary(data: bytes, size: int) -> Vocabulary:
    pieces, scores, at = [], [], 4
    for _ in range(size):
        score, length = struct.unpack_from("<fi", data, at)
        pieces.append(data[at + 8 : at + 8 + length])
        scores.append(score)
        at += 8 + length
    return Vocabulary(tuple(pieces), tuple(scores))


def tokenizer(vocabulary: Vocabulary) -> dict[str, object]:
    """tokenizer.json: byte-pair encoding whose merges are ranked by the pieces' scores."""
    names = list(SPECIAL) + [f"<0x{byte:02X}>" for byte in range(BYTES)]
    names += [p.decode().replace(" ", "▁") for p in vocabulary.pieces[len(names) :]]
    token = {name: n for n, name in enumerate(names)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        **_AROUND,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": token,
            "merges": _merges(token, vocabulary.scores),
        },
    }


def _merges(token: dict[str, int], scores: tuple[float, ...]) -> list[list[str]]:
    """Each way to put a piece together out of two others, the best pieces first."""
    found = [
        (-scores[n], name[:cut], name[cut:])
        for name, n in token.items()
        if n >= len(SPECIAL) + BYTES
        for cut in range(1, len(name))
        if name[:cut] in token and name[cut:] in token
    ]
    return [[left, right] for _, left, right in sorted(found)]


def safetensors(tensors: dict[str, Array]) -> bytes:
    """The file format (huggingface/safetensors, README, "Format"), float32."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, tensor in tensors.items():
        size = 4 * tensor.size
        shape = list(tensor.shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    return struct.pack("<Q", len(said)) + said + b"".join(t.tobytes() for t in tensors.values())


def write_huggingface(folder: Path, source: Path = SHARED) -> None:
    """config.json, model.safetensors, tokenizer.json and tokenizer_config.json into the folder."""
    checkpoint = read_checkpoint((source / "stories260K.bin").read_bytes())
    size = checkpoint.tensors["model.embed_tokens.weight"].shape[0]
    vocabulary = read_vocabulary((source / "tok512.bin").read_bytes(), size)
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    for name, content in (
        ("config.json", checkpoint.config),
        ("tokenizer.json", tokenizer(vocabulary)),
        ("tokenizer_config.json", {"add_bos_token": True, **special}),
    ):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    (folder / "model.safetensors").write_bytes(safetensors(checkpoint.tensors))
