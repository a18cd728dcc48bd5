"""A large folder through the real library, journal and originals: all of it is accounted for.

Reader and encoder are the small fakes, so what is measured is the keeping. One file costs about
14 ms on two cores: one commit of the store with its mark, and two more waits for the disk for the
sealed original; it does not grow with the size of the job. `CLOISTER_IMPORT_FILES=10000` runs the
full size (two and a half minutes; five on a busy machine).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from appliance.intake import IntakeParts, start_import
from appliance.ledger import Ledger
from appliance.memory import Library
from appliance.originals import CollectionShelf, Originals
from appliance.values import ImportFinished, ImportProgress, ImportStarted, ImportState
from tests.contract.fakes import BagEncoder, TickingClock
from tests.unit.memory.material import KEY, Marks
from tests.unit.test_intake import LineReader

FILES = int(os.environ.get("CLOISTER_IMPORT_FILES", "400"))
BAD = ("00003.txt", f"{FILES - 5:05}.txt")


class CountingLedger:
    """Where the log's notes go; its own waits for the disk are measured with the log."""

    def __init__(self) -> None:
        self.added: set[str] = set()

    def note(self, action: str, *, object: str = "", details: object = ()) -> int:
        assert action in ("document.adding", "document.added")
        if action == "document.added":
            self.added.add(object)
        return len(self.added)


def test_every_file_of_a_large_folder_is_accounted_for(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    for number in range(FILES - 1):
        (papers / f"{number:05}.txt").write_text(f"Rule {number} holds.")
    with open(os.fsencode(papers) + b"/\xff.txt", "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"A name that is not text.")
    for name in BAD:
        (papers / name).write_text(f"bad {name}")
    marks, ledger, clock = Marks(), CountingLedger(), TickingClock()
    library = Library(tmp_path / "collections", tmp_path / "spill", marks)
    library.create_collection("ward", KEY)
    originals = Originals(tmp_path / "collections" / "ward", KEY)
    shelf = CollectionShelf("ward", library, originals, cast("Ledger", ledger), clock)
    parts = IntakeParts(shelf, LineReader(), BagEncoder(), clock, 10_000)
    events = list(start_import([papers], parts, lambda: False))

    assert isinstance(events[0], ImportStarted)
    assert events[0].total == FILES
    progress = [event for event in events if isinstance(event, ImportProgress)]
    assert [event.done for event in progress] == list(range(1, FILES + 1))
    failed = [event for event in progress if event.state is ImportState.FAILED]
    assert tuple(Path(event.path).name for event in failed) == BAD
    assert all(event.sentence and event.hint for event in failed)
    last = events[-1]
    assert isinstance(last, ImportFinished)
    assert (last.added, last.unchanged, last.failed) == (FILES - 2, 0, 2)
    assert {info.id for info in library.documents("ward")} == ledger.added
    assert all(originals.path(document).exists() for document in ledger.added)
    assert library.unfinished_jobs() == ()
    # The document and its file's state are one commit; made, begun, two failed, finished, settled.
    assert len(marks.all) <= FILES - 2 + 8
    library.close()
