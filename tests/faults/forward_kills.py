"""Kills whoever brings a person's store of the first version forward, or deletes a conversation
from one of this version, at any moment of it.

Run as a program: `python -m tests.faults.forward_kills FOLDER ROUNDS SEED`. A process of its own,
because it forks. Ends with one line of figures, or with a traceback.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from appliance.memory.history import History
from tests.extension_once import extension_taken_as_good
from tests.faults.store_child import MarkFile, read_marks
from tests.unit.memory.material import KEY
from tests.unit.memory.person_first import write_first
from tests.unit.memory.test_history import TURN, lying


def opened(folder: Path) -> History:
    return History.open(
        folder / "store.duckdb",
        KEY,
        spill=folder / "spill",
        person="p1",
        mark=read_marks(folder / "marks")[-1],
        on_mark=MarkFile(folder / "marks"),
    )


def brought_forward(folder: Path) -> None:
    history = opened(folder)
    history.pin("c1", pinned=True)
    history.checkpoint()
    history.close()


def require_whole(folder: Path) -> None:
    """After whatever happened: everything that was there, and everything that is new."""
    history = opened(folder)
    if history.turns("c1")[0] != TURN or len(history.turns("c1")) != 2:
        raise AssertionError("a turn was lost")
    history.put("c2", "Ward 4")
    history.pin("c1", pinned=True)
    told = [(one.id, one.pinned, one.folder) for one in history.conversations()]
    if told != [("c1", True, ""), ("c2", False, "Ward 4")]:
        raise AssertionError(f"not in order: {told}")
    history.close()
    opened(folder).close()


def deleted(folder: Path) -> None:
    history = opened(folder)
    history.delete("c1")
    history.close()


def require_deleted_or_whole(folder: Path) -> None:
    """After whatever happened: all of the conversation or none of it, in the file as well."""
    history = opened(folder)
    names = {one.id for one in history.conversations()}
    if "c1" in names and (history.turns("c1")[0] != TURN or len(history.turns("c1")) != 2):
        raise AssertionError("half of a conversation is left")
    if history.turns("c2")[0].question != "Who keeps the keys of the cabinet?":
        raise AssertionError("another conversation was touched")
    expected = 3 if "c1" in names else 1
    if lying(history) != expected:
        raise AssertionError("what was deleted lies on in the file")
    history.save("c3", TURN)
    history.close()
    opened(folder).close()


def in_a_child(work: Callable[[Path], None], folder: Path, after: float | None = None) -> bool:
    """Runs the work; kills it after so many seconds. Whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work(folder)
            os._exit(0)
        finally:
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status == 0


def main(folder: Path, rounds: int, seed: int) -> dict[str, int]:
    import duckdb  # noqa: F401 - loaded before the forks; opens nothing and starts no thread

    extension_taken_as_good()
    chance = random.Random(seed)  # noqa: S311  repeatable
    first = folder / "first"
    first.mkdir()
    if not in_a_child(_made, first):
        raise AssertionError("the old store was not made")
    whole, without = folder / "whole", folder / "without"
    shutil.copytree(first, whole)
    works = [(first, brought_forward, require_whole, _lasting(brought_forward, whole))]
    shutil.copytree(whole, without)
    works.append((whole, deleted, require_deleted_or_whole, _lasting(deleted, without)))
    killed = 0
    for number in range(rounds):
        before, work, require, lasts = works[number % len(works)]
        place = folder / f"round{number}"
        shutil.copytree(before, place)
        killed += not in_a_child(work, place, chance.uniform(0, lasts))
        if not in_a_child(require, place):
            raise AssertionError(f"round {number} left something that does not go on")
        shutil.rmtree(place)
    return {"rounds": rounds, "killed": killed}


def _lasting(work: Callable[[Path], None], place: Path) -> float:
    """Seconds it takes where nobody kills it."""
    began = time.monotonic()
    if not in_a_child(work, place):
        raise AssertionError(f"{work.__name__} fails even if nobody kills it")
    return time.monotonic() - began


def _made(place: Path) -> None:
    write_first(place, MarkFile(place / "marks"))


if __name__ == "__main__":
    done = main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(f"{json.dumps(done)}\n")
