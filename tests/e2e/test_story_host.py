"""What the real host keeps between asks, does at once and lets go of, in tokens."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.engine.chat import client, warming
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.errors import EngineStopped
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.process import HostProcess
from appliance.engine.decoding.request import (
    Ending,
    Finished,
    Message,
    Piece,
    Sampling,
)
from tests import storyteller
from tests.storyteller import BEGIN, Installed, told

pytestmark = pytest.mark.shared
SYSTEM = Message(
    "system",
    "Once upon a time there was a girl called Lily. She liked to play in the park with her dog. "
    "Her mom said that she must be home when the sun goes down. One day the dog ran away.",
)
STARTS = (BEGIN, "One day, Tom saw", "The sun was", "Lily and her mom")
SHORT = Sampling(max_tokens=30)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    storyteller.require_there()
    folder = tmp_path_factory.mktemp("stories")
    storyteller.trust(folder / "config")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        yield storyteller.installed(storyteller.build(folder), folder / "models")


@pytest.fixture
def make(model: Installed) -> Iterator[Callable[..., ChatHost]]:
    made: list[ChatHost] = []

    def host(prefixes: PrefixStore | None = None, *, exact: bool = False) -> ChatHost:
        made.append(
            ChatHost(
                model.folder,
                command=storyteller.HOST,
                exact=exact,
                system=(SYSTEM,),
                prefixes=prefixes,
            )
        )
        return made[-1]

    yield host
    for one in made:
        one.close()


@pytest.fixture
def chat(make: Callable[..., ChatHost]) -> ChatHost:
    return make()


def test_what_asks_and_turns_have_in_common_is_computed_once(chat: ChatHost) -> None:
    system = chat.count([SYSTEM.text])[0]
    assert system > 50
    first = Message("user", "Who ran away?")
    told(chat, [SYSTEM, Message("user", "Where is the dog?")], SHORT)
    said, one = told(chat, [SYSTEM, first], SHORT)
    assert one.prompt_tokens > one.cached_tokens >= system
    then = Message("user", "And what did she do?")
    _, two = told(chat, [SYSTEM, first, Message("assistant", said), then], SHORT)
    assert two.cached_tokens >= one.prompt_tokens - 1
    assert two.prompt_tokens > two.cached_tokens
    _, again = told(chat, [SYSTEM, first], SHORT)
    assert again.cached_tokens >= one.prompt_tokens - 1


def test_what_is_kept_changes_nothing_that_is_said(make: Callable[..., ChatHost]) -> None:
    asks = [[SYSTEM, Message("user", start)] for start in STARTS]
    used = make()
    for messages in asks:
        told(used, messages, SHORT)
    for messages in asks:
        fresh = make()
        assert told(used, messages, SHORT)[0] == told(fresh, messages, SHORT)[0]
        fresh.close()


def test_after_a_restart_the_sealed_system_prompt_is_there_before_the_first_ask(
    make: Callable[..., ChatHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(PrefixStore(tmp_path / "kept", bytes(32)))
    first.start()
    sealed = _wait(lambda: list(tmp_path.rglob("*.sealed")))
    first.close()
    assert SYSTEM.text.encode()[:30] not in sealed[0].read_bytes()
    kept = threading.Event()
    keep = warming.keep_prefix

    def noted(*given: object) -> None:
        keep(*given)  # type: ignore[arg-type]
        kept.set()

    monkeypatch.setattr(client, "keep_prefix", noted)
    monkeypatch.setattr(PrefixStore, "write", None)  # nothing is computed and kept anew
    second = make(PrefixStore(tmp_path / "kept", bytes(32)))
    second.start()
    assert kept.wait(20)
    _, finished = told(second, [SYSTEM, Message("user", "Who ran away?")], SHORT)
    assert finished.cached_tokens >= second.count([SYSTEM.text])[0]
    assert second.notice == ""


def _wait(found: Callable[[], list[Path]]) -> list[Path]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if paths := found():
            return paths
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_four_at_once_are_told_what_they_are_told_one_after_another(chat: ChatHost) -> None:
    sampling = Sampling(max_tokens=120)
    wanted = {start: told(chat, [Message("user", start)], sampling) for start in STARTS}
    got: dict[str, tuple[str, Finished]] = {}
    gate = threading.Barrier(len(STARTS))

    def ask(start: str) -> None:
        gate.wait()
        got[start] = told(chat, [Message("user", start)], sampling)

    threads = [threading.Thread(target=ask, args=(start,)) for start in STARTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {start: text for start, (text, _) in got.items()} == {
        start: text for start, (text, _) in wanted.items()
    }
    assert all(finished.new_tokens for _, finished in got.values())


def test_every_way_to_choose_tokens_works_behind_the_guards(chat: ChatHost) -> None:
    chosen = Sampling(
        temperature=0.9, top_p=0.95, top_k=40, repetition_penalty=1.1, seed=5, max_tokens=60
    )
    first, _ = told(chat, [Message("user", BEGIN)], chosen)
    assert told(chat, [Message("user", BEGIN)], chosen)[0] == first
    assert told(chat, [Message("user", BEGIN)], replace(chosen, seed=6))[0] != first
    text, finished = told(chat, [Message("user", BEGIN)], Sampling(stops=(" Lily",)))
    assert (text[-6:], finished.ending) == (" named", Ending.STOP)


def test_what_one_arithmetic_has_kept_is_not_for_the_other(
    make: Callable[..., ChatHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(client, "keep_prefix", lambda _host, ready, *_: said.put(ready.fingerprint))
    fingerprints = []
    for exact in (False, True, True):
        make(exact=exact).start()
        fingerprints.append(said.get(timeout=60))
    fast, one, other = fingerprints
    assert fast != one == other


def child_of(chat: ChatHost) -> HostProcess:
    start = chat._start  # the one thing the public side does not show
    assert start is not None
    return start.host()


def test_a_cancelled_answer_ends_within_one_token(
    chat: ChatHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is held still while it is told, so that nothing but its own pace counts."""
    come: list[Piece | Finished] = []
    deliver = HostProcess._deliver

    def noted(self: HostProcess, report: object) -> None:
        if isinstance(report, Piece | Finished):
            come.append(report)
        deliver(self, report)  # type: ignore[arg-type]

    chat.count(["warm"])
    monkeypatch.setattr(HostProcess, "_deliver", noted)
    talking = chat.generate([Message("user", BEGIN)], Sampling(max_tokens=400), lambda: None)
    for _ in range(3):
        assert isinstance(next(talking), Piece)
    child = child_of(chat).pid
    os.kill(child, signal.SIGSTOP)
    time.sleep(0.1)  # what it had said is read
    number, before = come[0].request, len(come)
    talking.close()  # type: ignore[attr-defined]
    os.kill(child, signal.SIGCONT)
    told(chat, [Message("user", "The sun")], Sampling(max_tokens=1))
    late = [report for report in come[before:] if report.request == number]
    end = late[-1]
    assert isinstance(end, Finished)
    assert end.ending is Ending.CANCELLED
    assert len(late) <= 2  # one token's text, and the end
    assert end.new_tokens < 400


def test_a_kill_in_the_middle_of_a_word_ends_that_answer_alone(chat: ChatHost) -> None:
    wanted = told(chat, [Message("user", BEGIN)], SHORT)[0]
    talking = chat.generate([Message("user", BEGIN)], Sampling(max_tokens=400), lambda: None)
    next(talking)
    os.kill(child_of(chat).pid, signal.SIGKILL)
    with pytest.raises(EngineStopped, match="SIGKILL") as caught:
        list(talking)
    assert caught.value.next_step
    assert told(chat, [Message("user", BEGIN)], SHORT)[0] == wanted
