"""What comes out of documents and questions stays plain text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import (
    QTextEdit,
)
from pytestqt.qtbot import QtBot

from appliance.values import (
    AnswerSentence,
    Block,
    BlockKind,
    Citation,
    Conversation,
    PageImage,
    PageText,
)
from gui.ask.answer_text import AnswerText
from gui.ask.bubble import Bubble
from gui.ask.chips import Chip
from gui.ask.composer import Typing
from gui.ask.conversations import Conversations
from gui.ask.page_image import Unusable, image_of
from gui.ask.page_text import PageTextView
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.text import plain
from tests.gui.driving import answered, passage, row_text

HOSTILE = (
    '<img src="file:///etc/passwd"><a href="https://example.org">here</a> & <b>bold</b> '
    "\u202ereversed\u202c \x00\ufffc"
)


def test_markup_in_an_answer_is_shown_as_text(qtbot: QtBot) -> None:
    view = AnswerText()
    qtbot.addWidget(view)
    view.write(HOSTILE)
    view.show_answer(answered(HOSTILE))
    assert "<img src=" in view.toPlainText()
    assert "<b>bold</b>" in view.toPlainText()
    links = {
        fragment.charFormat().anchorHref()
        for fragment in _fragments(view)
        if fragment.charFormat().isAnchor()
    }
    assert links == {"cite:1"}
    assert not any(fragment.charFormat().isImageFormat() for fragment in _fragments(view))


def test_markup_is_shown_as_text_wherever_it_comes_up(qtbot: QtBot) -> None:
    bubble, label, notice = Bubble(HOSTILE), Words(HOSTILE), Notice("info", HOSTILE, HOSTILE)
    chip = Chip(Citation(1, passage("text", HOSTILE), 0, 4))
    conversations = Conversations()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    conversations.show_all((Conversation("c", HOSTILE, when, 1),), "")
    for widget in (bubble, label, notice, chip, conversations):
        qtbot.addWidget(widget)
    assert "<img" in bubble.findChildren(QTextEdit)[0].toPlainText()
    assert "<img" in notice.sentence
    assert "<img" in row_text(conversations, 0)
    assert "<img" not in chip.toolTip()
    assert "&lt;img" in chip.toolTip()
    assert "<img" not in row_text(conversations, 0, Qt.ItemDataRole.ToolTipRole)
    assert "Care && Cure" in Chip(Citation(1, passage("t", "Care & Cure"), 0, 1)).text()


def test_what_draws_over_its_neighbours_is_taken_out() -> None:
    assert plain.line("a\u202eb\u2066c\x07d\ufffc") == "abcd"
    assert plain.shown("one\u2029two\r\nthree") == "one\ntwo\nthree"
    assert len(plain.kept("a\u202eb\r\nc")) == 6
    assert plain.shown("x" * 50, 10) == "x" * 10 + " …"


def test_nothing_but_plain_text_can_be_pasted_or_dropped(qtbot: QtBot) -> None:
    typing = Typing()
    qtbot.addWidget(typing)
    data = QMimeData()
    data.setHtml("<b>bold</b><img src='x.png'>")
    data.setText("bold")
    typing.insertFromMimeData(data)
    assert typing.toPlainText() == "bold"
    assert not typing.acceptDrops()
    assert not typing.viewport().acceptDrops()


def test_a_paste_is_bounded_and_says_so(qtbot: QtBot) -> None:
    typing = Typing()
    qtbot.addWidget(typing)
    data = QMimeData()
    data.setText("word " * 100_000)
    with qtbot.waitSignal(typing.shortened):
        typing.insertFromMimeData(data)
    assert len(typing.toPlainText()) == 20_000


def test_text_pages_keep_offsets_when_characters_are_masked(qtbot: QtBot) -> None:
    text = "He\u202ead\r\nThe cited words.\nName\tDose\nA\t1 g\n"
    start = text.index("The cited")
    row = text.index("Name")
    view = PageTextView()
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show_text(
        PageText(
            "t", 1, 1, text,
            (
                Block(BlockKind.HEADING, 0, 5, 1),
                Block(BlockKind.PARAGRAPH, start, start + 16),
                Block(BlockKind.TABLE_ROW, row, row + 9),
                Block(BlockKind.TABLE_ROW, row + 10, row + 15),
            ),
            ((start + 4, start + 9), (row + 12, row + 15)),
        ),
        1.0,
    )  # fmt: skip
    assert view.passage() == "cited1 g"
    assert len(view.document().rootFrame().childFrames()) == 1


@pytest.mark.parametrize(
    ("width", "height", "pixels"), [(0, 4, b""), (4, 4, b"x" * 47), (2**31, 2**31, b"")]
)
def test_an_image_that_cannot_be_is_refused(width: int, height: int, pixels: bytes) -> None:
    with pytest.raises(Unusable):
        image_of(PageImage("t", 1, 1, width, height, pixels, (), ""))


def test_a_sentence_without_support_is_set_apart(qtbot: QtBot) -> None:
    view = AnswerText()
    qtbot.addWidget(view)
    answer = answered("Supported.")
    doubtful = AnswerSentence("Made up.", (), supported=False)
    view.show_answer(replace(answer, sentences=(*answer.sentences, doubtful)))
    assert "no passage supports this" in view.toPlainText()


def _fragments(view: QTextEdit) -> list:  # type: ignore[type-arg]
    found = []
    block = view.document().begin()
    while block.isValid():
        at = block.begin()
        while not at.atEnd():
            found.append(at.fragment())
            at += 1
        block = block.next()
    return found
