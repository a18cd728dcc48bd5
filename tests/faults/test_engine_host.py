"""An engine host that dies, hangs or lies takes nothing down with it."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost, Patience
from appliance.engine.errors import BundleDamaged, BundleMissing
from appliance.errors import EngineFailed
from tests.faults.orphans import require_gone


@pytest.fixture
def engine() -> Iterator[EngineHost]:
    host = EngineHost(default_encoder_folder(), patience=Patience(start=60, request=30))
    yield host
    host.close()


def child_of(engine: EngineHost) -> int:
    process = engine._process  # the one thing the public side does not show
    assert process is not None
    return process.pid


def test_after_a_kill_the_next_call_works(engine: EngineHost) -> None:
    before = engine.encode(["one"])
    os.kill(child_of(engine), signal.SIGKILL)
    time.sleep(0.05)
    assert np.array_equal(engine.encode(["one"]), before)


def test_a_kill_during_a_request_is_said_and_survived(engine: EngineHost) -> None:
    engine.encode(["warm"])
    killer = threading.Timer(0.3, os.kill, (child_of(engine), signal.SIGKILL))
    killer.start()
    with pytest.raises(EngineFailed, match="SIGKILL"):
        engine.encode(["a passage of some length " * 40] * 400)
    assert engine.encode(["two"]).shape == (1, 384)


def test_kills_at_random_moments_never_give_a_wrong_vector(engine: EngineHost) -> None:
    texts = [f"dose number {n} of the day" for n in range(40)]
    expected = engine.encode(texts)
    dice = np.random.default_rng(7)
    failures = 0
    for _ in range(12):
        with suppress(EngineFailed):  # who was killed last may only now be seen to be dead
            engine.encode(["running"])
        engine.encode(["running"])
        killer = threading.Timer(
            float(dice.uniform(0, 0.15)), os.kill, (child_of(engine), signal.SIGKILL)
        )
        killer.start()
        while killer.is_alive():
            try:
                assert np.array_equal(engine.encode(texts), expected)
            except EngineFailed:
                failures += 1
        killer.join()
    assert failures > 0
    assert np.array_equal(engine.encode(texts), expected)


def test_a_host_that_hangs_is_ended_in_time() -> None:
    host = EngineHost(default_encoder_folder(), patience=Patience(start=60, request=2))
    host.encode(["warm"])
    child = child_of(host)
    os.kill(child, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(EngineFailed, match="in time"):
        host.encode(["stuck"])
    assert time.monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert host.encode(["again"]).shape == (1, 384)
    host.close()


def fake(tmp_path: Path, body: str) -> EngineHost:
    """A host that is a small program of its own."""
    script = tmp_path / "host.py"
    script.write_text("import os, sys, time\n" + textwrap.dedent(body))
    return EngineHost(
        default_encoder_folder(),
        command=(sys.executable, str(script)),
        patience=Patience(start=3 if "sleep(60)" in body else 30, request=3),
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("sys.exit(3)", "exit status 3"),
        ("os.abort()", "SIGABRT"),
        ("os.write(1, b'hello, this is not a frame at all')", "too long|stopped"),
        ("os.write(1, bytes(4)); time.sleep(5)", "not in order"),
        ("os.write(1, b'\\x05\\0\\0\\0\\xa5hello'); time.sleep(5)", "not in order|stopped"),
        ("time.sleep(60)", "in time"),
    ],
)
def test_a_host_that_talks_nonsense_is_refused(tmp_path: Path, body: str, sentence: str) -> None:
    host = fake(tmp_path, body)
    with pytest.raises(EngineFailed, match=sentence):
        host.encode(["secret question"])
    host.close()


def test_a_host_without_its_sandbox_gets_no_text(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    host = fake(
        tmp_path,
        f"""
        import msgpack
        ready = msgpack.packb(["ready", "linux-x86_64", ["limits"], [], 0, "x86-64-v3"])
        os.write(1, len(ready).to_bytes(4, "little") + ready)
        got = os.read(0, 1000)
        open({str(seen)!r}, "wb").write(got)
        """,
    )
    with pytest.raises(EngineFailed, match="guard is not on"):
        host.encode(["secret question"])
    host.close()
    assert not seen.exists() or seen.read_bytes() == b""


def test_a_missing_program_gives_a_sentence() -> None:
    host = EngineHost(default_encoder_folder(), command=("/nonexistent/python",))
    with pytest.raises(EngineFailed, match="cannot be started"):
        host.encode(["x"])


def test_a_damaged_bundle_is_refused_by_the_host_with_its_sentence(tmp_path: Path) -> None:
    source = default_encoder_folder()
    for path in source.rglob("*"):
        there = tmp_path / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.name != "params.bin":
            there.symlink_to(path)
    (tmp_path / "params.bin").write_bytes(b"not the weights")
    host = EngineHost(tmp_path)
    with pytest.raises(BundleDamaged, match=r"params\.bin"):
        host.encode(["x"])
    host.close()


def test_a_missing_bundle_is_said_at_the_first_call_and_not_before(tmp_path: Path) -> None:
    host = EngineHost(tmp_path / "nowhere")
    host.start()
    with pytest.raises(BundleMissing):
        host.encode(["x"])
    host.close()


def test_the_host_ends_with_the_desk(engine: EngineHost) -> None:
    engine.encode(["warm"])
    child = child_of(engine)
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises(EngineFailed, match="closed"):
        engine.encode(["x"])


ORPHAN = """
import os, sys
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
host = EngineHost(default_encoder_folder())
host.encode(["x"])
print(host._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_host_does_not_outlive_a_killed_desk() -> None:
    require_gone(ORPHAN)


def test_many_threads_at_once_each_get_their_own_vectors(engine: EngineHost) -> None:
    texts = [f"question {n} about something else" for n in range(8)]
    expected = engine.encode(texts)
    wrong: list[int] = []

    def ask(n: int) -> None:
        for _ in range(10):
            if not np.array_equal(engine.encode([texts[n]])[0], expected[n]):
                wrong.append(n)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_question_does_not_wait_for_an_import(engine: EngineHost) -> None:
    engine.encode(["warm"])
    passages = ["The nurse writes the dose and the time into the chart. " * 18] * 120
    importing = threading.Thread(target=engine.encode, args=(passages,))
    importing.start()
    time.sleep(0.3)
    waits: list[float] = []
    begun = time.monotonic()
    while importing.is_alive() and len(waits) < 20:
        started = time.monotonic()
        engine.encode(["What is the dose?"])
        waits.append(time.monotonic() - started)
    importing.join()
    assert len(waits) >= 3
    assert sorted(waits)[len(waits) // 2] < (time.monotonic() - begun) / 4


def test_the_host_has_no_network_no_files_and_no_more_privileges(engine: EngineHost) -> None:
    engine.encode(["warm"])
    status = Path(f"/proc/{child_of(engine)}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert engine.sandbox is not None
    assert set(engine.sandbox.guards) >= {"system_calls", "files"}
