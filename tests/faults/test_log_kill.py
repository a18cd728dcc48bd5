"""Nothing acknowledged is lost, wherever the writer dies."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.audit import Log, Record, writer
from appliance.audit.verify import verify
from appliance.values import Outcome
from tests.unit.audit.making import ADDED, VERDICT, batched, created, question, reopened

ROUNDS = 120
SECRET = b"what is to be erased"


def test_records_acknowledged_before_a_kill_are_there(tmp_path: Path) -> None:
    """SIGKILL at random points: while appending, publishing, rotating, advancing keys, opening."""
    seed = random.SystemRandom().getrandbits(32)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.faults.log_kills",
            str(tmp_path / "log"),
            str(ROUNDS),
            str(seed),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    rounds, acknowledged, size, epochs, _ = map(int, done.stdout.split())
    assert rounds == ROUNDS
    assert acknowledged > 500
    assert size >= acknowledged
    assert epochs > 2


class Died(BaseException):
    """The process ends here."""


class Dying:
    """Ends the process, so to speak, at the n-th call that changes the disk; a write is cut."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.dead = False

    def step(self) -> bool:
        if self.dead:
            raise Died
        self.left -= 1
        self.dead = self.left < 0
        return self.dead

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("pwrite", "write"):
            patch.setattr(os, name, self.writing(getattr(os, name)))
        for name in ("fsync", "fdatasync", "replace", "mkdir", "unlink"):
            patch.setattr(os, name, self.calling(getattr(os, name)))

    def writing(self, real: Callable[..., int]) -> Callable[..., int]:
        def write(descriptor: int, content: bytes, *rest: int) -> int:
            if self.step():
                real(descriptor, content[: len(content) // 2], *rest)
                raise Died
            return real(descriptor, content, *rest)

        return write

    def calling(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            if self.step():
                raise Died
            return real(*arguments, **named)

        return call


def scenario(log: Log, acknowledged: list[tuple[int, str]]) -> None:
    """Crosses a tile, a new journal and a new key epoch."""
    for number in range(3):
        token = f"q-{number}"
        acknowledged.append(
            (log.open_ask(question(token), VERDICT, SECRET if number == 0 else b"sealed"), token)
        )
        acknowledged.append((log.close_ask(token, Outcome.ANSWERED), token))
    for record in log.append_batch([Record("a.b", object="batch")] * 3):
        acknowledged.append((record, "batch"))
    acknowledged.append((log.erase_payload(acknowledged[0][0]), str(acknowledged[0][0])))
    log.close()


def test_a_death_at_every_single_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 256)
    monkeypatch.setattr(writer, "EPOCH_RECORDS", 260)
    start = created(tmp_path / "start")
    batched(start, 252)
    start.append(ADDED, b"kept")
    start.close()
    for at in range(10_000):
        folder = tmp_path / f"at-{at}"
        shutil.copytree(tmp_path / "start", folder)
        acknowledged: list[tuple[int, str]] = []
        dying = Dying(at)
        log: Log | None = None
        with monkeypatch.context() as patch:
            dying.install(patch)
            with suppress(Died):
                log = reopened(folder)
                scenario(log, acknowledged)
        if log is not None:
            log.close()  # lets go of the files; it failed, so it writes nothing
        require_all(folder, acknowledged)
        shutil.rmtree(folder)
        if not dying.dead:
            assert at > 60
            return


def require_all(folder: Path, acknowledged: list[tuple[int, str]]) -> None:
    log = reopened(folder)
    log.close_interrupted()
    for number, token in acknowledged:
        (record,) = log.records(number, 1)
        assert token in (record.object, dict(record.fields).get("ask"))
    assert log.payload(252) == b"kept"
    proof = verify(folder, log.public_key)
    assert proof.unclosed == ()
    assert proof.size == log.size
    erased = any(record.action == "payload.erased" for record in log.records(250, 500))
    log.close()
    if erased:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not any(SECRET in path.read_bytes() for path in files)
    assert not list(folder.rglob("*.part"))


def test_a_death_at_any_step_of_creation_leaves_a_log_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1000):
        folder = tmp_path / f"at-{at}" / "audit"
        folder.parent.mkdir()
        dying = Dying(at)
        log: Log | None = None
        with monkeypatch.context() as patch:
            dying.install(patch)
            with suppress(Died):
                log = created(folder)
        if log is not None:
            log.close()
        again = reopened(folder) if folder.exists() else created(folder)
        assert again.records(0, 9)[0].action == "log.created"
        assert verify(folder, again.public_key).size == again.size
        again.close()
        assert [path.name for path in folder.parent.iterdir()] == ["audit"]
        if not dying.dead:
            assert at > 15
            return
