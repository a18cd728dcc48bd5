"""What is said to screen readers without moving the focus.

Rules kept here: a streamed answer is said a sentence at a time, each once, and only once it is
whole; what interrupts is only what ended the ask.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|z\.B|bzw|ca|etc|vgl|p\.ej|approx|resp|max|min|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Fig|vs)"
    r"|\b[A-Za-z]|\b\d{1,3})\.$"
)
"""What ends in a full stop and ends no sentence."""


def announce(about: QObject, text: str, *, at_once: bool = False) -> None:
    """at_once: before what is being said."""
    said = " ".join(text.split())
    if said:
        event = QAccessibleAnnouncementEvent(about, said)
        if at_once:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)


class Sentences:
    """Cuts a stream into its sentences, each as soon as something follows it."""

    def __init__(self) -> None:
        self._rest = ""

    def take(self, text: str) -> tuple[str, ...]:
        """The sentences that became whole with this."""
        self._rest += text
        whole, start = [], 0
        for found in _END.finditer(self._rest):
            if "\n" not in found[0] and _SHORT.search(self._rest[start : found.start()]):
                continue
            whole.append(self._rest[start : found.end()].strip())
            start = found.end()
        self._rest = self._rest[start:]
        return tuple(sentence for sentence in whole if sentence)

    def end(self) -> tuple[str, ...]:
        """What is left, whole or not."""
        rest, self._rest = self._rest.strip(), ""
        return (rest,) if rest else ()
