"""A question goes before an import, and turns never overlap."""

from __future__ import annotations

import threading
import time

import pytest

from appliance.engine.encoder.turn import Turns


def test_an_urgent_one_goes_before_those_that_waited_longer() -> None:
    turns, order = Turns(), []
    entered = threading.Event()

    def wait(name: str, urgent: bool) -> None:
        with turns.take(urgent=urgent):
            order.append(name)

    def hold() -> None:
        with turns.take(urgent=False):
            entered.set()
            time.sleep(0.3)

    first = threading.Thread(target=hold)
    first.start()
    entered.wait()
    waiting = [threading.Thread(target=wait, args=(f"bulk{n}", False)) for n in range(3)]
    for thread in waiting:
        thread.start()
    time.sleep(0.05)
    question = threading.Thread(target=wait, args=("question", True))
    question.start()
    for thread in (first, question, *waiting):
        thread.join()
    assert order[0] == "question"
    assert len(order) == 4


def test_only_one_holds_the_turn() -> None:
    turns, holding, most = Turns(), 0, 0

    def work(urgent: bool) -> None:
        nonlocal holding, most
        for _ in range(50):
            with turns.take(urgent=urgent):
                holding += 1
                most = max(most, holding)
                time.sleep(0)
                holding -= 1

    threads = [threading.Thread(target=work, args=(n % 2 == 0,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_an_error_inside_gives_the_turn_back() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take(urgent=True):
        _ = 1 // 0
    with turns.take(urgent=False):
        assert True
