"""Whatever a call holds and whoever's token it brings: what is not allowed is told and logged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.api.client import Caller
from appliance.api.errors import TokensTampered
from appliance.api.routes import REVOKE
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, LogUnwritable, QuestionUnusable, StoreTampered
from tests.unit.api.bench import (
    QUESTION,
    QUICK,
    Bench,
    chat,
    codes,
    connected,
    request,
    said,
    serving,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic abc",
        "Bearer cloister_0123456789abcdef_" + "A" * 43,
        "Bearer " + "z" * 3_000,
    ],
)
def test_a_bad_token_opens_nothing_and_its_body_is_not_even_read(
    bench: Bench, tmp_path: Path, authorization: str
) -> None:
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        head = f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
        connection.sendall(f"{head}Content-Length: 10000\r\n\r\n".encode())
        status, body = said(connection)
    assert status == 401
    assert json.loads(body)["error"]["code"] == "token_unusable"
    assert bench.asked == []
    assert any(code.startswith("token_unusable:") for code in codes(bench))


def test_a_flood_of_wrong_tokens_is_slowed_and_is_few_records(bench: Bench, tmp_path: Path) -> None:
    patient = replace(QUICK, connections=40, head_seconds=10, body_seconds=10, send_seconds=10)
    with serving(bench, tmp_path / "s", limits=patient):
        statuses = []
        for _ in range(40):
            with connected(tmp_path / "s") as connection:
                connection.sendall(chat("wrong"))
                statuses.append(said(connection)[0])
    assert statuses.count(401) == 10
    assert statuses.count(429) == 30
    told = [(code, count) for code, _, count in bench.notes]
    assert sorted(told) == [
        ("token_unusable:malformed", 1),
        ("token_unusable:malformed", 9),
        ("too_many_calls", 1),
        ("too_many_calls", 29),
    ]


def test_a_program_that_calls_too_often_is_turned_away_and_another_is_not(
    bench: Bench, tmp_path: Path
) -> None:
    loud, quiet = bench.token_of("loud"), bench.token_of("quiet")
    with serving(bench, tmp_path / "s", limits=QUICK, per_minute=6):
        statuses = []
        for token in (loud, loud, loud, quiet):
            with connected(tmp_path / "s") as connection:
                connection.sendall(chat(token))
                statuses.append(said(connection)[0])
    assert statuses == [200, 200, 429, 200]
    assert len(bench.asked) == 3


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "x", "query": "y"}',
        b'{"query": "x", "limit": NaN}',
        b'{"query": "x", "limit": 1e999}',
        b'{"query": "x", "limit": ' + b"9" * 9_000 + b"}",
        b'{"query": "x", "collections": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"query": "\xff"}',
        b"[" * 9_000,
    ],
)
def test_what_two_readers_could_read_differently_is_no_call(
    bench: Bench, tmp_path: Path, body: bytes
) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        head = request(token, "", "/v1/search").replace(b"Length: 2", b"Length: %d" % len(body))
        connection.sendall(head[:-2] + body)
        assert said(connection)[0] == 400
    assert bench.asked == []
    assert "call_unusable" in codes(bench)


def test_all_that_came_before_is_bounded(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    turns = [{"role": role, "content": "x" * 900} for role in ("user", "assistant") * 18]
    body = {"model": "cloister", "messages": [*turns, {"role": "user", "content": QUESTION}]}
    limits = replace(QUICK, body=100_000)
    with serving(bench, tmp_path / "s", limits=limits), connected(tmp_path / "s") as connection:
        connection.sendall(request(token, body))
        assert said(connection)[0] == 400
    assert bench.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAllowed("Behind broken glass only the person reads."), 403),
        (StoreTampered("It is not what the log recorded."), 503),
        (QuestionUnusable("Too long."), 400),
    ],
)
def test_what_is_refused_before_it_is_an_ask_is_in_the_log_too(
    bench: Bench, tmp_path: Path, error: CloisterError, status: int
) -> None:
    def refuse() -> None:
        raise error

    bench.before_answer = refuse
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token))
        assert said(connection)[0] == status
    ((_, who, _),) = bench.notes
    assert who.startswith("letters/")


def test_where_the_log_fails_that_is_told(bench: Bench, tmp_path: Path) -> None:
    with serving(bench, tmp_path / "s", limits=QUICK):
        bench.log_failed = LogUnwritable("The log cannot be written.")
        with connected(tmp_path / "s") as connection:
            connection.sendall(chat("wrong"))
            status, body = said(connection)
        bench.log_failed = None
    assert (status, json.loads(body)["error"]["code"]) == (503, "log_unwritable")


def test_a_list_of_tokens_that_was_put_back_opens_nothing(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    bench.book_failed = TokensTampered("It is older than the log.")
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token))
        status, body = said(connection)
    assert (status, json.loads(body)["error"]["code"]) == (503, "tokens_tampered")
    assert codes(bench) == {"tokens_tampered"}


def test_a_token_that_is_revoked_opens_nothing_from_the_next_call_on(
    bench: Bench, tmp_path: Path
) -> None:
    gone, kept = bench.token_of("gone"), bench.token_of("kept")
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        ending = Caller(tmp_path / "s", "")
        connection.sendall(chat(gone))
        assert said(connection)[0] == 200
        assert ending.call("POST", REVOKE, {"id": "0" * 16}).status == 400
        assert ending.call("POST", REVOKE, {"id": gone.split("_")[1]}).status == 200
        connection.sendall(chat(gone))  # the connection is there still
        assert said(connection)[0] == 401
        assert Caller(tmp_path / "s", kept).call("GET", "/v1/models").status == 200
        wrong: object
        for wrong in ({}, {"all": False}, {"id": "a", "all": True}, {"id": 5}, {"ids": []}):
            assert ending.call("POST", REVOKE, wrong).status == 400
        assert ending.call("GET", REVOKE).status == 405
        statuses = [ending.call("POST", REVOKE, {"id": "x" * 2_000}).status for _ in range(12)]
        assert {*statuses} == {413, 429}
        assert ending.call("POST", REVOKE, {"all": True}).status == 200  # nobody keeps that away
        assert Caller(tmp_path / "s", kept).call("GET", "/v1/models").status == 401
    assert [over for code, over, _ in bench.notes if code == "revoked"] == ["socket"] * 3


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"model": "gpt-4", "messages": []}, "model"),
        ({"model": "cloister"}, "messages"),
        ({"model": "cloister", "messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"model": "cloister", "messages": [{"role": "tool", "content": "x"}]}, "messages"),
        ({"model": "cloister", "messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"model": "cloister", "messages": [{"role": "user", "content": "x" * 8_001}]}, "messages"),
        ({"model": "cloister", "messages": [{"role": "user", "content": "\ud800"}]}, "messages"),
        ({"model": "cloister", "messages": [{"role": "user", "content": "x"}], "n": 2}, "n"),
        (
            {"model": "cloister", "messages": [{"role": "user", "content": "x"}], "tools": [{}]},
            "tools",
        ),
        (
            {
                "model": "cloister",
                "messages": [{"role": "user", "content": "x"}],
                "response_format": {"type": "json_object"},
            },
            "response_format",
        ),
        ([1], None),
    ],
)
def test_a_call_that_makes_no_sense_is_told_what_is_wrong(
    bench: Bench, tmp_path: Path, body: object, parameter: str | None
) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(request(token, body))
        status, told = said(connection)
    assert status == 400
    assert json.loads(told)["error"]["param"] == parameter
    assert bench.asked == []
    assert "call_unusable" in codes(bench)


def test_a_token_for_one_collection_reaches_no_other(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of(collections=("c1",))
    with serving(bench, tmp_path / "s", limits=QUICK):
        for wanted, status in (("Board", 403), ("c2", 403), ("Ward", 200), (None, 200)):
            with connected(tmp_path / "s") as connection:
                more = {} if wanted is None else {"collections": [wanted]}
                connection.sendall(chat(token, **more))
                assert said(connection)[0] == status
    assert [asked.collections for asked in bench.asked] == [("c1",), ("c1",)]


def test_a_token_whose_collection_was_lost_asks_nothing_else_instead(
    bench: Bench, tmp_path: Path
) -> None:
    """The person was taken out of it after the token was made."""
    token = bench.token_of(collections=("c1", "c9"))
    with serving(bench, tmp_path / "s", limits=QUICK):
        for wanted, status in ((None, 403), ("c9", 403), ("c1", 200)):
            with connected(tmp_path / "s") as connection:
                more = {} if wanted is None else {"collections": [wanted]}
                connection.sendall(chat(token, **more))
                assert said(connection)[0] == status
    assert [asked.collections for asked in bench.asked] == [("c1",)]
