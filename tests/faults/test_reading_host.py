"""A host that dies or lies while it reads takes nothing down with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest

from appliance.airgap.sandbox import ALL_GUARDS
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost, Patience
from appliance.engine.errors import BundleDamaged, BundleMissing, FrameInvalid
from appliance.engine.framing import Ready, pack_ready, unpack_ready
from appliance.errors import EngineFailed
from appliance.values import ToRead
from tests.unit.engine import reading_model

SENTENCE = "The nurse writes the dose and the time into the chart. "
LENGTH = len(SENTENCE) - 1
PASSAGES = [
    ToRead(
        f"Chart {n}",
        SENTENCE * 20,
        tuple((at, at + LENGTH) for at in range(0, 20 * len(SENTENCE), len(SENTENCE))),
    )
    for n in range(20)
]
QUESTION = "Who writes the dose into the chart?"


@pytest.fixture(scope="module")
def reader_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reading_model.write(tmp_path_factory.mktemp("reader"))


@pytest.fixture
def engine(reader_folder: Path) -> Iterator[EngineHost]:
    host = EngineHost(default_encoder_folder(), reader=reader_folder)
    yield host
    host.close()


def child_of(engine: EngineHost) -> int:
    process = engine._process  # the one thing the public side does not show
    assert process is not None
    return process.pid


def test_what_is_read_comes_back_in_order_and_inside_its_sentences(engine: EngineHost) -> None:
    assert engine.reads
    assert engine.reader.startswith("reader@")
    passages = [PASSAGES[0], replace(PASSAGES[1], prior=1000.0), ToRead("", "", ())]
    glanced, whole, empty = engine.read(QUESTION, passages, 1)
    assert (glanced.whole, whole.whole, empty.whole) == (False, True, False)
    assert len(whole.sentences) == 20
    assert any(s <= whole.span[0] < whole.span[1] <= e for s, e in passages[1].sentences)
    assert [one.exit for one in engine.read(QUESTION, passages[::-1], 3)[::-1]] == [
        glanced.exit, whole.exit, empty.exit,
    ]  # fmt: skip
    assert engine.read(QUESTION, [], 3) == ()


def test_a_kill_while_reading_is_said_and_survived(engine: EngineHost) -> None:
    before = engine.read(QUESTION, PASSAGES[:2], 1)
    child = child_of(engine)
    os.kill(child, signal.SIGSTOP)  # it cannot have answered when it is killed
    killer = threading.Timer(0.3, os.kill, (child, signal.SIGKILL))
    killer.start()
    with pytest.raises(EngineFailed, match="SIGKILL"):
        engine.read(QUESTION, PASSAGES, 20)
    killer.join()
    assert engine.read(QUESTION, PASSAGES[:2], 1) == before


def test_too_much_is_refused_before_the_host_sees_it(engine: EngineHost) -> None:
    engine.encode(["warm"])
    child = child_of(engine)
    for passages in (PASSAGES * 4, [ToRead("", "x", ((0, 2),))], [ToRead("", "x" * 20_000, ())]):
        with pytest.raises(FrameInvalid):
            engine.read(QUESTION, passages, 1)
    assert engine.encode(["still"]).shape == (1, 384)
    assert child_of(engine) == child


GARBAGE = [
    b"", b"\xc1", msgpack.packb(["read"]), msgpack.packb(["read", b"q", [], 1]),
    msgpack.packb(["read", b"q", [[b"", b"text", b"\0\0\0\0\xff\0\0\0", 0.0]], 1]),
    msgpack.packb(["read", b"q", [[b"", b"text", b"", float("nan")]], 1]),
    msgpack.packb(["read", b"q", [[b"", b"text", b"", 0.0]] * 65, 1]),
]  # fmt: skip


def test_a_host_that_is_sent_garbage_refuses_and_goes_on(engine: EngineHost) -> None:
    engine.encode(["warm"])
    child = child_of(engine)
    for garbage in GARBAGE:
        with pytest.raises(EngineFailed, match=r"request|passage|sentence|order"):
            engine._ask(garbage, unpack_ready, urgent=True)
    assert engine.read(QUESTION, PASSAGES[:1], 1)[0].whole
    assert child_of(engine) == child


@pytest.mark.parametrize(
    "answer",
    [
        ["readings", []],
        ["readings", [[float("nan")]]],
        ["readings", [[0.0, 0.0, 0.0, 0.0, b"", 0, 500]]],
        ["readings", [[0.0]]],
        ["vectors", b"\0" * 1536],
        [0.0],
    ],
    ids=range(6),
)
def test_a_host_that_lies_is_ended(tmp_path: Path, reader_folder: Path, answer: object) -> None:
    ready = Ready("linux-x86_64", ALL_GUARDS, (), 4, "x86-64-v3")
    frames = [pack_ready(ready), bytes(msgpack.packb(answer))]
    first, second = (len(frame).to_bytes(4, "little") + frame for frame in frames)
    script = tmp_path / "host.py"
    script.write_text(
        f"import os, time\nos.write(1, {first!r})\nos.read(0, 100_000)\n"
        f"os.write(1, {second!r})\ntime.sleep(60)\n"
    )
    host = EngineHost(
        default_encoder_folder(), reader=reader_folder,
        command=(sys.executable, str(script)), patience=Patience(start=30, request=30),
    )  # fmt: skip
    with pytest.raises(EngineFailed, match=r"answer|asked"):
        host.read(QUESTION, [ToRead("", "one", ((0, 3),))], 1)
    assert host._process is None
    host.close()


def test_without_weights_it_says_so_and_makes_vectors_all_the_same(tmp_path: Path) -> None:
    host = EngineHost(default_encoder_folder(), reader=tmp_path)
    assert not host.reads
    with pytest.raises(BundleMissing):
        assert host.reader
    with pytest.raises(BundleMissing, match="reader's weights are not installed"):
        host.read(QUESTION, PASSAGES[:1], 1)
    assert host.encode(["x"]).shape == (1, 384)
    host.close()


def test_damaged_weights_are_refused_by_the_host(reader_folder: Path, tmp_path: Path) -> None:
    image = bytearray((reader_folder / "reader.bin").read_bytes())
    image[1_000_000] ^= 1
    (tmp_path / "reader.bin").write_bytes(image)
    (tmp_path / "reader.json").write_bytes((reader_folder / "reader.json").read_bytes())
    host = EngineHost(default_encoder_folder(), reader=tmp_path)
    with pytest.raises(BundleDamaged, match="not the file"):
        host.read(QUESTION, PASSAGES[:1], 1)
    assert host.encode(["x"]).shape == (1, 384)
    host.close()
