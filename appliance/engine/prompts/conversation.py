"""MLC's `conv_template`: how a conversation is written down where a bundle has no chat template.

Semantics as in mlc-llm (python/mlc_llm/protocol/conversation_protocol.py): the system text, then
each message as role, separator, its template, end separator; at the end the assistant's role.
Rules kept here: everything is untrusted, checked for its type and bounded when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.engine.prompts.sandbox import TemplateUnusable

_LONGEST = 16_384
_MOST = 64
_SYSTEM = "{system_message}"
_PLACES = {"user": "{user_message}", "assistant": "{assistant_message}"}


@dataclass(frozen=True, slots=True)
class ConversationTemplate:
    """prefix: token ids before everything. ends: what follows the person's and the assistant's
    messages. role_after_system: whether the first message keeps its role after a system text."""

    system: str
    default_system: str
    prefix: tuple[int, ...]
    roles: Mapping[str, str]
    templates: Mapping[str, str]
    ends: tuple[str, str]
    content_sep: str
    empty_sep: str
    role_after_system: bool
    stop_strings: tuple[str, ...]
    stop_tokens: tuple[int, ...]

    @property
    def knows_system(self) -> bool:
        return _SYSTEM in self.system

    def render(self, messages: Sequence[tuple[str, str]], *, ask: bool = True) -> str:
        """(role, text) in order, "system" only first. ask: ends where the assistant writes on."""
        system = self.default_system
        if messages and messages[0][0] == "system":
            system, messages = messages[0][1], messages[1:]
        written = self.system.replace(_SYSTEM, system)
        named = bool(self.role_after_system or not written)
        for at, (role, text) in enumerate(messages):
            if named or at:
                written += self.roles[role] + self.content_sep
            written += self.templates[role].replace(_PLACES[role], text)
            written += self.ends[role == "assistant"]
        return written + (self.roles["assistant"] + self.empty_sep if ask else "")


def read_conversation(untrusted: object) -> ConversationTemplate:
    """From `conv_template` of mlc-chat-config.json. Raises TemplateUnusable."""
    if not isinstance(untrusted, dict):
        raise _unusable("it is not spelled out")
    roles = _texts_by_role(untrusted.get("roles"), "roles")
    templates = _PLACES | _texts_by_role(untrusted.get("role_templates", {}), "role_templates")
    if not {"user", "assistant"} <= roles.keys():
        raise _unusable("a role is missing")
    if any(_PLACES[role] not in templates[role] for role in _PLACES):
        raise _unusable("a message has no place in it")
    seps = texts(untrusted.get("seps"), "seps")
    if not 1 <= len(seps) <= 2:
        raise _unusable("seps are one or two")
    return ConversationTemplate(
        system=_text(untrusted, "system_template", _SYSTEM),
        default_system=_text(untrusted, "system_message", ""),
        prefix=token_ids(untrusted.get("system_prefix_token_ids"), "prefix tokens"),
        roles=roles,
        templates=templates,
        ends=(seps[0], seps[-1]),
        content_sep=_text(untrusted, "role_content_sep", ""),
        empty_sep=_text(untrusted, "role_empty_sep", ""),
        role_after_system=untrusted.get("add_role_after_system_message", True) is not False,
        stop_strings=texts(untrusted.get("stop_str"), "stop_str"),
        stop_tokens=token_ids(untrusted.get("stop_token_ids"), "stop_token_ids"),
    )


def _texts_by_role(untrusted: object, what: str) -> dict[str, str]:
    if not isinstance(untrusted, dict) or len(untrusted) > _MOST:
        raise _unusable(f"{what} are not texts by role")
    return {str(role): _text(untrusted, role, "") for role in untrusted if role in _PLACES}


def _text(untrusted: Mapping[str, object], name: str, default: str) -> str:
    value = untrusted.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _unusable(f"{name} is no short text")
    return value


def _several(untrusted: object, what: str) -> list[object]:
    """A list, or one thing alone; nothing for null."""
    found = untrusted if isinstance(untrusted, list) else [] if untrusted is None else [untrusted]
    if len(found) > _MOST:
        raise _unusable(f"there are too many {what}")
    return list(found)


def texts(untrusted: object, what: str) -> tuple[str, ...]:
    """Raises TemplateUnusable for anything but short texts."""
    found = _several(untrusted, what)
    kept = tuple(item for item in found if isinstance(item, str) and len(item) <= _LONGEST)
    if len(kept) != len(found):
        raise _unusable(f"{what} are no short texts")
    return kept


def token_ids(untrusted: object, what: str) -> tuple[int, ...]:
    """Raises TemplateUnusable for anything but token ids."""
    found = _several(untrusted, what)
    kept = tuple(item for item in found if type(item) is int and 0 <= item < 2**31)
    if len(kept) != len(found):
        raise _unusable(f"{what} are no token ids")
    return kept


def _unusable(why: str) -> TemplateUnusable:
    return TemplateUnusable(f"The model's conversation template cannot be used: {why}.")
