"""Brings a collection forward, retires, puts back and replaces a document while no file can grow;
then with room. `python -m tests.faults.shelf_full FOLDER`; ends with what came of each."""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from appliance.errors import CloisterError
from appliance.memory.library import Library
from tests.extension_once import extension_taken_as_good
from tests.faults.shelf_kills import DEEDS, GRAPH, OLD, answered, retire, settled
from tests.faults.store_child import WARD
from tests.unit.memory.collection_first import write_first
from tests.unit.memory.material import KEY, Marks

_, HARD = resource.getrlimit(resource.RLIMIT_FSIZE)


def room(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, HARD))


def opened(folder: Path, marks: Marks) -> Library:
    library = Library(folder / "collections", folder / "spill", marks, exact_limit=GRAPH)
    library.open_collection(WARD, KEY, marks.newest(f"collection/{WARD}"))
    return library


def tried(library: Library, deed: Callable[[Library], None]) -> str:
    room(100)
    try:
        deed(library)
    except CloisterError as error:
        return error.code
    finally:
        room(HARD)
    return ""


def told(folder: Path, name: str) -> dict[str, object]:
    """The code it failed with, how many are answered from before, after that, and with room."""
    folder.mkdir()
    marks = Marks()
    write_first(folder, marks, OLD)
    if name == "forward":  # it opens all the same, and cannot retire yet
        room(100)
    library = opened(folder, marks)
    room(HARD)
    deed = DEEDS[name] if name != "forward" else retire
    if name == "restore":
        retire(library)
    if name != "forward":
        settled(library)
    before = answered(library)
    code = tried(library, deed)
    same = answered(library) == before
    deed(library)
    after = answered(library)
    library.close()
    again = opened(folder, marks)
    kept = answered(again) == after
    again.close()
    return {"code": code, "same": same, "kept": kept, "answering": len(after)}


def main() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    extension_taken_as_good()
    folder = Path(sys.argv[1])
    sys.stdout.write(json.dumps({name: told(folder / name, name) for name in DEEDS}))


if __name__ == "__main__":
    main()
