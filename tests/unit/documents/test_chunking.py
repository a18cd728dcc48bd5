"""Passages: nothing of the body is lost, every span is true, sections stay apart."""

from __future__ import annotations

import hashlib
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.documents.chunking import MOST_PIECES, chunk, estimate
from appliance.documents.errors import DocumentTooLarge
from appliance.values import Block, BlockKind, DocumentKind, Page, ParsedDocument, PassageDraft

WORDS = st.sampled_from(
    "a dose of 2.5 mg is given. The nurse, e.g. Dr. Smith, washes hands twice! § 1002.9(a) "
    "applies; see p. 4. Heparin-induced thrombocytopenia? Hyper-\ntension well-\nKnown (i) x\t"
    "\n\n  •".split(" ")
)
TEXTS = st.lists(WORDS, min_size=1, max_size=120).map(" ".join)
KINDS = st.sampled_from(
    [
        BlockKind.PARAGRAPH,
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.TABLE_ROW,
        BlockKind.CODE,
        BlockKind.HEADING,
    ]
)


def document_kind(paged: bool) -> DocumentKind:
    return DocumentKind.PDF if paged else DocumentKind.TEXT


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    pages = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        parts, blocks, position = [], [], 0
        for _ in range(draw(st.integers(0, 5))):
            kind = draw(KINDS)
            text = draw(TEXTS) if kind is not BlockKind.HEADING else draw(TEXTS)[:60]
            if draw(st.booleans()):  # text between blocks: furniture
                position += len("Page 7\n")
                parts.append("Page 7\n")
            level = draw(st.integers(1, 6)) if kind is BlockKind.HEADING else 0
            blocks.append(Block(kind, position, position + len(text), level))
            parts.append(text + "\n")
            position += len(text) + 1
        pages.append(Page(number, "".join(parts), tuple(blocks)))
    paged = draw(st.booleans())
    return ParsedDocument("T", document_kind(paged), paged, tuple(pages))


def same_but_for_space(one: str, other: str) -> bool:
    return len(one) == len(other) and all(
        a == b or (a.isspace() and b.isspace()) for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=150, deadline=None)
@given(documents())
def test_every_body_character_is_in_a_passage_and_every_span_is_verbatim(
    document: ParsedDocument,
) -> None:
    pages = {page.number: page for page in document.pages}
    covered: set[tuple[int, int]] = set()
    for passage in chunk(document):
        for span in passage.spans:
            theirs = pages[span.page].text[span.start : span.start + span.length]
            assert same_but_for_space(passage.text[span.at : span.at + span.length], theirs)
            covered |= {(span.page, i) for i in range(span.start, span.start + span.length)}
    for page in document.pages:
        for block in page.blocks:
            if block.kind is BlockKind.HEADING:
                continue
            lost = [
                i
                for i in range(block.start, block.end)
                if not page.text[i].isspace() and (page.number, i) not in covered
            ]
            # only the hyphen that marks a broken word may go
            assert all(page.text[i] == "-" for i in lost)
            assert all(page.text[i:].split("-", 1)[1][:1] in {"\n", ""} for i in lost)


@settings(max_examples=150, deadline=None)
@given(documents())
def test_sentences_cover_their_passage_in_order_and_spans_are_sorted(
    document: ParsedDocument,
) -> None:
    for passage in chunk(document):
        last = 0
        for start, end in passage.sentences:
            assert last <= start < end <= len(passage.text)
            assert not passage.text[last:start].strip()
            last = end
        assert not passage.text[last:].strip()
        assert list(passage.spans) == sorted(passage.spans, key=lambda span: span.at)
        assert passage.text.strip()


@settings(max_examples=100, deadline=None)
@given(documents())
def test_no_passage_is_larger_than_the_encoder_takes(document: ParsedDocument) -> None:
    for passage in chunk(document):
        heading = passage.headings[-1] if passage.headings else ""
        alone = estimate(passage.text) > MOST_PIECES and len(passage.sentences) == 1
        assert alone or estimate(f"{heading} {passage.text}") <= MOST_PIECES + 12


def document_of(*blocks: tuple[BlockKind, int, str], paged: bool = False) -> ParsedDocument:
    return paged_document([list(blocks)], paged=paged)


