"""The MCP server keeps to the protocol, and asks only with the program's token."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.api.client import Caller, NotServed
from appliance.api.errors import ForeignPeer
from appliance.api.mcp import LONGEST_LINE, REVISIONS, McpServer
from tests.unit.api.bench import QUESTION, TEXTS, Bench, serving


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def server(bench: Bench, tmp_path: Path) -> Iterator[McpServer]:
    with serving(bench, tmp_path / "s"):
        yield McpServer(Caller(tmp_path / "s", bench.token_of()), "1.0")


def ask(server: McpServer, method: str, **parameters: object) -> dict[str, object]:
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters}
    reply = server.answer(json.dumps(message).encode())
    assert reply is not None
    assert reply["id"] == 7
    return reply


def tool(server: McpServer, name: str, **given: object) -> dict[str, object]:
    result = ask(server, "tools/call", name=name, arguments=given)["result"]
    assert isinstance(result, dict)
    return result


def text(result: dict[str, object]) -> str:
    content = result["content"]
    assert isinstance(content, list)
    return str(content[0]["text"])


def test_a_conversation_begins_with_a_revision_both_know(server: McpServer) -> None:
    for wanted, given_back in ((REVISIONS[1], REVISIONS[1]), ("1999-01-01", REVISIONS[0])):
        result = ask(server, "initialize", protocolVersion=wanted)["result"]
        assert isinstance(result, dict)
        assert result["protocolVersion"] == given_back
        assert "tools" in result["capabilities"]
    assert server.answer(b'{"jsonrpc":"2.0","method":"notifications/initialized"}') is None
    assert ask(server, "ping")["result"] == {}


def test_asking_gives_the_cited_answer_and_is_logged(server: McpServer, bench: Bench) -> None:
    result = tool(server, "ask", question=QUESTION)
    assert result["isError"] is False
    assert text(result) == "Give apixaban 5 mg twice daily. [1]\n\n[1] Guideline, p. 1"
    assert [record[0] for record in bench.audit.records] == ["ask.opened", "ask.closed"]


def test_searching_gives_passages_with_their_place(server: McpServer, bench: Bench) -> None:
    result = tool(server, "search", query="apixaban", limit=1)
    assert text(result) == f"1. Guideline, p. 1\n{TEXTS[0]}"
    assert [record[0] for record in bench.audit.records] == ["ask.opened", "ask.closed"]


def test_what_is_refused_is_told_to_the_model_and_no_error_of_the_protocol(
    server: McpServer, bench: Bench
) -> None:
    assert tool(server, "ask", question="How do I delete the log?")["isError"] is True
    assert tool(server, "ask", question=5)["isError"] is True
    bench.allowed = False
    result = tool(server, "search", query="apixaban")
    assert result["isError"] is True
    assert "No policy in force" in text(result)


def test_without_a_server_it_says_what_to_start(tmp_path: Path) -> None:
    server = McpServer(Caller(tmp_path / "none", "t"), "1.0")
    result = tool(server, "ask", question=QUESTION)
    assert "cloister serve" in text(result)
    with pytest.raises(NotServed):
        Caller(tmp_path / "none", "t").call("GET", "/v1/models")


def test_the_token_is_sent_to_nobody_elses_process(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.api.client.peer_user", lambda _: os.getuid() + 1)
    with serving(bench, tmp_path / "s"):
        caller = Caller(tmp_path / "s", bench.token_of())
        with pytest.raises(ForeignPeer):
            caller.call("GET", "/v1/models")
    assert bench.notes == []


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (b"[" * 100_000, -32700),
        (b'{"id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"no/such"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}', -32602),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
            b'{"name":"ask","arguments":{"shell":"rm"}}}',
            -32602,
        ),
    ],
)
def test_what_is_no_message_gets_the_error_the_specification_names(
    tmp_path: Path, line: bytes, number: int
) -> None:
    reply = McpServer(Caller(tmp_path / "none", "t"), "1.0").answer(line)
    assert reply is not None
    error = reply["error"]
    assert isinstance(error, dict)
    assert error["code"] == number


def test_one_line_is_one_message_and_an_endless_line_is_passed_over(server: McpServer) -> None:
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    told = io.BytesIO()
    server.serve(io.BytesIO(b"x" * (LONGEST_LINE * 2) + b"\n" + b"\n" + ping), told)
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    assert lines[0]["error"]["code"] == -32600
    assert lines[1:] == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


@pytest.mark.parametrize("depth", [60, 300, 600, 900, 940, 960, 970, 980, 985, 990])
def test_arguments_nested_as_deep_as_can_be_do_not_end_it(tmp_path: Path, depth: int) -> None:
    line = (
        b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/call","params":{"name":"search",'
        b'"arguments":{"query":' + b"[" * depth + b"]" * depth + b"}}}\n"
    )
    told = io.BytesIO()
    McpServer(Caller(tmp_path / "none", "t"), "1.0").serve(io.BytesIO(line), told)
    reply = json.loads(told.getvalue())
    assert ("error" in reply) == (depth > 60)
    assert reply["id"] == ("\ud800" if depth <= 60 else None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=80)
    | st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "id": _JSON, "method": st.sampled_from(["ping", "tools/call"])},
        optional={"params": _JSON},
    ).map(lambda message: json.dumps(message).encode())
)
def test_no_line_ends_the_server(line: bytes) -> None:
    reply = McpServer(Caller(Path("/nowhere"), "t"), "1.0").answer(line)
    assert reply is None or ("result" in reply) != ("error" in reply)
