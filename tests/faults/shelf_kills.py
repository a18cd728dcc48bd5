"""Kills whoever brings a collection forward, retires, puts back or replaces a document, at one call
after another, and looks each time at what is answered from.

Run as a program: `python -m tests.faults.shelf_kills FOLDER HOW_MANY SEED`; HOW_MANY kills of each
of the four. The process only forks: one child makes the collection, one dies, one looks.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from appliance.memory import collection, store
from appliance.memory.library import Library
from appliance.memory.store import Store, Transaction
from tests.extension_once import extension_taken_as_good
from tests.faults.rotation_kills import dying_at, forked
from tests.faults.store_child import WARD, MarkFile, read_marks
from tests.unit.memory.collection_first import write_first
from tests.unit.memory.material import KEY, NOON, add_texts, unit_vectors

CALLS = (
    (os, "write"), (os, "fsync"), (os, "fdatasync"), (Path, "replace"), (Path, "unlink"),
    (Transaction, "execute"), (store, "write_identity"), (Store, "_follow_wal"),
    (store, "settle_store"), (collection, "sync_folder"),
)  # fmt: skip
"""Between any two of these something became durable, or was about to."""
OLD = tuple(f"Give {dose} mg of morphine." for dose in (10, 20, 30))
NEW = tuple(f"Give {dose} mg of morphine, and no more." for dose in (1, 2, 3))
GRAPH = 2
"""Passages beyond which there is a graph, and a snapshot of it."""


def opened(folder: Path) -> Library:
    marks = MarkFile(folder / "marks")
    library = Library(folder / "collections", folder / "spill", marks, exact_limit=GRAPH)
    library.open_collection(WARD, KEY, read_marks(folder / "marks")[-1])
    return library


def settled(library: Library) -> None:
    """Its graph is whole, so that closing keeps it."""
    library.warm(WARD)
    library._of(WARD).wait_for_graph(20)


def old_of(library: Library) -> str:
    return library.documents(WARD)[0].id


# --- what is done -----------------------------------------------------------------------------


def forward(library: Library) -> None:
    """Opening it was all."""


def retire(library: Library) -> None:
    library.retire(WARD, old_of(library), NOON)


def restore(library: Library) -> None:
    library.restore(WARD, old_of(library))


def replace(library: Library) -> None:
    add_texts(library, WARD, NEW, seed=2, replaces=old_of(library), document="newer")


DEEDS: dict[str, Callable[[Library], None]] = {
    "forward": forward, "retire": retire, "restore": restore, "replace": replace,
}  # fmt: skip


def made(folder: Path, deed: str) -> None:
    """A collection on its disk, about to have it done to."""
    folder.mkdir()
    write_first(folder, MarkFile(folder / "marks"), OLD)
    if deed != "forward":
        library = opened(folder)
        if deed == "restore":
            retire(library)
        settled(library)
        library.close()


def done(folder: Path, deed: str, step: int) -> int:
    """Opens, does it, closes; dies at the call of number `step`. How many calls that took."""
    count = dying_at(step, CALLS)
    library = opened(folder)
    DEEDS[deed](library)
    settled(library)
    library.close()
    return count[0]


# --- what is there afterwards -------------------------------------------------------------------


def answered(library: Library) -> set[str]:
    """The documents that words and vectors find."""
    return {
        one.passage.document
        for seed in (1, 2, 50)
        for one in library.find("morphine", unit_vectors(1, seed), (WARD,), 9)
    }


def look(folder: Path, deed: str) -> list[str]:
    library = opened(folder)
    old = old_of(library)
    wrong = _wrong(library, old, deed)
    settled(library)
    wrong += _wrong(library, old, deed)
    if answered(library) == {old}:
        replace(library)
        if answered(library) != {"newer"}:
            wrong.append("it does not go on")
    library.close()
    again = opened(folder)
    if len(again.documents(WARD)) > 2:
        wrong.append("there is one document too many")
    again.close()
    return wrong


def _wrong(library: Library, old: str, deed: str) -> list[str]:
    there = {one.id: one for one in library.documents(WARD)}
    found, retired = answered(library), there[old].retired is not None
    wrong = []
    if library.stored_page(WARD, old, 1).text != "\n".join(OLD):
        wrong.append("the page of the older one does not open")
    if retired == (old in found):
        wrong.append(f"retired: {retired}, found: {old in found}")
    newer = {"newer"} & set(there)
    if found != ((set() if retired else {old}) | newer):
        wrong.append(f"answered from {len(found)} of {len(there)}")
    if deed == "forward" and retired:
        wrong.append("it was retired by itself")
    if deed == "replace" and (len(found) != 1 or bool(newer) != (there[old].successor == "newer")):
        wrong.append(f"answered from {sorted(found)}")
    if library.counts(WARD) != (len(found), 3 * len(found)):
        wrong.append("it is counted wrongly")
    return wrong


def killed(folder: Path, deed: str, how_many: int, chance: random.Random) -> dict[str, object]:
    whole = folder / deed
    forked(lambda: made(whole, deed))
    counted = Path(shutil.copytree(whole, folder / f"{deed}-counted"))
    _, calls = forked(lambda: done(counted, deed, -1))
    problems: dict[int, list[str]] = {}
    steps = sorted(chance.sample(range(calls), min(how_many, calls)))
    for step in steps:
        place = Path(shutil.copytree(whole, folder / f"{deed}-{step}"))
        status, _ = forked(lambda: done(place, deed, step))  # noqa: B023 - it is over at once
        wrong = [] if status == signal.SIGKILL else [f"it was not killed: {status}"]
        _, seen = forked(lambda: look(place, deed))  # noqa: B023
        if wrong + seen:
            problems[step] = wrong + seen
        shutil.rmtree(place)
    return {"calls": calls, "killed": len(steps), "problems": problems}


def main() -> None:
    import duckdb  # noqa: F401 - loaded before the forks; opens nothing and starts no thread
    import hnswlib  # noqa: F401 - the same

    extension_taken_as_good()
    folder, how_many = Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(int(sys.argv[3]))  # noqa: S311  the kills must be repeatable
    said = {deed: killed(folder, deed, how_many, chance) for deed in DEEDS}
    sys.stdout.write(f"{json.dumps(said)}\n")


if __name__ == "__main__":
    main()
