"""The log narrowed to what is wanted; a record's proof, and what is sealed in it."""

from __future__ import annotations

import ast
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import thread_time

import pytest
from PySide6.QtCore import QDate
from pytestqt.qtbot import QtBot

from appliance.audit import LogTampered
from appliance.audit.excerpt import fits
from appliance.audit.leaf import ACTION, RESERVED
from appliance.errors import CloisterError
from appliance.values import LogFilter, LogFound, LogRecord
from gui.log.exported import Exported
from gui.log.filters import Filters
from gui.log.screen import LogScreen
from gui.shell import Shell
from gui.text.view import PlainView
from tests.e2e.terminal import ROOT
from tests.gui.driving import QUESTION, ask, dialog, workplace
from tests.gui.event_loop import HELD_UP, Watchdog
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_screens import MemoryLogbook
from tests.gui.memory_state import Pace


@pytest.fixture
def log(shell: Shell, qtbot: QtBot) -> LogScreen:
    ask(shell, qtbot, QUESTION)
    ask(shell, qtbot, "How do I delete an entry of the log?")
    place = workplace(shell)
    place.go("log")
    qtbot.waitUntil(place.log.filters.isVisible)
    qtbot.waitUntil(lambda: place.log.badge.state == "verified")
    return place.log


def listed(log: LogScreen) -> list[tuple[str, str]]:
    records = [log.model.record(row) for row in range(log.model.rowCount())]
    return [(record.action, record.outcome) for record in records if record is not None]


def settled(log: LogScreen) -> Callable[[], bool]:
    return lambda: log._searching is None


def test_questions_alone_are_listed_newest_first(log: LogScreen, qtbot: QtBot) -> None:
    size = log.model.rowCount()
    log.filters.what.setCurrentText("Questions")
    qtbot.waitUntil(settled(log))
    assert [action for action, _ in listed(log)] == [
        "ask.close", "ask.open", "ask.close", "ask.open",
    ]  # fmt: skip
    assert log.status.text() == f"4 records fit · {size} of {size} looked through"
    assert log.filters.clear.isVisible()
    log.filters.clear.click()
    assert log.model.rowCount() == size
    assert not log.status.isVisible()


def test_an_outcome_and_a_person_narrow_it_further(log: LogScreen, qtbot: QtBot) -> None:
    log.filters.ended.setCurrentText("Refused")
    qtbot.waitUntil(settled(log))
    assert listed(log) == [("ask.close", "refused")]
    log.filters.who.setCurrentIndex(1)
    qtbot.waitUntil(settled(log))
    assert log.filters.who.currentText() == "Dr Ada Winter"
    assert listed(log) == [("ask.close", "refused")]
    log.filters.what.setCurrentText("Models")
    qtbot.waitUntil(settled(log))
    assert listed(log) == []
    assert log.status.text().startswith("0 records fit")


def test_what_was_looked_for_before_is_listed_no_more(
    log: LogScreen, pace: Pace, qtbot: QtBot
) -> None:
    pace.stage = 0.1
    log.filters.what.setCurrentText("Questions")
    log.filters.what.setCurrentText("Models")
    qtbot.waitUntil(settled(log))
    qtbot.wait(300)
    assert listed(log) == []


