"""The sandboxed reader on honest documents, from end to end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from appliance.documents import ReaderLimits, SandboxedReader
from appliance.errors import DocumentError
from appliance.values import DocumentKind, ParsedDocument
from tests.unit.documents import samples


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader()
    yield made
    made.close()


LONG = "This is a line of the ward handbook which is about as wide as the column."


def test_a_pdf_comes_back_with_pages_blocks_and_passages(reader: SandboxedReader) -> None:
    pages = [[f"# Rule {word}", LONG, "", "Hands are clean."] for word in "ABCDE"]
    data = samples.pdf(pages, title="Handbook", header="General Hospital", footer="{page} / 5")
    document = reader.parse(data, "handbook.pdf")
    assert (document.title, document.kind, document.paged) == ("Handbook", DocumentKind.PDF, True)
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5]
    assert "General Hospital" in document.pages[2].text
    passages = reader.chunk(document)
    assert [passage.spans[0].page for passage in passages] == [1, 2, 3, 4, 5]
    assert [p.headings for p in passages] == [(f"Rule {word}",) for word in "ABCDE"]
    assert not any("General Hospital" in p.text or "/ 5" in p.text for p in passages)


def test_a_cited_page_is_drawn_with_boxes(reader: SandboxedReader) -> None:
    data = samples.pdf([["first"], ["Wash your hands", "for 20 seconds"]])
    text = reader.parse(data, "a.pdf").pages[1].text
    image = reader.render(data, "A", 2, [(0, len(text))], 2.0)
    assert (image.title, image.number, image.count) == ("A", 2, 2)
    assert (image.width, image.height) == (840, 1190)
    assert len(image.boxes) == 2
    assert image.text == text


@pytest.mark.parametrize(
    ("data", "name", "kind", "title"),
    [
        (samples.docx(), "x.docx", DocumentKind.DOCX, "Ward handbook"),
        (b"<html><title>T</title><p>Text.", "x.html", DocumentKind.HTML, "T"),
        (b"# Head\n\ntext", "x.md", DocumentKind.MARKDOWN, "Head"),
        (b"just text", "ward_rules.txt", DocumentKind.TEXT, "ward rules"),
        (samples.pdf([["inside"]], title="P"), "renamed.txt", DocumentKind.PDF, "P"),
        (b"\xff\xfe" + "wide".encode("utf-16-le"), "w", DocumentKind.TEXT, "w"),
        ("Привет".encode("cp1251"), "declared.html", DocumentKind.HTML, "declared"),
    ],
    ids=["docx", "html", "markdown", "text", "pdf named txt", "utf-16", "declared"],
)
def test_every_kind_is_read_by_its_content(
    reader: SandboxedReader, data: bytes, name: str, kind: DocumentKind, title: str
) -> None:
    if name.startswith("declared"):
        data = b'<meta charset="windows-1251"><html><p>' + data
    document = reader.parse(data, name)
    assert (document.kind, document.title) == (kind, title)
    assert document.paged is (kind is DocumentKind.PDF)
    assert reader.chunk(document)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "document_empty"),
        (b"  \n", "document_empty"),
        (b"<html><body><script>x</script>", "document_empty"),
        (samples.docx_of("<w:p/>"), "document_empty"),
        (samples.pdf([[]]), "document_empty"),
        (samples.pdf([["x"]], password="s3cret"), "document_encrypted"),
        (samples.scanned_pdf(), "document_without_text"),
        (samples.pdf([["x"]])[:200], "document_damaged"),
        (samples.docx()[:1000], "document_damaged"),
        (samples.docx_of("<w:p"), "document_damaged"),
        (bytes(range(256)) * 50, "document_unsupported"),
        (b"PK\x03\x04" + b"\x00" * 100, "document_damaged"),
        (samples.many_pages_pdf(5001), "document_too_long"),
    ],
    ids=[
        "nothing",
        "spaces",
        "only-a-script",
        "docx-without-text",
        "pdf-without-text",
        "locked",
        "scanned",
        "cut-pdf",
        "cut-docx",
        "half-an-element",
        "no-document",
        "cut-zip",
        "too-long",
    ],
)
def test_what_cannot_be_read_gives_a_sentence_and_a_next_step(
    reader: SandboxedReader, data: bytes, code: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        reader.parse(data, "the file.xyz")
    error = caught.value
    assert error.code == code
    assert "the file.xyz" in error.sentence
    assert error.sentence.endswith(".")
    assert error.next_step.endswith(".")
    assert reader.parse(b"still well", "a.txt").pages[0].text == "still well"


def test_a_file_above_the_limit_never_reaches_a_reader() -> None:
    reader = SandboxedReader(ReaderLimits(document_bytes=10), command=("/nonexistent",))
    with pytest.raises(DocumentError) as caught:
        reader.parse(b"x" * 11, "a.txt")
    assert caught.value.code == "document_too_large"


def test_pages_that_fail_are_listed_and_the_others_kept(reader: SandboxedReader) -> None:
    mixed = reader.parse(samples.text_then_scan(), "b.pdf")
    assert [page.number for page in mixed.pages] == [1]
    assert [(f.page, f.code) for f in mixed.failures] == [(2, "document_without_text")]


def test_rendering_what_has_no_pages_or_not_that_page_is_refused(reader: SandboxedReader) -> None:
    for data, page, code in (
        (b"<html>", 1, "document_unsupported"),
        (samples.pdf([["x"]]), 2, "page_not_there"),
        (samples.pdf([["x"]]), 0, "page_not_there"),
    ):
        with pytest.raises(DocumentError) as caught:
            reader.render(data, "T", page, [], 1.0)
        assert caught.value.code == code


def test_several_threads_read_at_the_same_time() -> None:
    reader = SandboxedReader()
    results: dict[int, ParsedDocument] = {}

    def read(number: int) -> None:
        data = samples.pdf([[f"document {number}"]] * (number + 1))
        results[number] = reader.parse(data, f"{number}.pdf")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.close()
    assert {n: len(d.pages) for n, d in results.items()} == {n: n + 1 for n in range(8)}
    assert all(f"document {n}" in d.pages[0].text for n, d in results.items())


def test_a_template_is_replaced_after_its_share_of_documents() -> None:
    reader = SandboxedReader(ReaderLimits(documents_per_template=2, workers=1))
    for _ in range(5):
        reader.parse(b"text", "a.txt")
        assert all(template.documents < 2 for template in reader._idle)
    reader.close()


def test_a_reader_that_cannot_be_started_is_no_fault_of_the_document() -> None:
    from appliance.documents.errors import ReaderUnavailable

    for command in (("/nonexistent",), ("/bin/false",)):
        with pytest.raises(ReaderUnavailable) as caught:
            SandboxedReader(command=command).parse(b"x", "a.txt")
        assert not isinstance(caught.value, DocumentError)


def test_this_program_never_loads_a_parser() -> None:
    program = (
        "import sys; from appliance.documents import SandboxedReader as R; r = R();"
        "d = r.parse(b'<html><p>text', 'a.html'); r.chunk(d); r.close();"
        "names = 'pypdfium2 pyexpat selectolax markdown_it docx numpy'.split();"
        "found = set(names) & set(sys.modules);"
        "print(sorted(found), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]"
