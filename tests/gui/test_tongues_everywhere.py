"""Every screen and dialog of the tour in each language: nothing cut, nothing left in English.

English itself is looked at in `test_every_screen.py`.
"""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from gui.shell import Shell
from tests.gui.laid_out import cut, shown
from tests.gui.marked_texts import ROOT
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace
from tests.gui.pseudo import OPEN
from tests.gui.speaking import ALL, MADE, speaking
from tests.gui.walking import walk

Open = Callable[[MemoryAppliance], Shell]

_WORDS = re.compile("[A-Za-z]{3}")
_KEYS = re.compile(r"(?:(?:Ctrl|Alt|Shift)\+)*\S{1,5}")
_DATA = re.compile(
    r"Cloister|\d{1,2} [A-Z][a-z]{2} \d{4}.*|[A-Z0-9]{4}(?:[- ][A-Z0-9]{4})+|[0-9a-f ]{64,65}"
    r"|.*\b(?:CFR|U\.S\.C\.|Art\.) .*|baseline [0-9.]+|Cloister policy packs|/.*|Linux .*"
    r"|\d+ .*· .*|seccomp: .*"
    r"|What is said about .*\?"  # asked as it stands (docs/decisions/0030-languages.md)
)
"""The product's name, days, codes, hashes, clauses, a pack's name, places, the number and the name
of a seat and of a citation, guards of the kernel."""


def faked() -> frozenset[str]:
    """What the appliance in memory holds and says, and the tour types."""
    found: set[str] = set()
    for path in (*ROOT.glob("tests/gui/memory_*.py"), *ROOT.glob("tests/screens/*.py"),
                 ROOT / "tests/gui/texts.py"):  # fmt: skip
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(line.strip("# ") for line in node.value.split("\n"))
    return frozenset(found)


def english(window: QWidget, known: frozenset[str]) -> Iterator[str]:
    """Texts that did not come through the catalogue, nor out of the appliance's data."""
    for text in shown(window):
        line = " ".join(text.split())
        if OPEN in text or not _WORDS.search(text) or line in known:
            continue
        if not (_KEYS.fullmatch(line) or _DATA.fullmatch(line)):
            yield f"in English: {text[:160]!r}"


@pytest.mark.parametrize("language", [name for name in ALL if name != "en"])
def test_no_screen_and_no_dialog_cuts_a_text_or_leaves_it_in_english(
    language: str, open_shell: Open, qapp: QApplication
) -> None:
    texts = MADE[language]()
    ours = frozenset(texts.window.values())
    known = faked()

    def look(window: QWidget) -> Iterator[str]:
        if isinstance(window, QFileDialog):
            return
        yield from cut(window, ours - known)
        if language == "longer":
            yield from english(window, known)

    with speaking(qapp, language), tempfile.TemporaryDirectory() as folder:
        shell = open_shell(MemoryAppliance(Pace(stage=0.02, file=0.01)))
        walker = walk(shell, Path(folder), look, 0.02)
        shell.close()
    assert len(walker.seen) > 80
    first = {line.partition(": ")[2]: line for line in reversed(walker.found)}
    assert not first, "\n".join(first.values())
