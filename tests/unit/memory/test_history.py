"""What a person asked, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import StorageFull
from appliance.memory import record
from appliance.memory.errors import ConversationUnknown, RecordUnreadable, WrongStoreKey
from appliance.memory.history import History
from appliance.memory.store import Store
from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    Outcome,
    PageSpan,
    Passage,
    Turn,
)
from tests.unit.memory.material import KEY, NOON, OTHER_KEY, Marks

PASSAGE = Passage(
    "ward", "d1", 4, "Morphine", "Give 10 mg. Wait.", ((0, 11), (12, 17)), ("Dosing",),
    (PageSpan(0, 3, 10, 17),), False,
)  # fmt: skip
ANSWER = Answer(
    (AnswerSentence("Give 10 mg.", (1,)), AnswerSentence("Perhaps.", (), False)),
    (Citation(1, PASSAGE, 0, 11),),
    AnswerMode.QUOTE,
    "minilm",
    0.75,
    0.5,
    0.123,
)
TURN = Turn("How much morphine?", NOON, Outcome.ANSWERED, ANSWER, "", 17)


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def history(tmp_path: Path, marks: Marks) -> Iterator[History]:
    made = History.create(
        tmp_path / "store.duckdb", KEY, spill=tmp_path / "spill", person="p1", on_mark=marks
    )
    yield made
    made.close()


def reopened(history: History, folder: Path, marks: Marks, key: bytes = KEY) -> History:
    history.close()
    return History.open(
        folder / "store.duckdb",
        key,
        spill=folder / "spill",
        person="p1",
        mark=marks.newest("person/p1"),
        on_mark=marks,
    )


def test_a_conversation_comes_back_as_it_was(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    refusal = Turn("And now?", NOON + timedelta(minutes=1), Outcome.REFUSED, None, "Not allowed.")
    history.save("c1", TURN)
    history.save("c1", refusal)
    again = reopened(history, tmp_path, marks)
    assert again.turns("c1") == (TURN, refusal)
    (conversation,) = again.conversations()
    assert (conversation.id, conversation.title, conversation.turns) == ("c1", TURN.question, 2)
    assert conversation.updated == refusal.asked
    again.close()


def test_a_turn_is_durable_when_save_returns(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    history.save("c1", TURN)
    history.abandon()
    again = reopened(history, tmp_path, marks)
    assert again.turns("c1") == (TURN,)
    again.close()


def test_the_newest_conversation_comes_first(history: History) -> None:
    for minute, name in enumerate(("c1", "c2", "c3")):
        history.save(name, replace(TURN, asked=NOON + timedelta(minutes=minute)))
    history.save("c1", replace(TURN, asked=NOON + timedelta(hours=1)))
    assert [one.id for one in history.conversations()] == ["c1", "c3", "c2"]


def test_a_deleted_conversation_is_gone_with_its_turns(history: History) -> None:
    history.save("c1", TURN)
    history.save("c2", TURN)
    history.delete("c1")
    assert [one.id for one in history.conversations()] == ["c2"]
    for call in (history.turns, history.delete):
        with pytest.raises(ConversationUnknown):
            call("c1")
    with pytest.raises(ConversationUnknown):
        history.rename("c1", "x")


def lying(history: History, table: str = "turns", column: str = "body") -> int:
    """How many turns lie in the store's file, deleted or not: by rows as they are stored."""
    history.checkpoint()
    rows = history._store.read(
        f"SELECT count FROM pragma_storage_info('{table}') "  # noqa: S608 - fixed names
        "WHERE column_name = ? AND segment_type != 'VALIDITY'",
        [column],
    )
    return sum(int(str(count)) for (count,) in rows)


def test_what_was_deleted_lies_in_no_file_of_the_store(
    history: History, tmp_path: Path, marks: Marks
) -> None:
    for name in ("c1", "c2", "c3"):
        history.save(name, TURN)
    assert lying(history) == 3
    history.delete("c2")
    assert lying(history) == 2
    again = reopened(history, tmp_path, marks)
    assert lying(again) == 2
    assert [one.id for one in again.conversations()] == ["c1", "c3"]
    again.close()


