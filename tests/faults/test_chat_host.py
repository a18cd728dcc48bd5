"""A chat host that dies, hangs, runs out of memory or lies ends its asks; the next one works."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.chat import process
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.errors import (
    EngineHung,
    EngineMemory,
    EngineRestarting,
    EngineStopped,
    RequestRejected,
)
from appliance.engine.chat.preflight import Gpu
from appliance.engine.chat.process import Patience
from appliance.engine.decoding.request import Ending, Finished, Message, Piece, Sampling
from appliance.engine.errors import BundleDamaged
from appliance.errors import EngineFailed
from tests.chat_engine import ROOT, command
from tests.faults.orphans import require_gone
from tests.stuck_process import stuck_processes

PATIENCE = Patience(start=30, token=1.5, request=20, restarts=50)


@pytest.fixture
def make() -> Iterator[Callable[..., ChatHost]]:
    made: list[ChatHost] = []

    def host(how: str = "honest", patience: Patience = PATIENCE, **more: object) -> ChatHost:
        made.append(ChatHost(Path("/none"), command=command(how), patience=patience, **more))  # type: ignore[arg-type]
        return made[-1]

    yield host
    for one in made:
        one.close()


@pytest.fixture
def chat(make: Callable[..., ChatHost]) -> ChatHost:
    return make()


def nothing() -> None:
    return


def answer(
    chat: ChatHost, text: str, most: int = 512, go_on: Callable[[], None] = nothing
) -> tuple[str, Finished]:
    said = ""
    for report in chat.generate([Message("user", text)], Sampling(max_tokens=most), go_on):
        if isinstance(report, Finished):
            return said, report
        said += report.text
    pytest.fail("an answer without its end")


def child_of(chat: ChatHost) -> int:
    start = chat._start  # the one thing the public side does not show
    assert start is not None
    return start.host().pid


def test_an_answer_comes_piece_by_piece_and_says_how_it_ended(chat: ChatHost) -> None:
    assert answer(chat, "one two three") == ("ONE TWO THREE ", Finished(1, Ending.STOP, 13, 0, 3))
    assert answer(chat, "one two three", most=2)[1].ending is Ending.LENGTH
    assert chat.model == "words@0123456789ab"
    assert chat.context == 4096
    assert chat.device == "cpu"
    assert chat.note == ""


def test_texts_are_counted(chat: ChatHost) -> None:
    assert chat.count(["", "four", "ä"]) == [0, 4, 2]
    assert chat.count(["x"] * 5000) == [1] * 5000
    assert chat.count([]) == []


def test_several_asks_share_one_host_and_none_gets_another_one_s_words(chat: ChatHost) -> None:
    said: dict[int, str] = {}

    def ask(n: int) -> None:
        said[n] = answer(chat, " ".join(f"w{n}" for _ in range(40)))[0]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {n: f"W{n} " * 40 for n in range(8)}


@pytest.mark.parametrize(
    ("word", "kind", "sentence"),
    [
        ("!kill", EngineStopped, "SIGKILL"),
        ("!abort", EngineStopped, "SIGABRT"),
        ("!exit", EngineStopped, "exit status 3"),
        ("!hang", EngineHung, "in time"),
        ("!memory", EngineMemory, "run out of memory"),
        ("!garbage", EngineStopped, "nonsense"),
        ("!stranger", EngineStopped, "nonsense"),
        ("!endless", EngineStopped, "nonsense"),
    ],
)
def test_however_it_ends_mid_answer_it_is_said_and_the_next_ask_works(
    chat: ChatHost, word: str, kind: type[EngineFailed], sentence: str
) -> None:
    talking = chat.generate([Message("user", f"a b c {word} d")], Sampling(max_tokens=20), nothing)
    assert [next(talking) for _ in "abc"] == [Piece(1, "A "), Piece(1, "B "), Piece(1, "C ")]
    with pytest.raises(kind, match=sentence) as caught:
        list(talking)
    assert caught.value.next_step
    assert answer(chat, "and on")[0] == "AND ON "


def test_a_kill_mid_token_ends_every_ask_that_runs(chat: ChatHost) -> None:
    failures: list[EngineFailed] = []

    def ask() -> None:
        try:
            answer(chat, "a " + "!slow b " * 100)
        except EngineStopped as error:
            failures.append(error)

    answer(chat, "warm")
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    os.kill(child_of(chat), signal.SIGKILL)
    for thread in threads:
        thread.join(10)
    assert len(failures) == len({id(error) for error in failures}) == 3
    assert answer(chat, "next")[0] == "NEXT "


def test_a_host_that_was_killed_while_nobody_asked_is_replaced_unseen(chat: ChatHost) -> None:
    answer(chat, "warm")
    os.kill(child_of(chat), signal.SIGKILL)
    time.sleep(0.2)
    assert answer(chat, "next")[0] == "NEXT "


def test_a_kill_for_want_of_memory_is_told_from_another_kill(
    chat: ChatHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = count(4)
    monkeypatch.setattr(process, "_memory_kills", lambda: next(kills))
    with pytest.raises(EngineMemory, match="ran out of memory"):
        answer(chat, "a !kill")


def test_a_stopped_process_is_ended_in_time(chat: ChatHost) -> None:
    answer(chat, "warm")
    child = child_of(chat)
    os.kill(child, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(EngineHung):
        answer(chat, "stuck")
    assert time.monotonic() - started < 6
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_slow_tokens_are_not_a_hang(make: Callable[..., ChatHost]) -> None:
    chat = make(patience=Patience(start=30, token=1, request=20))
    assert answer(chat, "!slow " * 8 + "done")[0] == "DONE "


def test_work_that_never_says_anything_ends_all_the_same(make: Callable[..., ChatHost]) -> None:
    chat = make(patience=Patience(start=30, token=10, request=0.8))
    with pytest.raises(EngineHung):
        answer(chat, "!slow " * 100)


class Enough(Exception):
    pass


def test_what_go_on_raises_comes_out_and_cancels(chat: ChatHost) -> None:
    calls = []

    def go_on() -> None:
        calls.append(time.monotonic())
        if len(calls) > 4:
            raise Enough

    child_before = answer(chat, "warm") and child_of(chat)
    with pytest.raises(Enough):
        answer(chat, "!slow a " * 200, go_on=go_on)
    assert answer(chat, "next")[0] == "NEXT "
    assert child_of(chat) == child_before
    assert max(b - a for a, b in pairwise(calls)) < 0.3


def test_an_answer_that_is_walked_away_from_is_cancelled(chat: ChatHost) -> None:
    talking = chat.generate([Message("user", "!slow a " * 500)], Sampling(max_tokens=2000), nothing)
    assert isinstance(next(talking), Piece)
    talking.close()  # type: ignore[attr-defined]
    started = time.monotonic()
    assert answer(chat, "next")[0] == "NEXT "
    assert time.monotonic() - started < 1


def test_a_request_it_cannot_carry_out_leaves_the_host_as_it_is(chat: ChatHost) -> None:
    answer(chat, "warm")
    child = child_of(chat)
    with pytest.raises(RequestRejected, match="longer than the context") as caught:
        answer(chat, "x" * 5000)
    assert caught.value.next_step == "Shorten it."
    with pytest.raises(RequestRejected, match="too long"):
        answer(chat, "x" * (9 << 20))
    assert answer(chat, "next")[0] == "NEXT "
    assert child_of(chat) == child


@pytest.mark.parametrize(
    ("how", "kind", "sentence"),
    [
        ("silent", EngineHung, "in time"),
        ("nonsense", EngineStopped, "nonsense"),
        ("dies", EngineStopped, "SIGSEGV"),
        ("unguarded", EngineStopped, "guard is not on"),
        ("refuses", BundleDamaged, "shard"),
    ],
)
def test_a_host_that_never_becomes_ready_is_refused(
    make: Callable[..., ChatHost], how: str, kind: type[EngineFailed], sentence: str
) -> None:
    chat = make(how, Patience(start=1.5))
    with pytest.raises(kind, match=sentence):
        answer(chat, "secret question")


def test_a_missing_program_gives_a_sentence() -> None:
    chat = ChatHost(Path("/none"), command=("/nonexistent/python",))
    with pytest.raises(EngineFailed, match="cannot be started"):
        answer(chat, "x")


def test_one_that_fails_again_and_again_is_left_alone_for_a_while(
    make: Callable[..., ChatHost],
) -> None:
    chat = make(patience=Patience(start=30, token=5, restarts=2, window=2))
    for _ in range(3):
        with pytest.raises(EngineStopped):
            answer(chat, "!exit")
    with pytest.raises(EngineRestarting, match=r"3 times.*exit status 3"):
        answer(chat, "x")
    time.sleep(2)
    assert answer(chat, "x")[0] == "X "


def test_starting_waits_for_nothing_and_an_ask_during_it_can_be_stopped(
    make: Callable[..., ChatHost],
) -> None:
    chat = make("silent", Patience(start=30))
    started = time.monotonic()
    chat.start()
    assert time.monotonic() - started < 0.5

    def stop() -> None:
        raise Enough

    with pytest.raises(Enough):
        answer(chat, "x", go_on=stop)
    chat.close()
    with pytest.raises(EngineFailed, match="closed"):
        answer(chat, "x")
    assert time.monotonic() - started < 3


def test_closing_ends_the_host_and_what_runs_on_it(chat: ChatHost) -> None:
    talking = chat.generate([Message("user", "!slow a " * 500)], Sampling(max_tokens=2000), nothing)
    next(talking)
    child = child_of(chat)
    chat.close()
    with pytest.raises(EngineFailed, match="closed"):
        list(talking)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises(EngineFailed, match="closed"):
        answer(chat, "x")


GPU = Gpu("Words 9000")


def test_a_gpu_is_used_where_there_is_one(make: Callable[..., ChatHost]) -> None:
    chat = make(gpu=lambda: GPU)
    assert chat.device == "Words 9000"
    assert chat.note == ""


def test_a_gpu_that_takes_the_host_down_is_replaced_by_the_processor_and_that_is_said(
    make: Callable[..., ChatHost],
) -> None:
    chat = make("gpu-dies", gpu=lambda: GPU)
    assert answer(chat, "on")[0] == "ON "
    assert chat.device == "cpu"
    assert "GPU cannot be used" in chat.note
    assert "SIGSEGV" in chat.note


def test_a_gpu_that_fails_mid_answer_is_replaced_at_the_next_ask(
    make: Callable[..., ChatHost],
) -> None:
    chat = make(gpu=lambda: GPU)
    with pytest.raises(EngineStopped):
        answer(chat, "a !abort")
    assert answer(chat, "on")[0] == "ON "
    assert chat.device == "cpu"
    assert "the processor is used instead" in chat.note


def test_the_host_has_no_network_no_files_and_no_more_privileges(chat: ChatHost) -> None:
    answer(chat, "warm")
    status = Path(f"/proc/{child_of(chat)}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert chat.sandbox is not None
    assert set(chat.sandbox.guards) >= {"system_calls", "files"}


ORPHAN = f"""
import os, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
from pathlib import Path
from appliance.engine.chat.client import ChatHost
from tests.chat_engine import command
host = ChatHost(Path("/none"), command=command())
host.count(["x"])
print(host._start.host().pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_host_does_not_outlive_a_killed_desk() -> None:
    require_gone(ORPHAN)


def test_kills_at_random_moments_end_asks_and_never_mix_them(chat: ChatHost) -> None:
    dice = np.random.default_rng(11)
    ended: list[str] = []
    wrong: list[str] = []
    over = threading.Event()

    def ask(n: int) -> None:
        while not over.is_set():
            try:
                said = answer(chat, f"w{n} " * 60)[0]
                ended.append("answered")
                if said != f"W{n} " * 60:
                    wrong.append(said)
            except EngineFailed as error:
                ended.append(error.code)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        time.sleep(float(dice.uniform(0.0, 0.4)))
        try:
            os.kill(child_of(chat), signal.SIGKILL)
        except (EngineFailed, ProcessLookupError):
            continue
    over.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert not wrong
    assert set(ended) == {"answered", "engine_stopped"}


@pytest.mark.parametrize(("how", "start"), [("silent", 0.5), ("honest", 30.0)])
def test_a_host_that_does_not_even_end_when_killed_keeps_no_ask(
    how: str, start: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stuck_processes(monkeypatch) as made:
        chat = ChatHost(Path("/none"), command=command(how), patience=Patience(start, 1.0))
        started = time.monotonic()
        with pytest.raises(EngineHung):
            answer(chat, "a !hang")
        chat.close()
        assert time.monotonic() - started < 12
        assert len(made) == 1
