"""A conversation in the form a model was trained on.

Rules kept here: the bundle's Jinja chat template comes first, MLC's conv_template second; both are
untrusted and run bounded, in the host. No text of a message ever passes through a template: it
renders places that hold nothing but a number, and the texts come in when the prompt is encoded, as
text (control_tokens.py). White space at the ends of a text is dropped, as most templates do. A
template that knows no system role gets the system text before the person's first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tokenizers import Tokenizer

from appliance.engine.decoding.request import Message
from appliance.engine.prompts.control_tokens import ControlTokens
from appliance.engine.prompts.conversation import (
    ConversationTemplate,
    read_conversation,
    token_ids,
)
from appliance.engine.prompts.sandbox import Program, TemplateRaised, TemplateUnusable

_OPEN, _CLOSE = "\uf5f1", "\uf5f2"  # private use: no template says them
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_TOKENS = ("bos_token", "eos_token", "unk_token", "pad_token")
_LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """The bundle's files as they are; empty for one that is not there."""

    tokenizer_config: bytes = b""
    chat_template: bytes = b""
    chat_config: bytes = b""
    generation_config: bytes = b""


class _Left(TemplateUnusable):
    """The template leaves a message out, or says it twice."""


class ChatTemplate:
    """Made by `read_template`. Used from one thread."""

    def __init__(
        self,
        program: Program | None,
        conversation: ConversationTemplate | None,
        names: Mapping[str, str],
        stops: Sequence[int],
        now: Callable[[], datetime],
    ) -> None:
        if program is None and conversation is None:
            raise TemplateUnusable("The model brings no chat template.")
        self._program = program
        self._conversation = conversation
        self._names = dict(names)
        self._stops = tuple(stops)
        self._now = now
        self._tokens: ControlTokens | None = None
        self.stop_strings = conversation.stop_strings if conversation is not None else ()

    def encode(self, messages: Sequence[Message], tokenizer: Tokenizer) -> list[int]:
        """The prompt, ready for the assistant's answer. No token of it that controls the model
        comes out of a message. Raises TemplateUnusable, TokensForged."""
        texts_of = [message.text.strip() for message in messages]
        roles = [message.role for message in messages]
        try:
            rendered = self._rendered(roles)
        except (TemplateRaised, _Left):
            if len(roles) < 2 or roles[0] != "system":
                raise
            texts_of[1:2] = [f"{texts_of[0]}\n\n{texts_of[1]}"]
            texts_of, roles = texts_of[1:], roles[1:]
            rendered = self._rendered(roles)
        parts = [
            (texts_of[int(part)], False) if at % 2 else (part, True)  # text, place, text, …
            for at, part in enumerate(_PLACE.split(rendered))
        ]
        return self._prefix() + self._control(tokenizer).encode(parts)

    def count(self, texts: Sequence[str], tokenizer: Tokenizer) -> list[int]:
        """Tokens of each text, as `encode` writes it where it stands in a message."""
        return self._control(tokenizer).count(texts)

    def stop_tokens(self, tokenizer: Tokenizer) -> frozenset[int]:
        """The tokens that end an answer: those the bundle names, and the one its template writes
        behind an assistant's message."""
        named = self._names.get("eos_token")
        eos = tokenizer.token_to_id(named) if named else None
        found = {*self._stops, *(() if eos is None else (eos,))}
        try:
            rendered = self._rendered(["user", "assistant"], ask=False)
        except TemplateUnusable:
            return frozenset(found)
        for piece in self._control(tokenizer).split(_PLACE.split(rendered)[-1]):
            if isinstance(piece, int):
                found.add(piece)
                break
            if piece.strip():
                break
        return frozenset(found)

    def _rendered(self, roles: Sequence[str], *, ask: bool = True) -> str:
        """With a place for each message. Raises TemplateRaised, TemplateUnusable."""
        places = [f"{_OPEN}{number}{_CLOSE}" for number in range(len(roles))]
        if self._program is not None:
            said = [
                {"role": role, "content": place} for role, place in zip(roles, places, strict=True)
            ]
            variables = {
                **self._names,
                "messages": said,
                "add_generation_prompt": ask,
                "enable_thinking": False,  # Qwen3: answer without thinking aloud
                "tools": None,
                "documents": None,
            }
            rendered = self._program.render(variables, self._now)
        elif self._conversation is not None:
            if roles[:1] == ["system"] and not self._conversation.knows_system:
                raise TemplateRaised("The model's template knows no system message.")
            rendered = self._conversation.render(list(zip(roles, places, strict=True)), ask=ask)
        else:
            raise TemplateUnusable("The model brings no chat template.")
        if sorted(_PLACE.findall(rendered)) != sorted(str(n) for n in range(len(roles))):
            raise _Left("The model's chat template does not say each message once.")
        return rendered

    def _prefix(self) -> list[int]:
        if self._program is not None or self._conversation is None:
            return []
        return list(self._conversation.prefix)

    def _control(self, tokenizer: Tokenizer) -> ControlTokens:
        if self._tokens is None or self._tokens.tokenizer is not tokenizer:
            self._tokens = ControlTokens(tokenizer)
        return self._tokens


def read_template(untrusted: TemplateFiles, now: Callable[[], datetime]) -> ChatTemplate:
    """now: what `strftime_now` tells a template. Raises TemplateUnusable."""
    config = _json(untrusted.tokenizer_config, "tokenizer_config.json")
    mlc = _json(untrusted.chat_config, "mlc-chat-config.json")
    generation = _json(untrusted.generation_config, "generation_config.json")
    source = _text(untrusted.chat_template) or _source(config.get("chat_template"))
    if _OPEN in source or _CLOSE in source:
        raise TemplateUnusable("The model's chat template holds characters it may not.")
    described = mlc.get("conv_template")
    conversation = read_conversation(described) if isinstance(described, dict) else None
    stops = [
        *token_ids(generation.get("eos_token_id"), "eos_token_id"),
        *token_ids(mlc.get("eos_token_id"), "eos_token_id"),
        *(conversation.stop_tokens if conversation is not None else ()),
    ]
    program = Program(source) if source else None
    return ChatTemplate(program, conversation, _names(config), stops, now)


def _source(untrusted: object) -> str:
    """A template, or the one called "default" (else the first) of a list with names."""
    if isinstance(untrusted, str):
        return untrusted
    if not isinstance(untrusted, list):
        return ""
    named = {
        str(one.get("name")): one.get("template") for one in untrusted if isinstance(one, dict)
    }
    chosen = named.get("default", next(iter(named.values()), ""))
    return chosen if isinstance(chosen, str) else ""


def _names(config: Mapping[str, object]) -> dict[str, str]:
    """The texts of the tokens that templates may name."""
    found = {}
    for name in _TOKENS:
        token = config.get(name)
        text = token.get("content") if isinstance(token, dict) else token
        if isinstance(text, str) and len(text) <= _LONGEST_TOKEN:
            found[name] = text
    return found


def _json(untrusted: bytes, name: str) -> dict[str, object]:
    if not untrusted:
        return {}
    try:
        read = json.loads(untrusted)
    except (ValueError, RecursionError) as error:
        raise TemplateUnusable(f"The model's {name} cannot be read.") from error
    if not isinstance(read, dict):
        raise TemplateUnusable(f"The model's {name} is not in order.")
    return read


def _text(untrusted: bytes) -> str:
    try:
        return untrusted.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateUnusable("The model's chat template is no text.") from error
