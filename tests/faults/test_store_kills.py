"""kill -9 at any moment: what was acknowledged is there, and nothing is by halves."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.faults.store_child import WARD, open_library
from tests.unit.memory.material import unit_vectors

ROOT = Path(__file__).resolve().parents[2]
KILLS = 110


@dataclass
class Said:
    """What the killed writers had acknowledged."""

    added: set[str] = field(default_factory=set)
    removing: set[str] = field(default_factory=set)
    died_opening: int = 0


def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(9)  # noqa: S311 - moments to kill at, no secret
    said = Said()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.store_child", "serve", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for _ in range(KILLS):
            _start_and_kill(server.stdin, server.stdout, chance, said)
        server.stdin.close()
    assert server.returncode == 0
    assert len(said.added) > KILLS // 4
    _require_whole(tmp_path, said)


def _start_and_kill(
    orders: IO[bytes], answers: IO[bytes], chance: random.Random, said: Said
) -> None:
    """One writer, killed at a random moment: while it opens, or while it writes."""
    orders.write(b"\n")
    orders.flush()
    writer, ready = 0, False
    opening = chance.random() < 0.25
    for line in iter(answers.readline, b""):
        word, name = line.decode().split()
        ready = ready or word == "ready"
        if word == "writer":
            writer = int(name)
        elif word == "dead":
            assert int(name) == -signal.SIGKILL  # it never ended by itself
            break
        elif word in ("added", "removing"):
            (said.added if word == "added" else said.removing).add(name)
        if writer and (ready or opening):
            time.sleep(chance.uniform(0.0, 0.15))
            os.kill(writer, signal.SIGKILL)
            writer = 0
    said.died_opening += not ready


def _require_whole(folder: Path, said: Said) -> None:
    library = open_library(folder)
    there = {info.id: info for info in library.documents(WARD)}
    assert said.added - said.removing <= set(there)
    for info in there.values():
        assert info.passages == 3
        assert library.stored_page(WARD, info.id, 1).text.count("formulary") == 3
    found = library.find("formulary passage", unit_vectors(1), (), 1000)
    assert len(found) > 0
    assert {hit.passage.document for hit in found} <= set(there)
    library.close()
    reopened = open_library(folder)
    assert {info.id for info in reopened.documents(WARD)} == set(there)
    reopened.close()