def test_a_key_that_is_forgotten_lies_in_no_file_of_the_store(history: History) -> None:
    for name in ("c1", "c2"):
        history.keep_attached_key(name, KEY)
    assert lying(history, "attached", "key") == 2
    history.forget_attached_key("c1")
    assert lying(history, "attached", "key") == 1
    assert history.attached_keys() == (("c2", KEY),)


def test_without_room_for_a_copy_it_is_deleted_and_leaves_the_file_at_the_next_opening(
    history: History, tmp_path: Path, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_store: Store) -> None:
        raise StorageFull("The disk is full.")

    for name in ("c1", "c2"):
        history.save(name, TURN)
    with monkeypatch.context() as full:
        full.setattr(Store, "rewrite", no_room)
        history.delete("c1")
    assert [one.id for one in history.conversations()] == ["c2"]
    assert lying(history) == 2
    history.abandon()
    again = reopened(history, tmp_path, marks)
    assert lying(again) == 1
    assert again.turns("c2") == (TURN,)
    again.close()


def test_a_conversation_is_named_after_its_first_question_and_can_be_renamed(
    history: History,
) -> None:
    history.save("c1", replace(TURN, question="  How\n much? " + "long " * 60))
    assert history.conversations()[0].title.startswith("How much? long")
    assert len(history.conversations()[0].title) <= 80
    history.rename("c1", "Pain\ud800")
    assert history.conversations()[0].title == "Pain\N{REPLACEMENT CHARACTER}"


def test_another_persons_key_opens_nothing(history: History, tmp_path: Path, marks: Marks) -> None:
    with pytest.raises(WrongStoreKey):
        reopened(history, tmp_path, marks, OTHER_KEY)


def test_a_question_of_a_hundred_thousand_characters_is_remembered(history: History) -> None:
    long = replace(TURN, question="why " * 25_000)
    history.save("c1", long)
    assert history.turns("c1") == (long,)


texts = st.text(max_size=30)
passages = st.builds(
    Passage,
    texts,
    texts,
    st.integers(0, 2**40),
    texts,
    st.just("x" * 60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    st.lists(st.builds(PageSpan, *[st.integers(0, 10**6)] * 4), max_size=3).map(tuple),
    st.booleans(),
)
answers = st.builds(
    Answer,
    st.lists(
        st.builds(
            AnswerSentence, texts, st.lists(st.integers(0, 9), max_size=3).map(tuple), st.booleans()
        ),
        max_size=3,
    ).map(tuple),
    st.lists(
        st.builds(Citation, st.integers(0, 9), passages, st.integers(0, 30), st.integers(30, 60)),
        max_size=3,
    ).map(tuple),
    st.sampled_from(AnswerMode),
    texts,
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1000),
)
turns = st.builds(
    Turn,
    texts,
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive by the strategy's rule
    st.sampled_from(Outcome),
    st.none() | answers,
    texts,
    st.integers(-1, 10**9),
)


@settings(max_examples=100, deadline=None)
@given(turns)
def test_a_turn_encodes_canonically_and_comes_back(turn: Turn) -> None:
    encoded = record.encode_turn(turn)
    assert record.decode_turn(encoded) == turn
    assert record.encode_turn(record.decode_turn(encoded)) == encoded


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    )
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(RecordUnreadable):
        record.decode_turn(json.dumps(value))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"record":17', '"record":"17"'),
        ('"record":17', '"record":-2'),
        ('"record":17', '"record":17,"more":1'),
        ('"end":11', '"end":999'),
        ('"start":0', '"start":-1'),
        ('"supported":true', '"supported":1'),
        ('"evidence":0.75', '"evidence":NaN'),
        ('"mode":"quote"', '"mode":"guess"'),
        ('"outcome":"answered"', '"outcome":"won"'),
        ('+00:00"', '"'),
        ("[0,3,10,17]", "[0,3,10]"),
    ],
)
def test_a_changed_record_is_refused(old: str, new: str) -> None:
    encoded = record.encode_turn(TURN)
    assert old in encoded
    with pytest.raises(RecordUnreadable):
        record.decode_turn(encoded.replace(old, new, 1))


def test_what_is_no_text_or_endless_is_refused() -> None:
    for untrusted in (None, 7, b"{}", "", "[" * 100_000, '{"a":'):
        with pytest.raises(RecordUnreadable):
            record.decode_turn(untrusted)
