"""What the documentation points at is there: pages, files, names of the code, labels."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.unit.test_docs_commands import HANDBOOKS, PAGES, ROOT

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
FILE = re.compile(
    r"`((?:appliance|gui|tests|packaging|policies|docs)/[\w./-]+\.(?:py|md|toml|sh|ts|nsi|txt|xml|cedar))`"
)
BOLD = re.compile(r"\*\*([^*]+)\*\*")
NAME = re.compile(r"`(_?[A-Za-z]\w*)`")
BEGUN = ("subtitles", "seed_oss", "policies/nights")
"""What the developer's handbook has one make."""
EMPHASIS = {"Keep a checkpoint."}
ELSEWHERE = {"transformers", "forbid", "permit", "serial", "torch"}
"""Words of other languages and programs."""
FOR_USERS = [page for page in HANDBOOKS if page.stem != "developer"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_leads_to_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    leads = [page.parent / found for found in LINK.findall(text)]
    leads += [ROOT / name for name in FILE.findall(text) if not any(new in name for new in BEGUN)]
    assert [str(place) for place in leads if not place.exists()] == []


def test_every_page_is_reached_from_the_handbooks_index() -> None:
    index = ROOT / "docs" / "handbook" / "README.md"
    reached = {(index.parent / found).resolve() for found in LINK.findall(index.read_text("utf-8"))}
    pages = [*(ROOT / "docs").glob("*.md"), *HANDBOOKS, *(ROOT / "docs" / "models").glob("*.md")]
    assert {page.name for page in pages if page not in reached and page != index} == set()


@cache
def shown() -> tuple[str, ...]:
    """The texts of the window: what a catalogue translates."""
    tables = tomllib.loads((ROOT / "gui" / "languages" / "de.toml").read_text("utf-8"))
    return tuple(key for table in tables.values() for key in table)


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.stem)
def test_what_a_handbook_says_in_bold_stands_so_in_the_window(page: Path) -> None:
    """A capital begins a label; what is emphasised begins small, or is named above."""
    labels = [" ".join(label.split()) for label in BOLD.findall(page.read_text("utf-8"))]
    for label in labels:
        if label[:1].isupper() and label not in EMPHASIS:
            begun = label.removesuffix(" …") if label not in shown() else ""
            fits = begun and begun != label and any(text.startswith(begun) for text in shown())
            assert label in shown() or fits, f"nothing in the window says “{label}”"


def test_names_of_the_developers_handbook_are_in_the_code() -> None:
    text = (ROOT / "docs" / "handbook" / "developer.md").read_text("utf-8")
    folders = ("appliance", "gui", "packaging", "tests")
    files = [file for name in folders for file in (ROOT / name).rglob("*.py")]
    words = set(re.findall(r"\w+", "".join(file.read_text("utf-8") for file in files)))
    named = {name for name in NAME.findall(text) if not any(new in name for new in BEGUN)}
    assert len(named) > 10
    assert named - words - ELSEWHERE == set()


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.stem)
def test_what_is_to_be_typed_needs_no_checkout(page: Path) -> None:
    typed = [line for line in page.read_text("utf-8").splitlines() if line[:4] == "    "]
    assert [line for line in typed if re.search(r"^ +make |\.venv/|packaging/", line)] == []
