"""Kills a desk at one call after another while somebody is taken out of a collection, and looks
each time at what is there. `python -m tests.faults.rotation_kills FOLDER HOW_MANY SEED`

The process only forks: one child makes the hospital, one dies at the chosen call, one looks.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.extension_once import extension_taken_as_good
from tests.people_at_work import CANARY, SECRETS, Hospital, found, founded, without_children

CALLS = ((os, "fsync"), (os, "fdatasync"), (os, "pwrite"), (Path, "replace"), (Path, "unlink"))


def forked(work: Callable[[], object]) -> tuple[int, Any]:
    """The child's wait status, and what `work` returned there (None if it was killed)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            said = {"result": work()}
        except BaseException:  # noqa: BLE001  told to the parent, whatever it is
            said = {"error": traceback.format_exc()}
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    said = json.loads(text) if text else {"result": None}
    if "error" in said:
        raise SystemExit(said["error"])
    return status, said["result"]


def dying_at(step: int, calls: Sequence[tuple[object, str]] = CALLS) -> list[int]:
    """Counts the calls, at first those that make something durable; the one of number `step` is the
    last."""
    count = [0]

    def wrapped(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            if count[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)
            count[0] += 1
            return real(*arguments, **named)

        return call

    for owner, name in calls:
        setattr(owner, name, wrapped(getattr(owner, name)))
    return count


def leave(hospital: Hospital, step: int) -> int:
    """Anna takes Bert out; how many calls that took."""
    appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    count = dying_at(step)
    with appliance.people() as people:
        people.leave(hospital.ward, hospital.ids["Bert"])
    return count[0]


def look(hospital: Hospital) -> list[str]:
    """What is wrong, if anything: with Anna's collection, with Bert, with the log."""
    wrong = []
    with hospital.desk("Anna") as anna:
        desk = anna._sitting.desk
        assert desk is not None
        out = hospital.ids["Bert"] not in desk.session.members(hospital.ward)
        if CANARY not in found(anna):
            wrong.append("Anna finds nothing")
        (document,) = anna.documents(hospital.ward)
        if CANARY.encode() not in desk.originals(hospital.ward).read(document.id):
            wrong.append("the original does not open")
        if desk.session.due(hospital.ward) or desk.session.rotating(hospital.ward):
            wrong.append("the change of key is not finished")
        if len(desk.session.collection_keys(hospital.ward)) != 1:
            wrong.append("an old key is left")
    with hospital.desk("Bert") as bert:
        if (CANARY in found(bert)) == out:
            wrong.append(f"Bert, who is {'out' if out else 'in'}, finds the wrong thing")
    with hospital.desk("Egon") as egon:
        if not egon.verify_log().verified:
            wrong.append("the log does not verify")
    return wrong


def main() -> None:
    folder, how_many, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    extension_taken_as_good()
    with without_children():

        def make() -> list[object]:
            hospital = founded(folder / "made", folder / "papers")
            with hospital.desk("Anna") as anna, anna.people() as people:
                people.join(hospital.ward, hospital.ids["Bert"])
            return [hospital.code, hospital.ward, hospital.ids]

        _, (code, ward, ids) = forked(make)
        hospital = Hospital(folder / "made", code, ward, ids)
        _, calls = forked(lambda: leave(hospital.copied(folder / "counted"), -1))
        chance = random.Random(seed)  # noqa: S311  the kills must be repeatable
        steps = sorted(chance.sample(range(calls), min(how_many, calls)))
        problems = {}
        for step in steps:
            copy = hospital.copied(folder / f"step-{step}")
            status, _ = forked(lambda copy=copy, step=step: leave(copy, step))  # type: ignore[misc]
            if status != signal.SIGKILL:
                problems[step] = [f"it was not killed: {status}"]
                continue
            _, wrong = forked(lambda copy=copy: look(copy))  # type: ignore[misc]
            if wrong:
                problems[step] = wrong
    print(json.dumps({"calls": calls, "killed": steps, "problems": problems}))


if __name__ == "__main__":
    main()
