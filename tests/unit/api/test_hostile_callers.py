"""Whatever a caller does, it is bounded, it is told, and it is in the log."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.api.client import Caller
from appliance.api.errors import ForeignPeer, SocketUnusable, TokensTampered
from appliance.api.limits import Limits
from appliance.api.listening import Listener
from appliance.api.peers import peer_user, require_same_user
from appliance.api.routes import REVOKE
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, LogUnwritable, QuestionUnusable, StoreTampered
from appliance.values import Answer, AnswerMode, Obligations, Scored, Turn
from tests.contract.fakes import PlainWriter
from tests.unit.api.bench import QUESTION, Bench, serving, wait_until

QUICK = Limits(
    connections=3, asks=1, waiting=1, patience=0.5, head=4_096, body=20_000, head_seconds=0.4,
    body_seconds=0.4, send_seconds=0.4, idle_seconds=5,
)  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(20)
        connection.connect(os.fspath(path))
        yield connection


def request(token: str, body: object, path: str = "/v1/chat/completions") -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def chat(token: str, **more: object) -> bytes:
    messages = [{"role": "user", "content": QUESTION}]
    return request(token, {"model": "cloister", "messages": messages, **more})


def said(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of a reply after which the other side hangs up, or of one that is whole."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        got = connection.recv(65_536)
        if not got:
            return 0, raw
        raw += got
    head, _, body = raw.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length and (got := connection.recv(65_536)):
        body += got
    return int(head.split()[1]), body


def codes(bench: Bench) -> set[str]:
    return {note[0] for note in bench.notes}


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
    with serving(bench, tmp_path / "s", limits=QUICK):
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


@pytest.mark.parametrize("stated", [True, False])
def test_a_huge_body_is_refused_before_it_is_in_memory(
    bench: Bench, tmp_path: Path, *, stated: bool
) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        head = f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        if stated:
            connection.sendall(f"{head}Content-Length: 99999999999\r\n\r\n".encode())
        else:
            connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            connection.sendall((b"1000\r\n" + b"x" * 4_096 + b"\r\n") * 6)
        status, body = said(connection)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "call_too_large"
    assert "call_too_large" in codes(bench)


def test_a_head_without_an_end_is_refused(bench: Bench, tmp_path: Path) -> None:
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\n" + b"X: " + b"y" * 8_000)
        assert said(connection)[0] == 413


TWICE = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Authorization: Bearer a\r\nAuthorization: Bearer TOKEN", 400),
        (b"Authorization: Bearer TOKEN\r\nContent-Length: 2\r\nTransfer-Encoding: chunked", 400),
        (b"Authorization: Bearer TOKEN\r\nContent-Length: 2\r\nContent-Length: 3", 400),
        (b"Authorization: Bearer TOKEN\r\nContent-Length: +2", 400),
        (b"Authorization: Bearer TOKEN\r\nTransfer-Encoding: gzip, chunked", 400),
        (b"Authorization: Bearer TOKEN\r\nX: a\x00b", 400),
        (b"Authorization : Bearer TOKEN", 400),
        (b"Authorization: Bearer TOKEN\r\nHost: y", 400),
        (b"Authorization: Bearer TOKEN\r\n" + b"A: b\r\n" * 900 + b"C: d", 413),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_no_call(
    bench: Bench, tmp_path: Path, head: bytes, status: int
) -> None:
    token = bench.token_of().encode()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(TWICE + head.replace(b"TOKEN", token) + b"\r\n\r\n")
        assert said(connection)[0] == status
        assert connection.recv(1) == b""
    assert codes(bench) == {"call_malformed" if status == 400 else "call_too_large"}


def test_two_calls_at_once_are_answered_one_after_the_other(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token) + chat(token, model="gpt-4"))
        told = b""
        while told.count(b'"param"') < 1 or told.count(b"chat.completion") < 1:
            got = connection.recv(65_536)
            assert got, told
            told += got
    assert told.index(b" 200 ") < told.index(b" 400 ")
    assert len(bench.asked) == 1


def test_who_only_sends_nothing_more_still_gets_the_answer(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token))
        connection.shutdown(socket.SHUT_WR)
        assert said(connection)[0] == 200


@pytest.mark.parametrize("sent", [b"GET /v1/models HT", b"", b"\x16\x03\x01\x02\x00", b"\r\n\r\n"])
def test_a_connection_that_says_nothing_whole_is_ended_in_time(
    bench: Bench, tmp_path: Path, sent: bytes
) -> None:
    """Half-open connections hold a thread no longer than the deadline."""
    limits = Limits(head_seconds=0.3, idle_seconds=0.3)
    with serving(bench, tmp_path / "s", limits=limits) as server:
        with connected(tmp_path / "s") as connection:
            connection.sendall(sent)
            while connection.recv(4_096):
                pass
        with connected(tmp_path / "s") as connection:
            connection.sendall(chat(bench.token_of()))
            assert said(connection)[0] == 200
        assert server.connections <= 1


def test_a_body_that_drips_is_ended_in_time(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token)[:-10])
        status, body = said(connection)
    assert (status, json.loads(body)["error"]["code"]) == (408, "call_slow")
    assert bench.asked == []


def test_a_reader_that_does_not_read_is_hung_up_on(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    body = {"model": "cloister-embedding", "input": ["word"] * 200}
    path = tmp_path / "s"
    with serving(bench, path, limits=QUICK) as server, connected(path) as connection:
        connection.sendall(request(token, body, "/v1/embeddings"))
        wait_until(lambda: server.connections == 1)
        wait_until(lambda: server.connections == 0)
    assert "reader_slow" in codes(bench)


def test_there_are_only_so_many_connections(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with (
        serving(bench, path, limits=QUICK) as server,
        connected(path),
        connected(path),
        connected(path),
    ):
        wait_until(lambda: server.connections == 3)
        with connected(path) as fourth:
            assert fourth.recv(1) == b""
    assert "too_many_connections" in codes(bench)


@pytest.mark.parametrize("left", [b"", b"GET /"])
def test_a_caller_who_hangs_up_stops_the_work_and_the_ask_is_closed(
    bench: Bench, tmp_path: Path, left: bytes
) -> None:
    token = bench.token_of()
    begun, hung_up = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        hung_up.wait(20)

    bench.before_answer = wait
    with serving(bench, tmp_path / "s", limits=QUICK):
        with connected(tmp_path / "s") as connection:
            connection.sendall(chat(token, stream=True) + left)
            begun.wait(20)
        hung_up.set()
    assert [record[2] for record in bench.audit.records] == ["", "cancelled"]


class Pausing(PlainWriter):
    """Writes a sentence, waits until the other side has gone, and writes on."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.gone = threading.Event()

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        for step in super().generate(question, passages, earlier, go_on, bound=bound):
            yield step
            if isinstance(step, Answer) and len(step.sentences) == 1:
                self.gone.wait(20)


