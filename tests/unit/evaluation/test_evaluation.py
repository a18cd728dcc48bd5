"""The whole evaluation, with the real library and encoder, on data sets of a few lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.values import (
    VECTOR_SIZE,
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    PageSpan,
    Passage,
    Scored,
    Vectors,
)
from tests.evaluation.adapter import ABSENT, Reader, reader_of, span
from tests.evaluation.asking import first_sentence
from tests.evaluation.beir import open_beir
from tests.evaluation.evaluating import Evaluation
from tests.evaluation.hospital import QuestionPages
from tests.evaluation.material import DataSet
from tests.evaluation.options import Options, parse
from tests.evaluation.report import Cell, Table, json_of, text_of
from tests.evaluation.squad import SquadFile
from tests.evaluation.vectors import RECORD_BYTES, KeptVectors
from tests.storyteller import HOST
from tests.unit.evaluation.material import write_beir, write_hospital, write_squad


@pytest.fixture(scope="module")
def host() -> Iterator[EngineHost]:
    host = EngineHost(default_encoder_folder())
    yield host
    host.close()


def tables(
    data: DataSet, host: EngineHost, options: Options, reader: Reader | None = None
) -> dict[str, Table]:
    heard: list[str] = []
    made = Evaluation(data, options, host, host, reader, None, "today", heard.append).run()
    assert heard
    return {table.title: table for table in made}


def rows(table: Table) -> dict[tuple[Cell, ...], dict[str, Cell]]:
    """Rows by what names them: the part, and where there is one the kind."""
    named = 2 if "kind" in table.columns else 1
    return {row[:named]: dict(zip(table.columns, row, strict=False)) for row in table.rows}


def options(*arguments: str) -> Options:
    return parse(["--beir", "unused", *arguments])


def test_a_beir_folder_is_ranked_by_every_part(tmp_path: Path, host: EngineHost) -> None:
    (data,) = open_beir(write_beir(tmp_path / "b"))
    made = tables(data, host, options())
    finding = rows(made["BEIR b (test): finding"])
    for part in ("words", "vectors", "fused"):
        assert finding[(part,)]["queries"] == 2
        assert finding[(part,)]["nDCG@10"] == 1.0
        assert finding[(part,)]["MRR"] == 1.0
    assert made["BEIR b (test): finding"].rows[-1] == ("reranked", ABSENT)
    assert "3 entries, 3 passages" in made["BEIR b (test): finding"].about[0]
    assert {row[0] for row in made["BEIR b (test): milliseconds"].rows} == {
        "encode question", "find",
    }  # fmt: skip
    assert "1 × a query without a judgement" in made["BEIR b (test): noticed"].about[0]


def test_a_squad_file_is_asked_and_refused(tmp_path: Path, host: EngineHost) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda _title: True)
    made = tables(data, host, options("--mix", "0", "--parts", "fused,quote,span", "--reading"))
    asked = rows(made["SQuAD s.json: asking"])
    assert asked[("fused",)]["answerable"] == 2
    assert asked[("fused",)]["sentence acc."] == 1.0
    f1 = asked[("fused",)]["F1"]
    assert isinstance(f1, float)
    assert 0 < f1 <= 1
    assert asked[("span",)] == {"part": "span", "answerable": ABSENT}
    refused = rows(made["SQuAD s.json: asking: refusing"])
    assert refused[("fused", "impossible")]["recall"] == 1.0
    alone = rows(made["SQuAD s.json: reading the right paragraph alone"])
    assert alone[("quote",)]["answerable"] == 2


def test_what_the_composer_writes_is_judged(tmp_path: Path, host: EngineHost) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda _title: True)
    chosen, reader = options("--mix", "0", "--parts", "fused,quote,composed"), reader_of(host)
    composer = ChatHost(shipped_composer(), command=HOST)
    made = Evaluation(data, chosen, host, host, reader, composer, "today", lambda _: None).run()
    composer.close()
    named = {table.title: rows(table) for table in made}
    asked = named["SQuAD s.json: asking, composed"][("composed",)]
    assert asked["answerable"] == 2
    composing = named["SQuAD s.json: composing"][("composed",)]
    assert composing["answered"] == composing["written"] != 0
    assert composing["faithful"] == 1.0


def test_what_is_left_out_of_the_library_is_not_found(tmp_path: Path, host: EngineHost) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda _title: True)
    made = tables(data, host, options("--mix", "1", "--parts", "fused,quote"))
    refused = rows(made["SQuAD s.json: asking: refusing"])
    for kind in ("removed", "hard"):
        assert refused[("fused", kind)]["unanswerable"] == 2
        assert refused[("fused", kind)]["answerable"] == 0
        assert refused[("fused", kind)]["recall"] == 1.0
    answerable = rows(made["SQuAD s.json: asking"])[("fused",)]["sentence acc."]
    assert isinstance(answerable, float)
    assert math.isnan(answerable)


def test_headings_are_found_and_asked(tmp_path: Path, host: EngineHost) -> None:
    data = QuestionPages(write_hospital(tmp_path / "h"), lambda _stem: True, with_headings=True)
    made = tables(data, host, options("--parts", "words,fused,quote", "--mix", "0"))
    finding = rows(made["headings of h: finding"])
    assert finding[("fused",)]["queries"] == 6
    assert finding[("fused",)]["recall@5"] == 1.0
    asked = rows(made["headings of h: asking"])
    assert set(asked) == {("words",), ("fused",)}
    exact = asked[("fused",)]["EM"]
    assert isinstance(exact, float)
    assert math.isnan(exact)  # no words are given to compare with


def test_a_reader_reranks_and_its_words_are_compared(tmp_path: Path, host: EngineHost) -> None:
    data = SquadFile(write_squad(tmp_path / "s.json"), lambda title: title == "Forth_Bridge")
    made = tables(data, host, options("--mix", "0", "--reading"), reader_of(host))
    assert rows(made["SQuAD s.json: finding"])[("reranked",)]["MRR"] == 1.0
    asked = rows(made["SQuAD s.json: asking"])
    assert asked[("fused",)]["F1"] == 1.0
    assert ("span",) not in asked
    alone = rows(made["SQuAD s.json: reading the right paragraph alone"])
    assert alone[("span, never refusing",)]["F1"] == 1.0
    assert "rerank" in {row[0] for row in made["SQuAD s.json: milliseconds"].rows}


def test_where_nothing_was_read_no_words_are_marked() -> None:
    assert span([Scored(_passage("No year stands here."), 1.0, 1.0, 1, 1)]) == ""
    assert span([]) == ""


def _passage(text: str) -> Passage:
    spans = (PageSpan(0, 1, 0, len(text)),)
    return Passage("c", "d", 1, "Title", text, ((0, len(text)),), (), spans)


def test_the_first_sentence_is_placed_where_its_words_stand() -> None:
    passage = _passage("One. Two goes\non. Three.")
    citation = Citation(1, passage, 5, 24)
    sentences = (AnswerSentence("Two goes on.", (1,)), AnswerSentence("Three.", (1,)))
    answer = Answer(sentences, (citation,), AnswerMode.QUOTE, "m", 1.0, 0.5)
    assert list(first_sentence(answer)) == [(passage, 5, 17)]
    rewritten = replace(answer, sentences=(AnswerSentence("Both go on.", (1,)),))
    assert list(first_sentence(rewritten)) == [(passage, 5, 24)]


class _Counting:
    """Encodes a text as its length, and counts what it was given."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        vectors = np.zeros((len(texts), VECTOR_SIZE), np.float32)
        for row, text in enumerate(texts):
            vectors[row, len(text)] = 1.0
        return vectors


