"""Garbage is collected on the window's thread, between its events, and nowhere else."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from appliance.errors import CloisterError
from gui import collecting
from gui.worker import Lane, Worker


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    made = Worker()
    yield made
    made.stop()
    assert gc.isenabled()


class Ring(QObject):
    """Only the collector can be rid of it."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def test_what_a_lane_leaves_dies_on_the_windows_thread(worker: Worker, qtbot: QtBot) -> None:
    died: list[threading.Thread] = []
    seen: list[threading.Thread] = []
    ring = Ring()
    weakref.finalize(ring, lambda: died.append(threading.current_thread()))
    del ring

    def watched(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            seen.append(threading.current_thread())

    def litter() -> None:
        for _ in range(50_000):
            one: list[object] = []
            one.append(one)

    def complain(error: CloisterError) -> None:
        raise error

    gc.callbacks.append(watched)
    try:
        done: list[None] = []
        worker.run(worker, Lane.READ, litter, done.append, complain)
        qtbot.waitUntil(lambda: bool(done and died), timeout=20_000)
    finally:
        gc.callbacks.remove(watched)
    assert {*seen, *died} == {threading.main_thread()}


def test_all_of_it_is_collected_when_no_lane_works(
    worker: Worker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 11))
    monkeypatch.setattr(gc, "collect", lambda generation=2: done.append(generation))
    monkeypatch.setattr(collecting, "REST", 0.5)
    rested = threading.Event()

    def busy() -> Iterator[int]:
        for number in range(40):
            rested.wait(0.025)
            yield number

    def complain(error: CloisterError) -> None:
        raise error

    while_busy: list[int] = []
    worker.stream(worker, Lane.READ, lambda _: busy(), lambda _: while_busy.extend(done),
                  lambda: None, complain)  # fmt: skip
    qtbot.waitUntil(lambda: 2 in done, timeout=10_000)
    assert while_busy == []


def test_until_the_lanes_end_python_collects_nothing_by_itself(worker: Worker) -> None:
    assert not gc.isenabled()
