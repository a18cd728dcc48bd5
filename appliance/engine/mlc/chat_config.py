"""mlc-chat-config.json: what a model says of itself, and the files that stand beside its shards.

Rules kept here: all of it is untrusted and bounded. What is read here is what decides whether the
model can be run; the conversation's template stays untrusted, for the host to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.errors import FormatUnsupported, ModelDamaged
from appliance.engine.mlc.files import read_object
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_mlc

NAME = "mlc-chat-config.json"
MAX_CONFIG = 4_000_000
MAX_STOPS = 64
COMPOSES = "composer-1"
"""Of `prompt_form`: the model was trained on a question and lines of evidence
(engine/prompts/composed.py), and on nothing else."""

TOKENIZER = "tokenizer.json"
TOKENIZER_FILES = (
    TOKENIZER,
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
)
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")
PAPERS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt", "USE_POLICY.md")
"""What has to travel with a model by its licence."""
COMPANIONS = (*TOKENIZER_FILES, *TEMPLATE_FILES, "generation_config.json", *PAPERS)
MAX_COMPANION = 64_000_000


@dataclass(frozen=True, slots=True)
class ChatConfig:
    """ends: tokens that end an answer (the end of text, and the template's stops). begin: the
    token a text begins with, where there is one. composes: whether it is a composer. untrusted: the
    whole table."""

    architecture: Architecture
    format: Format
    begin: int | None
    ends: tuple[int, ...]
    temperature: float
    top_p: float
    composes: bool
    untrusted: Mapping[str, object]


def read_chat_config(folder: Path) -> ChatConfig:
    """Raises ModelDamaged, FamilyUnsupported, FormatUnsupported, ConfigurationInvalid."""
    return chat_config(read_object(folder / NAME, MAX_CONFIG))


def chat_config(untrusted: Mapping[str, object]) -> ChatConfig:
    architecture = architecture_from_mlc(untrusted)
    vocabulary = architecture.vocabulary
    template = untrusted.get("conv_template")
    stops = template.get("stop_token_ids") if isinstance(template, Mapping) else None
    begins = _tokens(untrusted.get("bos_token_id"), vocabulary, "bos_token_id")
    ends = (
        *_tokens(untrusted.get("eos_token_id"), vocabulary, "eos_token_id"),
        *_tokens(stops, vocabulary, "stop_token_ids"),
    )
    return ChatConfig(
        architecture=architecture,
        format=_format(untrusted.get("quantization")),
        begin=begins[0] if begins else None,
        ends=tuple(dict.fromkeys(ends)),
        temperature=_number(untrusted, "temperature", 2.0),
        top_p=_number(untrusted, "top_p", 1.0),
        composes=_composes(untrusted.get("model_config")),
        untrusted=untrusted,
    )


def _composes(untrusted: object) -> bool:
    """What `prompt_form` of the model's own configuration says; most say nothing."""
    form = untrusted.get("prompt_form") if isinstance(untrusted, Mapping) else None
    if form not in (None, COMPOSES):
        raise ModelDamaged(
            "The model asks for a form of prompt that this version does not know.",
            hint="Install a newer version of Cloister.",
        )
    return form == COMPOSES


def _format(untrusted: object) -> Format:
    known = {format.value: format for format in Format}
    if not isinstance(untrusted, str) or untrusted not in known:
        said = untrusted[:40] if isinstance(untrusted, str) else "nothing"
        raise FormatUnsupported(
            f"The model's parameters are in the format “{said}”. Cloister runs {', '.join(known)}."
        )
    return known[untrusted]


def _tokens(untrusted: object, vocabulary: int, field: str) -> tuple[int, ...]:
    """One token, a list of them, or none; those the model has no row for cannot be met."""
    if untrusted is None:
        return ()
    values = untrusted if isinstance(untrusted, list) else [untrusted]
    tokens = tuple(token for token in values if type(token) is int)
    if len(tokens) != len(values) or len(tokens) > MAX_STOPS:
        raise ModelDamaged(f"`{field}` in {NAME} of the model is no token.")
    return tuple(token for token in tokens if 0 <= token < vocabulary)


def _number(untrusted: Mapping[str, object], field: str, high: float) -> float:
    value = untrusted.get(field)
    if value is None:
        return 1.0
    if not isinstance(value, int | float) or not 0 <= value <= high:
        raise ModelDamaged(f"`{field}` in {NAME} of the model is not from 0 to {high:g}.")
    return float(value)
