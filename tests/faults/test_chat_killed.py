"""An ask whose model is killed in the middle of a word is closed as failed; the next one works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.assistant import Parts, ask
from appliance.audit import Log
from appliance.clock import now
from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.process import Patience
from appliance.ledger import Ledger
from appliance.values import (
    Answered,
    AnswerMode,
    Cancelled,
    Event,
    Failed,
    Obligations,
    Question,
    Token,
)
from appliance.vault import Vault
from tests.chat_engine import command
from tests.contract.fakes import (
    AnySeat,
    BagEncoder,
    ListFinder,
    MemoryHistory,
    RolePolicy,
    TickingClock,
    question,
)

TEXTS = ("Give apixaban 5 mg twice daily.", "Wash your hands before each contact.")


def asked(text: str, name: str) -> Question:
    return replace(question(text), id=name, conversation=name)


@dataclass
class Bench:
    """The real main path on a real vault and log; the model's host is a real child process."""

    parts: Parts
    chat: ChatHost
    log: Log

    def ask(self, text: str, name: str) -> list[Event]:
        return list(ask(asked(text, name), self.parts, lambda: False))

    def closings(self) -> list[tuple[str, str]]:
        """(outcome, code) of every closing record, from the log itself."""
        return [
            (record.outcome, dict(record.fields).get("code", ""))
            for record in self.log.records(0, self.log.size)
            if record.action == "ask.closed"
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    session, _ = Vault(tmp_path).create("Anna", "seven lanterns over quiet water", now=now())
    log = Log.create(tmp_path / "audit", "cloister/test", session.vault_subkey("audit"), now)
    chat = ChatHost(
        Path("/none"), command=command(), patience=Patience(start=30, token=1, restarts=9)
    )
    policy = RolePolicy(obligations=Obligations(mode=AnswerMode.GENERATE, cite="marked"))
    parts = Parts(
        policy,
        Ledger(log, session),
        ListFinder(TEXTS),
        Answering(BagEncoder(), chat),
        MemoryHistory(),
        TickingClock(),
        AnySeat(),
    )
    yield Bench(parts, chat, log)
    chat.close()
    log.close()
    session.close()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("!kill", "engine_stopped"),
        ("!hang", "engine_hung"),
        ("!memory", "engine_memory"),
        ("!garbage", "engine_stopped"),
    ],
)
def test_it_is_failed_in_the_log_said_to_the_person_and_the_next_ask_works(
    bench: Bench, word: str, code: str
) -> None:
    events = bench.ask(f"What dose of apixaban is {word} given twice daily?", "a" * 32)
    assert any(isinstance(event, Token) for event in events)
    last = events[-1]
    assert isinstance(last, Failed)
    assert (last.code, bench.closings()) == (code, [("failed", code)])
    assert last.sentence
    assert last.hint
    assert isinstance(bench.ask("What dose of apixaban is given?", "b" * 32)[-1], Answered)
    assert bench.closings()[1:] == [("answered", "")]


def test_an_ask_that_is_stopped_while_it_is_written_is_cancelled_in_the_host_too(
    bench: Bench,
) -> None:
    stopped: list[bool] = []
    events = []
    for event in ask(
        asked("What dose " + "!slow a " * 200, "c" * 32), bench.parts, lambda: bool(stopped)
    ):
        events.append(event)
        if isinstance(event, Token):
            stopped.append(True)
    assert isinstance(events[-1], Cancelled)
    assert bench.closings() == [("cancelled", "")]
    assert isinstance(bench.ask("What dose of apixaban is given?", "d" * 32)[-1], Answered)