def test_more_is_looked_for_when_the_end_comes_into_sight(
    log: LogScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    for number in range(450):
        product._held.note("document.add", f"d{number}", "done")
    log.refresh()
    qtbot.waitUntil(lambda: log.model.size > 450)
    log.filters.what.setCurrentText("Documents and collections")
    qtbot.waitUntil(settled(log))
    first = log.model.rowCount()
    assert 200 <= first < 450
    log.table.scrollToBottom()
    qtbot.waitUntil(lambda: log.model.rowCount() > first)


def test_days_are_those_of_this_machine(qtbot: QtBot) -> None:
    filters = Filters()
    qtbot.addWidget(filters)
    told: list[LogFilter] = []
    filters.changed.connect(told.append)
    filters.when.setCurrentText("Between two days")
    filters.first.setDate(QDate(2026, 11, 25))
    filters.last.setDate(QDate(2026, 11, 23))  # the wrong way round
    wanted = told[-1]
    assert wanted.since is not None
    assert wanted.until is not None
    local = wanted.since.astimezone()
    assert (local.day, local.hour, local.minute) == (23, 0, 0)
    assert wanted.until.astimezone() - local == timedelta(days=3)
    filters.when.setCurrentText("Today")
    assert told[-1].until is None
    filters.reset()
    assert told[-1].anything


def test_a_record_is_proved_beside_its_fields(log: LogScreen, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: log.model.record(0) is not None)
    log.table.selectRow(0)
    prove = log.detail.prove
    assert prove is not None
    prove.click()
    qtbot.waitUntil(lambda: log.detail.prove is None)
    views = {view.accessibleName(): view for view in log.detail.findChildren(PlainView)}
    assert views["Proof"].toPlainText().startswith("c2sp.org/tlog-proof@v1")
    log.table.selectRow(1)
    assert log.detail.prove is not None  # another record has its own


def test_nothing_of_a_record_sticks_out_beside_it(log: LogScreen, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: log.model.record(0) is not None)
    log.table.selectRow(0)
    held = log.detail.widget()
    assert held is not None
    qtbot.waitUntil(lambda: held.width() == log.detail.viewport().width())
    assert held.minimumSizeHint().width() <= held.width()


def test_what_could_not_be_proved_can_be_asked_for_again(
    log: LogScreen, product: MemoryAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise CloisterError("The log is read by auditors.")

    qtbot.waitUntil(lambda: log.model.record(0) is not None)
    log.table.selectRow(0)
    monkeypatch.setattr(product, "logbook", refused)
    prove = log.detail.prove
    assert prove is not None
    prove.click()
    assert not prove.isEnabled()
    qtbot.waitUntil(prove.isEnabled)


def test_who_may_not_read_the_log_is_offered_no_filters(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.allowed = ()
    place = workplace(shell)
    place.go("log")
    qtbot.waitUntil(lambda: place.log.badge.state == "verified")
    assert not place.log.filters.isVisible()


def test_locking_forgets_what_was_wanted(shell: Shell, log: LogScreen, qtbot: QtBot) -> None:
    log.filters.who.setCurrentIndex(1)
    qtbot.waitUntil(settled(log))
    shell.lock()
    assert log.filters.who.count() == 1
    assert log.filters.wanted.anything
    assert log.model.rowCount() == 0


def test_what_came_after_the_verification_is_not_called_verified(
    log: LogScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    size = product.log_size()
    assert log.badge.property("tone") == "good"
    product._held.note("document.added", "d9", "done")
    log._read_size()
    qtbot.waitUntil(lambda: log.badge.state == "older")
    assert log.badge.title.text() == f"{size} of {size + 1} records verified"
    assert log.badge.property("tone") == "info"
    log.refresh()  # whoever opens the log again has it verified again
    qtbot.waitUntil(lambda: log.badge.state == "verified")
    assert log.badge.title.text() == f"{size + 1} records verified"


def test_a_record_that_turns_out_to_be_damaged_ends_the_green(
    log: LogScreen, product: MemoryAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_start: int = 0, _count: int = 0) -> tuple[LogRecord, ...]:
        raise LogTampered("Record 3 is not the one logged.")

    monkeypatch.setattr(product, "log_records", damaged)
    log.model.resize(log.model.size)  # so that it is read again
    log.model.record(0)
    qtbot.waitUntil(lambda: log.badge.state == "broken")
    assert log.badge.title.text() == "Record 3 is not the one logged."
    assert log.badge.property("tone") == "danger"


def test_what_fits_leaves_in_a_file_that_says_what_it_is(
    log: LogScreen, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not log.taking.part.isVisible()
    log.taking.part_to(tmp_path / "everything.jsonl")
    log.filters.what.setCurrentText("Questions")
    qtbot.waitUntil(settled(log))
    assert log.taking.part.isVisible()
    file = tmp_path / "part.jsonl"
    log.taking.part_to(file)
    assert not log.taking.part.isEnabled()
    qtbot.waitUntil(lambda: dialog(Exported) is not None)
    told = dialog(Exported)
    assert isinstance(told, Exported)
    assert told.text.startswith("This is a part of the log, and the file says so")
    views = {view.accessibleName(): view.toPlainText() for view in told.findChildren(PlainView)}
    assert views["In it"].startswith("4 records fit · ")
    assert views["File"] == str(file)
    assert views["To verify"].startswith(f"cloister log verify {file} --key ")
    told.accept()
    assert file.exists()
    assert not (tmp_path / "everything.jsonl").exists()
    assert log.taking.part.isEnabled()
    log.filters.clear.click()
    assert not log.taking.part.isVisible()


class OwnWork(Watchdog):
    """The most that this thread itself computed between two turns of the event loop, in seconds:
    what else the machine does at that moment does not count."""

    def __init__(self) -> None:
        super().__init__()
        self._last = thread_time()

    def beat(self) -> None:
        now = thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now


def test_a_hundred_thousand_records_are_looked_through_without_holding_up_the_screen(
    log: LogScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    """Taken apart as records of a real log are, in pieces, beside the event loop."""
    gui = threading.get_ident()
    leaf = json.dumps({"action": "document.added", "details": {"pages": 3}, "object": "d" * 32})
    when = datetime(2026, 1, 1, tzinfo=UTC)
    product._held.log = [
        LogRecord(seq, when, "ask.opened" if seq % 500 == 0 else "document.added", "p", "o", "done")
        for seq in range(100_000)
    ]

    def find(
        self: MemoryLogbook, wanted: LogFilter, before: int = -1, count: int = 200
    ) -> LogFound:
        assert threading.get_ident() != gui
        end = before if before > 0 else 100_000
        start = max(0, end - 500)
        piece = self._held.log[start:end]
        found = [record for record in reversed(piece) if json.loads(leaf) and fits(record, wanted)]
        return LogFound(tuple(found), len(piece), start)

    log.refresh()
    qtbot.waitUntil(lambda: log.model.size == 100_000)
    with pytest.MonkeyPatch.context() as then:
        then.setattr(MemoryLogbook, "find", find)
        dog = OwnWork()
        log.filters.what.setCurrentText("Models")
        qtbot.waitUntil(settled(log), timeout=30_000)
        assert log.status.text() == "0 records fit · 100,000 of 100,000 looked through"
        log.filters.what.setCurrentText("Questions")
        qtbot.waitUntil(settled(log), timeout=30_000)
        log.table.scrollToBottom()
        qtbot.waitUntil(settled(log), timeout=30_000)
        log.filters.clear.click()
        qtbot.wait(50)
    assert dog.longest < HELD_UP


def test_whatever_the_log_holds_is_of_some_kind_that_can_be_asked_for(qtbot: QtBot) -> None:
    """Every action that the product's code writes down."""
    filters = Filters()
    qtbot.addWidget(filters)
    kinds = tuple(beginning for _, beginnings in filters._kinds for beginning in beginnings)
    actions = set(RESERVED)
    for path in (ROOT / "appliance").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in WRITES:
                actions |= {
                    one.value
                    for one in ast.walk(node.args[0])
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    if ACTION.fullmatch(one.value)
                }
    assert len(actions) > 60
    assert sorted(action for action in actions if not action.startswith(kinds)) == []


WRITES = {"note", "note_sealed", "Record"}


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