def paged_document(
    pages: list[list[tuple[BlockKind, int, str]]], *, paged: bool = True
) -> ParsedDocument:
    made = []
    for number, blocks in enumerate(pages, 1):
        placed, position = [], 0
        for kind, level, text in blocks:
            placed.append(Block(kind, position, position + len(text), level))
            position += len(text) + 1
        made.append(Page(number, "\n".join(text for _, _, text in blocks), tuple(placed)))
    return ParsedDocument("T", document_kind(paged), paged, tuple(made))


H, P = BlockKind.HEADING, BlockKind.PARAGRAPH


def test_a_heading_starts_a_new_passage_with_its_path() -> None:
    passages = chunk(
        document_of(
            (H, 1, "A"), (P, 0, "One."), (H, 2, "B"), (P, 0, "Two."), (H, 1, "C"), (P, 0, "3.")
        )
    )
    assert [(p.headings, p.text) for p in passages] == [
        (("A",), "One."),
        (("A", "B"), "Two."),
        (("C",), "3."),
    ]


def test_a_heading_with_nothing_below_it_is_not_lost() -> None:
    passages = chunk(
        document_of((H, 1, "A"), (H, 2, "Lonely"), (H, 2, "B"), (P, 0, "x"), (H, 1, "End"))
    )
    assert [(p.headings, p.text) for p in passages] == [
        (("A",), "Lonely"),
        (("A", "B"), "x"),
        ((), "End"),
    ]


def test_a_sentence_over_a_page_break_is_whole_with_spans_on_both_pages() -> None:
    (passage,) = chunk(
        paged_document(
            [[(P, 0, "First. The dose is given in")], [(P, 0, "two parts a day. Last.")]]
        )
    )
    assert passage.text == "First. The dose is given in two parts a day. Last."
    assert passage.text[slice(*passage.sentences[1])] == "The dose is given in two parts a day."
    assert [span.page for span in passage.spans] == [1, 2]


def test_list_items_and_rows_in_lower_case_stay_apart() -> None:
    item, cells = BlockKind.LIST_ITEM, BlockKind.TABLE_ROW
    for paged in (True, False):
        (passage,) = chunk(
            document_of((item, 0, "gloves"), (item, 0, "masks"), (cells, 0, "a\tb"), paged=paged)
        )
        assert len(passage.sentences) == 3


def test_paragraphs_in_lower_case_join_only_where_lines_were_laid_out() -> None:
    parts = ((P, 0, "the ward is"), (P, 0, "cleaned every day"))
    assert [len(p.sentences) for p in chunk(document_of(*parts, paged=True))] == [1]
    assert [len(p.sentences) for p in chunk(document_of(*parts))] == [2]


def test_a_word_broken_at_a_line_end_is_joined_unless_the_document_writes_the_hyphen() -> None:
    (passage,) = chunk(
        paged_document(
            [[(P, 0, "Use high-grade steel and hyper-\ntension drugs, high-\ngrade only.")]]
        )
    )
    assert passage.text == "Use high-grade steel and hypertension drugs, high-grade only."


def test_a_word_broken_over_two_pages_is_joined() -> None:
    (passage,) = chunk(
        paged_document([[(P, 0, "A case of hyper-")], [(P, 0, "tension was seen.")]])
    )
    assert passage.text == "A case of hypertension was seen."
    assert [(span.page, span.length) for span in passage.spans] == [(1, 15), (2, 17)]


def test_a_long_section_is_cut_into_passages_of_like_size() -> None:
    text = " ".join(f"Sentence number {n} speaks of the ward and its rules." for n in range(60))
    passages = chunk(document_of((H, 1, "Rules"), (P, 0, text)))
    sizes = [estimate(passage.text) for passage in passages]
    assert len(sizes) > 2
    assert min(sizes) > 0.6 * max(sizes)
    assert max(sizes) <= MOST_PIECES


def test_a_sentence_without_end_is_cut_rather_than_handed_on() -> None:
    passages = chunk(document_of((P, 0, "word " * 3000 + "x" * 5000)))
    assert max(estimate(passage.text) for passage in passages) <= MOST_PIECES
    assert (
        "".join(p.text for p in passages).replace(" ", "").replace("\n", "")
        == "word" * 3000 + "x" * 5000
    )


