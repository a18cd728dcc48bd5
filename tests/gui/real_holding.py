"""`python -m tests.gui.real_holding FOLDER`: the longest time that the event loop of the real
window was held up, in seconds, while documents were imported and while questions were answered.

Run in a process of its own, because the guards bind it for good. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.sample import SAMPLE_NAMES, QuestionKind, sample_folder, sample_questions
from tests.gui.event_loop import Watchdog
from tests.gui.real_doing import place
from tests.gui.real_journey import ask, begun, first_run
from tests.gui.waiting import until

if TYPE_CHECKING:
    from gui.shell import Shell


def importing(shell: Shell) -> float:
    """Every document of the sample libraries, through the sandboxed reader into the store."""
    screen = place(shell).library
    until(lambda: screen.can_add, "the empty collection")
    dog = Watchdog()
    screen.add(tuple(sample_folder(name) for name in SAMPLE_NAMES))
    until(lambda: screen.card and screen.card.dismiss.isVisible(), "the end of the import")
    until(lambda: screen.table.rows.rowCount() > 10, "the documents")
    return dog.longest


def answering(shell: Shell) -> float:
    """Answers that are there and one that is not; the first reads the indexes."""
    dog = Watchdog()
    for question in sample_questions("hospital"):
        if question.kind is not QuestionKind.REFUSED:
            ask(shell, question.text)
    return dog.longest


def main() -> int:
    running, shell, said = begun(Path(sys.argv[1]))
    first_run(shell)
    running.processEvents()
    longest = {"importing": importing(shell)}
    place(shell).new_question()
    longest["answering"] = answering(shell)
    shell.close()
    assert not said, said
    print(json.dumps(longest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
