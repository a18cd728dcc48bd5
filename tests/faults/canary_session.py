"""A person's session that ends in a crash: import, ask, cancel, lock, unlock, SIGKILL.

Run as a program: `python -m tests.faults.canary_session FOLDER CRASH`; CRASH says where it dies.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast
from unittest import mock

from appliance.app import Appliance, Cancellation, open_appliance
from appliance.values import (
    Answered,
    AnswerMode,
    Cancelled,
    Found,
    ImportProgress,
    ImportState,
    Question,
    Token,
    Verdict,
)
from tests.faults.canary import SECRETS

if TYPE_CHECKING:
    from appliance.engine.chat.client import ChatHost

PAGE, PAPER, MEMO = (
    SECRETS[name] for name in ("a web page's text", "a PDF's text", "a Word file's text")
)
CRASHES = ("ask", "between documents", "within a document's commit")


def die(*_: object) -> NoReturn:
    print("crashing", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL was survived")


def work(appliance: Appliance, folder: Path) -> str:
    """Returns the collection's id."""
    print(appliance.create(SECRETS["person"], SECRETS["passphrase"]), flush=True)
    ward = appliance.create_collection(SECRETS["collection"])
    states = [e.state for e in appliance.add(ward.id, [folder / "documents"])
              if isinstance(e, ImportProgress)]  # fmt: skip
    assert states == [ImportState.ADDED] * 3, states
    for word in (PAGE, PAPER, MEMO):
        last = list(appliance.ask(f"How long may the {word} stay?"))[-1]
        assert isinstance(last, Answered), last
        assert any(word in sentence.text for sentence in last.answer.sentences), word
    list(appliance.ask(f"Where may the {SECRETS['question']} be kept?"))
    stop = Cancellation()
    for event in appliance.ask(f"Where is the {PAPER} kept?", cancellation=stop):
        if isinstance(event, Found):
            stop.cancel()
    write(appliance)
    appliance.lock()
    appliance.unlock(SECRETS["passphrase"])
    return ward.id


def write(appliance: Appliance) -> None:
    """An answer that a language model writes, and one that is broken off half way."""
    from tests.contract.fakes import ScriptedHost  # late: it imports what starts threads

    desk = appliance._sitting.desk
    assert desk is not None
    paper, secret = f"The {PAPER} may stay for five days", SECRETS["written answer"]
    written = ScriptedHost(f"{paper} [1][2][3]. The {secret} may stay [1].")
    desk.writer = cast("ChatHost", written)
    quoting = desk.policy.decide

    def writing(question: Question) -> Verdict:
        verdict = quoting(question)
        wider = replace(verdict.obligations, mode=AnswerMode.GENERATE, cite="marked")
        return replace(verdict, obligations=wider)

    with mock.patch.object(desk.policy, "decide", writing):
        last = list(appliance.ask(f"How long may the {PAPER} stay?"))[-1]
        assert isinstance(last, Answered), last
        assert last.answer.mode is AnswerMode.GENERATE
        assert secret in last.answer.sentences[-1].text
        stop = Cancellation()
        for event in appliance.ask(f"Where is the {PAPER} kept?", cancellation=stop):
            if isinstance(event, Token):
                stop.cancel()
        assert isinstance(event, Cancelled), event


def crash(appliance: Appliance, collection: str, folder: Path, where: str) -> None:
    if where == "ask":
        for step in appliance.ask(f"Who feeds the {PAGE}?"):
            if isinstance(step, Found):
                die()
    for event in appliance.add(collection, [folder / "more"]):
        if isinstance(event, ImportProgress) and event.state is ImportState.ADDED:
            if where == "between documents":
                die()
            desk = appliance._sitting.desk
            assert desk is not None
            # The next document's rows are then in the store, and its mark is not in the log.
            mock.patch.object(desk.ledger.log, "note_store", die).start()


def main() -> int:
    folder, where = Path(sys.argv[1]), sys.argv[2]
    assert where in CRASHES, where
    appliance = open_appliance(folder / "data")
    crash(appliance, work(appliance, folder), folder, where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
