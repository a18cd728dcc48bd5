"""What visitors ask stays in memory, sealed, and nothing opens it once it was wiped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.memory import EphemeralHistory
from appliance.memory.ephemeral import MOST_TURNS
from appliance.memory.errors import ConversationUnknown
from appliance.values import Outcome, Turn
from appliance.vault import Tampered

TURN = Turn(
    "May my mother's visitors stay? \ud800",
    datetime(2026, 1, 5, tzinfo=UTC),
    Outcome.ANSWERED,
    None,
)


def test_turns_come_back_in_order_until_they_are_wiped() -> None:
    history = EphemeralHistory()
    second = replace(TURN, question="And at night?")
    for turn in (TURN, second):
        history.save("c1", turn)
    history.save("c2", TURN)
    assert history.turns("c1") == (TURN, second)
    assert history.earlier("c1") == (TURN, second)
    assert history.conversations() == ()
    assert history.wipe() == 3
    assert history.earlier("c1") == ()
    with pytest.raises(ConversationUnknown):
        history.turns("c2")
    assert history.wipe() == 0


def test_nothing_of_a_question_stands_in_the_open(tmp_path: Path) -> None:
    history = EphemeralHistory()
    history.save("c1", replace(TURN, question="quernstone"))
    assert b"quernstone" not in b"".join(sealed for _, _, sealed in history._turns)
    assert list(tmp_path.iterdir()) == []


def test_a_wiped_key_is_overwritten_and_opens_no_copy_of_what_it_sealed() -> None:
    history = EphemeralHistory()
    history.save("c1", TURN)
    key, copies = history._key, list(history._turns)
    assert any(key)
    history.wipe()
    assert not any(key)
    history.save("c1", TURN)
    assert history._key != key
    history._turns[:0] = copies
    with pytest.raises(Tampered):
        history.turns("c1")


def test_the_oldest_go_where_somebody_never_stops() -> None:
    history = EphemeralHistory()
    for number in range(MOST_TURNS + 5):
        history.save("c1", replace(TURN, question=f"question {number}"))
    turns = history.turns("c1")
    assert len(turns) == MOST_TURNS
    assert turns[0].question == "question 5"


@pytest.mark.parametrize("end", ["close", "abandon", "delete"])
def test_every_end_is_a_wipe(end: str) -> None:
    history = EphemeralHistory()
    history.save("c1", TURN)
    getattr(history, end)(*(("c1",) if end == "delete" else ()))
    assert not any(history._key)
    assert history.earlier("c1") == ()
