"""Byte strings as a tree in flat arrays.

Rules kept here: a node is a number, 0 the root; the children of a node lie side by side, sorted by
their byte, so a tree of 150,000 tokens takes a few megabytes and a child is found without a loop.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable


class Trie:
    """`labels[n]`: the byte that leads to node n. Children of n: first[n] to first[n + 1]."""

    __slots__ = ("first", "labels", "values")

    def __init__(self, strings: Iterable[tuple[bytes, int]]) -> None:
        """With a value for each string, -1 for nodes where none ends. Strings are not empty and
        not there twice."""
        entries = sorted(strings)
        labels, first, values = bytearray(1), array("I"), array("i", [-1])
        level = [(0, len(entries))]
        depth = 0
        while level:
            below: list[tuple[int, int]] = []
            for start, end in level:
                first.append(len(labels))
                at = start
                if at < end and len(entries[at][0]) == depth:
                    at += 1  # the string that ends here is the parent's own
                while at < end:
                    byte, begin = entries[at][0][depth], at
                    while at < end and entries[at][0][depth] == byte:
                        at += 1
                    labels.append(byte)
                    ends = len(entries[begin][0]) == depth + 1
                    values.append(entries[begin][1] if ends else -1)
                    below.append((begin, at))
            level, depth = below, depth + 1
        first.append(len(labels))
        self.labels = bytes(labels)
        self.first = first
        self.values = values

    def child(self, node: int, byte: int) -> int:
        """The node that the byte leads to, or -1."""
        return self.labels.find(byte, self.first[node], self.first[node + 1])

    def leads_on(self, node: int) -> bool:
        return self.first[node] < self.first[node + 1]
