"""The window's promises: plain text stays plain, nothing blocks, nothing is nameless."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from datetime import UTC, datetime
from time import monotonic, sleep

import pytest
from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from appliance.values import (
    Answer,
    AnswerMode,
    AnswerSentence,
    Block,
    BlockKind,
    Citation,
    Conversation,
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    LogRecord,
    Outcome,
    PageImage,
    PageText,
    Passage,
    Stage,
    Turn,
)
from gui.ask.answer_text import AnswerText
from gui.ask.bubble import Bubble
from gui.ask.chips import Chip
from gui.ask.composer import Typing
from gui.ask.conversations import Conversations
from gui.ask.page_image import Unusable, image_of
from gui.ask.page_text import PageTextView
from gui.ask.stream import ALIVE, MessageStream
from gui.ask.turn import TurnView
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.library.importing import ImportCard
from gui.log.records import KEPT, PAGE, LogModel
from gui.shell import Shell
from gui.style import icons, theme
from gui.style.tokens import DARK, LIGHT, Tokens, contrast
from gui.text import plain
from tests.gui.driving import QUESTION, ask, workplace

HOSTILE = (
    '<img src="file:///etc/passwd"><a href="https://example.org">here</a> & <b>bold</b> '
    "\u202ereversed\u202c \x00\ufffc"
)


def passage(text: str, title: str = "Guide") -> Passage:
    return Passage("k1", "d1", 1, title, text, ((0, len(text)),), (), ())


def answered(text: str, title: str = "Guide") -> Answer:
    cited = Citation(1, passage(text, title), 0, len(text))
    sentence = AnswerSentence(text, (1,))
    return Answer((sentence,), (cited,), AnswerMode.QUOTE, "m", 0.9, 0.3)


# --- untrusted text --------------------------------------------------------------------------


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
    assert "<img" in conversations.item(0).text()
    assert "<img" not in chip.toolTip()
    assert "&lt;img" in chip.toolTip()
    assert "<img" not in conversations.item(0).toolTip()
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


# --- nothing blocks --------------------------------------------------------------------------


class Watchdog:
    """The longest time between two turns of the event loop, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = monotonic()
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = monotonic()
        self.longest = max(self.longest, now - self._last)
        self._last = now


