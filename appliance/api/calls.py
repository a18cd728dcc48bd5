"""What a call asks for, read from untrusted JSON into frozen values.

Rules kept here: everything is bounded and of the type it must be, or the call is refused with the
name of the parameter; what OpenAI's API has and this product will not do is refused where it would
change what the answer means, and named in the reply (`ignored`) where it only tunes a model: an
application's own instructions and temperature are not used, since the answer is the documents'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.api.errors import CallUnusable
from appliance.api.strict_json import parsed

CHAT_MODEL = "cloister"
EMBEDDING_MODEL = "cloister-embedding"

MOST_TEXT = 8_000
"""Characters of a question, of an earlier turn, of a text to be embedded."""
MOST_MESSAGES = 64
MOST_BEFORE = 32_000
"""Characters of all earlier turns: the log holds them with the question."""
MOST_TEXTS = 256
MOST_PASSAGES = 16
MOST_COLLECTIONS = 100
MOST_SCHEMA = 16_384

_TUNING = frozenset(
    "temperature top_p seed max_tokens max_completion_tokens presence_penalty frequency_penalty "
    "user stop store metadata service_tier parallel_tool_calls reasoning_effort logit_bias "
    "prediction safety_identifier prompt_cache_key verbosity".split()
)
_CHAT = frozenset("model messages stream stream_options response_format n collections".split())


@dataclass(frozen=True, slots=True)
class ChatCall:
    """before: questions and answers in turn, oldest first. collections: titles or ids. schema: of
    JSON, "" for text. ignored: what of the call is not used."""

    question: str
    before: tuple[str, ...]
    collections: tuple[str, ...]
    schema: str
    stream: bool
    with_usage: bool
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbeddingCall:
    texts: tuple[str, ...]
    base64: bool


@dataclass(frozen=True, slots=True)
class SearchCall:
    query: str
    collections: tuple[str, ...]
    limit: int


def read_json(untrusted: bytes) -> Mapping[str, object]:
    """Raises CallUnusable."""
    try:
        found = parsed(untrusted)
    except ValueError as error:
        raise CallUnusable("The body of the call is not JSON, or holds a name twice.") from error
    if not isinstance(found, dict):
        raise CallUnusable("The body of the call is not a JSON object.")
    return found


def chat_call(untrusted: Mapping[str, object]) -> ChatCall:
    """Raises CallUnusable."""
    _require_model(untrusted, CHAT_MODEL)
    if untrusted.get("n") not in (None, 1):
        raise CallUnusable("One answer is given to a question.", "n")
    ignored = []
    for name in sorted(untrusted.keys() - _CHAT):
        if name not in _TUNING and untrusted[name] not in (None, [], False, "none"):
            raise CallUnusable(f"`{name[:60]}` is nothing this API does.", name[:60])
        ignored.append(name)
    question, before, instructed = _messages(untrusted.get("messages"))
    options = untrusted.get("stream_options")
    return ChatCall(
        question=question,
        before=before,
        collections=_collections(untrusted),
        schema=_schema(untrusted.get("response_format")),
        stream=_flag(untrusted, "stream"),
        with_usage=isinstance(options, dict) and options.get("include_usage") is True,
        ignored=(*ignored, *(("system messages",) if instructed else ())),
    )


def embedding_call(untrusted: Mapping[str, object], size: int) -> EmbeddingCall:
    """size: of the vectors there are. Raises CallUnusable."""
    _require_known(untrusted, {"model", "input", "encoding_format", "dimensions", "user"})
    _require_model(untrusted, EMBEDDING_MODEL)
    given = untrusted.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_TEXTS:
        raise CallUnusable(f"`input` is a text or a list of 1 to {MOST_TEXTS} texts.", "input")
    if untrusted.get("dimensions") not in (None, size):
        raise CallUnusable(f"Vectors have {size} numbers.", "dimensions")
    form = untrusted.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise CallUnusable("`encoding_format` is float or base64.", "encoding_format")
    return EmbeddingCall(tuple(_text(text, "input") for text in texts), form == "base64")


def revocation(untrusted: Mapping[str, object]) -> str:
    """The id of the token to be revoked, "" for all. Raises CallUnusable."""
    _require_known(untrusted, {"id", "all"})
    identifier = untrusted.get("id")
    if untrusted.get("all") is True and identifier is None:
        return ""
    if not isinstance(identifier, str) or not identifier or "all" in untrusted:
        raise CallUnusable("`id` is a token's, or `all` is true.", "id")
    return _text(identifier, "id")


def search_call(untrusted: Mapping[str, object]) -> SearchCall:
    """Raises CallUnusable."""
    _require_known(untrusted, {"query", "collections", "limit"})
    limit = untrusted.get("limit", 8)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_PASSAGES:
        raise CallUnusable(f"`limit` is a number from 1 to {MOST_PASSAGES}.", "limit")
    return SearchCall(_text(untrusted.get("query"), "query"), _collections(untrusted), limit)


def _require_known(untrusted: Mapping[str, object], names: set[str]) -> None:
    for name in sorted(untrusted.keys() - names):
        raise CallUnusable(f"`{name[:60]}` is nothing this call has.", name[:60])


def _require_model(untrusted: Mapping[str, object], known: str) -> None:
    if untrusted.get("model") != known:
        raise CallUnusable(
            f"The model of this call is `{known}`.", "model", hint="GET /v1/models lists them."
        )


def _messages(untrusted: object) -> tuple[str, tuple[str, ...], bool]:
    """The last question, what was said before it, and whether there were instructions."""
    if not isinstance(untrusted, list) or not 0 < len(untrusted) <= MOST_MESSAGES:
        raise CallUnusable(f"`messages` is a list of 1 to {MOST_MESSAGES}.", "messages")
    said: list[tuple[str, str]] = []
    instructed = False
    for message in untrusted:
        if not isinstance(message, dict):
            raise CallUnusable("A message is an object.", "messages")
        role = message.get("role")
        if role in ("system", "developer"):
            instructed = True
        elif role in ("user", "assistant"):
            said.append((str(role), _content(message.get("content"))))
        else:
            raise CallUnusable("A message is of system, user or assistant.", "messages")
    if not said or said[-1][0] != "user":
        raise CallUnusable("The last message is the user's question.", "messages")
    turns = _in_turn(said)
    if turns[0][0] != "user":
        raise CallUnusable("A conversation begins with a question.", "messages")
    before = tuple(text for _, text in turns[:-1])
    if sum(map(len, before)) > MOST_BEFORE:
        raise CallUnusable(
            f"Earlier messages have {MOST_BEFORE:,} characters at most in all.", "messages"
        )
    return turns[-1][1], before, instructed


def _in_turn(said: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What one side says several times is one turn."""
    turns: list[tuple[str, str]] = []
    for role, text in said:
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n{text}")
        else:
            turns.append((role, text))
    return turns


