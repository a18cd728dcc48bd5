"""Answers as PDF: archival, numbered, whole, and nothing but text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pypdfium2
import pytest
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from appliance.documents import SandboxedReader
from appliance.paper import sheet_of
from appliance.values import Outcome, Part, PartKind, Run, Sheet, Turn
from gui.ask.leaving import wording
from gui.ask.typeset import typeset
from gui.worker import Lane, Worker
from tests.gui.driving import answered
from tests.gui.event_loop import Watchdog
from tests.gui.memory_remembered import DECIDED, WHEN, proof_of


def set_in_type(text: str, count: int = 1) -> bytes:
    turns = [
        Turn(text, WHEN, Outcome.ANSWERED, answered(f"{text} said the guide."), record=number)
        for number in range(count)
    ]
    proofs = [proof_of(turn.record) for turn in turns]
    return typeset(
        sheet_of(
            text, turns, proofs, WHEN, wording(), replaced={}, decided={0: DECIDED}, beside="none"
        )
    )


def dictionaries(content: bytes) -> list[bytes]:
    """Of every object, without what stands in its stream."""
    found = re.findall(rb"\d+ 0 obj\s(.*?)endobj", content, re.DOTALL)
    return [one.split(b"stream\n")[0] for one in found]


def test_a_pdf_is_archival_and_carries_its_letters(qapp: QApplication) -> None:
    """PDF/A-1b (ISO 19005-1), as far as it shows in the file: 6.1.3, 6.2.2, 6.3.4, 6.6, 6.7."""
    content = set_in_type("Größer als 5 µg ≥ α? <b> & ]]>")
    assert content.startswith(b"%PDF-1.4\n%")
    assert re.search(rb"trailer\s*<<[^>]*/ID \[", content)
    assert re.search(rb"/OutputIntent\s/S/GTS_PDFA1\s/DestOutputProfile", content)
    packet = content[content.index(b"<x:xmpmeta") : content.index(b"</x:xmpmeta>") + 12]
    described = ElementTree.fromstring(packet)
    pdfa = "{http://www.aiim.org/pdfa/ns/id/}"
    ours = next(one for one in described.iter() if one.get(f"{pdfa}part"))
    assert (ours.get(f"{pdfa}part"), ours.get(f"{pdfa}conformance")) == ("1", "B")
    assert "Größer als 5 µg ≥ α? <b> & ]]>" in "".join(map(str, described.itertext()))
    objects = dictionaries(content)
    fonts = [one for one in objects if b"/Type0" in one]
    descriptors = [one for one in objects if b"/Type /FontDescriptor" in one]
    assert len(fonts) == len(descriptors) > 2
    assert all(b"/ToUnicode" in one for one in fonts)
    assert all(b"/FontFile" in one for one in descriptors)
    for name in (b"Encrypt", b"JavaScript", b"JS", b"AA", b"OpenAction", b"URI", b"EmbeddedFile",
                 b"Launch", b"LZWDecode", b"Transparency"):  # fmt: skip
        assert not any(re.search(rb"/" + name + rb"\b", one) for one in objects), name
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()
    assert "Größer als 5 µg ≥ α?" in text


def test_what_must_not_be_overlooked_is_red(qapp: QApplication) -> None:
    def red(kind: PartKind) -> int:
        content = typeset(Sheet("x", WHEN, (Part(kind, (Run("The air gap did not hold."),)),)))
        drawn = pypdfium2.PdfDocument(content)[0].render().to_pil().convert("RGB").tobytes()
        return sum(r > 1.5 * g for r, g in zip(drawn[::3], drawn[1::3], strict=True))

    assert red(PartKind.TEXT) == 0
    assert red(PartKind.ALARM) > 100


@pytest.mark.qt_log_ignore("OpenType support missing")
@pytest.mark.parametrize("text", ["\uf0b7\U0010fffd", "\uf0b7", "हिन्दी"])
def test_letters_that_no_font_has_are_in_a_pdf_as_their_numbers(
    qapp: QApplication, text: str
) -> None:
    devanagari = QFontDatabase.WritingSystem.Devanagari
    if text == "हिन्दी" and QFontDatabase.families(devanagari):
        pytest.skip("A font of this machine has them.")
    content = set_in_type(f"α {text} 5 µg")
    said = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()
    numbers = " ".join(f"U+{ord(letter):04X}" for letter in text)
    assert f"α [{numbers}] 5 µg said the guide. [1]" in " ".join(said.split())
    assert "No font of this computer" in said


def test_a_pdf_has_numbered_pages_and_loses_nothing(qapp: QApplication) -> None:
    document = pypdfium2.PdfDocument(set_in_type("How many?", 40))
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in text
    whole = "".join(pages)
    for record in range(40):
        assert f"Log record {record}." in whole


def long_one(worker: Worker, qtbot: QtBot) -> tuple[float, bytes]:
    """How long the screen was held up, and what was set."""
    owner = QLabel()
    qtbot.addWidget(owner)
    made: list[bytes] = []
    dog = Watchdog()
    worker.run(owner, Lane.READ, lambda: set_in_type("How many?", 200), made.append, print)
    qtbot.waitUntil(lambda: bool(made), timeout=30_000)
    return dog.longest, made[0]


def test_setting_a_long_pdf_never_holds_up_the_screen(qtbot: QtBot) -> None:
    worker = Worker()
    # The middle one of three: a single pause of the machine decides nothing.
    held, content = sorted(long_one(worker, qtbot) for _ in range(3))[1]
    assert held < 0.1
    assert len(pypdfium2.PdfDocument(content)) > 20
    assert worker.stop()


def test_markup_in_a_pdf_is_text(qapp: QApplication) -> None:
    content = set_in_type("<img src='file:///etc/passwd'> <b>bold</b>")
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()
    assert "<b>bold</b>" in text
    assert b"/URI" not in content


def test_the_products_own_reader_reads_the_pdf(qapp: QApplication) -> None:
    reader = SandboxedReader()
    try:
        page = reader.parse(set_in_type("How many?"), "a.pdf", lambda: None).pages[0].text
        assert "How many? said the guide. [1]" in page
    finally:
        reader.close()
