"""Numbers about an installation: counted right, named nobody, written whole or not at all."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import insights as module
from appliance.counting import Meter
from appliance.errors import StoreTampered
from appliance.insights import DOWN, HealthFile, memory_held, prometheus, write_public
from appliance.values import Insights
from tests.contract.fakes import NOON

FOUND = Insights(
    taken=NOON, since=NOON, version="1.0", model="composer@1", ended=(("answered", 3),), open=1,
    waiting=2, answer_seconds=6.0, tokens=90, token_seconds=4.5, memory=(("desk", 10),),
    documents=5, passages=50, indexes=(("whole", 1), ("growing", 0)), log_records=7, free_bytes=8,
    airgap_holds=True,
)  # fmt: skip
_LINE = re.compile(r"(# (HELP|TYPE) cloister_[a-z_]+ .+|cloister_[a-z_]+(\{[^{}]*\})? -?[0-9.e+]+)")


def test_the_text_is_what_prometheus_reads() -> None:
    lines = prometheus(FOUND).splitlines()
    assert all(_LINE.fullmatch(line) for line in lines)
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert 'cloister_asks_total{outcome="answered"} 3' in lines
    assert 'cloister_asks_total{outcome="refused"} 0' in lines
    assert "cloister_tokens_per_second 20.0" in lines
    assert 'cloister_info{version="1.0",model="composer@1"} 1' in lines
    assert all(_LINE.fullmatch(line) for line in DOWN.splitlines())


def test_a_label_cannot_break_out_of_its_line() -> None:
    hostile = replace(FOUND, model='x"} 1\ncloister_up 0\\')
    lines = prometheus(hostile).splitlines()
    assert "cloister_up 0" not in lines
    assert lines[2] == 'cloister_info{version="1.0",model="x\\"} 1\\ncloister_up 0\\\\"} 1'


def test_a_meter_counts_what_happens() -> None:
    meter = Meter()
    meter.opened()
    meter.opened()
    meter.ended("answered", 2.0)
    meter.wrote(30, 1.5)
    meter.waiting = lambda: 4
    counted = meter.read()
    assert (counted.open, counted.waiting, counted.ended) == (1, 4, (("answered", 1),))
    assert (counted.answer_seconds, counted.tokens, counted.token_seconds) == (2.0, 30, 1.5)


def test_averages_of_nothing_are_zero() -> None:
    idle = replace(FOUND, ended=(), answer_seconds=0.0, tokens=0, token_seconds=0.0)
    assert (idle.seconds_an_answer, idle.tokens_a_second) == (0.0, 0.0)
    assert FOUND.seconds_an_answer == 2.0


def test_the_file_is_replaced_whole_and_everybody_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "cloister.prom"
    earlier = os.umask(0o077)
    try:
        write_public(path, "one\n")
        first = path.stat().st_ino
        write_public(path, "two\n")
    finally:
        os.umask(earlier)
    assert path.read_text() == "two\n"
    assert path.stat().st_ino != first
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    (tmp_path / "cloister.prom").symlink_to(tmp_path / "mine")
    write_public(tmp_path / "cloister.prom", "new\n")
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cloister.prom"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_public(path, "x")
    assert list(tmp_path.iterdir()) == [path]


def test_it_says_that_nobody_is_logged_in_once_it_is_closed(tmp_path: Path) -> None:
    written = threading.Event()

    def read() -> Insights:
        written.set()
        return FOUND

    file = HealthFile(tmp_path / "c.prom", read, lambda _: None)
    written.wait(20)
    file.close()
    assert (tmp_path / "c.prom").read_text() == DOWN


def test_what_keeps_it_from_being_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)
    told: list[str] = []
    rounds_seen: list[int] = []
    rounds = threading.Semaphore(0)

    def read() -> Insights:
        rounds.release()
        if rounds_seen:
            raise RuntimeError("a list changed while it was read")
        rounds_seen.append(1)
        raise StoreTampered("It is not what the log recorded.")

    file = HealthFile(tmp_path / "none" / "c.prom", read, told.append)
    for _ in range(3):
        rounds.acquire()
    file.close()
    assert told == ["store_tampered"]


def test_the_memory_that_is_held_is_known_on_linux() -> None:
    held = dict(memory_held())
    assert held == {} or held["desk"] > 1_000_000
