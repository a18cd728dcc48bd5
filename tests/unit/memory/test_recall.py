"""A conversation is found again by its words and by what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import StorageFull
from appliance.memory import recall
from appliance.memory.errors import ConversationUnknown, TitleUnusable, TurnUnknown
from appliance.memory.history import History
from appliance.values import VECTOR_SIZE, Judgement, Outcome, Turn, Vectors
from tests.unit.memory.material import KEY, NOON, Marks
from tests.unit.memory.test_history import TURN, reopened

MEANINGS = ("pain morphine opioid", "leave holiday absence", "key cabinet lock")


class Encoding:
    """Each of a few meanings is a direction; what has none lies apart."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return np.stack([self._vector(text.casefold()) for text in texts])

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(VECTOR_SIZE, np.float32)
        for place, words in enumerate(MEANINGS):
            vector[place] = sum(word in text for word in words.split())
        if not vector.any():
            vector[VECTOR_SIZE - 1] = 1
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def history(tmp_path: Path, marks: Marks) -> Iterator[History]:
    made = History.create(
        tmp_path / "store.duckdb", KEY, spill=tmp_path / "spill", person="p1", on_mark=marks
    )
    made.save("pain", TURN)
    made.save("leave", asked("How is parental leave requested?"))
    made.save("keys", asked("Who keeps the keys of the cabinet?"))
    yield made
    made.close()


def asked(question: str, record: int = 21) -> Turn:
    return Turn(question, NOON + timedelta(hours=1), Outcome.CANCELLED, None, "", record)


def found(history: History, text: str, encode: Encoding | None = None) -> list[str]:
    return [place.conversation for place in history.find(text, encode or Encoding())]


def test_words_find_it_in_the_question_the_answer_and_the_title_of_its_source(
    history: History,
) -> None:
    assert found(history, "parental")[0] == "leave"
    assert found(history, "perhaps")[0] == "pain"
    assert found(history, "Morphine")[0] == "pain"


def test_meaning_finds_what_shares_no_word(history: History) -> None:
    (place,) = history.find("opioid", Encoding())
    assert (place.conversation, place.worded) == ("pain", False)
    assert place.similarity > 0.5


def test_what_neither_words_nor_meaning_reach_is_not_found(history: History) -> None:
    assert found(history, "ferry") == []


def test_each_turn_is_encoded_once_and_then_remembered(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    encode = Encoding()
    found(history, "leave", encode)
    found(history, "leave", encode)
    assert sorted(encode.texts.count(text) for text in set(encode.texts)) == [1, 1, 1, 2]
    again = reopened(history, tmp_path, marks)
    later = Encoding()
    assert found(again, "parental", later)[0] == "leave"
    assert later.texts == ["parental"]
    again.close()


def test_what_is_asked_after_a_search_is_found_by_the_next(history: History) -> None:
    assert found(history, "holiday") == ["leave"]
    history.save("later", asked("When does the holiday begin?"))
    assert found(history, "holiday")[0] == "later"
    history.save("later", asked("And the absence?"))
    numbers = [p.number for p in history.find("absence", Encoding()) if p.conversation == "later"]
    assert numbers[0] == 1


def test_a_deleted_conversation_is_found_by_nothing(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    assert found(history, "parental")
    history.delete("leave")
    assert "leave" not in found(history, "parental")
    history.save("new", asked("How is parental leave requested?"))
    assert found(history, "parental") == ["new"]
    again = reopened(history, tmp_path, marks)
    assert found(again, "parental") == ["new"]
    again.close()


def test_nothing_of_a_deleted_conversation_stays_in_any_table(history: History) -> None:
    found(history, "leave")
    history.pin("leave", pinned=True)
    history.judge("leave", 21, Judgement(True, "", NOON))
    history.delete("leave")
    for table in ("conversations", "turns", "kept", "judged", "recall"):
        rows = history._store.read(f"SELECT * FROM {table}")  # noqa: S608 - fixed names
        assert not any("leave" in row for row in rows)


def test_a_turn_that_cannot_be_read_hinders_no_search(history: History) -> None:
    with history._store.transaction() as transaction:
        transaction.execute("UPDATE turns SET body = '{' WHERE conversation = 'leave'")
    assert found(history, "parental") == []
    assert found(history, "cabinet") == ["keys"]


def test_a_search_says_how_many_turns_it_has_not_looked_at(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "BATCH", 1)
    monkeypatch.setattr(recall, "AT_ONCE", 2)
    assert history.unsearched() == 3
    assert found(history, "morphine") == []  # the oldest of the three
    assert history.unsearched() == 1
    assert found(history, "morphine") == ["pain"]
    assert history.unsearched() == 0


def test_where_nothing_can_be_written_what_is_known_is_searched(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(history, "parental") == ["leave"]
    history.save("later", asked("When does parental leave begin?"))

    def no_room(*_: object) -> None:
        raise StorageFull("The disk is full.")

    monkeypatch.setattr(recall.Recall, "_stored", no_room)
    assert found(history, "parental") == ["leave"]
    assert history.unsearched() == 1


def test_pinned_conversations_come_first_and_folders_are_kept(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    history.pin("pain", pinned=True)
    history.put("keys", "  Night \n shift ")
    again = reopened(history, tmp_path, marks)
    listed = again.conversations()
    assert listed[0].id == "pain"
    assert {one.id: one.folder for one in listed} == {
        "pain": "",
        "keys": "Night shift",
        "leave": "",
    }
    again.pin("pain", pinned=False)
    again.put("keys", "")
    assert not any(one.pinned or one.folder for one in again.conversations())
    again.close()


@pytest.mark.parametrize("name", ["", " \n", "x" * 81])
def test_a_title_is_one_to_eighty_characters(history: History, name: str) -> None:
    with pytest.raises(TitleUnusable):
        history.rename("pain", name)
    with pytest.raises(TitleUnusable):
        history.put("pain", name + "y" * 81)
    assert history.turns("pain")
    assert {one.title for one in history.conversations()} >= {TURN.question}


def test_a_judgement_is_of_a_turn_that_is_there_and_the_last_one_counts(history: History) -> None:
    history.judge("pain", 17, Judgement(True, "", NOON))
    history.judge("pain", 17, Judgement(False, "Too short.", NOON))
    assert history.turns("pain")[0].judgement == Judgement(False, "Too short.", NOON)
    with pytest.raises(TurnUnknown):
        history.judge("pain", 21, Judgement(True, "", NOON))
    history.save("pain", replace(TURN, record=-1))
    with pytest.raises(TurnUnknown):
        history.judge("pain", -1, Judgement(True, "", NOON))


def test_what_is_not_there_cannot_be_put_in_order(history: History) -> None:
    judgement = Judgement(True, "", NOON)
    with pytest.raises(ConversationUnknown):
        history.pin("none", pinned=True)
    with pytest.raises(ConversationUnknown):
        history.put("none", "x")
    with pytest.raises(ConversationUnknown):
        history.judge("none", 17, judgement)
