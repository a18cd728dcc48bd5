"""MLC's conversation templates, as far as they can be told from a model's own template.

Rules kept here: a family is recognised by the marks its own chat template or vocabulary has, never
by a model's name. The tokens that end an answer are looked up in the model's vocabulary, since the
same mark has another number in every model. A model without marks gets a template that adds
nothing: such a model goes on with a text and was never taught to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SYSTEM = "{system_message}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Fields as MLC's conv_template has them. marks: all of them are in the model's own template.
    stops: texts that end an answer; those that are tokens are found by their number as well.
    begins: whether a prompt begins with the token that begins a text."""

    name: str
    marks: tuple[str, ...]
    user: str
    assistant: str
    seps: tuple[str, ...]
    stops: tuple[str, ...]
    system_template: str = SYSTEM
    system_message: str = ""
    content_sep: str = "\n"
    empty_sep: str = "\n"
    begins: bool = True
    role_after_system: bool = True


_ASSISTANT = "You are a helpful assistant."

KNOWN: tuple[Conversation, ...] = (
    Conversation(
        name="chatml",
        marks=("<|im_start|>", "<|im_end|>"),
        system_template=f"<|im_start|>system\n{SYSTEM}<|im_end|>\n",
        system_message=_ASSISTANT,
        user="<|im_start|>user",
        assistant="<|im_start|>assistant",
        seps=("<|im_end|>\n",),
        stops=("<|im_end|>", "<|endoftext|>"),
        begins=False,
    ),
    Conversation(
        name="llama-3",
        marks=("<|start_header_id|>", "<|eot_id|>"),
        system_template=f"<|start_header_id|>system<|end_header_id|>\n\n{SYSTEM}<|eot_id|>",
        system_message=_ASSISTANT,
        user="<|start_header_id|>user",
        assistant="<|start_header_id|>assistant",
        seps=("<|eot_id|>",),
        content_sep="<|end_header_id|>\n\n",
        empty_sep="<|end_header_id|>\n\n",
        stops=("<|end_of_text|>", "<|eot_id|>", "<|eom_id|>"),
    ),
    Conversation(
        name="gemma_instruction",
        marks=("<start_of_turn>",),
        user="<start_of_turn>user",
        assistant="<start_of_turn>model",
        seps=("<end_of_turn>\n",),
        stops=("<end_of_turn>",),
    ),
    Conversation(
        name="phi-3",
        marks=("<|user|>", "<|end|>"),
        system_template=f"<|system|>\n{SYSTEM}<|end|>\n",
        system_message=_ASSISTANT,
        user="<|user|>",
        assistant="<|assistant|>",
        seps=("<|end|>\n",),
        stops=("<|end|>", "<|endoftext|>"),
    ),
    Conversation(
        name="tinyllama_v1_0",
        marks=("<|user|>", "<|assistant|>"),
        system_template=f"<|system|>\n{SYSTEM}</s>\n",
        system_message=_ASSISTANT,
        user="<|user|>",
        assistant="<|assistant|>",
        seps=("</s>\n",),
        stops=("</s>",),
        begins=False,
    ),
    Conversation(
        name="mistral_default",
        marks=("[INST]", "[/INST]"),
        system_template=f"[INST] {SYSTEM}\n\n",
        user="[INST]",
        assistant="[/INST]",
        seps=(" ", "</s>"),
        content_sep=" ",
        empty_sep="",
        stops=("</s>",),
        role_after_system=False,
    ),
)

PLAIN = Conversation(
    name="LM", marks=(), user="", assistant="", seps=("",), stops=(), content_sep="", empty_sep=""
)


def recognise(template: str, tokens: Mapping[str, int]) -> Conversation:
    """By the model's own chat template; where it has none, by the marks in its vocabulary. Plain
    text can contain "[INST]", so that a vocabulary must have it as a token."""
    for known in KNOWN:
        if all(mark in template if template else mark in tokens for mark in known.marks):
            return known
    return PLAIN


def as_mlc(
    known: Conversation, tokens: Mapping[str, int], begin: int | None, ends: tuple[int, ...]
) -> dict[str, object]:
    """The table conv_template. tokens: the vocabulary's added tokens; begin, ends: the model's."""
    stops = (*(tokens[stop] for stop in known.stops if stop in tokens), *ends)
    return {
        "name": known.name,
        "system_template": known.system_template,
        "system_message": known.system_message,
        "system_prefix_token_ids": [begin] if known.begins and begin is not None else None,
        "add_role_after_system_message": known.role_after_system,
        "roles": {"user": known.user, "assistant": known.assistant},
        "role_templates": {
            "user": "{user_message}",
            "assistant": "{assistant_message}",
            "tool": "{tool_message}",
        },
        "messages": [],
        "seps": list(known.seps),
        "role_content_sep": known.content_sep,
        "role_empty_sep": known.empty_sep,
        "stop_str": list(known.stops),
        "stop_token_ids": list(dict.fromkeys(stops)),
        "function_string": "",
        "use_function_calling": False,
    }
