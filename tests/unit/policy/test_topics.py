"""The phrase language: what it reads, what it refuses, and that no question slows it down."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.policy.pack import load, shipped_folder
from appliance.policy.topics import (
    Catalogue,
    CatalogueInvalid,
    compiled,
    joined,
    read_catalogue,
    sentences,
)


@pytest.mark.parametrize(
    ("phrase", "sentence", "matches"),
    [
        ("delete the log", "please delete the log now", True),
        ("delete the log", "delete the logs", False),
        ("delete the log", "undelete the log", False),
        ("delet* log", "deleting log", True),
        ("(delete|wipe out) log", "wipe out log", True),
        ("(delete|wipe out) log", "wipe log", False),
        ("delete [the|our] log", "delete log", True),
        ("delete [the|our] log", "delete their log", False),
        ("delete ... log", "delete one two three four five six log", True),
        ("delete ... log", "delete one two three four five six seven log", False),
        ("delete ... log", "delete it. The log stays", False),
        ("^ delete", "please delete", False),
        ("^ delete", "Delete it", True),
        ("log $", "the log is", False),
        ("log $", "the log?", True),
        ("wipe|delete log", "they delete log", True),
        ("<them> log", "the audit log", True),
        ("<them> log", "the audits log", False),
        ("log", "l\u200bog", True),
        ("log", "ＬＯＧ", True),
        ("log", "lóg", True),
        ("log", "\u00adlo\u00adg", True),
        ("s password", "Dr. Weber’s password", True),
        ("dr weber", "Ask Dr. Weber", True),
        ("delete the log", "delete\nthe   log", True),
        ("delete the log", "delete\n\nthe log", False),
    ],
)
def test_phrases_match_as_described(phrase: str, sentence: str, matches: bool) -> None:
    made = compiled(phrase, {"them": "(?:audit |access )"})
    assert any(made.search(one) for one in sentences(sentence)) is matches


@pytest.mark.parametrize(
    "phrase",
    ["a ... b ... c ... d ... e", "a {2}", "(a", "a)", "<nowhere>", "A", "a+", "a\\w", "x" * 401],
)
def test_a_phrase_that_is_none_is_an_error(phrase: str) -> None:
    with pytest.raises(CatalogueInvalid):
        compiled(phrase, {})


RULE = '[[topic.rule]]\nphrases = ["a"]\n'


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "x = 1\n",
        "[[topic]]\n" + RULE,
        '[[topic]]\nname = "Bad Name"\nmeans = "x"\n' + RULE,
        '[[topic]]\nname = "cake"\nmeans = ""\n' + RULE,
        '[[topic]]\nname = "cake"\nmeans = "x"\n',
        '[[topic]]\nname = "cake"\nmeans = "x"\n[[topic.rule]]\nphrases = []\n',
        '[[topic]]\nname = "cake"\nmeans = "x"\n[[topic.rule]]\nphrases = [1]\n',
        '[[topic]]\nname = "cake"\nmeans = "x"\n[[topic.rule]]\nphrases = ["a"]\nor = ["b"]\n',
        ('[[topic]]\nname = "cake"\nmeans = "x"\n' + RULE) * 2,
        '[lists]\nx = ["A"]\n[[topic]]\nname = "cake"\nmeans = "x"\n' + RULE,
        '[lists]\nx = "a"\n[[topic]]\nname = "cake"\nmeans = "x"\n' + RULE,
    ],
)
def test_a_catalogue_that_is_malformed_is_an_error(text: str) -> None:
    with pytest.raises(CatalogueInvalid):
        read_catalogue(text)


def test_unless_takes_a_topic_back_in_its_own_sentence_alone() -> None:
    made = read_catalogue(
        '[[topic]]\nname = "cake"\nmeans = "x"\n'
        '[[topic.rule]]\nphrases = ["cake"]\nunless = ["cup"]\n'
    )
    assert made.topics_of("a cake") == {"cake"}
    assert made.topics_of("a cake in a cup") == frozenset()
    assert made.topics_of("a cake. A cup.") == {"cake"}


def test_catalogues_join() -> None:
    one = read_catalogue('[[topic]]\nname = "cake"\nmeans = "x"\n' + RULE)
    other = read_catalogue('[[topic]]\nname = "bread"\nmeans = "x"\n' + RULE)
    assert joined([one, other, Catalogue()]).topics_of("a") == {"cake", "bread"}


@given(st.text(max_size=500))
def test_any_text_has_topics_or_none_and_never_an_error(text: str) -> None:
    catalogue = load(shipped_folder() / "baseline").catalogue if not _KEPT else _KEPT[0]
    _KEPT[:] = [catalogue]
    assert catalogue.topics_of(text) <= catalogue.names


_KEPT: list[Catalogue] = []


@pytest.mark.parametrize(
    "repeated",
    ["how do i ", "delete ", "how do i delete ", "what is s password ", "please ", "a ", "without ",
     "how do i keep without being the worst nurse most mistakes "],
)  # fmt: skip
def test_no_question_of_full_length_takes_long(repeated: str) -> None:
    catalogue = load(shipped_folder() / "baseline").catalogue
    started = time.process_time()
    catalogue.topics_of((repeated * 8_000)[:8_000])
    assert time.process_time() - started < 0.25
