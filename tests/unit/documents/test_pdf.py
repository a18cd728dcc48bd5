"""PDF pages: text, blocks, titles, boxes, pictures."""

from __future__ import annotations

import io

import pytest
from reportlab.pdfgen.canvas import Canvas

from appliance.documents import pdf
from appliance.documents.errors import Unreadable
from appliance.documents.limits import ReaderLimits
from appliance.documents.pdf_text import Placement
from appliance.values import Page, PageImage
from tests.unit.documents import samples

LIMITS = ReaderLimits()


def read(data: bytes, limits: ReaderLimits = LIMITS) -> list[Page | tuple[int, str]]:
    document = pdf.open_pdf(data, limits)
    sizes, _ = pdf.sample(document, limits)
    return list(pdf.read_pages(document, sizes, limits, 1))


def blocks(page: Page | tuple[int, str]) -> list[tuple[str, str]]:
    assert isinstance(page, Page)
    return [
        (b.kind.value + (str(b.level) if b.level else ""), page.text[b.start : b.end])
        for b in page.blocks
    ]


LONG = "This is a line of the ward handbook which is about as wide as the column"


def test_a_page_gives_headings_paragraphs_and_list_items() -> None:
    data = samples.pdf(
        [
            [
                "# Hand hygiene",
                f"{LONG}",
                "and goes on here.",
                "",
                "A second paragraph.",
                "1. First",
                "(b) Next",
            ]
        ]
    )
    (page,) = read(data)
    assert blocks(page) == [
        ("heading1", "Hand hygiene"),
        ("paragraph", f"{LONG}\nand goes on here."),
        ("paragraph", "A second paragraph."),
        ("list_item", "1. First"),
        ("list_item", "(b) Next"),
    ]
    assert isinstance(page, Page)
    assert (page.width, page.height) == (samples.WIDTH, samples.HEIGHT)


def test_a_hyphen_at_a_line_end_keeps_its_line_break() -> None:
    (page,) = read(samples.pdf([["A case of hyper-", "tension was seen on", "the ward."]]))
    assert isinstance(page, Page)
    assert page.text == "A case of hyper-\ntension was seen on\nthe ward."


def test_wide_gaps_part_the_cells_of_table_rows() -> None:
    holder = io.BytesIO()
    canvas = Canvas(holder, pagesize=(400, 400))
    for y, cells in ((300, ("Drug", "Dose")), (286, ("Heparin sodium", "5000 IU"))):
        for x, text in zip((50, 200), cells, strict=True):
            canvas.drawString(x, y, text)
    canvas.save()
    (page,) = read(holder.getvalue())
    assert blocks(page) == [("table_row", "Drug\tDose"), ("table_row", "Heparin sodium\t5000 IU")]


def test_scaled_type_is_measured_as_drawn() -> None:
    holder = io.BytesIO()
    canvas = Canvas(holder, pagesize=(400, 400))
    canvas.setFont("Helvetica", 1)
    canvas.saveState()
    canvas.translate(50, 350)
    canvas.scale(20, 20)
    canvas.drawString(0, 0, "Large")
    canvas.restoreState()
    canvas.setFont("Helvetica", 10)
    for line in range(8):
        canvas.drawString(50, 300 - 14 * line, "a line of the body of the text")
    canvas.save()
    (page,) = read(holder.getvalue())
    assert blocks(page)[0] == ("heading1", "Large")


def test_the_title_is_the_metadatas_unless_that_is_a_file_name() -> None:
    for given, title in (("Handbook", "Handbook"), ("draft.docx", "Big words"), ("", "Big words")):
        document = pdf.open_pdf(samples.pdf([["# Big words", LONG, LONG]], title=given), LIMITS)
        assert pdf.sample(document, LIMITS)[1] == title


def test_a_scan_is_named_page_by_page() -> None:
    assert read(samples.scanned_pdf(2)) == [
        (1, "document_without_text"),
        (2, "document_without_text"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (samples.pdf([["x"]], password="s3cret"), "document_encrypted"),
        (b"%PDF-1.7\nnothing that follows makes sense", "document_damaged"),
        (samples.many_pages_pdf(6), "document_too_long"),
    ],
    ids=["encrypted", "damaged", "too long"],
)
def test_what_cannot_be_opened_is_named(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        pdf.open_pdf(data, ReaderLimits(pages=5))
    assert caught.value.kind.code == code


def test_a_pdf_with_an_empty_user_password_is_read() -> None:
    (page,) = read(samples.pdf([["Open to all"]], password=""))
    assert isinstance(page, Page)
    assert page.text == "Open to all"


def test_a_page_of_too_much_text_is_named_and_the_rest_read() -> None:
    pages = read(samples.pdf([["short"], [LONG] * 20, ["end"]]), ReaderLimits(page_characters=100))
    assert pages[1] == (2, "document_too_large")
    assert [isinstance(page, Page) for page in pages] == [True, False, True]


def dark_share(image: PageImage, box_number: int) -> float:
    """The share of dark pixels inside a box."""
    box = image.boxes[box_number]
    dark = total = 0
    for y in range(int(box.top), int(box.bottom)):
        for x in range(int(box.left), int(box.right)):
            total += 1
            dark += image.pixels[3 * (y * image.width + x)] < 128
    return dark / max(total, 1)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_boxes_lie_on_the_words_they_mark_however_the_page_is_turned(turned: int) -> None:
    data = samples.pdf([["", "", "Wash your hands", "for 20 seconds", "and dry them"]])
    document = pdf.open_pdf(data, LIMITS)
    document[0].set_rotation(turned)
    page = document[0]
    page.set_cropbox(10, 20, 400, 580)
    page.set_rotation(turned)
    (read_page,) = pdf.read_pages(document, pdf.sample(document, LIMITS)[0], LIMITS, 1)
    assert isinstance(read_page, Page)
    starts = [read_page.text.index(word) for word in ("hands", "for 20")]
    ranges = [(starts[0], starts[0] + 5), (starts[1], starts[1] + 6)]
    image = pdf.render(document, 1, ranges, 2.0, LIMITS)
    assert image.text == read_page.text
    assert len(image.pixels) == 3 * image.width * image.height
    assert len(image.boxes) == 2
    inside = sum(
        (box.right - box.left) * (box.bottom - box.top) * dark_share(image, number)
        for number, box in enumerate(image.boxes)
    )
    assert all(dark_share(image, number) > 0.08 for number in range(2))
    all_dark = sum(value < 128 for value in image.pixels[0::3])
    assert 0.2 < inside / all_dark < 0.6  # the words marked, and no others


def test_a_huge_scale_or_page_is_drawn_smaller_rather_than_refused() -> None:
    document = pdf.open_pdf(samples.pdf([["x"]]), LIMITS)
    image = pdf.render(document, 1, [], 10.0, ReaderLimits(pixels=100_000))
    assert image.width * image.height <= 100_000


def test_a_page_that_is_not_there_is_named() -> None:
    document = pdf.open_pdf(samples.pdf([["x"]]), LIMITS)
    with pytest.raises(Unreadable):
        pdf.render(document, 2, [], 1.0, LIMITS)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_placement_turns_corners_where_they_are_seen(turned: int) -> None:
    placement = Placement(10, 20, 110, 220, turned)
    box = placement.box(10, 20, 110, 220)
    assert box == (0, 0, placement.width, placement.height)
    assert placement.width == (100 if turned in (0, 180) else 200)