def test_table_rows_stay_whole_sentences() -> None:
    rows = [(BlockKind.TABLE_ROW, 0, f"Drug {n}. Dose\t{n} mg") for n in range(3)]
    (passage,) = chunk(document_of(*rows))
    assert passage.text.split("\n")[1] == "Drug 1. Dose 1 mg"


@pytest.mark.parametrize("pages", [(), (Page(1, "", ()),), (Page(1, "only furniture", ()),)])
def test_a_document_without_body_has_no_passages(pages: tuple[Page, ...]) -> None:
    assert chunk(ParsedDocument("T", DocumentKind.PDF, True, pages)) == ()


def test_chunking_twice_gives_the_same() -> None:
    document = document_of((H, 1, "A"), (P, 0, "One. Two. " * 200))
    first: tuple[PassageDraft, ...] = chunk(document)
    assert chunk(document) == first


# --- cost -----------------------------------------------------------------------------------------

BROKEN = 'hyper- tension- al well- Known alpha beta, (gamma delta. x- - ( ) ." a-\n\nb c-\n \nd 7-'


def scrambled(dice: random.Random) -> ParsedDocument:
    """Words broken over lines, blocks and pages, more often than any document has them."""
    pages = []
    for _ in range(dice.randint(1, 5)):
        blocks = []
        for _ in range(dice.randint(1, 6)):
            kind = dice.choice([P, P, P, P, P, BlockKind.LIST_ITEM, H])
            text = " ".join(dice.choice(BROKEN.split(" ")) for _ in range(dice.randint(1, 30)))
            blocks.append((kind, 1 if kind is H else 0, text))
        pages.append(blocks)
    return paged_document(pages, paged=dice.random() < 0.7)


def test_passages_stay_as_they_were_when_joining_was_done_by_copying() -> None:
    """The digest is that of the first chunking, which copied the text at every join."""
    dice = random.Random(5)  # noqa: S311 - chooses words
    digest = hashlib.sha256()
    for _ in range(300):
        digest.update(repr(chunk(scrambled(dice))).encode())
    assert digest.hexdigest() == "882b24818ab1a6cee1b02f347299daef0225d8ff227af951ae0b1e364bd32ea3"


def endless(pages: int) -> ParsedDocument:
    """A paragraph without a full stop, in stretches as the reader sends them."""
    return paged_document([[(P, 0, "word " * 600)]] * pages, paged=False)


def least_seconds(document: ParsedDocument) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        chunk(document)
        taken.append(time.process_time() - began)
    return min(taken)


def test_a_paragraph_without_end_costs_what_its_length_tells() -> None:
    small, large = least_seconds(endless(80)), least_seconds(endless(640))
    assert large < 16 * small  # 8 times the text; by copying it was 50 times the work


@pytest.mark.parametrize(
    "text",
    [
        "." * 190_000 + "x",
        "a-" + "\n" * 190_000 + "7",
        "x" * 190_000,
        "- " * 50_000 + "a Dr. B" * 10_000,
        ":" + ")" * 190_000 + "x",
    ],
    ids=["dots", "line ends", "one word", "bullets", "brackets"],
)
def test_a_page_made_to_be_costly_costs_little(text: str) -> None:
    document = paged_document([[(P, 0, text)], [(P, 0, "b-\nc")]])
    began = time.process_time()
    chunk(document)
    assert time.process_time() - began < 2


class Enough(Exception):
    pass


def test_cutting_can_be_stopped_at_any_place() -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    document = endless(20)
    chunk(document, count)
    assert calls > 20 + len(chunk(document))
    left = iter(range(calls - 1))

    def stop() -> None:
        if next(left, None) is None:
            raise Enough

    with pytest.raises(Enough):
        chunk(document, stop)


def test_more_passages_than_are_allowed_are_refused_with_a_sentence() -> None:
    document = document_of(*[(kind, 1, "a") for kind in (H, P) * 11])
    assert len(chunk(document, most=11)) == 11
    with pytest.raises(DocumentTooLarge, match="more than 10 passages") as caught:
        chunk(document, most=10)
    assert caught.value.next_step
