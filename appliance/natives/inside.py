"""Whose code is inside a native file: libraries that were compiled into it, and their versions.

Rules kept here: a library is named only where its own marks stand in the file (marks.py), not for a
name that the file takes from another; its version only where the file states it, and then with the
words it was read from; else the version is unknown and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from appliance.natives.elf import Elf, ElfUnreadable, read_elf
from appliance.natives.marks import BARE, BESIDE, IN_DUCKDB, MARKS, Mark

UNKNOWN, CRATE = "", "crate:"
_TRIED = 200
"""Places a mark is looked at before the file is held to have it from elsewhere."""
_CRATE = re.compile(
    rb"registry/src/[^/\x00]{1,80}/([A-Za-z][A-Za-z0-9_-]{0,60}?)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]{0,40})/"
)
_COOKIE, _COOKIE_SIZE = b"MEI\014\013\012\013\016", 88


@dataclass(frozen=True, slots=True)
class Inside:
    """version: "" where the file does not state it. licence: the SPDX expression the library is
    published under. seen: the words in the file that say so. by: its authors, where told."""

    name: str
    version: str
    licence: str
    seen: str
    by: str = ""


def inside(data: bytes) -> tuple[Inside, ...]:
    """In order of their names; each name once."""
    data = _loader(data)
    imported: frozenset[str] = frozenset()
    try:
        elf = read_elf(data)
    except ElfUnreadable:
        pass  # another kind of file: all of it is searched
    else:
        data, imported = _without_code(data, elf), elf.imported
    found = {one.name: one for one in (*_crates(data), *_marked(data, imported))}
    return tuple(found[name] for name in sorted(found))


def _loader(data: bytes) -> bytes:
    """Of a packaged program the loader alone: the Python code behind it speaks of many libraries
    that are not in it. Layout: PyInstaller's CArchive, whose cookie tells its length."""
    at = data.rfind(_COOKIE)
    if at < 0 or at + 12 > len(data):
        return data
    length = int.from_bytes(data[at + 8 : at + 12], "big")
    return data[: max(at + _COOKIE_SIZE - length, 0)]


def _without_code(data: bytes, elf: Elf) -> bytes:
    """No mark stands among instructions, which are the half of most files."""
    pieces, at = [], 0
    for start, size in elf.code:
        pieces.append(data[at:start])
        at = max(at, start + size)
    return b"\0".join([*pieces, data[at:]])


def _marked(data: bytes, imported: frozenset[str]) -> Iterator[Inside]:
    for mark in (*MARKS, *(IN_DUCKDB if b"duckdb_" in data else ())):
        if mark.name in BESIDE and not BESIDE[mark.name].search(data):
            continue
        best = _best(mark, data, imported)
        if best is not None:
            yield best


def _best(mark: Mark, data: bytes, imported: frozenset[str]) -> Inside | None:
    """The first mark that states a version, else the first there is."""
    first: Inside | None = None
    for pattern in mark.patterns:
        for match in islice(pattern.finditer(data), _TRIED):
            if match[0].strip(b"\0").decode("ascii", "replace") in imported:
                continue
            stated = match[0] if mark.name in BARE else match[1] if pattern.groups else b""
            told = Inside(mark.name, _version(mark, stated), mark.licence, _words(match[0]))
            if stated:
                return told
            first = first or told
            break
    return first


def _version(mark: Mark, stated: bytes) -> str:
    text = stated.strip(b"\0").decode("ascii", "replace").partition(" ")[0].replace("_", ".")
    if mark.name == "libxml2":  # LIBXML_VERSION: 21406 is 2.14.6
        number = int(text)
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return text


def _crates(data: bytes) -> Iterator[Inside]:
    """Rust libraries, by the paths of their sources that panics name: those that can panic, so
    there may be more. Their licences stand in the part's own list (PEP 770), where it has one."""
    for match in _CRATE.finditer(data):
        name, version = match[1].decode(), match[2].decode()
        yield Inside(f"{CRATE}{name}", version, "", _words(match[0]))


def _words(seen: bytes) -> str:
    text = seen.strip(b"\0").decode("ascii", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:120]
