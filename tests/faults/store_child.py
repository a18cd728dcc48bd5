"""Programs that the fault tests run and kill, or starve. The marks go to a file, fsynced, as a log
would keep them.

Run as: python -m tests.faults.store_child <what> <folder> [argument]
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from itertools import count
from pathlib import Path

from appliance.errors import CloisterError
from appliance.memory.library import Library
from appliance.values import MarkState, StoreMark
from tests.extension_once import extension_taken_as_good
from tests.unit.memory.material import KEY, add_texts

WARD = "ward"


class MarkFile:
    """Marks, one JSON line each, durable when the call returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, mark: StoreMark) -> None:
        os.write(self._file, json.dumps(asdict(mark)).encode() + b"\n")
        os.fdatasync(self._file)


def read_marks(path: Path) -> list[StoreMark]:
    """Whole lines only: the last may have been cut by the kill."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [_mark(json.loads(line)) for line in lines]


def _mark(fields: dict[str, str | int]) -> StoreMark:
    return StoreMark(
        str(fields["store_id"]),
        int(fields["generation"]),
        int(fields["size"]),
        str(fields["sha256"]),
        MarkState(str(fields["state"])),
        int(fields["wal_size"]),
        str(fields["wal_sha256"]),
    )


def open_library(folder: Path) -> Library:
    """The library of the folder with its collection open, made the first time."""
    library = Library(folder / "collections", folder / "spill", MarkFile(folder / "marks"))
    marks = read_marks(folder / "marks")
    if marks or (folder / "collections" / WARD / "store.duckdb").exists():
        library.open_collection(WARD, KEY, marks[-1] if marks else None)
    else:
        library.create_collection(WARD, KEY)
    return library


def write_for_ever(folder: Path) -> None:
    """Adds documents, with checkpoints and removals between; says each once it is durable."""
    library = open_library(folder)
    done = len(library.documents(WARD))
    os.write(1, b"ready -\n")
    for number in count(done):
        texts = [f"passage {number} {part} of the formulary" for part in range(3)]
        info = add_texts(library, WARD, texts, title=f"{number}", seed=number)
        os.write(1, f"added {info.id}\n".encode())
        if number % 3 == 2:
            library.checkpoint(WARD)
        if number % 5 == 4:
            os.write(1, f"removing {info.id}\n".encode())
            library.remove_document(WARD, info.id)


def serve_writers(folder: Path) -> None:
    """Forks a writer for each line of its input, so that the interpreter starts only once; says
    its process id before, and that it is dead after."""
    import duckdb  # noqa: F401 - loaded before the forks; opens nothing and starts no thread

    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write_for_ever(folder)
        os.write(1, f"writer {child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(1, f"dead {os.waitstatus_to_exitcode(status)}\n".encode())


def write_until_full(folder: Path, limit: int) -> None:
    """Adds documents while no file may grow past `limit` bytes; then lifts that and goes on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    library = open_library(folder)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    added, code = 0, ""
    while not code and added < 10_000:
        try:
            add_texts(library, WARD, ["x" * 20_000] * 5, title=str(added), seed=added)
            added += 1
        except CloisterError as error:
            code = error.code
    still = len(library.documents(WARD))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    add_texts(library, WARD, ["after"], title="after", seed=1)
    found = len(library.documents(WARD))
    library.close()
    json.dump({"added": added, "code": code, "still": still, "found": found}, sys.stdout)


def checkpoint_when_full(folder: Path) -> None:
    """Fails a checkpoint for want of room, goes on reading, then succeeds."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    library = open_library(folder)
    for number in range(3):
        add_texts(library, WARD, ["y" * 90_000] * 4, title=str(number), seed=number)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    code = ""
    try:
        library.checkpoint(WARD)
    except CloisterError as error:
        code = error.code
    still = len(library.documents(WARD))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    add_texts(library, WARD, ["after"], title="after", seed=9)
    found = len(library.documents(WARD))
    library.close()
    json.dump({"added": 3, "code": code, "still": still, "found": found}, sys.stdout)


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    extension_taken_as_good()
    if what == "serve":
        serve_writers(folder)
    elif what == "fill":
        write_until_full(folder, int(sys.argv[3]))
    else:
        checkpoint_when_full(folder)


if __name__ == "__main__":
    main()
