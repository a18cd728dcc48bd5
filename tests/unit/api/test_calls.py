"""Whatever JSON a call holds, it becomes a bounded value or is refused with a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.api.calls import (
    MOST_BEFORE,
    MOST_SCHEMA,
    MOST_TEXT,
    chat_call,
    embedding_call,
    read_json,
    revocation,
    search_call,
)
from appliance.api.client import Reply
from appliance.api.errors import CallUnusable
from appliance.api.mcp import McpServer
from appliance.api.strict_json import DEEPEST, parsed

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool"])
_SAID = st.text(max_size=6) | st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url"]), "text": _ANY})
)
_MESSAGES = st.lists(
    st.fixed_dictionaries({"role": _ROLES | _ANY, "content": _SAID | _ANY}) | _ANY, max_size=4
)
_FORMATS = _ANY | st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "json_schema"]), "json_schema": _ANY}
)
_CALLS = st.fixed_dictionaries(
    {"model": st.sampled_from(["cloister", "cloister-embedding"]) | _ANY},
    optional={
        "messages": _MESSAGES, "input": _SAID | _ANY, "query": _SAID, "limit": _ANY, "n": _ANY,
        "stream": _ANY, "stream_options": _ANY, "response_format": _FORMATS, "collections": _ANY,
        "temperature": _ANY, "tools": _ANY, "dimensions": _ANY, "encoding_format": _ANY,
        "id": _ANY, "all": _ANY,
    },
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(_CALLS)
def test_a_call_is_bounded_or_refused(untrusted: dict[str, object]) -> None:
    for read in (lambda: embedding_call(untrusted, 384), lambda: search_call(untrusted),
                 lambda: revocation(untrusted)):  # fmt: skip
        try:
            str(read()).encode()
        except CallUnusable:
            continue
    try:
        call = chat_call(untrusted)
    except CallUnusable:
        return
    assert 0 < len(call.question) <= MOST_TEXT * 64
    assert sum(map(len, call.before)) <= MOST_BEFORE
    assert len(call.schema) <= MOST_SCHEMA


class Answering:
    """A server that says anything."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def call(self, method: str, path: str, content: object = None) -> Reply:
        return self.reply


_ROWS = st.lists(
    st.fixed_dictionaries(dict.fromkeys(("message", "title", "text", "page", "headings"), _ANY))
)
_REPLIES = st.dictionaries(st.sampled_from(["choices", "cloister", "data", "error"]), _ANY | _ROWS)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([200, 400]), _REPLIES, st.sampled_from(["ask", "search"]))
def test_whatever_comes_back_the_mcp_server_says_something(
    status: int, content: dict[str, object], tool: str
) -> None:
    call = {"name": tool, "arguments": {}}
    line = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    said = McpServer(Answering(Reply(status, content)), "1").answer(json.dumps(line).encode())
    assert said is not None
    assert "result" in said


@pytest.mark.parametrize("depth", [DEEPEST, DEEPEST + 1, 900, 100_000])
def test_nesting_is_bounded(depth: int) -> None:
    text = b"[" * depth + b"]" * depth
    if depth <= DEEPEST:
        assert json.dumps(parsed(text)).replace(" ", "").encode() == text
        return
    with pytest.raises(ValueError, match="deep"):
        parsed(text)


def test_a_body_that_is_no_object_is_no_call() -> None:
    for body in (b"[]", b"1", b'"x"', b"", b"\x00", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}'):
        with pytest.raises(CallUnusable):
            read_json(body)
