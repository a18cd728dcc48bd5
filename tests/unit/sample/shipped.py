"""The shipped documents as text, read by the plain libraries and not by the product's readers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from docx import Document
from docx.table import Table
from selectolax.lexbor import LexborHTMLParser

from appliance.sample import SAMPLE_NAMES, sample_folder

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "sample_questions.toml"
HOSPITAL, BANK = SAMPLE_NAMES


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of the evaluation set, as its file writes it."""

    library: str
    kind: str
    text: str
    document: str = ""
    file: str = ""
    page: int = 0
    heading: str = ""
    phrase: str = ""


def judged() -> tuple[Judged, ...]:
    with VECTORS.open("rb") as file:
        return tuple(Judged(**table) for table in tomllib.load(file)["question"])


def documents() -> tuple[Path, ...]:
    return tuple(path for name in SAMPLE_NAMES for path in sorted(sample_folder(name).iterdir()))


def single_spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def title_of(path: Path) -> str:
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            return str(document.get_metadata_dict()["Title"])
    if path.suffix == ".docx":
        return str(Document(str(path)).core_properties.title)
    head = LexborHTMLParser(path.read_bytes()).css_first("title")
    return head.text() if head is not None else ""


def places(path: Path) -> tuple[tuple[str, str], ...]:
    """(page number or innermost heading, its text with single spaces)."""
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            texts = [page.get_textpage().get_text_range() for page in document]
        return tuple((str(at), single_spaced(text)) for at, text in enumerate(texts, 1))
    lines = _word_lines(path) if path.suffix == ".docx" else _web_lines(path)
    found: dict[str, list[str]] = {}
    heading = ""
    for is_heading, text in lines:
        heading = text if is_heading else heading
        found.setdefault(heading, []).append(text)
    return tuple((name, single_spaced(" ".join(texts))) for name, texts in found.items())


def _word_lines(path: Path) -> Iterator[tuple[bool, str]]:
    for item in Document(str(path)).iter_inner_content():
        if isinstance(item, Table):
            for row in item.rows:
                yield False, " ".join(cell.text for cell in row.cells)
        else:
            style = item.style
            named = style is not None and (style.name or "").startswith("Heading")
            yield named, single_spaced(item.text)


def _web_lines(path: Path) -> Iterator[tuple[bool, str]]:
    tree = LexborHTMLParser(path.read_bytes())
    for node in tree.css("h2, h3, p, li, td, th"):
        yield node.tag in ("h2", "h3"), single_spaced(node.text())
