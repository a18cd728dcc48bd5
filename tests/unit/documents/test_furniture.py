"""Running headers and footers leave the body; nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.furniture import without_furniture
from appliance.values import Block, BlockKind, Page


def page(number: int, text: str) -> Page:
    return Page(number, text, (Block(BlockKind.PARAGRAPH, 0, len(text)),) if text else ())


def body(pages: tuple[Page, ...]) -> list[str]:
    return ["|".join(p.text[b.start : b.end] for b in p.blocks) for p in pages]


def test_running_headers_and_page_numbers_leave_the_blocks_but_not_the_text() -> None:
    pages = [
        page(n, f"Ward handbook\nText {'abcdefgh'[n]} here.\nMore {'abcdefgh'[n]}.\nPage {n} of 6")
        for n in range(6)
    ]
    result = without_furniture(pages)
    assert body(result) == [f"Text {'abcdefgh'[n]} here.\nMore {'abcdefgh'[n]}." for n in range(6)]
    assert [p.text for p in result] == [p.text for p in pages]


def test_left_and_right_headers_both_go() -> None:
    pages = [
        page(n, f"{('Left', 'Right')[n % 2]} title\nBody {chr(97 + n)}.\nb\nc") for n in range(12)
    ]
    assert all("title" not in text for text in body(without_furniture(pages)))


def test_a_line_that_repeats_far_apart_or_in_the_middle_stays() -> None:
    pages = [page(n, f"{chr(97 + n)} top\nx\nNote\ny\nz\n{chr(97 + n)} end") for n in range(9)]
    pages[0] = page(0, "Annex\nx\ny\nend")
    pages[8] = page(8, "Annex\nx\ny\nend")
    result = body(without_furniture(pages))
    assert all("Note" in text for text in result[1:8])
    assert result[0] == "Annex\nx\ny\nend"


def test_two_pages_are_too_few_to_judge_by() -> None:
    pages = [page(n, "Same\nbody\nend\nfoot") for n in (1, 2)]
    assert without_furniture(pages) == tuple(pages)


def test_a_page_of_one_line_keeps_it() -> None:
    pages = [page(n, "Same") for n in range(1, 8)]
    assert without_furniture(pages) == tuple(pages)


@given(st.lists(st.text(alphabet="ab1 \n", max_size=40), max_size=8))
def test_blocks_stay_in_order_inside_the_text_and_begin_and_end_with_text(texts: list[str]) -> None:
    result = without_furniture([page(n, text) for n, text in enumerate(texts, 1)])
    for p in result:
        last = 0
        for block in p.blocks:
            assert last <= block.start < block.end <= len(p.text)
            last = block.end
        assert "".join(p.text.split()) == "".join(texts[p.number - 1].split())