def test_what_was_streamed_before_a_caller_hung_up_is_in_the_log(
    bench: Bench, tmp_path: Path
) -> None:
    writer = Pausing("Give apixaban 5 mg twice daily [1]. Wash your hands before each contact [2].")
    bench.encoder = writer
    bench.policy.obligations = Obligations(mode=AnswerMode.GENERATE, cite="required")
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK) as server:
        with connected(tmp_path / "s") as connection:
            connection.sendall(chat(token, stream=True))
            told = b""
            while b"apixaban 5 mg" not in told:
                told += connection.recv(65_536)
        writer.gone.set()
        wait_until(lambda: server.connections == 0)
    assert [record[2] for record in bench.audit.records] == ["", "cancelled"]
    (answer,) = bench.audit.answers
    assert answer is not None
    assert "apixaban 5 mg twice daily" in answer.sentences[0].text
    assert "Wash" not in answer.sentences[0].text


def test_questions_wait_for_each_other_and_not_for_ever(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait(20)

    bench.before_answer = wait
    path = tmp_path / "s"
    with serving(bench, path, limits=QUICK), connected(path) as first, connected(path) as second:
        first.sendall(chat(token))
        begun.wait(20)
        second.sendall(chat(token))
        status, body = said(second)
        assert (status, json.loads(body)["error"]["code"]) == (429, "busy")
        go_on.set()
        assert said(first)[0] == 200


def test_stopping_ends_what_is_under_way(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        bench.stopped.wait(20)

    bench.before_answer = wait
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token))
        begun.wait(20)
        bench.stopped.set()
        while connection.recv(4_096):
            pass
    assert [record[2] for record in bench.audit.records] == ["", "cancelled"]
    assert not (tmp_path / "s").exists()


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
        assert ending.call("POST", REVOKE, {"all": True}).status == 200
        assert Caller(tmp_path / "s", kept).call("GET", "/v1/models").status == 401
        statuses = [ending.call("POST", REVOKE, {"id": "x"}).status for _ in range(12)]
        assert 429 in statuses
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


def test_a_process_of_another_user_is_turned_away(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ForeignPeer):
        require_same_user(os.getuid() + 1, os.getuid())
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        require_same_user(peer_user(ours), os.getuid())
    if os.getuid() != 0 or sys.platform != "linux":
        return  # only root can be somebody else
    path = tmp_path / "s"
    with serving(bench, path, limits=QUICK):
        for folder in (path, *path.parents):
            if folder.owner() == "root" and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o011 | (0o066 if folder == path else 0))
        child = os.fork()
        if child == 0:
            try:
                os.setresuid(65_534, 65_534, 65_534)
                with closing(socket.socket(socket.AF_UNIX)) as connection:
                    connection.settimeout(20)
                    connection.connect(os.fspath(path))
                    os._exit(0 if connection.recv(1) == b"" else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert "foreign_peer" in codes(bench)


def test_the_socket_takes_no_place_of_anything_else(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("mine")
    with pytest.raises(SocketUnusable):
        Listener(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "mine"
    with pytest.raises(SocketUnusable):
        Listener(tmp_path / ("x" * 120))
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(SocketUnusable):
        Listener(open_to_all / "s")


def test_two_that_serve_do_not_take_each_others_place(bench: Bench, tmp_path: Path) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK):
        with pytest.raises(SocketUnusable, match="already"):
            Listener(tmp_path / "s")
        assert Caller(tmp_path / "s", token).call("GET", "/v1/models").status == 200
    first = Listener(tmp_path / "s")
    (tmp_path / "s").unlink()
    second = Listener(tmp_path / "s")
    first.close()
    assert (tmp_path / "s").exists()
    second.close()
    assert not (tmp_path / "s").exists()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SocketUnusable):
        Listener(tmp_path / "link")


def test_a_socket_that_a_crash_left_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(os.fspath(tmp_path / "s"))
    left.close()
    listener = Listener(tmp_path / "s")
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    listener.close()
    assert not (tmp_path / "s").exists()