def test_a_stream_of_five_hundred_tokens_never_holds_up_the_screen(
    shell: Shell, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    from tests.gui.memory_appliance import MemoryAppliance

    product = shell.appliance
    assert isinstance(product, MemoryAppliance)
    product.pace.tokens = 500
    written = 0
    original = TurnView.write

    def counting(self: TurnView, token: str) -> None:
        nonlocal written
        written += 1
        original(self, token)

    TurnView.write = counting  # type: ignore[method-assign]
    try:
        dog = Watchdog()
        view = ask(shell, qtbot, QUESTION)
    finally:
        TurnView.write = original  # type: ignore[method-assign]
    assert view.answer is not None
    assert dog.longest < 0.1
    assert written < 60


def test_two_thousand_import_events_never_hold_up_the_screen(qtbot: QtBot) -> None:
    from gui.worker import Lane, Worker

    card = ImportCard()
    qtbot.addWidget(card)
    card.resize(700, 300)
    card.show()
    worker = Worker()
    over: list[bool] = []

    def work(_: object) -> object:
        yield ImportStarted("j", 2000)
        for done in range(1, 2001):
            failed = done % 3 == 0
            yield ImportProgress(
                f"/somewhere/{done}.pdf", done, 2000,
                ImportState.FAILED if failed else ImportState.ADDED, pages=4,
                sentence="It is protected by a password." if failed else "",
                hint="Save it without." if failed else "",
            )  # fmt: skip
            if done % 4 == 0:
                sleep(0.001)
        yield ImportFinished("j", 1334, 0, 666, 8000, False, 1.0)

    dog = Watchdog()
    worker.stream(
        card, Lane.IMPORT, work, card.take, lambda: over.append(True), lambda error: None  # type: ignore[arg-type]
    )  # fmt: skip
    qtbot.waitUntil(lambda: bool(over), timeout=15_000)
    assert worker.stop()
    assert card.failed == 666
    assert card.failures.rows.rowCount() == 666
    assert "1,334 documents added · 666 failed" in card.title.text()
    assert dog.longest < 0.1


def test_fifty_thousand_void_calls_survive(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for _ in range(50_000):
        label.setEnabled(True)
    assert abs(sys.getrefcount(None) - before) < 1000


def test_only_the_newest_turns_are_alive_and_older_ones_are_paged(qtbot: QtBot) -> None:
    stream = MessageStream()
    qtbot.addWidget(stream)
    stream.resize(700, 500)
    stream.show()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    turns = tuple(
        Turn(f"Question {n}", when, Outcome.ANSWERED, answered(f"Answer {n}.")) for n in range(120)
    )
    stream.show_turns(turns)
    assert [v.question for v in stream.views][0::24] == ["Question 95", "Question 119"]
    assert len(stream.views) == ALIVE
    buttons = stream.findChildren(QAbstractButton)
    first = next(b for b in buttons if b.text() == "Show earlier questions")
    first.click()
    assert stream.views[0].question == "Question 85"
    assert len(stream.views) == ALIVE
    view = stream.begin("Question 120")
    assert len(stream.views) == ALIVE
    assert stream.views[-1] is view
    assert stream.views[0].question == "Question 96"


def test_a_long_log_is_read_by_pages_and_kept_small(qtbot: QtBot) -> None:
    model = LogModel()
    wanted: list[int] = []
    model.page_wanted.connect(wanted.append)
    model.resize(1_000_000)
    assert model.rowCount() == 1_000_000
    assert model.record(0) is None
    assert wanted == [999_800]
    assert model.record(1) is None
    assert wanted == [999_800]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    for page in range(60):
        start = 999_800 - page * PAGE
        model.fill(
            start,
            tuple(LogRecord(start + n, when, "ask", "p", "o", "done") for n in range(PAGE)),
        )
    assert model.record(59 * PAGE + 3) is not None
    kept = sum(model.record(page * PAGE) is not None for page in range(60))
    assert kept == KEPT


def test_a_task_cancelled_before_it_began_is_cancelled_when_it_does(qtbot: QtBot) -> None:
    from gui.worker import Lane, Worker

    worker = Worker()
    owner = QWidget()
    qtbot.addWidget(owner)
    seen: list[bool] = []
    worker.run(owner, Lane.ASK, lambda: sleep(0.1), lambda _: None, lambda _: None)
    task = worker.stream(
        owner,
        Lane.ASK,
        lambda cancellation: iter([cancellation.cancelled]),
        seen.extend,
        lambda: None,
        lambda _: None,
    )
    task.cancel()
    qtbot.waitUntil(lambda: seen == [True])
    assert worker.stop()


def test_nothing_is_delivered_after_forget_or_to_what_is_gone(qtbot: QtBot) -> None:
    from gui.worker import Lane, Worker

    worker = Worker()
    gone, stays = QWidget(), QWidget()
    qtbot.addWidget(stays)
    told: list[str] = []
    worker.run(gone, Lane.READ, lambda: sleep(0.05), lambda _: told.append("gone"), print)
    gone.deleteLater()
    worker.run(stays, Lane.ASK, lambda: sleep(0.05), lambda _: told.append("forgotten"), print)
    worker.forget()
    worker.run(stays, Lane.READ, lambda: "x", lambda _: told.append("stays"), print)
    qtbot.waitUntil(lambda: bool(told))
    qtbot.wait(100)
    assert told == ["stays"]
    assert worker.stop()


def test_an_unforeseen_error_arrives_with_a_sentence(qtbot: QtBot) -> None:
    from appliance.errors import CloisterError
    from gui.worker import Lane, Worker

    worker = Worker()
    owner = QWidget()
    qtbot.addWidget(owner)
    errors: list[CloisterError] = []
    worker.run(owner, Lane.READ, lambda: {"a": 1}["secret words"], lambda _: None, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "KeyError" in errors[0].sentence
    assert "secret" not in errors[0].sentence
    assert worker.stop()


# --- everyone can use it ---------------------------------------------------------------------


def test_every_control_has_a_name(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place = workplace(shell)
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.go("library")
    place.go("log")
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in shell.findChildren(QWidget)
        if _operable(widget) and not _name(widget)
    ]
    assert nameless == []


def test_the_keyboard_reaches_everything_that_can_be_pressed(shell: Shell) -> None:
    from PySide6.QtCore import Qt

    unreachable = [
        button.accessibleName()
        for button in shell.findChildren(QAbstractButton)
        if _operable(button)
        and not button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and button.accessibleName() != "Show what is typed"
    ]
    assert unreachable == []


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_enough_for_text_edges_and_focus(tokens: Tokens) -> None:
    for ground in (tokens.ground, tokens.side, tokens.raised, tokens.hover):
        assert contrast(tokens.ink, ground) >= 7
        assert contrast(tokens.muted, ground) >= 4.5
    for text, ground in (
        (tokens.on_accent, tokens.accent), (tokens.on_accent, tokens.accent_strong),
        (tokens.accent_ink, tokens.accent_bg), (tokens.accent_ink, tokens.ground),
        (tokens.danger, tokens.danger_bg), (tokens.danger, tokens.ground),
        (tokens.warn, tokens.warn_bg), (tokens.warn, tokens.ground),
        (tokens.good, tokens.good_bg), (tokens.ink, tokens.selection),
        (tokens.paper_ink, tokens.mark), (tokens.muted, tokens.warn_bg),
        (tokens.muted, tokens.danger_bg), (tokens.muted, tokens.good_bg),
    ):  # fmt: skip
        assert contrast(text, ground) >= 4.5, (text, ground)
    for mark in (tokens.edge, tokens.accent):
        assert contrast(mark, tokens.raised) >= 3
        assert contrast(mark, tokens.ground) >= 3


def test_both_looks_can_be_put_on(qapp: QApplication) -> None:
    from gui.style.tokens import current

    try:
        theme.apply(qapp, DARK)
        assert current() is DARK
    finally:
        theme.apply(qapp, LIGHT)
    assert current() is LIGHT
    assert len(fields(LIGHT)) == len(fields(DARK))


@pytest.mark.parametrize("name", icons.NAMES)
def test_every_icon_draws_something(name: str, qapp: QApplication) -> None:
    image = icons.pixmap(name, "#000000", 24).toImage()
    inked = sum(
        image.pixelColor(x, y).alpha() > 0
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )
    assert inked > 4


def test_the_stages_say_where_the_ask_is(qtbot: QtBot) -> None:
    from gui.ask.stages import Stages

    stages = Stages()
    qtbot.addWidget(stages)
    assert stages.accessibleName() == "Working: Checking policy"
    stages.reach(Stage.READING)
    assert stages.accessibleName() == "Working: Reading"


# --- tools -----------------------------------------------------------------------------------


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


def _operable(widget: QWidget) -> bool:
    kinds = (
        QAbstractButton, QLineEdit, QTextEdit, QPlainTextEdit, QAbstractItemView, QProgressBar,
        QScrollArea,
    )  # fmt: skip
    inside = widget.parent()
    qts_own = isinstance(inside, QAbstractItemView) or type(widget).__name__ in (
        "QScrollBar", "QHeaderView", "QTableCornerButton",
    )  # fmt: skip
    return isinstance(widget, kinds) and not qts_own and not isinstance(widget, QAbstractSlider)


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or (
        widget.text().strip() if isinstance(widget, QAbstractButton) else ""
    )
