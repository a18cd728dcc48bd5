"""Whether the records of a log tell a story that can have happened.

Rules kept here: numbers follow on, times never run backwards; every ask has one opening and at most
one closing, in that order; every key epoch is recorded with its note; only the payload of an
earlier record can be erased. Written for the checker alone: nothing of the writer is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliance.audit.epochs import Epoch, note_digest
from appliance.audit.errors import LogTampered
from appliance.audit.leaf import (
    ASK_CLOSED,
    ASK_OPENED,
    CREATED,
    EPOCH_BEGAN,
    PAYLOAD_ERASED,
    Leaf,
)
from appliance.values import Outcome

_OUTCOMES = frozenset(str(outcome) for outcome in Outcome)


class Story:
    """Reads the leaves in their order. After the last, `require_ended`."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = epochs
        self._epoch = -1
        self._time = ""
        self._open: dict[str, int] = {}
        self.asks = 0
        self.payloads: dict[int, str] = {}  # seq -> hash
        self.erased: set[int] = set()

    @property
    def unclosed(self) -> tuple[str, ...]:
        return tuple(self._open)

    def read(self, leaf: Leaf) -> None:
        """Raises LogTampered naming the record that cannot follow those before it."""
        if leaf.time < self._time:
            raise LogTampered(f"Record {leaf.seq} is dated before the one it follows.")
        self._time = leaf.time
        if leaf.payload:
            self.payloads[leaf.seq] = leaf.payload
        if (leaf.seq == 0) != (leaf.action == CREATED):
            raise LogTampered(f"Record {leaf.seq}: a log begins with its creation, once.")
        if leaf.action in (CREATED, EPOCH_BEGAN):
            self._epoch_began(leaf)
        elif leaf.action in (ASK_OPENED, ASK_CLOSED):
            self._asked(leaf)
        elif leaf.action == PAYLOAD_ERASED:
            if leaf.number("record") not in self.payloads:
                raise LogTampered(f"Record {leaf.seq} erases a payload that never was.")
            self.erased.add(leaf.number("record"))

    def _asked(self, leaf: Leaf) -> None:
        if leaf.action == ASK_OPENED:
            if not leaf.ask or leaf.ask in self._open or leaf.verdict is None:
                raise LogTampered(f"Record {leaf.seq} does not open an ask as it must.")
            self._open[leaf.ask] = leaf.seq
            self.asks += 1
            return
        if self._open.pop(leaf.ask, -1) != leaf.number("opened"):
            raise LogTampered(f"Record {leaf.seq} closes an ask that is not open.")
        if leaf.outcome not in _OUTCOMES:
            raise LogTampered(f"Record {leaf.seq} closes an ask in an unknown way.")

    def require_ended(self, *, live: bool) -> None:
        """Every epoch is recorded; the newest may still be missing in a log that is written."""
        if self._epoch < len(self._epochs) - (2 if live else 1):
            raise LogTampered(f"Key epoch {self._epoch + 1} has no record.")

    def _epoch_began(self, leaf: Leaf) -> None:
        number = 0 if leaf.action == CREATED else leaf.number("epoch")
        if number != self._epoch + 1 or number >= len(self._epochs):
            raise LogTampered(f"Record {leaf.seq} begins a key epoch out of order.")
        epoch = self._epochs[number]
        if leaf.seq < epoch.start or leaf.text("note") != note_digest(epoch):
            raise LogTampered(f"Record {leaf.seq} does not fit the note of key epoch {number}.")
        self._epoch = number
