"""On which line of a TOML text each key stands, which the standard library's reader does not say.

Rule kept here: the text was accepted by `tomllib` before; this only finds again what that found
(TOML 1.0.0), so a text it cannot follow is an error of ours and not the author's.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator

Path = tuple[str | int, ...]
"""The keys that lead to a value, and the numbers (from 0) of elements of arrays."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = re.compile(r"[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?")  # a date and a time may have a space
_SPACE = re.compile(r"[ \t]*")
_EMPTY = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


class Unfollowed(ValueError):
    """The text is not what `tomllib` accepts."""


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every key, table and element of an array."""
    return dict(_Walk(text.replace("\r\n", "\n")).found())


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._counts: dict[Path, int] = {}

    def found(self) -> Iterator[tuple[Path, int]]:
        table: Path = ()
        self._skip(_EMPTY)
        while self._at < len(self._text):
            line = self._line()
            if self._text.startswith("[", self._at):
                table = self._header()
                yield table, line
            else:
                yield from self._pair(table)
            self._skip(_EMPTY)

    def _header(self) -> Path:
        """`[a.b]`, or `[[a.b]]`, which adds an element to an array of tables."""
        many = self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        keys = self._key()
        self._at += 2 if many else 1
        path: Path = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if many and number == len(keys) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        line = self._line()
        path = (*table, *self._key())
        self._skip(_SPACE)
        self._take("=")
        self._skip(_SPACE)
        yield path, line
        yield from self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._skip(_SPACE)
            bare = _BARE.match(self._text, self._at)
            raw = bare or _STRING.match(self._text, self._at)
            if raw is None:
                raise Unfollowed(f"No key at {self._at}.")
            parts.append(raw.group() if bare else str(tomllib.loads(f"k={raw.group()}")["k"]))
            self._at = raw.end()
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        if self._text.startswith("[", self._at):
            yield from self._array(path)
        elif self._text.startswith("{", self._at):
            yield from self._inline(path)
        else:
            plain = _STRING.match(self._text, self._at) or _PLAIN.match(self._text, self._at)
            if plain is None:
                raise Unfollowed(f"No value at {self._at}.")
            self._at = plain.end()

    def _array(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._take("[")
        number = 0
        self._skip(_EMPTY)
        while not self._text.startswith("]", self._at):
            yield (*path, number), self._line()
            yield from self._value((*path, number))
            number += 1
            self._skip(_EMPTY)
            if self._text.startswith(",", self._at):
                self._at += 1
                self._skip(_EMPTY)
        self._take("]")

    def _inline(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._take("{")
        self._skip(_SPACE)
        while not self._text.startswith("}", self._at):
            yield from self._pair(path)
            self._skip(_SPACE)
            if self._text.startswith(",", self._at):
                self._at += 1
                self._skip(_SPACE)
        self._take("}")

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _take(self, symbol: str) -> None:
        if not self._text.startswith(symbol, self._at):
            raise Unfollowed(f"No {symbol} at {self._at}.")
        self._at += 1
