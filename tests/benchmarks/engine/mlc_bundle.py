"""A bundle of random weights in the public MLC layout, as others publish them.

Written without the product's own writer: what is measured is reading, and it must be of the layout
everybody has, shards of some 32 MB and one matrix a shard where a matrix is larger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, models

from tests.benchmarks.engine.random_model import CONTEXT, SCALE
from tests.benchmarks.engine.shapes import GROUP, HEAD, Shape

SHARD = 32 << 20


def write_bundle(shape: Shape, folder: Path) -> None:
    """Fills the folder; its last file is the one that names all others."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mlc-chat-config.json").write_text(json.dumps(_configuration(shape)))
    vocabulary = {f"token{n}": n for n in range(shape.vocabulary)}
    Tokenizer(models.WordLevel(vocabulary, unk_token="token0")).save(
        str(folder / "tokenizer.json"), pretty=False
    )
    records = list(_shards(shape, folder))
    size = sum(record["nbytes"] for record in records)
    count = sum(len(record["records"]) for record in records)
    bits = 8 * size / (shape.weights_read + (0 if shape.tied else shape.vocabulary * shape.hidden))
    facts = {"ParamSize": count, "ParamBytes": float(size), "BitsPerParam": bits}
    text = json.dumps({"metadata": facts, "records": records})
    (folder / "tensor-cache.json").write_text(text)


def _configuration(shape: Shape) -> dict[str, object]:
    sizes = {"vocab_size": shape.vocabulary, "context_window_size": CONTEXT}
    return {
        "version": "0.1.0",
        "model_type": "llama",
        "quantization": "q4f16_1",
        "model_config": {
            "hidden_size": shape.hidden,
            "intermediate_size": shape.inner,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "num_key_value_heads": shape.kv_heads,
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": shape.tied,
            "position_embedding_base": 10000,
            "rope_scaling": None,
            "head_dim": HEAD,
            "prefill_chunk_size": CONTEXT,
            "tensor_parallel_shards": 1,
            **sizes,
        },
        "prefill_chunk_size": CONTEXT,
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "tensor_parallel_shards": 1,
        "temperature": 1.0,
        "top_p": 1.0,
        "tokenizer_files": ["tokenizer.json"],
        "conv_template": {
            "name": "plain",
            "system_template": "{system_message}",
            "system_message": "",
            "roles": {"user": "user", "assistant": "assistant"},
            "role_templates": {"user": "{user_message}", "assistant": "{assistant_message}"},
            "messages": [],
            "seps": ["\n"],
            "role_content_sep": ": ",
            "role_empty_sep": ": ",
            "stop_str": [],
            "stop_token_ids": [2],
        },
        "pad_token_id": 2,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **sizes,
    }


def _tensors(shape: Shape) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    random = np.random.default_rng(0)

    def matrix(name: str, rows: int, columns: int) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        yield f"{name}.q_weight", random.integers(0, 1 << 32, (rows, columns // 8), np.uint32)
        yield f"{name}.q_scale", np.full((rows, columns // GROUP), SCALE, np.float16)

    ones = np.ones(shape.hidden, np.float16)
    width, hidden = shape.heads * HEAD, shape.hidden
    yield from matrix("model.embed_tokens", shape.vocabulary, hidden)
    for n in range(shape.layers):
        layer = f"model.layers.{n}"
        yield f"{layer}.input_layernorm.weight", ones
        yield from matrix(f"{layer}.mlp.down_proj", hidden, shape.inner)
        yield from matrix(f"{layer}.mlp.gate_up_proj", 2 * shape.inner, hidden)
        yield f"{layer}.post_attention_layernorm.weight", ones
        rows = width + 2 * shape.kv_heads * HEAD
        yield from matrix(f"{layer}.self_attn.qkv_proj", rows, hidden)
        yield from matrix(f"{layer}.self_attn.o_proj", hidden, width)
    yield "model.norm.weight", ones
    if not shape.tied:
        yield from matrix("lm_head", shape.vocabulary, hidden)


def _shards(shape: Shape, folder: Path) -> Iterator[dict[str, Any]]:
    """Writes the shards and yields their records."""
    held: list[tuple[str, npt.NDArray[np.generic]]] = []
    number = 0
    for name, array in _tensors(shape):
        if held and sum(a.nbytes for _, a in held) + array.nbytes > SHARD:
            yield _shard(held, folder, number)
            held, number = [], number + 1
        held.append((name, array))
    yield _shard(held, folder, number)


def _shard(
    tensors: list[tuple[str, npt.NDArray[np.generic]]], folder: Path, number: int
) -> dict[str, Any]:
    name, records, offset, md5 = (
        f"params_shard_{number}.bin",
        [],
        0,
        hashlib.md5(usedforsecurity=False),
    )
    with (folder / name).open("wb") as file:
        for tensor, array in tensors:
            data = array.tobytes()
            file.write(data)
            md5.update(data)
            records.append({
                "name": tensor, "shape": list(array.shape), "dtype": array.dtype.name,
                "format": "raw", "nbytes": len(data), "byteOffset": offset,
            })  # fmt: skip
            offset += len(data)
    return {"dataPath": name, "format": "raw-shard", "nbytes": offset,
            "records": records, "md5sum": md5.hexdigest()}  # fmt: skip
