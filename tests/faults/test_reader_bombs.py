"""Documents made to exhaust a reader: each ends in bounded time with a sentence, or is read."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.documents import ReaderLimits, SandboxedReader
from appliance.documents.errors import BY_CODE
from appliance.errors import DocumentError
from tests.unit.documents import samples

MEGABYTE = 1 << 20
LIMITS = ReaderLimits(memory_bytes=1 << 30, cpu_seconds=4, wall_seconds=12.0)


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader(LIMITS)
    yield made
    made.close()


def failing(reader: SandboxedReader, data: bytes, name: str) -> str:
    """The code of the error, which must come in bounded time and leave the reader usable."""
    began = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        reader.parse(data, name)
    assert time.monotonic() - began < 20
    assert caught.value.sentence
    assert caught.value.next_step
    return caught.value.code


def ending(reader: SandboxedReader, data: bytes, name: str) -> str:
    """ "read", or the code of the error, which must have a sentence and a next step."""
    try:
        document = reader.parse(data, name)
    except DocumentError as error:
        return error.code if error.sentence.endswith(".") and error.next_step else "speechless"
    return "read" if all(p.text.strip() for p in reader.chunk(document)) else "blank passage"


def zip_bomb() -> bytes:
    """300 MB of one letter in a word/document.xml of 300 kB."""
    holder = io.BytesIO()
    with (
        zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        member.write(b'<w:document xmlns:w="' + samples.WORD.encode() + b'"><w:body>')
        for _ in range(300):
            member.write(b"a" * MEGABYTE)
        member.write(b"</w:body></w:document>")
    return holder.getvalue()


def lying_zip() -> bytes:
    """The archive says of its 50 MB member that it holds ten bytes."""
    holder = io.BytesIO()
    with zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"b" * (50 * MEGABYTE))
    size = (50 * MEGABYTE).to_bytes(4, "little")
    return holder.getvalue().replace(size, (10).to_bytes(4, "little"))


JUNK = random.Random(7).randbytes(2 * MEGABYTE)  # noqa: S311 - the same junk every time
LAUGHS = "<!DOCTYPE w [<!ENTITY a0 'lol'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 11)
)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (zip_bomb(), {"document_too_large"}),
        (lying_zip(), {"document_damaged", "document_too_large"}),
        (
            samples.docx_of("<w:p><w:r><w:t>&a10;</w:t></w:r></w:p>", LAUGHS + "]>"),
            {"document_damaged"},
        ),
        (
            samples.docx_of(
                "<w:p><w:r><w:t>&x;</w:t></w:r></w:p>",
                '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            ),
            {"document_damaged"},
        ),
        (samples.docx_of("<w:p>" * 100_000 + "</w:p>" * 100_000), {"document_damaged"}),
        (
            samples.docx_of("<w:tbl><w:tr><w:tc>" * 80 + "x" + "</w:tc></w:tr></w:tbl>" * 80),
            {"document_damaged", "document_empty"},
        ),
        (samples.many_pages_pdf(10_000), {"document_too_long"}),
        (b"\x00" * (2 * MEGABYTE), {"document_empty"}),
        (JUNK, {"document_unsupported"}),
    ],
    ids=[
        "zip bomb",
        "lying zip",
        "billion laughs",
        "external entity",
        "deep xml",
        "deep tables",
        "10,000 pages",
        "zeros",
        "binary junk",
    ],
)
def test_a_bomb_does_not_go_off(reader: SandboxedReader, data: bytes, codes: set[str]) -> None:
    assert failing(reader, data, "bomb.docx") in codes
    assert reader.parse(b"well", "a.txt").pages[0].text == "well"


def test_a_tree_larger_than_memory_is_named_as_that() -> None:
    """What is read is held to the end, so there is nothing left to say it with but a reserve."""
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("word/document.xml", b"<w>" + b'<p a="bc"/>' * 1_500_000 + b"</w>")
    small = SandboxedReader(ReaderLimits(memory_bytes=400 * MEGABYTE))
    try:
        assert failing(small, many.getvalue(), "many.docx") == "reading_out_of_memory"
    finally:
        small.close()


def test_html_nested_a_hundred_thousand_deep_is_read_or_stopped(reader: SandboxedReader) -> None:
    depth = 100_000
    data = b"<html>" + b"<div>" * depth + b"deep" + b"</div>" * depth
    began = time.monotonic()
    assert ending(reader, data, "deep.html") in {"read", "reading_timed_out"}
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "*a " * 50_000, "> " * 20_000 + "x", "`" * 1000 + "\n" + "`a" * 20_000]
)
def test_markdown_that_makes_parsers_quadratic_is_read_or_stopped(
    reader: SandboxedReader, text: str
) -> None:
    stopped = {"reading_timed_out", "reading_out_of_memory", "document_damaged", "document_empty"}
    assert ending(reader, text.encode(), "a.md") in {"read"} | stopped


def test_a_hundred_megabytes_of_text_is_named_too_large(reader: SandboxedReader) -> None:
    line = b"The ward is cleaned every day and the nurse signs for it.\n"
    assert failing(reader, line * (100 * MEGABYTE // len(line)), "log.txt") in {
        "document_too_large",
        "reading_timed_out",
        "reading_out_of_memory",
    }


def test_ten_megabytes_of_text_are_read() -> None:
    line = b"The ward is cleaned every day and the nurse signs for it.\n\n"
    reader = SandboxedReader()
    document = reader.parse(line * (10 * MEGABYTE // len(line)), "log.txt")
    reader.close()
    assert sum(len(page.text) for page in document.pages) > 9 * MEGABYTE


PARTS = st.sampled_from(
    [
        samples.pdf([["one two", "three"], ["four"]]),
        samples.docx(),
        samples.docx_of("<w:p><w:r><w:t>text</w:t></w:r></w:p>"),
        b"<html><body><table><tr><td>a</td></tr></table><ul><li>b</ul>",
        b"# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "Größe: 5 µg\n\n1. eins\n2. zwei".encode("utf-16"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document with bytes changed, cut out, doubled or put in, or no document at all."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html>"])) + draw(
            st.binary(max_size=400)
        )
    data = bytearray(draw(PARTS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        span = draw(st.integers(0, 40))
        what = draw(st.integers(0, 3))
        if what == 0:
            data[at : at + span] = draw(st.binary(max_size=40))
        elif what == 1:
            del data[at:]
        elif what == 2:
            data[at:at] = data[at : at + span]
        elif data:
            data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged(), st.sampled_from(["a.pdf", "a.docx", "a.html", "a.md", "a.txt", "a"]))
def test_whatever_comes_is_read_or_refused_with_a_sentence(
    reader: SandboxedReader, data: bytes, name: str
) -> None:
    assert ending(reader, data, name) in {"read", *BY_CODE}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged(), st.integers(1, 3), st.lists(st.tuples(st.integers(), st.integers()), max_size=3))
def test_whatever_comes_is_drawn_or_refused(
    reader: SandboxedReader, data: bytes, page: int, ranges: list[tuple[int, int]]
) -> None:
    try:
        image = reader.render(data, "T", page, ranges, 0.5)
    except DocumentError:
        return
    assert len(image.pixels) == 3 * image.width * image.height
