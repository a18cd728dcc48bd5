"""Which pages of a GPU's key-value cache hold which sequence.

Rules kept here: a page is shared by as many sequences as count it; it is written only by one that
has it alone. A forked sequence shares every page, a partly filled one as well; whoever writes into
that first takes a copy, which `reserve` counts before it changes anything. No page number is given
out twice while it is in use.

Why not as on the processor (pages.py), where a fork copies its part of a page at once: on a GPU
every copy is a call that the driver queues. So copies wait for the pass that needs them and all go
in one call, and a fork whose origin is gone by then needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.engine.decoding.model import CacheFull

PAGE = 16
"""Tokens a page holds."""


@dataclass(slots=True)
class Sequence:
    """length tokens in `pages`, the last of which may be partly filled."""

    pages: list[int] = field(default_factory=list)
    length: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """A page whose content must be copied before the next forward pass."""

    source: int
    target: int


class Paging:
    """The page table of a cache of `pages` pages for at most `most` sequences."""

    def __init__(self, pages: int, most: int) -> None:
        self._free = list(range(pages - 1, -1, -1))
        self._users = [0] * pages
        self._most = most
        self._next = 0
        self._sequences: dict[int, Sequence] = {}

    def __getitem__(self, number: int) -> Sequence:
        """Raises ValueError for a number that is not in use."""
        try:
            return self._sequences[number]
        except KeyError:
            raise ValueError(f"there is no sequence {number}") from None

    def free_pages(self) -> int:
        """Pages that surely can be had, those set aside that shared ends will be copied to."""
        shared: dict[int, int] = {}
        for s in self._sequences.values():
            if s.length % PAGE and self._users[s.pages[-1]] > 1:
                shared[s.pages[-1]] = shared.get(s.pages[-1], 0) + 1
        # The last of those that end in a page keeps it, if no other has it further within.
        aside = sum(ends - (ends == self._users[page]) for page, ends in shared.items())
        return max(0, len(self._free) - aside)

    def add(self, pages: int = 0, length: int = 0) -> int:
        """A new sequence with this many pages of its own."""
        if len(self._sequences) >= self._most:
            raise CacheFull(f"The model already works on {self._most} texts at once.")
        if pages > len(self._free):
            raise CacheFull("The model's memory for texts is full.")
        number, self._next = self._next, self._next + 1
        self._sequences[number] = Sequence([self._take() for _ in range(pages)], length)
        return number

    def fork(self, number: int, length: int) -> int:
        parent = self[number]
        if not 0 < length <= parent.length:
            raise ValueError("a fork holds at least one token and at most all of them")
        child = self.add()
        shared = parent.pages[: -(-length // PAGE)]
        for page in shared:
            self._users[page] += 1
        self._sequences[child] = Sequence(list(shared), length)
        return child

    def cut(self, number: int, length: int) -> None:
        sequence = self[number]
        if not 0 <= length <= sequence.length:
            raise ValueError("a sequence is cut to at most its own length")
        keep = -(-length // PAGE)
        for page in sequence.pages[keep:]:
            self._give_back(page)
        del sequence.pages[keep:]
        sequence.length = length

    def remove(self, number: int) -> None:
        self.cut(number, 0)
        del self._sequences[number]

    def reserve(self, wanted: Mapping[int, int]) -> tuple[Copy, ...]:
        """Room for so many more tokens of each sequence; lengths grow. Returns what must be copied
        first. Raises CacheFull with nothing changed."""
        if self._needed(wanted) > len(self._free):
            raise CacheFull("The model's memory for texts is full.")
        copies: list[Copy] = []
        for number, tokens in wanted.items():
            sequence = self[number]
            if sequence.length % PAGE and self._users[sequence.pages[-1]] > 1:
                copy = Copy(sequence.pages[-1], self._take())
                copies.append(copy)
                self._give_back(copy.source)
                sequence.pages[-1] = copy.target
            sequence.length += tokens
            while len(sequence.pages) * PAGE < sequence.length:
                sequence.pages.append(self._take())
        return tuple(copies)

    def _needed(self, wanted: Mapping[int, int]) -> int:
        users: dict[int, int] = {}
        needed = 0
        for number, tokens in wanted.items():
            sequence = self[number]
            needed += -(-(sequence.length + tokens) // PAGE) - len(sequence.pages)
            if sequence.length % PAGE:
                page = sequence.pages[-1]
                left = users.get(page, self._users[page])
                needed += left > 1
                users[page] = left - 1
        return needed

    def _take(self) -> int:
        page = self._free.pop()
        self._users[page] = 1
        return page

    def _give_back(self, page: int) -> None:
        self._users[page] -= 1
        if not self._users[page]:
            self._free.append(page)
