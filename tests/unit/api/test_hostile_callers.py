"""Whatever a caller does, it is bounded, it is told, and it is in the log."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from appliance.api.client import Caller
from appliance.api.errors import ForeignPeer, SocketUnusable
from appliance.api.limits import Limits
from appliance.api.listening import Listener
from appliance.api.peers import peer_user, require_same_user
from appliance.values import Answer, AnswerMode, Obligations, Scored, Turn
from tests.contract.fakes import PlainWriter
from tests.unit.api.bench import (
    QUICK,
    Bench,
    chat,
    codes,
    connected,
    request,
    said,
    serving,
    wait_until,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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


def test_a_connection_that_is_open_is_answered_no_more_once_serving_has_ended(
    bench: Bench, tmp_path: Path
) -> None:
    token = bench.token_of()
    with serving(bench, tmp_path / "s", limits=QUICK), connected(tmp_path / "s") as connection:
        connection.sendall(chat(token))
        assert said(connection)[0] == 200
        bench.hours_over = True
        connection.sendall(chat(token))
        status, body = said(connection)
    assert (status, json.loads(body)["error"]["code"]) == (503, "ended")
    assert len(bench.asked) == 1


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
