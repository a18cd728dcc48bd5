"""Letters that no font of this machine has: written as their numbers, so that nothing is lost.

Rules kept here: a letter that would be an empty box, or another letter, is never drawn; what stands
for it says which it was (Unicode, U+ and its number).
"""

from __future__ import annotations

import re
from unicodedata import category

from PySide6.QtGui import QFont, QPaintDevice, QTextLayout

_UNUSUAL = re.compile("[^\u0000-\u024f\u2010-\u2027\u2032-\u203a]")
"""Outside of what every font for Latin scripts has."""
_WIDE = 10_000.0


class Letters:
    """lacking: whether there was one."""

    def __init__(self, font: QFont, device: QPaintDevice) -> None:
        self._font, self._device = font, device
        self._drawn: dict[str, bool] = {}
        self.lacking = False

    def written(self, text: str) -> str:
        """The text with each run of letters that cannot be drawn as `[U+6F22 U+5B57]`."""
        if not _UNUSUAL.search(text):
            return text
        pieces: list[str] = []
        numbers: list[str] = []
        for letter in text:
            if self._can_be_drawn(letter):
                pieces += [_bracketed(numbers), letter]
                numbers = []
            else:
                numbers.append(f"U+{ord(letter):04X}")
                self.lacking = True
        return "".join([*pieces, _bracketed(numbers)])

    def _can_be_drawn(self, letter: str) -> bool:
        if not _UNUSUAL.match(letter) or category(letter) in ("Cf", "Zs"):
            return True
        if letter not in self._drawn:
            self._drawn[letter] = self._draws(letter)
        return self._drawn[letter]

    def _draws(self, letter: str) -> bool:
        layout = QTextLayout(letter, self._font, self._device)
        layout.beginLayout()
        layout.createLine().setLineWidth(_WIDE)
        layout.endLayout()
        runs = layout.glyphRuns()
        # Glyph 0 is the font's box for what it lacks; boxes of Qt's own come from no table at all.
        return all(0 not in run.glyphIndexes() and run.rawFont().fontTable("cmap") for run in runs)


def _bracketed(numbers: list[str]) -> str:
    return f"[{' '.join(numbers)}]" if numbers else ""
