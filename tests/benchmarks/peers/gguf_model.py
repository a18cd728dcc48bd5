"""A llama of random weights in Q4_0, as llama.cpp reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf  # type: ignore[import-not-found]  # in the peers' environment
import numpy as np

from tests.benchmarks.engine.shapes import GROUP, GROUP_BYTES, HEAD, Shape

SCALE = 0.005
LAYER = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
SPECIAL = [b"<unk>", b"<s>", b"</s>"]
UNKNOWN, CONTROL, BYTE, NORMAL = 2, 3, 6, 1


def write_model(shape: Shape, path: Path) -> None:
    """Writes the file whole or not at all."""
    part = path.with_suffix(".part")
    writer = gguf.GGUFWriter(str(part), "llama")
    _describe(writer, shape)
    random = np.random.default_rng(0)

    def matrix(name: str, rows: int, columns: int) -> None:
        blocks = np.empty((rows, columns // GROUP, GROUP_BYTES), np.uint8)
        blocks[..., :2] = np.array([SCALE], np.float16).view(np.uint8)
        blocks[..., 2:] = random.integers(0, 256, blocks[..., 2:].shape, np.uint8)
        writer.add_tensor(
            f"{name}.weight",
            blocks.reshape(rows, -1),
            raw_dtype=gguf.GGMLQuantizationType.Q4_0,
        )

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(shape.hidden, np.float32))

    matrix("token_embd", shape.vocabulary, shape.hidden)
    for n in range(shape.layers):
        norm(f"blk.{n}.attn_norm")
        norm(f"blk.{n}.ffn_norm")
        for name, (rows, columns) in zip(LAYER, shape.layer_matrices, strict=True):
            matrix(f"blk.{n}.{name}", rows, columns)
    norm("output_norm")
    if not shape.tied:
        matrix("output", shape.vocabulary, shape.hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.rename(path)


def _describe(writer: Any, shape: Shape) -> None:  # noqa: ANN401 - the package has no types
    writer.add_context_length(4096)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_vocab_size(shape.vocabulary)
    octets = [b"<0x%02X>" % n for n in range(256)]
    plain = [b"token%d" % n for n in range(shape.vocabulary - 256 - len(SPECIAL))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(SPECIAL + octets + plain)
    writer.add_token_scores([0.0] * shape.vocabulary)
    writer.add_token_types([UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(plain))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
