"""What leaves says the same in every form, can be checked, and steers nobody's reader."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from appliance.documents import SandboxedReader
from appliance.paper import as_markdown, as_word, sheet_of
from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Citation,
    Inclusion,
    Outcome,
    Part,
    PartKind,
    Run,
    Sheet,
    Turn,
    Wording,
)
from tests.unit.memory.material import NOON
from tests.unit.memory.test_history import ANSWER, PASSAGE, TURN

PROOF = Inclusion(
    "desk-7+ab12", "desk-7+ab12+0011+AAA", "desk-7+ab12+0022+BBB", 3, 17, 40, b"{}",
    (b"\x01" * 32, b"\x02" * 32), b"\x03" * 32,
    "desk-7+ab12\n40\nAwMD\n\n\N{EM DASH} desk-7+ab12 c2lnbmVk\n",
)  # fmt: skip
REFUSED = Turn("How do I delete the log?", NOON, Outcome.REFUSED, None, "Not allowed.", 19)


def sheet(*turns: Turn, proofs: tuple[Inclusion, ...] = (PROOF,)) -> Sheet:
    return sheet_of(
        "Pain <on> Ward 4",
        turns or (TURN,),
        proofs,
        NOON,
        Wording(),
        replaced={},
        decided={},
        beside="none",
    )


def text_of(document: bytes) -> str:
    return "\n".join(p.text for p in docx.Document(io.BytesIO(document)).paragraphs)


def test_it_holds_question_answer_source_page_record_and_proof() -> None:
    said = [part.text for part in sheet().parts]
    assert said[0] == "Pain <on> Ward 4"
    assert "How much morphine?" in said
    assert "Give 10 mg. [1] Perhaps. (no passage supports this)" in said
    assert "[1] Morphine, Dosing: “Give 10 mg.”" in said
    assert "Asked on 2026-11-23 12:00 (UTC). Log record 17." in said
    assert any(line.startswith("Hash of record 17: ") for line in said)
    assert said[-1] == PROOF.text.rstrip("\n")


@pytest.mark.parametrize("form", ["markdown", "word"])
def test_every_form_says_all_of_it(form: str) -> None:
    made = sheet(TURN, REFUSED)
    if form == "word":
        plain = text_of(as_word(made))
    else:
        html = MarkdownIt("commonmark").render(as_markdown(made).decode())
        plain = "".join(str(text) for text in ElementTree.fromstring(f"<d>{html}</d>").itertext())
    flat = " ".join(plain.split())
    for part in made.parts:
        assert " ".join(part.text.split()) in flat


def test_what_was_not_answered_says_why() -> None:
    cases = {
        Outcome.REFUSED: ("Not allowed.", "Not allowed."),
        Outcome.FAILED: ("", "There was no answer."),
        Outcome.CANCELLED: ("", "Stopped. Nothing was answered."),
    }
    for outcome, (note, told) in cases.items():
        parts = sheet(replace(REFUSED, outcome=outcome, note=note), proofs=()).parts
        assert told in [part.text for part in parts]
    nothing = replace(TURN, answer=replace(ANSWER, sentences=(), citations=()))
    assert "Not in your documents." in [part.text for part in sheet(nothing).parts]


def test_an_answer_that_was_replaced_says_by_which() -> None:
    made = sheet_of("T", (TURN,), (), NOON, Wording(), replaced={17: 23}, decided={}, beside="none")
    assert "Asked again later; record 23 replaces this answer." in [p.text for p in made.parts]


def test_many_records_share_one_checkpoint() -> None:
    other = replace(PROOF, record=19)
    said = [part.text for part in sheet(TURN, REFUSED, proofs=(PROOF, other)).parts]
    assert sum("c2lnbmVk" in line for line in said) == 1
    assert said[-1] == PROOF.checkpoint.rstrip("\n")
    assert sum(line.startswith("c2sp.org/tlog-proof@v1\nindex ") for line in said) == 2


def test_the_words_can_be_another_languages() -> None:
    german = Wording(sources="Quellen", asked="Gefragt am {when} (UTC). Protokolleintrag {record}.")
    said = [
        p.text
        for p in sheet_of(
            "T", (TURN,), (), NOON, german, replaced={}, decided={}, beside="none"
        ).parts
    ]
    assert "Quellen" in said
    assert "Gefragt am 2026-11-23 12:00 (UTC). Protokolleintrag 17." in said


def hostile(text: str) -> Sheet:
    passage = replace(PASSAGE, title=text, text=f"{text} ", sentences=(), headings=(text,))
    answer = Answer(
        (AnswerSentence(text, (1,)),), (Citation(1, passage, 0, len(text)),),
        AnswerMode.GENERATE, text, 0.5, 0.5,
    )  # fmt: skip
    turn = Turn(text, NOON, Outcome.ANSWERED, answer, record=3)
    return sheet_of(
        text, (turn,), (PROOF,), NOON, Wording(), replaced={}, decided={}, beside="none"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](https://evil.example/)",
        "![x](https://evil.example/x.png)",
        "https://evil.example/ www.evil.example",
        "# heading",
        "- list",
        "1. list",
        "> quote",
        "```\nfence",
        "| a | b |\n|---|---|",
        "&lt;b&gt; &amp;",
        "<!-- --> ]]> <?php ?>",
        "a\u202eevil\u2066b\x00\x1b[31m\ud800\U000e0041\ufffa",
        "%% hidden %% {{ template }} ==marked== [^1]: note",
        "= setext\n---\n***",
        "*bold* _it_ ~~gone~~ `code` $math$",
    ],
)
def test_nothing_a_document_says_becomes_markup(text: str) -> None:
    made = hostile(text)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(as_markdown(made).decode())
    tags = set(re.findall(r"<(/?[a-z0-9]+)", html))
    assert tags <= {"h1", "/h1", "h2", "/h2", "h3", "/h3", "p", "/p", "pre", "/pre", "code",
                    "/code"}  # fmt: skip
    assert html.count("<h2>") == 1
    assert "%%" not in as_markdown(made).decode()  # a comment to some programs
    for character in "\u202e\u2066\x00\x1b\ud800\U000e0041\ufffa":
        assert character not in "".join(part.text for part in made.parts)
    document = docx.Document(io.BytesIO(as_word(made)))
    assert len(document.paragraphs) == len(made.parts)
    assert not document.part.rels or all(not r.is_external for r in document.part.rels.values())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_leaves_a_document_that_opens(text: str) -> None:
    made = hostile(text)
    assert len(docx.Document(io.BytesIO(as_word(made))).paragraphs) == len(made.parts)
    as_markdown(made).decode()


def test_a_word_document_is_the_same_each_time_and_names_nobody() -> None:
    first = as_word(sheet())
    assert first == as_word(sheet())
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        properties = archive.read("docProps/core.xml").decode()
    assert "creator" not in properties
    assert "2026-11-23T12:00:00Z" in properties


def test_the_products_own_reader_reads_it_back() -> None:
    reader = SandboxedReader()
    try:
        for name, content in (("a.docx", as_word(sheet())), ("a.md", as_markdown(sheet()))):
            page = reader.parse(content, name, lambda: None).pages[0].text
            assert "How much morphine?" in page
            assert "Give 10 mg. [1]" in page
            assert PROOF.leaf_hash in page
    finally:
        reader.close()


def test_what_is_cut_says_so() -> None:
    question = [p.text for p in hostile("x" * 20_001).parts if p.kind is PartKind.QUESTION]
    assert question == ["x" * 20_000 + " …"]


def test_a_part_of_code_is_its_lines() -> None:
    part = Part(PartKind.CODE, (Run("a"), Run(""), Run("b")))
    assert part.text == "a\n\nb"
    made = Sheet("t", datetime(2026, 1, 1, tzinfo=UTC), (part,))
    assert as_markdown(made) == b"    a\n    \n    b\n"


def test_a_word_document_numbers_its_pages_and_begins_at_the_right_where_its_text_does() -> None:
    made = Sheet(
        "Title", NOON, tuple(Part(PartKind.TEXT, (Run(t),)) for t in ("1. abc", "1. שלום"))
    )
    document = docx.Document(io.BytesIO(as_word(made)))
    foot = document.sections[0].footer
    assert foot.paragraphs[0].text.startswith("Title\t")
    instructions = foot.paragraphs[0]._p.xpath("//w:fldSimple/@w:instr")
    assert instructions == ["PAGE", "NUMPAGES"]
    turned = [bool(p._p.xpath("./w:pPr/w:bidi")) for p in document.paragraphs]
    assert turned == [False, True]
