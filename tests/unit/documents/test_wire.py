"""The door: what a reader says is taken only when every value of it can be true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from appliance.airgap.sandbox import ALL_GUARDS
from appliance.documents import wire
from appliance.documents.errors import BY_CODE
from appliance.documents.frames import FrameInvalid, Value
from appliance.documents.limits import ReaderLimits
from appliance.values import Block, BlockKind, Box, DocumentKind, Page, PageImage
from tests.unit.documents.test_frames import VALUES

LIMITS = ReaderLimits(pages=5, page_characters=100, total_characters=300, pixels=100)
PDF: Any = ["document", "pdf", "T", True, 3]
PAGE: Any = ["page", 1, "text", [["paragraph", 0, 4, 0]], 10.0, 10.0]


def gather(*frames: Value, limits: ReaderLimits = LIMITS) -> wire.Gathered:
    gathered = wire.Gathered()
    for frame in frames:
        wire.take(gathered, frame, limits)
    return gathered


def test_an_honest_answer_is_taken() -> None:
    page = Page(
        1, "A\nb", (Block(BlockKind.HEADING, 0, 1, 2), Block(BlockKind.PARAGRAPH, 2, 3)), 9, 9
    )
    page = replace(page, width=9.0, height=9.0)
    gathered = gather(
        wire.header_frame(wire.Header(DocumentKind.PDF, "Title", True, 2)),
        wire.page_frame(page),
        ["failed", 2, "document_damaged"],
        ["end"],
    )
    assert gathered.pages == [page]
    assert [f.page for f in gathered.failures] == [2]
    assert gathered.complete


@pytest.mark.parametrize(
    "frames",
    [
        [["end"]],
        [PAGE],
        [["document", "exe", "T", True, 3]],
        [["document", "pdf", "T", True, 6]],
        [["document", "pdf", "T", True, 0]],
        [["document", "pdf", "T", False, 3]],
        [["document", "html", "T", True, 3]],
        [["document", "html", "T", False, 3]],
        [["document", "pdf", 5, True, 3]],
        [PDF, ["document", "pdf", "Other", True, 3]],
        [PDF, PAGE, PAGE],
        [PDF, ["page", 2, "", [], 1.0, 1.0]],
        [PDF, ["page", 1, "x" * 201, [], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [["paragraph", 0, 2, 0]], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [["paragraph", 0, 0, 0]], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [["paragraph", -1, 1, 0]], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [["odd", 0, 1, 0]], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [["heading", 0, 1, 7]], 1.0, 1.0]],
        [PDF, ["page", 1, "xy", [["code", 1, 2, 0], ["code", 0, 1, 0]], 1.0, 1.0]],
        [PDF, ["page", 1, "x", [], float("nan"), 1.0]],
        [PDF, ["page", 1, "x", [], 1e9, 1.0]],
        [PDF, ["page", 1, "x", [], -1.0, 1.0]],
        [PDF, ["page", 1, "x", [], 1, 1.0]],
        [PDF, ["failed", 1, "made_up"]],
        [PDF, ["failed", 1, "<b>your disk is full</b>"]],
        [["error", "made_up"]],
        [["image", [1, 1, 1, 1], b"abc", [], ""]],
        [["hello"]],
        [[]],
        [None],
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_true_is_refused(frames: list[Value]) -> None:
    with pytest.raises(FrameInvalid):
        gather(*frames)


def test_a_page_beyond_the_announced_ones_is_refused() -> None:
    frames: list[Value] = [["page", n, "", [], 1.0, 1.0] for n in (1, 2, 3, 4)]
    with pytest.raises(FrameInvalid):
        gather(["document", "pdf", "T", True, 3], *frames)


def test_too_much_text_in_all_is_named() -> None:
    frames: list[Value] = [["page", n, "x" * 120, [], 1.0, 1.0] for n in (1, 2, 3)]
    with pytest.raises(wire.ReaderSaysNo) as caught:
        gather(["document", "pdf", "T", True, 3], *frames)
    assert caught.value.kind.code == "document_too_large"


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_a_named_reason_is_one_of_ours(code: str) -> None:
    with pytest.raises(wire.ReaderSaysNo) as caught:
        gather(["error", code])
    assert caught.value.kind is BY_CODE[code]


def test_control_characters_become_spaces_one_for_one() -> None:
    text = "a\x00b\x1bc\u202ed\ue000\n\te\x9b"
    gathered = gather(PDF, ["page", 1, text, [], 1.0, 1.0])
    assert gathered.pages[0].text == "a b c d\ue000\n\te "
    assert gather(["document", "pdf", "a\x00\n b\u202e", True, 1]).header is not None


@given(VALUES)
def test_any_value_is_taken_or_refused_and_never_anything_else(untrusted: Value) -> None:
    for frames in ((untrusted,), (PDF, untrusted)):
        try:
            gather(*frames)
        except (FrameInvalid, wire.ReaderSaysNo):
            continue
    for check in (lambda: wire.sandbox_from(untrusted), lambda: picture(untrusted)):
        with pytest.raises((FrameInvalid, wire.ReaderSaysNo)):
            check()


def picture(untrusted: Value) -> PageImage:
    return wire.image_from(untrusted, "T", 1, LIMITS)


def test_an_honest_picture_is_taken_with_its_boxes_cut_to_it() -> None:
    image = PageImage("", 1, 2, 2, 3, b"\x01" * 18, (Box(-5.0, 1.0, 99.0, 2.0),), "text")
    taken = picture(wire.image_frame(image))
    assert taken == replace(image, title="T", boxes=(Box(0.0, 1.0, 2.0, 2.0),))


@pytest.mark.parametrize(
    "frame",
    [
        ["image", [1, 2, 2, 3], b"\x01" * 17, [], ""],
        ["image", [2, 2, 2, 3], b"\x01" * 18, [], ""],
        ["image", [1, 0, 2, 3], b"\x01" * 18, [], ""],
        ["image", [1, 9, 2, 3], b"\x01" * 18, [], ""],
        ["image", [1, 2, 0, 3], b"", [], ""],
        ["image", [1, 2, -2, -3], b"\x01" * 18, [], ""],
        ["image", [1, 2, 101, 1], b"\x01" * 303, [], ""],
        ["image", [1, 2, 2, 3], b"\x01" * 18, [[0.0, 0.0, float("inf"), 1.0]], ""],
        ["image", [1, 2, 2, 3], b"\x01" * 18, [[0, 0, 1, 1]], ""],
        ["image", [1, 2, 2, 3], b"\x01" * 18, [], "x" * 1000],
        PDF,
    ],
    ids=str,
)
def test_a_picture_that_cannot_be_true_is_refused(frame: Value) -> None:
    with pytest.raises(FrameInvalid):
        picture(frame)


@pytest.mark.parametrize(
    "frame",
    [
        ["hello", 2, "linux", [], [], 7],
        ["hello", 1, "x" * 65, [], [], 7],
        ["hello", 1, "linux", ["made up"], [], 7],
        ["hello", 1, "linux", [5], [], 7],
        ["hello", 1, "linux", [], [], -1],
        ["hello"],
    ],
    ids=str,
)
def test_a_greeting_that_is_not_ours_is_refused(frame: Value) -> None:
    with pytest.raises(FrameInvalid):
        wire.sandbox_from(frame)


def test_requests_are_read_as_they_were_written() -> None:
    for request in (wire.ParseRequest("a.pdf", 3), wire.RenderRequest(2, ((0, 5), (7, 9)), 2.0)):
        assert wire.request_from(wire.request_frame(request)) == request
    with pytest.raises(FrameInvalid):
        wire.request_from(["render", 1, [[5, 2]], 1.0])
    assert len(ALL_GUARDS) == 5
