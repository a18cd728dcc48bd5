"""mlc-chat-config.json, made from a Hugging Face folder.

Rules kept here: the sizes stand in it in both spellings, so that MLC's readers find theirs and
nothing that Hugging Face's configuration says is lost; what is written is read back and must be the
architecture that was built. Begin, end and stop tokens are those the folder names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from appliance.engine.compile import conversations
from appliance.engine.compile.huggingface import TOKENIZER, Checkpoint, read_json
from appliance.engine.errors import WeightsUnusable
from appliance.engine.mlc.chat_config import COMPANIONS, TOKENIZER_FILES
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_mlc

PREFILL = 2_048
MAX_TEMPLATE = 1_000_000

_LEFT_OUT = frozenset(
    "architectures auto_map transformers_version torch_dtype dtype vision_config "
    "_name_or_path quantization_config".split()
)


def companions(folder: Path) -> tuple[str, ...]:
    """The files of the folder that a bundle takes along as they are."""
    return tuple(name for name in COMPANIONS if (folder / name).is_file())


def chat_config(checkpoint: Checkpoint, format: Format) -> dict[str, object]:
    """The table to write. Raises WeightsUnusable."""
    a, folder = checkpoint.architecture, checkpoint.folder
    generation = read_json(folder / "generation_config.json") or {}
    tokens = _added_tokens(folder)
    begin = _one(_tokens("bos", checkpoint.config, generation, folder, tokens))
    ends = _tokens("eos", checkpoint.config, generation, folder, tokens)
    conversation = conversations.recognise(_template(folder), tokens)
    config: dict[str, object] = {
        "version": "0.1.0",
        "model_type": "gemma3" if a.family == "gemma3_text" else a.family,
        "quantization": format.value,
        "model_config": _model_config(checkpoint.config, a),
        "vocab_size": a.vocabulary,
        "context_window_size": a.context,
        "sliding_window_size": -1,
        "prefill_chunk_size": min(a.context, PREFILL),
        "attention_sink_size": -1,
        "tensor_parallel_shards": 1,
        "pipeline_parallel_stages": 1,
        "temperature": _number(generation, "temperature", 2.0),
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": _number(generation, "repetition_penalty", 2.0),
        "top_p": _number(generation, "top_p", 1.0),
        "tokenizer_files": [name for name in TOKENIZER_FILES if (folder / name).is_file()],
        "conv_template": conversations.as_mlc(conversation, tokens, begin, ends),
        "pad_token_id": _one(_tokens("pad", checkpoint.config, generation, folder, tokens)),
        "bos_token_id": begin,
        "eos_token_id": list(ends),
    }
    if architecture_from_mlc(config) != replace(a, norm_offset=0.0):
        raise WeightsUnusable("The model's configuration cannot be written in MLC's layout.")
    return config


def _model_config(config: Mapping[str, object], a: Architecture) -> dict[str, object]:
    text = config.get("text_config")
    plain = text if a.family == "gemma3_text" and isinstance(text, Mapping) else config
    sizes: dict[str, object] = {
        **{name: value for name, value in plain.items() if name not in _LEFT_OUT},
        "hidden_size": a.hidden,
        "intermediate_size": a.inner,
        "num_hidden_layers": len(a.layers),
        "num_attention_heads": a.heads,
        "num_key_value_heads": a.kv_heads,
        "head_dim": a.head_dim,
        "rms_norm_eps": a.norm_eps,
        "tie_word_embeddings": a.tied,
        "context_window_size": a.context,
        "prefill_chunk_size": min(a.context, PREFILL),
        "tensor_parallel_shards": 1,
        "max_batch_size": 128,
    }
    theta = plain.get("rope_theta")
    if theta is not None:
        sizes["position_embedding_base"] = theta
    if a.family != "gemma3_text":
        return {**sizes, "vocab_size": a.vocabulary}
    return {
        "text_config": {**sizes, "vocab_size": a.vocabulary},
        "vocab_size": a.vocabulary,
        "context_window_size": a.context,
        "tensor_parallel_shards": 1,
        "max_batch_size": 128,
    }


def _added_tokens(folder: Path) -> dict[str, int]:
    """The marks of the vocabulary, by their text."""
    tokenizer = read_json(folder / TOKENIZER) or {}
    untrusted = tokenizer.get("added_tokens")
    found: dict[str, int] = {}
    for entry in untrusted if isinstance(untrusted, list) else ():
        if isinstance(entry, dict):
            text, number = entry.get("content"), entry.get("id")
            if isinstance(text, str) and type(number) is int:
                found[text] = number
    return found


def _tokens(
    kind: str,
    config: Mapping[str, object],
    generation: Mapping[str, object],
    folder: Path,
    added: Mapping[str, int],
) -> tuple[int, ...]:
    """Of "bos", "eos" or "pad", all that the folder names: generation_config.json before
    config.json, then the mark of tokenizer_config.json."""
    found: list[int] = []
    for source in (generation, config):
        value = source.get(f"{kind}_token_id")
        values = value if isinstance(value, list) else [value]
        found += [token for token in values if type(token) is int]
    tokenizer = read_json(folder / "tokenizer_config.json") or {}
    mark = tokenizer.get(f"{kind}_token")
    text = mark.get("content") if isinstance(mark, dict) else mark
    if isinstance(text, str) and text in added:
        found.append(added[text])
    return tuple(dict.fromkeys(found))


def _one(tokens: tuple[int, ...]) -> int | None:
    return tokens[0] if tokens else None


def _template(folder: Path) -> str:
    """The model's own chat template, wherever it stands; empty where there is none."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        with path.open("rb") as file:
            return file.read(MAX_TEMPLATE).decode("utf-8", "replace")
    for name in ("chat_template.json", "tokenizer_config.json"):
        value = (read_json(folder / name) or {}).get("chat_template")
        if isinstance(value, list):  # several, by name; the default is what is meant
            value = next((one.get("template") for one in value if isinstance(one, dict)), None)
        if isinstance(value, str):
            return value
    return ""


def _number(untrusted: Mapping[str, object], field: str, high: float) -> float:
    value = untrusted.get(field)
    usable = isinstance(value, int | float) and 0 <= value <= high
    return float(value) if usable and isinstance(value, int | float) else 1.0
