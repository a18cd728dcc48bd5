"""Real documents: odd and encrypted ones end in a sentence, ordinary ones come back whole.

Fidelity is measured against text that others extracted: the share of its words that ours has
(recall) and the share of ours that it has (precision), per kind over all files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.documents import SandboxedReader
from appliance.documents.errors import BY_CODE
from appliance.errors import DocumentError
from appliance.values import ParsedDocument

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DOCUMENTS = SHARED / "documents"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DOCUMENTS.exists(), reason="the real documents are not here"),
]


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader()
    yield made
    made.close()


def ending(reader: SandboxedReader, path: Path) -> str:
    try:
        document = reader.parse(path.read_bytes(), path.name)
    except DocumentError as error:
        return error.code
    require_true_passages(reader, document)
    return "read"


def require_true_passages(reader: SandboxedReader, document: ParsedDocument) -> None:
    """Every span is the page's text but for white space."""
    texts = {page.number: page.text for page in document.pages}
    for passage in reader.chunk(document):
        for span in passage.spans:
            theirs = texts[span.page][span.start : span.start + span.length]
            ours = passage.text[span.at : span.at + span.length]
            assert theirs.split() == ours.split()
            assert len(theirs) == len(ours)


def test_odd_pdfs_are_read_or_refused_with_a_reason(reader: SandboxedReader) -> None:
    endings = {
        path.name: ending(reader, path) for path in sorted(DOCUMENTS.glob("pypdf-samples/*/*.pdf"))
    }
    assert set(endings.values()) <= {"read", *BY_CODE}
    assert "reader_crashed" not in endings.values()
    assert endings["libreoffice-writer-password.pdf"] == "document_encrypted"
    assert endings["minimal-document.pdf"] == "read"
    assert list(endings.values()).count("read") > 0.6 * len(endings)


def test_every_other_kind_of_file_is_read_or_refused_with_a_reason(reader: SandboxedReader) -> None:
    paths = [p for p in sorted((DOCUMENTS / "unstructured").rglob("*")) if p.is_file()]
    paths += [p for p in sorted((DOCUMENTS / "docling").glob("*/sources/*")) if p.is_file()]
    endings = Counter(ending(reader, path) for path in paths)
    assert set(endings) <= {"read", *BY_CODE}
    assert endings["reader_crashed"] == 0
    assert endings["reading_timed_out"] == 0
    assert endings["read"] > 50


@pytest.mark.parametrize(
    ("kind", "recall", "precision"),
    [("pdf", 0.97, 0.93), ("html", 0.93, 0.98), ("docx", 0.92, 0.97), ("md", 0.98, 0.97)],
)
def test_what_is_read_is_what_others_read(
    reader: SandboxedReader, kind: str, recall: float, precision: float
) -> None:
    common = theirs = ours = 0
    for path in sorted((DOCUMENTS / "docling" / kind / "sources").iterdir()):
        truth = DOCUMENTS / "docling" / kind / "groundtruth" / f"{path.name}.md"
        if not truth.exists():
            truth = truth.with_name(f"{path.stem}.md")
        if not truth.exists() or ending(reader, path) != "read":
            continue
        expected = words(plain(truth.read_text()))
        document = reader.parse(path.read_bytes(), path.name)
        got = words("\n".join(p.text[b.start : b.end] for p in document.pages for b in p.blocks))
        common += (expected & got).total()
        theirs += expected.total()
        ours += got.total()
    assert theirs > 300
    assert common / theirs >= recall
    assert common / ours >= precision


def plain(markdown: str) -> str:
    """Markdown without comments, addresses and escapes."""
    return re.sub(r"<!--.*?-->|\(data:[^)]*\)|\]\([^)]*\)|&\w+;|\\", "", markdown, flags=re.DOTALL)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.replace("_", " ").lower()))
