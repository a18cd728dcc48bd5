"""What a log refuses, and what it publishes."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.audit import (
    Log,
    LogClosed,
    LogExists,
    LogTampered,
    NoLog,
    Record,
    RecordRefused,
    segment,
    writer,
)
from appliance.audit.note import parsed_checkpoint, parsed_vkey, split_note
from appliance.audit.record import MAX_PAYLOAD
from appliance.audit.verify import verify
from appliance.errors import AlreadyRunning
from appliance.values import Outcome
from tests.unit.audit.making import (
    ADDED,
    KEY,
    ORIGIN,
    VERDICT,
    Ticking,
    batched,
    created,
    filled,
    question,
    reopened,
)


def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    log = created(tmp_path)
    refused: list[tuple[list[Record], list[bytes | None]]] = [
        ([Record("nonsense")], []),
        ([Record("ask.opened")], []),
        ([Record("log.epoch")], []),
        ([ADDED], [None, None]),
        ([ADDED], [b"x" * (MAX_PAYLOAD + 1)]),
        ([ADDED, Record("a.b", object="x" * 70_000)], []),
        ([ADDED] * 65_537, []),
    ]
    for records, payloads in refused:
        with pytest.raises(RecordRefused):
            log.append_batch(records, payloads)
    assert log.size == 1
    assert log.append(ADDED) == 1
    log.close()


def test_times_never_run_backwards(tmp_path: Path) -> None:
    clock = Ticking()
    log = Log.create(tmp_path, ORIGIN, KEY, clock)
    log.append(ADDED)
    clock.now -= timedelta(days=400)
    log.append(ADDED)
    log.close()
    again = Log.open(tmp_path, KEY, clock)
    again.append(ADDED)
    times = [record.time for record in again.records(0, 10)]
    assert times == sorted(times)
    verify(tmp_path, again.public_key)
    again.close()


def test_a_second_program_is_turned_away(tmp_path: Path) -> None:
    log = created(tmp_path)
    with pytest.raises(AlreadyRunning):
        reopened(tmp_path)
    batched(log, 5000)  # the journal was replaced meanwhile
    with pytest.raises(AlreadyRunning):
        reopened(tmp_path)
    log.close()
    reopened(tmp_path).close()


def test_a_log_is_created_once_and_opened_where_there_is_one(tmp_path: Path) -> None:
    with pytest.raises(NoLog):
        reopened(tmp_path / "none")
    with pytest.raises(ValueError, match="name"):
        Log.create(tmp_path / "a", "no name", KEY, Ticking())
    created(tmp_path / "a").close()
    with pytest.raises(LogExists):
        created(tmp_path / "a")
    with pytest.raises(LogTampered, match=r"keys\.sealed"):
        Log.open(tmp_path / "a", bytes(32), Ticking())


def test_a_closed_log_answers_nothing(tmp_path: Path) -> None:
    log = created(tmp_path)
    log.close()
    log.close()
    for call in (
        lambda: log.append(ADDED),
        lambda: log.records(0, 1),
        lambda: log.payload(0),
        log.checkpoint,
        lambda: log.inclusion_proof(0),
        lambda: log.close_ask("q", Outcome.FAILED),
        lambda: log.export(tmp_path / "copy"),
    ):
        with pytest.raises(LogClosed):
            call()


def test_many_threads_write_one_order(tmp_path: Path) -> None:
    log = created(tmp_path)
    numbers: list[int] = []

    def write(worker: int) -> None:
        for at in range(60):
            asked = question(f"q-{worker}-{at}")
            numbers.append(log.open_ask(asked, VERDICT, b"x"))
            numbers.append(log.close_ask(asked, Outcome.ANSWERED))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 481))
    assert verify(tmp_path, log.public_key).asks == 240
    log.close()


def published(folder: Path) -> int:
    return parsed_checkpoint(split_note((folder / "checkpoint").read_bytes())[0]).size


def test_the_published_checkpoint_is_of_whole_tiles_then_of_all(tmp_path: Path) -> None:
    log = created(tmp_path)
    filled(log, 530)
    assert published(tmp_path) == 512
    assert (tmp_path / "tile" / "1" / "000.p" / "2").exists()
    batched(log, 1500)
    assert published(tmp_path) == 512
    batched(log, 1600)
    assert published(tmp_path) == 1536
    whole = parsed_checkpoint(split_note(log.checkpoint())[0])
    assert (whole.size, whole.root, whole.name) == (1600, log.root(), log.name)
    assert (tmp_path / "tile" / "0" / "006.p" / "64").exists()
    assert (tmp_path / "tile" / "entries" / "006.p" / "64").exists()
    filled(log, 1792)
    assert not (tmp_path / "tile" / "0" / "006.p").exists()
    log.close()


def test_the_public_key_is_a_verifier_key_of_the_logs_name(tmp_path: Path) -> None:
    log = created(tmp_path)
    name, key = parsed_vkey(log.public_key)
    assert name == log.name
    assert name.startswith(f"{ORIGIN}/")
    assert len(key.raw) == 32
    log.close()


def test_a_tile_that_is_being_written_is_not_taken_for_a_changed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a bundle of payloads: a writer may stand still between any two calls."""
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 300)
    log = created(tmp_path)
    write, checked = os.write, 0

    def slow(descriptor: int, content: bytes) -> int:
        nonlocal checked
        verify(tmp_path, log.public_key)
        checked += 1
        half = write(descriptor, content[: len(content) // 2])
        verify(tmp_path, log.public_key)
        return half + write(descriptor, content[half:])

    monkeypatch.setattr(segment, "os", SimpleNamespace(**{**vars(os), "write": slow}))
    for _ in range(4):
        log.append_batch([ADDED] * 100, [b"text"] * 100)
        log.checkpoint()
    log.close()
    assert checked > 10
    verify(tmp_path, log.public_key)


def test_a_log_can_be_checked_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 300)
    monkeypatch.setattr(writer, "EPOCH_RECORDS", 400)
    log = created(tmp_path)
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            numbers = log.append_batch([ADDED] * 3, [b"a", None, b"b"])
            log.checkpoint()
            if numbers.start % 7 == 0:
                log.erase_payload(numbers.start)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while log.size < 1000:
            acknowledged = log.size
            assert verify(tmp_path, log.public_key).size >= acknowledged
    finally:
        ended.set()
        thread.join()
        log.close()