def _content(untrusted: object) -> str:
    """A text, or a list of parts that are all text."""
    if isinstance(untrusted, list):
        parts = []
        for part in untrusted[:MOST_MESSAGES]:
            if not isinstance(part, dict) or part.get("type") != "text":
                raise CallUnusable("Only text can be asked about.", "messages")
            parts.append(_text(part.get("text"), "messages"))
        untrusted = "\n".join(parts)
    return _text(untrusted, "messages")


def _text(untrusted: object, parameter: str) -> str:
    if not isinstance(untrusted, str) or not untrusted.strip():
        raise CallUnusable(f"`{parameter}` holds something that is not a text.", parameter)
    if len(untrusted) > MOST_TEXT:
        raise CallUnusable(f"A text has {MOST_TEXT:,} characters at most.", parameter)
    try:
        untrusted.encode("utf-8")
    except UnicodeEncodeError as error:  # a lone surrogate
        raise CallUnusable("A text is not Unicode.", parameter) from error
    return untrusted


def _collections(untrusted: Mapping[str, object]) -> tuple[str, ...]:
    named = untrusted.get("collections")
    if named is None:
        return ()
    if not isinstance(named, list) or len(named) > MOST_COLLECTIONS:
        raise CallUnusable("`collections` is a list of titles or ids.", "collections")
    return tuple(_text(name, "collections") for name in named)


def _schema(untrusted: object) -> str:
    if untrusted is None:
        return ""
    if isinstance(untrusted, dict):
        if untrusted.get("type") == "text":
            return ""
        form = untrusted.get("json_schema")
        if untrusted.get("type") == "json_schema" and isinstance(form, dict):
            schema = form.get("schema")
            if isinstance(schema, dict):
                return _bounded(schema)
    raise CallUnusable(
        "`response_format` is of type text, or json_schema with a schema.", "response_format"
    )


def _bounded(schema: dict[str, object]) -> str:
    try:
        text = json.dumps(schema, ensure_ascii=False)
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CallUnusable("The schema is not usable JSON.", "response_format") from error
    if len(text) > MOST_SCHEMA:
        raise CallUnusable(f"A schema has {MOST_SCHEMA:,} characters at most.", "response_format")
    return text


def _flag(untrusted: Mapping[str, object], name: str) -> bool:
    value = untrusted.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise CallUnusable(f"`{name}` is true or false.", name)
    return value
