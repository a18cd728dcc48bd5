"""Writers of a store that die at an exact call, one after the other on what the last one left.

Run with `dying.c` preloaded, as `python -m tests.faults.store_deaths FOLDER ROUNDS SEED`.
Ends with exit status 0 and the number of deaths, or with a traceback.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from pathlib import Path

from appliance.memory.errors import WrongStoreKey
from appliance.memory.store import Store
from tests.extension_once import extension_taken_as_good
from tests.faults import dying
from tests.faults.store_child import MarkFile, read_marks
from tests.unit.memory.material import KEY, OTHER_KEY

LIFE = 12  # deaths of one store before a fresh one takes its place
CALLS = 70  # more than one writer makes
SIZES = (10, 9_000, 150_000)  # bytes: inside a page, over pages, over a block of the file
SCHEMA = (
    "CREATE TABLE rows (generation BIGINT, text VARCHAR)",
    "CREATE TABLE blobs (generation BIGINT, data BLOB)",
    "CREATE INDEX by_generation ON rows (generation)",
)


def opened(folder: Path, key: bytes) -> Store:
    file, spill = folder / "ward" / "store.duckdb", folder / "spill"
    marks, on_mark = read_marks(folder / "marks"), MarkFile(folder / "marks")
    if marks:
        return Store.open(
            file, key, spill=spill, kind="collection", id="ward", mark=marks[-1], on_mark=on_mark
        )
    return Store.create(
        file, key, spill=spill, kind="collection", id="ward", schema=SCHEMA, on_mark=on_mark
    )


def opened_under_either_key(folder: Path) -> tuple[Store, bytes]:
    try:
        return opened(folder, KEY), OTHER_KEY
    except WrongStoreKey:
        return opened(folder, OTHER_KEY), KEY


def write(folder: Path, chance: random.Random) -> None:
    """Transactions of many sizes, a checkpoint, a new key, a close; each now and then."""
    store, other = opened_under_either_key(folder)
    require_whole(store, folder)
    for _ in range(3):
        add(store, chance)
    if chance.random() < 0.7:
        store.checkpoint()
        add(store, chance)
    if chance.random() < 0.2:
        store.rekey(other)
        add(store, chance)
    if chance.random() < 0.5:
        store.close()
    else:
        store.abandon()


def add(store: Store, chance: random.Random) -> None:
    generation = store.generation + 1
    data = chance.randbytes(chance.choice(SIZES))
    with store.transaction() as transaction:
        transaction.execute(
            "INSERT INTO rows SELECT ?, md5(i::VARCHAR) FROM range(?) r(i)",
            [generation, chance.choice([1, 40, 900])],
        )
        transaction.execute("INSERT INTO blobs VALUES (?, ?)", [generation, data])
        if chance.random() < 0.3:
            transaction.execute("DELETE FROM rows WHERE generation = ?", [generation - 2])


def require_whole(store: Store, folder: Path) -> None:
    """What was acknowledged, by the mark of its commit, is there: each left one blob, whole."""
    rows = store.read("SELECT generation, octet_length(data) FROM blobs")
    held = {int(str(generation)): int(str(size)) for generation, size in rows}
    acknowledged = {m.generation for m in read_marks(folder / "marks") if m.state == "commit"}
    if not acknowledged <= held.keys():
        raise AssertionError(f"lost: {sorted(acknowledged - held.keys())}")
    if len(held) != len(rows) or not set(held.values()) <= set(SIZES):
        raise AssertionError("a transaction is there by halves")


def died(folder: Path, chance: random.Random) -> bool:
    """Lets one writer die, or not, if it makes too few calls. Raises what the writer raised."""
    at, quarters, seed = chance.randrange(1, CALLS), chance.randrange(5), chance.random()
    child = os.fork()
    if child == 0:
        try:
            dying.arm(str(folder / "ward"), at, quarters)
            write(folder, random.Random(seed))  # noqa: S311  repeatable
        except BaseException:  # noqa: BLE001  told to the parent, whatever it is
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended not in (0, -signal.SIGKILL):
        raise SystemExit(
            f"at call {at}, {quarters} quarters, the next writer found a damaged store"
        )
    return ended != 0


def main(folder: Path, rounds: int, seed: int) -> None:
    import duckdb  # noqa: F401  loaded before the forks; opens nothing and starts no thread

    extension_taken_as_good()
    chance = random.Random(seed)  # noqa: S311  repeatable
    deaths = 0
    for number in range(rounds):
        if number % LIFE == 0:
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "ward").mkdir(parents=True)
        deaths += died(folder, chance)
    print(deaths)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
