"""protocols.History: a turn that was saved is there, whole, after a crash too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.memory import History
from appliance.protocols import History as Saving
from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    Outcome,
    StoreMark,
    Turn,
)
from tests.contract.fakes import NOON, MemoryHistory, passage

TEXT = "Apixaban is stopped 48 hours before.\tThen it waits."
ANSWER = Answer(
    (AnswerSentence("Apixaban is stopped 48 hours before.", (1,)),),
    (Citation(1, passage(7, TEXT), 0, 36),),
    AnswerMode.QUOTE, "bag@1", 0.875, 0.5, 0.25,
)  # fmt: skip
TURN = Turn("When is apixaban stopped?", NOON, Outcome.ANSWERED, ANSWER, record=4)
REFUSED = Turn("How do I delete the log?", NOON, Outcome.REFUSED, None, "No.", 6)


@dataclass(frozen=True)
class Part:
    history: Saving
    turns: Callable[[str], list[Turn]]
    after_a_crash: Callable[[], Callable[[str], list[Turn]]]


def of_memory() -> Part:
    fake = MemoryHistory()

    def turns(conversation: str) -> list[Turn]:
        return [turn for name, turn in fake.turns if name == conversation]

    return Part(fake, turns, lambda: turns)


def of_store(folder: Path, opened: list[History]) -> Part:
    marks: list[StoreMark] = []
    path, spill, key = folder / "store.duckdb", folder / "spill", bytes(range(32))
    real = History.create(path, key, spill=spill, person="p-anna", on_mark=marks.append)
    opened.append(real)

    def reopened() -> Callable[[str], list[Turn]]:
        opened.pop().abandon()
        opened.append(History.open(path, key, spill=spill, person="p-anna", mark=marks[-1],
                                   on_mark=marks.append))  # fmt: skip
        return lambda conversation: list(opened[-1].turns(conversation))

    return Part(real, lambda conversation: list(real.turns(conversation)), reopened)


@pytest.fixture(params=["fake", "store"])
def part(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Part]:
    opened: list[History] = []
    yield of_memory() if request.param == "fake" else of_store(tmp_path, opened)
    for history in opened:
        history.close()


def test_an_answer_comes_back_whole_with_its_citations(part: Part) -> None:
    part.history.save("c1", TURN)
    assert part.turns("c1") == [TURN]


def test_turns_stand_in_the_order_they_were_asked(part: Part) -> None:
    asked = [replace(TURN, question=f"Question {number}?") for number in range(5)]
    for turn in asked:
        part.history.save("c1", turn)
    assert part.turns("c1") == asked


def test_what_was_not_answered_keeps_its_reason(part: Part) -> None:
    failed = replace(REFUSED, outcome=Outcome.FAILED, note="The engine failed.")
    for turn in (REFUSED, failed):
        part.history.save("c1", turn)
    assert part.turns("c1") == [REFUSED, failed]


def test_conversations_are_kept_apart(part: Part) -> None:
    part.history.save("c1", TURN)
    part.history.save("c2", REFUSED)
    assert (part.turns("c1"), part.turns("c2")) == ([TURN], [REFUSED])


def test_what_was_saved_is_there_after_a_crash(part: Part) -> None:
    part.history.save("c1", TURN)
    part.history.save("c1", REFUSED)
    assert part.after_a_crash()("c1") == [TURN, REFUSED]


@pytest.mark.parametrize(
    "text",
    ["x" * 8_000, "Wie viel? 何ミリ؟ 👩🏽‍⚕️", "line\nbreak\ttab", "'; DROP TABLE turns; --"],
    ids=["long", "scripts", "breaks", "statement"],
)
def test_a_question_is_kept_as_it_was_typed(part: Part, text: str) -> None:
    turn = replace(TURN, question=text)
    part.history.save("c1", turn)
    assert part.turns("c1") == [turn]


def test_threads_lose_no_turn(part: Part) -> None:
    asked = [replace(TURN, question=f"Question {number}?") for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda turn: part.history.save("c1", turn), asked))
    assert sorted(t.question for t in part.turns("c1")) == sorted(t.question for t in asked)


def test_the_turns_so_far_are_those_of_this_conversation_and_none_of_a_new_one(part: Part) -> None:
    part.history.save("c1", TURN)
    part.history.save("c2", REFUSED)
    assert part.history.earlier("c1") == (TURN,)
    assert part.history.earlier("c3") == ()
