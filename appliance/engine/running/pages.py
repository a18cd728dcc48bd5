"""Which page of the processor's key-value cache holds which tokens of which sequence.

Rules kept here: a page belongs to one sequence or is shared and then never written to; nothing is
changed when there is no room (CacheFull). Pure bookkeeping: `Copy` says which page's content has
to be copied where, the caller does it.

Why not as on a GPU (copy_on_write.py), where a fork shares its last page until somebody writes:
here a copy is a few kilobytes a layer and made on the spot, the kernels read the page tables in
place, and with no copy outstanding every free page is free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.engine.arena import Arena
from appliance.engine.decoding.model import CacheFull
from appliance.engine.running.blocks import PAGE


@dataclass(frozen=True, slots=True)
class Copy:
    """Page `source` is to be copied to page `target`."""

    source: int
    target: int


@dataclass(slots=True)
class _Sequence:
    slot: int
    length: int
    pages: list[int]


class Pages:
    """`count` pages of PAGE tokens, at most `slots` sequences of at most `context` tokens.

    tables, shape (slots, pages a sequence can have), int32: the pages of the sequence in a slot.
    """

    def __init__(self, count: int, slots: int, context: int) -> None:
        size = slots * -(-context // PAGE)
        tables = Arena(4 * size).take((slots, size // slots), np.int32)
        self.tables: npt.NDArray[np.int32] = tables
        self._context = context
        self._free = list(range(count - 1, -1, -1))
        self._users = [0] * count
        self._slots = list(range(slots - 1, -1, -1))
        self._sequences: dict[int, _Sequence] = {}
        self._next = 0

    def add(self) -> int:
        """A new, empty sequence. Raises CacheFull."""
        if not self._slots:
            raise CacheFull("Too many conversations are in the model's memory at once.")
        number = self._next
        self._next += 1
        self._sequences[number] = _Sequence(self._slots.pop(), 0, [])
        return number

    def fork(self, sequence: int, length: int) -> tuple[int, Copy | None]:
        """A new sequence sharing the first `length` tokens. Raises CacheFull, ValueError."""
        parent = self._sequences[sequence]
        if not 1 <= length <= parent.length:
            raise ValueError("a fork begins with 1 token or more that are there")
        partial = length % PAGE != 0
        if partial and not self._free:
            raise CacheFull("The model's memory is full.")
        number = self.add()
        child = self._sequences[number]
        shared = parent.pages[: length // PAGE]
        for page in shared:
            self._users[page] += 1
        child.pages = list(shared)
        child.length = length
        copy = None
        if partial:
            copy = Copy(parent.pages[length // PAGE], self._take())
            child.pages.append(copy.target)
        self.tables[child.slot, : len(child.pages)] = child.pages
        return number, copy

    def cut(self, sequence: int, length: int) -> Copy | None:
        """Keeps the first `length` tokens. A page that is shared and now ends inside the sequence
        is replaced by a copy. Raises CacheFull, ValueError."""
        cut = self._sequences[sequence]
        if not 0 <= length <= cut.length:
            raise ValueError("more tokens than there are")
        kept = -(-length // PAGE)
        last = cut.pages[kept - 1] if length % PAGE else -1
        copy = None
        shared = last >= 0 and self._users[last] > 1
        freed = any(self._users[page] == 1 for page in cut.pages[kept:])
        if shared and not self._free and not freed:
            raise CacheFull("The model's memory is full.")
        for page in cut.pages[kept:]:
            self._let_go(page)
        del cut.pages[kept:]
        cut.length = length
        if shared:
            copy = Copy(last, self._take())
            self._let_go(last)
            cut.pages[-1] = copy.target
            self.tables[cut.slot, kept - 1] = copy.target
        return copy

    def remove(self, sequence: int) -> None:
        removed = self._sequences.pop(sequence)
        for page in removed.pages:
            self._let_go(page)
        self._slots.append(removed.slot)

    def append(self, wanted: list[tuple[int, int]]) -> None:
        """Room for `count` more tokens of each (sequence, count). Raises CacheFull for all or
        none, ValueError for a sequence that would outgrow the context."""
        needed = 0
        for sequence, count in wanted:
            grown = self._sequences[sequence]
            if count < 1 or grown.length + count > self._context:
                raise ValueError("a sequence would outgrow the model's context")
            needed += -(-(grown.length + count) // PAGE) - len(grown.pages)
        if needed > len(self._free):
            raise CacheFull("The model's memory is full.")
        for sequence, count in wanted:
            grown = self._sequences[sequence]
            grown.length += count
            while len(grown.pages) * PAGE < grown.length:
                self.tables[grown.slot, len(grown.pages)] = page = self._take()
                grown.pages.append(page)

    def length(self, sequence: int) -> int:
        return self._sequences[sequence].length

    def slot(self, sequence: int) -> int:
        return self._sequences[sequence].slot

    def pages(self, sequence: int, length: int) -> list[int]:
        """The pages that hold the first `length` tokens. Raises ValueError."""
        if not 1 <= length <= self._sequences[sequence].length:
            raise ValueError("more tokens than there are")
        return self._sequences[sequence].pages[: -(-length // PAGE)]

    def free_tokens(self) -> int:
        return len(self._free) * PAGE

    def _take(self) -> int:
        page = self._free.pop()
        self._users[page] = 1
        return page

    def _let_go(self, page: int) -> None:
        self._users[page] -= 1
        if self._users[page] == 0:
            self._free.append(page)
