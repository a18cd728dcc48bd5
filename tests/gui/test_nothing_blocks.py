"""Nothing blocks the GUI thread, nothing grows without bound, one road back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import sleep, thread_time

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import (
    QAbstractButton,
    QLabel,
    QWidget,
)
from pytestqt.qtbot import QtBot

from appliance.values import (
    Conversation,
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    LogRecord,
    Outcome,
    Turn,
)
from gui.admin.signed_file import SignedFile
from gui.ask.conversation_rows import ConversationRows
from gui.ask.conversations import Conversations
from gui.ask.stream import ALIVE, AT_ONCE, MessageStream
from gui.ask.turn import TurnView
from gui.library.importing import ImportCard
from gui.log.records import KEPT, PAGE, LogModel
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, QUESTION, answered, ask, workplace
from tests.gui.event_loop import HELD_UP, Watchdog
from tests.gui.memory_appliance import MemoryAppliance


def burn(seconds: float) -> None:
    began = thread_time()
    while thread_time() - began < seconds:
        pass


@pytest.mark.parametrize("hold", [burn, sleep], ids=["computing", "waiting"])
def test_the_watch_sees_what_holds_up_the_screen(
    hold: Callable[[float], None], qtbot: QtBot
) -> None:
    dog = Watchdog()
    qtbot.wait(20)
    hold(1.5 * HELD_UP)
    qtbot.waitUntil(lambda: dog.longest > HELD_UP)


def test_a_stream_of_five_hundred_tokens_never_holds_up_the_screen(
    shell: Shell, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
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
    assert dog.longest < HELD_UP
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
    assert dog.longest < HELD_UP


def test_neither_logging_in_nor_going_round_holds_up_the_screen(
    open_shell: Callable[[MemoryAppliance], Shell], product: MemoryAppliance, qtbot: QtBot
) -> None:
    shell = open_shell(product)
    front = shell.front.unlock
    qtbot.waitUntil(front.secret.edit.isVisible)
    dog = Watchdog()
    qtbot.wait(500)  # a passphrase is not typed in less
    front.secret.edit.setText(PASSPHRASE)
    front.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    for place in ("library", "log", "ask"):
        qtbot.wait(60)
        workplace(shell).go(place)
    shell.open_help()
    qtbot.wait(60)
    shell.lock()
    qtbot.wait(60)
    assert dog.longest < HELD_UP


def test_no_page_of_the_administration_holds_up_the_screen(shell: Shell, qtbot: QtBot) -> None:
    """With two thousand people, all of them in a collection, and the codes of a request drawn;
    each page as it is made, and once more."""
    product = shell.appliance
    assert isinstance(product, MemoryAppliance)
    first = product.staff.accounts["p2"]
    for number in range(2_000):
        person = replace(first.person, id=f"x{number}", name=f"Person {number}")
        product.staff.accounts[person.id] = replace(first, person=person)
        product.staff.inside["k1"].append(person.id)
    content = product.seating.request("Ward 9")
    codes = product.codes(content)
    dog = Watchdog()
    workplace(shell).go("admin")
    admin = workplace(shell).admin
    qtbot.waitUntil(lambda: admin.seat.view is not None)
    for row in (*range(admin.list.count()), *range(admin.list.count())):
        admin.list.setCurrentRow(row)
        qtbot.wait(40)
    dialog = SignedFile(
        admin.seat.desk, shell, title="Request", text="", name="r", content=content, codes=codes
    )
    dialog.open()
    qtbot.wait(50)
    dialog.reject()
    assert admin.people.table.rows.rowCount() == 2_005
    assert admin.people.members.list.count() == 2_003
    assert dog.longest < HELD_UP


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
    assert len(stream.views) == AT_ONCE  # the rest follows, a few at a time
    assert stream.views[-1].question == "Question 119"
    qtbot.waitUntil(lambda: len(stream.views) == ALIVE)
    assert [v.question for v in stream.views][0::24] == ["Question 95", "Question 119"]
    bar = stream.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    buttons = stream.findChildren(QAbstractButton)
    first = next(b for b in buttons if b.text() == "Show earlier questions")
    first.click()
    assert stream.views[0].question == "Question 85"
    qtbot.waitUntil(lambda: len(stream.views) == ALIVE)
    assert bar.value() < bar.maximum()
    view = stream.begin("Question 120")
    assert stream.views[-1] is view
    qtbot.waitUntil(lambda: len(stream.views) == ALIVE)
    assert stream.views[-1] is view
    assert stream.views[0].question == "Question 96"


def test_a_conversation_opens_at_the_turn_that_was_looked_for(qtbot: QtBot) -> None:
    stream = MessageStream()
    qtbot.addWidget(stream)
    stream.resize(700, 500)
    stream.show()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    turns = tuple(
        Turn(f"Question {n}", when, Outcome.ANSWERED, answered(f"Answer {n}."), record=n)
        for n in range(120)
    )
    for record in (40, 110, 3):
        stream.show_turns(turns, record)
        qtbot.waitUntil(lambda: len(stream.views) == ALIVE)
        (sought,) = [view for view in stream.views if view.record == record]

        def seen(view: TurnView = sought) -> bool:
            return 0 <= view.y() - stream.verticalScrollBar().value() < 40

        qtbot.waitUntil(seen)
    stream.show_turns(turns, 999)  # gone meanwhile
    assert stream.views[-1].question == "Question 119"


def test_ten_thousand_conversations_are_drawn_by_the_screenful(qtbot: QtBot) -> None:
    listed = Conversations()
    qtbot.addWidget(listed)
    listed.resize(260, 500)
    listed.show()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    known = tuple(
        Conversation(f"c{n}", f"Question {n}", when, 1, n < 3, "Ward" if n % 4 == 0 else "")
        for n in range(10_000)
    )
    drawn: set[int] = set()
    original = ConversationRows.data

    def counting(self: ConversationRows, index: QModelIndex, role: int = 0) -> object:
        drawn.add(index.row())
        return original(self, index, role)

    ConversationRows.data = counting  # type: ignore[assignment, method-assign]
    try:
        dog = Watchdog()
        listed.show_all(known, "c9001")
        dog.beat()
        qtbot.wait(50)
    finally:
        ConversationRows.data = original  # type: ignore[method-assign]
    assert listed.count() == 10_002  # and two headings
    chosen = listed.chosen()
    assert chosen is not None
    assert chosen.id == "c9001"
    assert len(drawn) < 100
    assert dog.longest < 2 * HELD_UP


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
