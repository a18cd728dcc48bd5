"""Tiny data sets in their files' own forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

CORPUS = (
    {"_id": "d1", "title": "Apixaban", "text": "Apixaban is given as 5 mg twice daily."},
    {"_id": "d2", "title": "Hand washing", "text": "Wash your hands before each contact."},
    {"_id": 3, "title": "Parking", "text": "The garage opens at six in the morning."},
)
QUERIES = (
    {"_id": "q1", "text": "What dose of apixaban is given?"},
    {"_id": "q2", "text": "When should I wash my hands?"},
    {"_id": "q3", "text": "Nobody judged this."},
)
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\n"


def write_lines(path: Path, objects: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")


def write_beir(folder: Path, qrels: str = QRELS) -> Path:
    (folder / "qrels").mkdir(parents=True)
    write_lines(folder / "corpus.jsonl", CORPUS)
    write_lines(folder / "queries.jsonl", QUERIES)
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder


VOLCANO = (
    "Mount Etna is a volcano on the island of Sicily. It last rose above the clouds in spring. "
    "Farmers grow pistachios on its slopes."
)
BRIDGE = "The Forth Bridge was opened in 1890. It carries trains between Edinburgh and Fife."


def question(name: str, text: str, context: str, *answers: str) -> dict[str, object]:
    stated = [{"text": answer, "answer_start": context.index(answer)} for answer in answers]
    return {"id": name, "question": text, "answers": stated, "is_impossible": not answers}


def squad() -> dict[str, object]:
    etna = [
        question("s1", "On which island is Mount Etna?", VOLCANO, "Sicily", "the island of Sicily"),
        question("s2", "Which king owned a zebra called Waldemar?", VOLCANO),
    ]
    forth = [question("s3", "When was the Forth Bridge opened?", BRIDGE, "1890")]
    return {
        "version": "v2.0",
        "data": [
            {"title": "Mount_Etna", "paragraphs": [{"context": VOLCANO, "qas": etna}]},
            {"title": "Forth_Bridge", "paragraphs": [{"context": BRIDGE, "qas": forth}]},
        ],
    }


def write_squad(path: Path, content: object = None) -> Path:
    path.write_text(json.dumps(squad() if content is None else content), encoding="utf-8")
    return path


PAGE = """<!doctype html><html><head><title>{topic}</title></head><body><h1>{topic}</h1>
<h2>What is (are) {topic} ?</h2><p>{topic} is an illness of the {place}. It is not rare.</p>
<h2>How to prevent {topic} ?</h2><p>Drink water and see a physician early.</p></body></html>"""


def write_hospital(folder: Path) -> Path:
    folder.mkdir()
    for topic, place in (("Asthma", "lungs"), ("Childhood Asthma", "lungs"), ("Gout", "joints")):
        page = PAGE.format(topic=topic, place=place)
        (folder / f"{topic.replace(' ', '')}.html").write_text(page, encoding="utf-8")
    return folder
