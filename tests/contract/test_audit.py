"""protocols.Audit: one opening record, one closing record, or an error and nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from appliance.audit import Log
from appliance.errors import CloisterError, LogUnwritable
from appliance.ledger import Ledger
from appliance.protocols import Audit
from appliance.values import Obligations, Outcome, Verdict
from appliance.vault import Session
from tests.contract.fakes import MemoryAudit, TickingClock, question

ALLOWED = Verdict(True, ("members-ask",), ("fake@1",), "00" * 32, Obligations())
DENIED = replace(ALLOWED, allowed=False, policies=("default-deny",))
FIRST, SECOND = (replace(question("What is the dose?"), id=name) for name in ("q1", "q2"))
Written = list[tuple[str, str, str]]


@dataclass(frozen=True)
class Part:
    audit: Audit
    written: Callable[[], Written]
    fill_the_disk: Callable[[], None]


def of_memory() -> Part:
    fake = MemoryAudit()
    return Part(fake, lambda: list(fake.records), lambda: setattr(fake, "broken", True))


def of_log(log: Log, audit: Audit, monkeypatch: pytest.MonkeyPatch) -> Part:
    def written() -> Written:
        records = log.records(0, log.size)
        return [(r.action, dict(r.fields)["ask"], r.outcome)
                for r in records if r.action.startswith("ask.")]  # fmt: skip

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    return Part(audit, written, lambda: monkeypatch.setattr(os, "pwrite", full))


@pytest.fixture(params=["fake", "log", "ledger"])
def part(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Part]:
    if request.param == "fake":
        yield of_memory()
        return
    log = Log.create(tmp_path / "audit", "cloister/contract", bytes(32), TickingClock())
    audit: Audit = log
    if request.param == "ledger":
        session: Session = request.getfixturevalue("vault_session")
        audit = Ledger(log, session)
    yield of_log(log, audit, monkeypatch)
    monkeypatch.undo()
    log.close()


def test_an_ask_leaves_an_opening_and_a_closing_record_in_this_order(part: Part) -> None:
    opened = part.audit.open_ask(FIRST, ALLOWED)
    assert [(a, q) for a, q, _ in part.written()] == [("ask.opened", "q1")]
    closed = part.audit.close_ask(FIRST, Outcome.ANSWERED, None)
    assert closed == opened + 1
    assert part.written()[-1] == ("ask.closed", "q1", "answered")


def test_a_refused_ask_is_recorded_like_any_other(part: Part) -> None:
    part.audit.open_ask(FIRST, DENIED)
    part.audit.close_ask(FIRST, Outcome.REFUSED, None)
    assert [(a, q) for a, q, _ in part.written()] == [("ask.opened", "q1"), ("ask.closed", "q1")]
    assert part.written()[-1][2] == "refused"


def test_a_second_closing_is_refused_and_leaves_no_record(part: Part) -> None:
    part.audit.open_ask(FIRST, ALLOWED)
    part.audit.close_ask(FIRST, Outcome.ANSWERED, None)
    with pytest.raises(CloisterError) as refused:
        part.audit.close_ask(FIRST, Outcome.CANCELLED, None)
    assert refused.value.code == "ask_already_closed"
    assert len(part.written()) == 2


def test_what_was_never_opened_cannot_be_closed(part: Part) -> None:
    with pytest.raises(CloisterError):
        part.audit.close_ask(FIRST, Outcome.ANSWERED, None)
    assert part.written() == []


def test_an_ask_is_opened_once(part: Part) -> None:
    part.audit.open_ask(FIRST, ALLOWED)
    with pytest.raises(CloisterError):
        part.audit.open_ask(FIRST, ALLOWED)
    assert len(part.written()) == 1


def test_asks_run_beside_each_other(part: Part) -> None:
    part.audit.open_ask(FIRST, ALLOWED)
    part.audit.open_ask(SECOND, ALLOWED)
    part.audit.close_ask(SECOND, Outcome.FAILED, None, "engine_failed")
    part.audit.close_ask(FIRST, Outcome.CANCELLED, None)
    assert part.written()[2:] == [("ask.closed", "q2", "failed"), ("ask.closed", "q1", "cancelled")]


@pytest.mark.parametrize("step", ["open", "close"])
def test_a_full_disk_raises_instead_of_going_on_unlogged(part: Part, step: str) -> None:
    if step == "close":
        part.audit.open_ask(FIRST, ALLOWED)
    part.fill_the_disk()
    act = {
        "open": partial(part.audit.open_ask, FIRST, ALLOWED),
        "close": partial(part.audit.close_ask, FIRST, Outcome.ANSWERED, None),
    }[step]
    with pytest.raises(LogUnwritable) as broken:
        act()
    assert broken.value.sentence
    assert broken.value.next_step


def test_threads_get_a_record_each(part: Part) -> None:
    asked = [replace(FIRST, id=f"q{number}") for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda q: part.audit.open_ask(q, ALLOWED), asked))
        seen += threads.map(lambda q: part.audit.close_ask(q, Outcome.ANSWERED, None), asked)
    assert len(set(seen)) == 24
    assert len(part.written()) == 24
