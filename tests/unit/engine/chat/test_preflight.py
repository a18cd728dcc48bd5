"""A driver that crashes, hangs or lies means no GPU, and never more than that."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.chat.preflight import Gpu, NoGpu, probe, read
from appliance.engine.errors import FrameInvalid
from tests.chat_engine import ROOT
from tests.stuck_process import Stuck, stuck_processes

REAL = (
    sys.executable,
    "-I",
    "-c",
    f"import sys; sys.path.insert(0, {os.fspath(ROOT)!r}); "
    "from appliance.engine.chat.gpu_child import main; main()",
)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Stuck]]:
    with stuck_processes(monkeypatch) as made:
        yield made


def child(body: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", f"import os, sys, time, msgpack\n{body}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os.abort()", "crashes, SIGABRT"),
        ("os.kill(os.getpid(), 11)", "crashes, SIGSEGV"),
        ("sys.exit(4)", "exit status 4"),
        ("print('hello')", "not in order"),
        ("pass", "not in order"),
        ("os.write(1, bytes(100_000))", "not in order"),
        ("os.write(1, msgpack.packb(['gpu', '']))", "not in order"),
        ("os.write(1, msgpack.packb(['none', 'it is broken']))", "it is broken"),
    ],
)
def test_a_child_that_fails_says_why_the_gpu_is_not_used(body: str, reason: str) -> None:
    found = probe(child(body))
    assert isinstance(found, NoGpu)
    assert reason in found.reason


def test_a_driver_that_hangs_is_given_up_in_time() -> None:
    started = time.monotonic()
    assert probe(child("time.sleep(60)"), patience=0.5) == NoGpu("the driver does not answer")
    assert time.monotonic() - started < 5


def test_a_probe_that_is_not_there_is_no_gpu() -> None:
    assert isinstance(probe(("/nonexistent/python",)), NoGpu)


def test_a_gpu_that_works_is_described() -> None:
    body = "os.write(1, msgpack.packb(['gpu', 'Words 9000']))"
    assert probe(child(body)) == Gpu("Words 9000")


def test_a_machine_without_a_gpu_has_nothing_to_explain() -> None:
    found = probe(REAL)
    if isinstance(found, Gpu):
        pytest.skip("this machine has a GPU")
    assert found == NoGpu()


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_never_more_than_not_in_order(untrusted: bytes) -> None:
    try:
        read(untrusted)
    except FrameInvalid:
        return


@pytest.mark.parametrize(
    "said",
    [
        ["gpu", "x\n"],
        ["gpu", "x" * 201],
        ["gpu", True],
        ["gpu", "x", 1],
        ["gpu"],
        ["none", "a" * 300],
        ["none", "two\nlines"],
    ],
)
def test_an_answer_out_of_range_is_refused(said: list[object]) -> None:
    with pytest.raises(FrameInvalid):
        read(msgpack.packb(said))


def test_a_child_that_a_driver_holds_is_waited_for_no_longer_than_a_moment(
    stuck: list[Stuck],
) -> None:
    started = time.monotonic()
    assert probe(child("time.sleep(60)"), patience=0.3) == NoGpu("the driver does not answer")
    assert time.monotonic() - started < 5
    assert len(stuck) == 1
