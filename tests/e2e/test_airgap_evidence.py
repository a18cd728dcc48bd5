"""The evidence an auditor takes away: written, logged, proved anywhere, refused when changed."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest

from appliance.paper import airgap_sheet, as_page
from appliance.values import (
    AirgapEvidence,
    AirgapReport,
    NetworkPart,
    Part,
    PartKind,
    Probe,
    Run,
    Sheet,
)
from tests.e2e.terminal import cloister, require
from tests.unit.memory.material import NOON

LOADING = {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base",
           "form", "svg", "frame", "input", "button", "a"}  # fmt: skip


class Elements(HTMLParser):
    """Every element of a page, its attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(page: bytes) -> Elements:
    found = Elements()
    found.feed(page.decode())
    return found


def written(vault: Path, folder: Path) -> tuple[dict[str, Path], str]:
    said = require(cloister(vault, "airgap", "report", str(folder / "evidence.html")))
    files = {kind: folder / f"evidence.{kind}" for kind in ("html", "pdf", "proof")}
    assert said.find("files") == [str(path) for path in files.values()]
    assert said.find("holds") is True
    return files, str(said.find("key"))


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_it_is_written_logged_and_proved_and_any_change_is_found(
    vault: Path, tmp_path: Path
) -> None:
    files, key = written(vault, tmp_path)
    page = elements(files["html"].read_bytes())
    assert not page.names & LOADING
    assert not {
        name for name in page.attributes if name.startswith("on") or name in ("src", "href")
    }
    assert "url(" not in files["html"].read_text()
    assert "default-src 'none'" in files["html"].read_text()
    for words in ("io_uring_setup", "sockets in a child", "httpfs.duckdb_extension", ".X11-unix"):
        assert words in page.text
        assert words in " ".join(text_of(files["pdf"].read_bytes()).split()).replace("- ", "")

    records = require(cloister(vault, "log", "show", "--count", "60")).lines
    fields = next(line["fields"] for line in records if line.get("action") == "airgap.reporting")
    assert isinstance(fields, dict)
    for kind in ("html", "pdf"):
        assert fields[f"details.{kind}"] == sha256(files[kind].read_bytes()).hexdigest()

    for kind in files:
        said = require(cloister(tmp_path / "none", "airgap", "verify", str(files[kind]),
                                "--key", key))  # fmt: skip
        assert said.find("files") == ["html", "pdf"]
    for kind in files:
        sound = files[kind].read_bytes()
        files[kind].write_bytes(sound.replace(b"refused", b"allowed", 1)
                                if b"refused" in sound else sound[:-2] + b"x\n")  # fmt: skip
        refused = cloister(tmp_path, "airgap", "verify", str(files[kind]), "--key", key)
        assert refused.status == 1, kind
        files[kind].write_bytes(sound)


def test_no_file_is_taken_the_place_of_and_none_is_left_when_nothing_came_of_it(
    vault: Path, tmp_path: Path
) -> None:
    (tmp_path / "evidence.pdf").write_bytes(b"mine")
    said = cloister(vault, "airgap", "report", str(tmp_path / "evidence"))
    assert said.status == 1
    assert [path.name for path in tmp_path.glob("evidence*")] == ["evidence.pdf"]
    said = cloister(vault, "airgap", "report", str(tmp_path / "other"), passphrase="not this one")
    assert said.status == 1
    assert not [*tmp_path.glob("other*")]
    said = cloister(vault, "airgap", "report", str(vault / "inside"))
    assert said.status == 1
    assert not [*vault.glob("inside*")]


@pytest.mark.parametrize(
    ("what", "words"),
    [(["--key", "mistyped"], "key"), ([], "key"), (["--key", "@/nowhere"], "cannot be read")],
)
def test_a_key_that_is_none_is_said(tmp_path: Path, what: list[str], words: str) -> None:
    said = cloister(tmp_path, "airgap", "verify", str(tmp_path / "evidence"), *what)
    assert said.status == 1
    assert words in said.errors + json.dumps(said.lines)


def test_what_did_not_hold_stands_first_and_is_marked() -> None:
    """As are a part nobody has a reason for, and a file that is not as the list says."""
    report = AirgapReport(
        "Linux", (), (Probe("sockets by Python", False, "family 2 opened"),), NOON
    )
    part = NetworkPart("new", "1", "new/lib.so", "ab" * 32, ("socket",), (), "")
    evidence = AirgapEvidence(
        NOON, "0.1.0", "log", "key", report, (), (), (part,), 9, ("odd.so",), "cd" * 32, ("x.so",)
    )
    marked = [one.text for one in airgap_sheet(evidence).parts if one.runs[0].doubted]
    assert marked[0].startswith("THE AIR GAP DID NOT HOLD")
    for words in (
        "none",
        "OPEN: sockets by Python",
        "Nobody has said why",
        "odd.so",
        "x.so is not",
    ):
        assert any(words in text for text in marked), words


def test_a_page_holds_no_markup_of_others() -> None:
    sheet = Sheet(
        "<script>", NOON, (Part(PartKind.TEXT, (Run('<img src="http://x/y" onerror=z>'),)),)
    )
    found = elements(as_page(sheet))
    assert found.names <= {"html", "head", "meta", "title", "style", "body", "p"}
    assert re.search(r"<img", found.text)