def test_a_text_is_encoded_once_and_kept_for_the_next_run(tmp_path: Path) -> None:
    encoder = _Counting()
    kept = KeptVectors(encoder, "m@1", tmp_path)
    first = kept.encode(["a", "bb", "a"])
    kept.close()
    again = KeptVectors(encoder, "m@1", tmp_path)
    np.testing.assert_array_equal(again.encode(["a", "bb", "a"]), first)
    again.close()
    assert encoder.encoded == ["a", "bb"]


def test_vectors_of_two_models_never_meet(tmp_path: Path) -> None:
    encoder = _Counting()
    for model in ("m@1", "m@2"):
        kept = KeptVectors(encoder, model, tmp_path)
        kept.encode(["a"])
        kept.close()
    assert encoder.encoded == ["a", "a"]


def test_a_half_written_vector_is_cut_off_and_two_runs_may_write(tmp_path: Path) -> None:
    encoder = _Counting()
    one, other = KeptVectors(encoder, "m", tmp_path), KeptVectors(encoder, "m", tmp_path)
    one.encode(["a"])
    (path,) = tmp_path.iterdir()
    with path.open("ab") as file:
        file.write(b"\0" * (RECORD_BYTES - 1))
    other.encode(["bb"])
    one.encode(["ccc"])
    np.testing.assert_array_equal(one.encode(["bb"]), _Counting().encode(["bb"]))
    assert encoder.encoded == ["a", "bb", "ccc"]
    assert path.stat().st_size == 3 * RECORD_BYTES
    one.close()
    other.close()


def test_a_table_shows_what_could_not_be_measured_as_a_dash() -> None:
    table = Table("T", ("where",), ("part", "EM"), (("fused", math.nan), ("reranked", ABSENT)))
    lines = text_of(table).splitlines()
    assert lines[3].split() == ["fused", "–"]
    assert lines[4].split(maxsplit=1) == ["reranked", ABSENT]
    (written,) = json.loads(json_of([table], "a machine", "today"))["tables"]
    assert written["rows"] == [
        {"part": "fused", "EM": None},
        {"part": "reranked", "EM": ABSENT},
    ]
