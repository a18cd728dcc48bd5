"""Whatever a data set holds is taken as it is meant, or refused with a sentence and a next step."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.beir import open_beir
from tests.evaluation.errors import DataUnusable
from tests.evaluation.hospital import QuestionPages
from tests.evaluation.material import Case, Kind
from tests.evaluation.squad import SquadFile
from tests.unit.evaluation.material import (
    QRELS,
    VOLCANO,
    question,
    squad,
    write_beir,
    write_hospital,
    write_squad,
)


def beir_cases(folder: Path) -> tuple[dict[str, Case], list[str]]:
    (data,) = open_beir(folder)
    list(data.entries())
    return {case.id: case for case in data.cases()}, data.notices.lines()


def squad_cases(path: Path) -> tuple[dict[str, Case], list[str]]:
    data = SquadFile(path, lambda _title: True)
    list(data.entries())
    return {case.id: case for case in data.cases()}, data.notices.lines()


# --- BEIR -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "qrels",
    [
        QRELS,
        QRELS.partition("\n")[2],  # no header
        QRELS.replace("\n", "\r\n"),
        "\ufeff" + QRELS.replace("\n", "\n\n"),
        "q1 0 d1 2\nq1 0 d2 0\nq2 0 d2 1\n",  # TREC's four columns
        QRELS.replace("\t2\n", "\t2.0\n").replace("\t0\n", "\t-1\n"),
    ],
)
def test_judgements_are_read_in_every_form_they_come_in(tmp_path: Path, qrels: str) -> None:
    cases, _ = beir_cases(write_beir(tmp_path / "b", qrels))
    assert {name: dict(case.grades) for name, case in cases.items()} == {
        "q1": {"d1": 2, "d2": 0},
        "q2": {"d2": 1},
    }


def test_queries_and_documents_that_do_not_match_are_counted(tmp_path: Path) -> None:
    qrels = QRELS + "q2\tgone\t1\nq9\td1\t1\n"
    cases, notices = beir_cases(write_beir(tmp_path / "b", qrels))
    assert dict(cases["q2"].grades) == {"d2": 1, "gone": 1}
    assert sorted(line.partition(" × ")[2][:30] for line in notices) == [
        "a judged query that is not in ",
        "a query without a judgement (o",
        "a relevant document that is no",
    ]


def test_numbers_as_ids_missing_fields_and_blank_lines_are_taken(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "b", "q1\t7\t1\n")
    corpus = (
        '\n{"_id": 7, "text": "Only text."}\r\n\n{"_id": "t", "title": "Only title"}\n{"_id": 9}'
    )
    (folder / "corpus.jsonl").write_text(corpus, encoding="utf-8")
    (data,) = open_beir(folder)
    assert [entry.name for entry in data.entries()] == ["7", "t"]
    assert [dict(case.grades) for case in data.cases()] == [{"7": 1}]
    assert any("without text" in line for line in data.notices.lines())


def test_each_split_is_evaluated_alone_unless_one_is_named(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "b")
    (folder / "dev.tsv").write_text(QRELS, encoding="utf-8")
    assert [data.name for data in open_beir(folder)] == ["BEIR b (dev)", "BEIR b (test)"]
    assert [data.name for data in open_beir(folder, "test")] == ["BEIR b (test)"]
    with pytest.raises(DataUnusable) as caught:
        open_beir(folder, "train")
    assert "dev, test" in caught.value.next_step


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", "{", "corpus.jsonl, line 1: not JSON"),
        ("corpus.jsonl", "[1]", "corpus.jsonl, line 1: not a JSON object"),
        ("corpus.jsonl", '{"text": "x"}', "corpus.jsonl, line 1: no id"),
        ("corpus.jsonl", '{"_id": "1", "text": 5}', "corpus.jsonl, line 1: 'text' is not text"),
        ("corpus.jsonl", "", "holds no document"),
        ("corpus.jsonl", "[" * 100_000, "corpus.jsonl, line 1: not JSON"),
        ("queries.jsonl", '{"_id": "other", "text": "x"}', "judges no query"),
        ("qrels/test.tsv", "header\nq1\td1\n", "test.tsv, line 1"),
        ("qrels/test.tsv", "a\tb\tc\nq1\td1\tmuch\n", "test.tsv, line 2"),
        ("qrels/test.tsv", "", "judges no query"),
        ("qrels/test.tsv", "q1\tunheard\t1\n", "names no document"),
    ],
)
def test_what_cannot_be_read_is_refused_by_file_and_line(
    tmp_path: Path, file: str, content: str, said: str
) -> None:
    folder = write_beir(tmp_path / "b")
    (folder / file).write_text(content, encoding="utf-8")
    with pytest.raises(DataUnusable, match=said) as caught:
        beir_cases(folder)
    assert caught.value.next_step


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    folder = write_beir(tmp_path / "b")
    (folder / file).unlink()
    with pytest.raises(DataUnusable) as caught:
        beir_cases(folder)
    assert file.partition("/")[0] in caught.value.sentence + caught.value.next_step


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "b")
    (folder / "corpus.jsonl").write_bytes(b'{"_id": "\xff"}')
    with pytest.raises(DataUnusable, match="not UTF-8"):
        beir_cases(folder)


# --- SQuAD ----------------------------------------------------------------------------------------


def test_answers_are_placed_where_they_stand_on_the_page(tmp_path: Path) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda _title: True)
    pages = {entry.name: entry.pages[0].text for entry in data.entries()}
    cases = {case.id: case for case in data.cases()}
    (first, second) = cases["s1"].golds
    assert pages[first.entry][first.start : first.end] == "Sicily"
    assert pages[second.entry][second.start : second.end] == "the island of Sicily"
    assert cases["s1"].answers == ("Sicily", "the island of Sicily")
    assert data.left_out(cases["s1"]) == {cases["s1"].home}


def test_impossible_questions_have_no_answer_whatever_is_listed(tmp_path: Path) -> None:
    content = squad()
    impossible = question("s9", "Why?", VOLCANO, "Sicily") | {"is_impossible": True}
    content["data"][0]["paragraphs"][0]["qas"].append(impossible)  # type: ignore[index]
    cases, _ = squad_cases(write_squad(tmp_path / "s.json", content))
    assert {name for name, case in cases.items() if case.kind is Kind.IMPOSSIBLE} == {"s2", "s9"}
    assert cases["s9"].answers == ()


def test_an_answer_that_stands_elsewhere_is_looked_for(tmp_path: Path) -> None:
    wrong = {
        "id": "w",
        "question": "Where?",
        "answers": [
            {"text": "Sicily", "answer_start": 3},
            {"text": "Sardinia", "answer_start": -8},
            {"text": "slopes"},
        ],
    }
    paragraphs = [{"context": VOLCANO, "qas": [wrong]}]
    cases, notices = squad_cases(
        write_squad(tmp_path / "s.json", {"data": [{"paragraphs": paragraphs}]})
    )
    assert len(cases["w"].golds) == 2
    assert cases["w"].answers == ("Sicily", "Sardinia", "slopes")
    assert notices == ["3 × an answer that does not stand where the file says"]


def test_only_questions_of_the_articles_asked_for_are_asked(tmp_path: Path) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda title: title == "Forth_Bridge")
    assert len(list(data.entries())) == 2
    assert [case.id for case in data.cases()] == ["s3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "not a JSON object"),
        ("{}", "'data'"),
        ('{"data": [5]}', "article 1: not a JSON object"),
        ('{"data": [{"title": "T"}]}', "article 1, 'paragraphs'"),
        ('{"data": [{"paragraphs": [{"context": 5}]}]}', "paragraph 1: 'context' is not text"),
        ('{"data": [{"paragraphs": [{"context": "x", "qas": 1}]}]}', "paragraph 1, 'qas'"),
        ('{"data": []}', "no question"),
        ("{", "not JSON"),
    ],
)
def test_a_file_in_another_form_is_refused_by_place(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "s.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataUnusable, match=said) as caught:
        squad_cases(path)
    assert caught.value.next_step


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "title",
                    "paragraphs",
                    "context",
                    "qas",
                    "id",
                    "question",
                    "answers",
                    "text",
                    "answer_start",
                    "is_impossible",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(content=JSON)
def test_no_json_gets_further_than_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps({"data": content}), encoding="utf-8")
    with suppress(DataUnusable):
        squad_cases(path)


# --- pages whose headings ask ---------------------------------------------------------------------


def test_a_heading_asks_for_the_section_below_it(tmp_path: Path) -> None:
    data = QuestionPages(write_hospital(tmp_path / "h"), lambda _stem: True, with_headings=True)
    texts = {entry.name: entry.passages[0].text for entry in data.entries()}
    cases = {case.question: case for case in data.cases()}
    gout = cases["What is (are) Gout?"]
    assert texts[gout.grades[0][0]].startswith("Gout is an illness of the joints.")
    assert len(cases) == 6


def test_a_topic_goes_with_those_that_speak_of_the_same(tmp_path: Path) -> None:
    data = QuestionPages(write_hospital(tmp_path / "h"), lambda _stem: True, with_headings=True)
    list(data.entries())
    cases = {case.question: case for case in data.cases()}
    gone = data.left_out(cases["What is (are) Asthma?"])
    assert {name.partition("#")[0] for name in gone} == {"Asthma", "ChildhoodAsthma"}


def test_headings_that_ask_can_be_taken_out_of_the_library(tmp_path: Path) -> None:
    data = QuestionPages(write_hospital(tmp_path / "h"), lambda _stem: True, with_headings=False)
    headings = {heading for e in data.entries() for p in e.passages for heading in p.headings}
    assert headings == {"Asthma", "Childhood Asthma", "Gout"}
    assert len(data.cases()) == 6


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<h1>Topic</h1><p>Text.</p>", encoding="utf-8")
    data = QuestionPages(tmp_path, lambda _stem: True, with_headings=True)
    list(data.entries())
    with pytest.raises(DataUnusable, match="question mark"):
        data.cases()
