"""Kills a desk at one call after another while a newer version takes a document's place, and looks
each time at what is answered from, at the originals and at the log.
`python -m tests.faults.desk_kills FOLDER HOW_MANY SEED`

The process only forks: one child makes the hospital, one dies at the chosen call, one looks.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
from pathlib import Path

from appliance.app import Cancellation
from tests.extension_once import extension_taken_as_good
from tests.faults.rotation_kills import dying_at, forked
from tests.people_at_work import CANARY, SECRETS, Hospital, found, founded, without_children

NEWER = "The quernstone protocol allows 12 visitors, and no children."


def replace(hospital: Hospital, newer: Path, step: int) -> int:
    """Anna brings a newer version; how many calls that took."""
    appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    (old,) = appliance.documents(hospital.ward)
    count = dying_at(step)
    with appliance.shelves() as shelves:
        list(shelves.replace(hospital.ward, old.id, newer, Cancellation()))
    return count[0]


def look(hospital: Hospital) -> list[str]:
    """What is wrong, if anything."""
    wrong = []
    with hospital.desk("Anna") as anna:
        documents = anna.documents(hospital.ward)
        answering = [one for one in documents if one.retired is None]
        answered = found(anna)
        if (CANARY in answered) == (NEWER in answered):
            wrong.append(f"answered from {answered!r}")
        if len(answering) != 1 or len(documents) > 2:
            wrong.append(f"{len(answering)} of {len(documents)} are answered from")
        if len(documents) == 2 and documents[0].successor != documents[1].id:
            wrong.append("nothing says what took its place")
        if anna.unfinished_imports():
            wrong.append("an import waits that would bring it in beside the older one")
        with anna.at_desk() as desk:
            originals = desk.originals(hospital.ward)
            for one in documents:
                originals.read(one.id)
            files = len(list(originals.path("x").parent.iterdir()))
            if files != len(documents):
                wrong.append(f"{files} originals of {len(documents)} documents")
    with hospital.desk("Egon") as egon:
        if not egon.verify_log().verified:
            wrong.append("the log does not verify")
        said = [one.action for one in egon.log_records(0, 100_000)]
        ended = said.count("document.retired") + said.count("document.not_retired")
        if said.count("document.retiring") != ended:
            wrong.append("what was begun has no second record")
        if (said.count("document.retired") == 1) != (len(documents) == 2):
            wrong.append("the log says another thing than the store")
    return wrong


def main() -> None:
    folder, how_many, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    newer = folder / "newer.txt"
    newer.write_text(f"{NEWER}\n")
    extension_taken_as_good()
    with without_children():

        def make() -> list[object]:
            hospital = founded(folder / "made", folder / "papers")
            return [hospital.code, hospital.ward, hospital.ids]

        _, (code, ward, ids) = forked(make)
        hospital = Hospital(folder / "made", code, ward, ids)
        _, calls = forked(lambda: replace(hospital.copied(folder / "counted"), newer, -1))
        chance = random.Random(seed)  # noqa: S311  the kills must be repeatable
        steps = sorted(chance.sample(range(calls), min(how_many, calls)))
        problems = {}
        for step in steps:
            copy = hospital.copied(folder / f"step-{step}")
            status, _ = forked(lambda copy=copy, step=step: replace(copy, newer, step))  # type: ignore[misc]
            wrong = [] if status == signal.SIGKILL else [f"it was not killed: {status}"]
            _, seen = forked(lambda copy=copy: look(copy))  # type: ignore[misc]
            if wrong + seen:
                problems[step] = wrong + seen
            shutil.rmtree(copy.data)
    print(json.dumps({"calls": calls, "killed": steps, "problems": problems}))


if __name__ == "__main__":
    main()
