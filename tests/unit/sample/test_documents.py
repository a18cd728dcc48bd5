"""The shipped documents are what the sources say, marked, whole and true to one another."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest
from docx import Document

from .shipped import documents, places, title_of

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging"
MARK = "Fictional sample"
PDFS = [path for path in documents() if path.suffix == ".pdf"]
HEAD = """title: A procedure
number: NGH-XX-001
kind: Procedure
version: 1.0
owner: Somebody
author: Somebody
approved: A committee
effective: 2026-01-01
review: 2027-01-01
applies: Everybody
format: html
file: a-procedure
---
"""


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    command = [sys.executable, "-m", "sample.build", str(folder)]
    done = subprocess.run(command, cwd=PACKAGING, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return folder


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    # The builder is run from packaging/, which is no package.
    monkeypatch.setattr(sys, "path", [str(PACKAGING), *sys.path])
    yield importlib.import_module("sample.source")
    for name in [name for name in sys.modules if name.partition(".")[0] == "sample"]:
        monkeypatch.delitem(sys.modules, name)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_building_anew_gives_the_shipped_documents(rebuilt: Path) -> None:
    shipped = documents()
    assert {path.name for path in rebuilt.rglob("*.*")} == {path.name for path in shipped}
    for path in shipped:
        anew = rebuilt / path.parent.name / path.name
        if path.suffix == ".docx":  # compressors differ by machine, what they hold does not
            assert members(anew) == members(path), path.name
        else:
            assert anew.read_bytes() == path.read_bytes(), path.name


def test_the_library_is_small_and_about_forty_pages() -> None:
    assert sum(path.stat().st_size for path in documents()) < 2_000_000
    words = sum(len(text.split()) for path in documents() for _, text in places(path))
    assert 35 <= words / 450 <= 60  # at some 450 words a page, tables included
    assert {path.suffix for path in documents()} == {".pdf", ".docx", ".html"}


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.stem)
def test_every_pdf_page_is_marked_numbered_and_within_its_margins(path: Path) -> None:
    with pypdfium2.PdfDocument(path) as document:
        for at, page in enumerate(document, 1):
            words = page.get_textpage()
            text = words.get_text_range()
            assert MARK in text
            assert f"Page {at} of {len(document)}" in text
            for char in range(words.count_chars()):
                left, _, right, _ = words.get_charbox(char)
                assert left >= 55  # the side margins are 22 mm, 62 points
                assert right <= page.get_width() - 55


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.stem)
def test_no_font_file_is_inside_a_pdf(path: Path) -> None:
    assert b"/FontFile" not in path.read_bytes()


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_every_other_document_is_marked_too(path: Path) -> None:
    if path.suffix == ".docx":
        footers = [section.footer for section in Document(str(path)).sections]
        assert all(MARK in footer.paragraphs[0].text for footer in footers)
    if path.suffix == ".html":
        assert path.read_text(encoding="utf-8").count(MARK) >= 2


def test_nothing_in_a_page_points_outside_or_runs() -> None:
    for path in documents():
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8").lower()
            assert not re.search(r"<script|https?:|src=|href=|@import|url\(", text)


def test_every_document_that_is_referred_to_is_there() -> None:
    known = {path.name[:10] for path in documents()}
    for path in documents():
        text = " ".join(text for _, text in places(path))
        named = set(re.findall(r"\b(?:NGH|HMB)-[A-Z]{2}-\d{3}\b", text))
        procedures = {name for name in named if name[4:6] not in ("FM", "PL")}  # forms, leaflets
        assert procedures <= known, path.name


def test_titles_differ_within_a_library_and_are_no_file_names() -> None:
    for library in ("hospital", "bank"):
        titles = [title_of(path) for path in documents() if path.parent.name == library]
        assert len(set(titles)) == len(titles)
        assert all(" " in title for title in titles)


@pytest.mark.parametrize(
    "text",
    [
        "title: no end of the head\n",
        HEAD.replace("owner: Somebody\n", "") + "## 1 Purpose\n",
        HEAD + "# 1 Too high a heading\n",
        HEAD + "> no label\n",
        HEAD + "| A | B |\n|-1-|-1-|\n| only one |\n",
        HEAD + "| A | B |\n| no | widths |\n| a | b |\n",
    ],
)
def test_a_source_that_breaks_the_rules_is_not_built(
    text: str, tmp_path: Path, source: ModuleType
) -> None:
    path = tmp_path / "hospital" / "broken.md"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(source.SourceUnreadable, match=r"broken\.md"):
        source.read_source(path)
