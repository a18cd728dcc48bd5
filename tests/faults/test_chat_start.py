"""A chat host that cannot be started is known to be so, and tried again where that may help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.engine.chat import starting
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.errors import EngineRestarting, EngineStopped
from appliance.engine.chat.process import Patience
from appliance.engine.decoding.request import Finished, Message, Sampling
from appliance.engine.errors import BundleDamaged, ContextShort
from appliance.errors import EngineFailed
from appliance.language_model import written_by
from tests.chat_engine import command


@pytest.fixture
def make() -> Iterator[Callable[..., ChatHost]]:
    made: list[ChatHost] = []

    def host(how: str = "honest", **more: object) -> ChatHost:
        usual: dict[str, object] = {"patience": Patience(start=30, token=2)}
        made.append(ChatHost(Path("/none"), command=command(how), **(usual | more)))  # type: ignore[arg-type]
        return made[-1]

    yield host
    for one in made:
        one.close()


def settled(chat: ChatHost) -> EngineFailed | None:
    chat.start()
    end = time.monotonic() + 30
    while chat.starting and time.monotonic() < end:
        time.sleep(0.02)
    return chat.problem


def test_one_that_starts_has_no_problem(make: Callable[..., ChatHost]) -> None:
    chat = make(model="words@0123456789ab")
    assert (chat.problem, chat.starting) == (None, False)
    assert settled(chat) is None
    said = written_by(chat, allowed=True)
    assert (said.works, said.starting, said.note) == (True, False, "")


def test_a_damaged_model_stays_one_whatever_time_passes(
    make: Callable[..., ChatHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "RETRY", 0.0)
    chat = make("refuses", model="words@1")
    assert isinstance(settled(chat), BundleDamaged)
    said = written_by(chat, allowed=True)
    assert not said.works
    assert "not the file it should be" in said.note
    assert "quoted from your documents" in said.note


def test_what_may_pass_is_tried_again_after_a_while(
    make: Callable[..., ChatHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = make("dies")
    assert isinstance(settled(chat), EngineStopped)
    monkeypatch.setattr(starting, "RETRY", 0.0)
    assert chat.problem is None


def test_a_model_of_too_short_texts_is_not_used(make: Callable[..., ChatHost]) -> None:
    chat = make(least_context=5_000)
    problem = settled(chat)
    assert isinstance(problem, ContextShort)
    assert "takes 4,096 tokens at once; answers need 5,000" in problem.sentence


def test_one_that_died_later_is_started_anew_and_is_no_problem(
    make: Callable[..., ChatHost],
) -> None:
    chat = make()
    with pytest.raises(EngineStopped):
        list(chat.generate([Message("user", "a !kill")], Sampling(), lambda: None))
    assert chat.problem is None
    chat.wait(lambda: None)


def test_one_that_fails_again_and_again_is_known_to_until_the_window_is_over(
    make: Callable[..., ChatHost],
) -> None:
    chat = make(patience=Patience(start=30, token=2, restarts=1, window=600))
    for _ in range(2):
        with pytest.raises(EngineStopped):
            list(chat.generate([Message("user", "a !kill")], Sampling(), lambda: None))
    assert isinstance(chat.problem, EngineRestarting)
    with pytest.raises(EngineRestarting):
        chat.wait(lambda: None)


def test_one_that_rests_is_started_by_the_next_ask(make: Callable[..., ChatHost]) -> None:
    chat = make()
    chat.wait(lambda: None)
    chat.rest()
    assert (chat.problem, chat.starting) == (None, False)
    said = list(chat.generate([Message("user", "a b")], Sampling(), lambda: None))
    assert isinstance(said[-1], Finished)


def test_without_a_model_there_is_none_to_write() -> None:
    said = written_by(None, allowed=True)
    assert (said.model, said.works, said.note) == ("", True, "")
