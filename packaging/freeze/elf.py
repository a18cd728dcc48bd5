"""What an ELF file asks of the system: its name, the libraries it needs, the versions of symbols,
and the folders it has them searched in before the system's.

Rules kept here: read from the file alone, in plain Python, little-endian 64-bit; what is no such
file is told apart, not guessed at. Layout: System V ABI, chapters 4 and 5; LSB Core, "Symbol
Versioning".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SONAME, _VERNEED, _VERNEEDNUM = 1, 5, 14, 0x6FFFFFFE, 0x6FFFFFFF
_SEARCHED = frozenset({15, 29})  # DT_RPATH, DT_RUNPATH


class NotElf(ValueError):
    """It is another kind of file."""


@dataclass(frozen=True, slots=True)
class Wants:
    """needed: sonames. versions: of a library's symbols, like ("libc.so.6", "GLIBC_2.34").
    searched: folders, as they stand there."""

    soname: str
    needed: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    searched: tuple[str, ...] = ()


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def wants(path: Path) -> Wants:
    """Raises NotElf; struct.error where the file is cut short."""
    image = path.read_bytes()
    if image[: len(_MAGIC)] != _MAGIC:
        raise NotElf(str(path))
    segments = tuple(_segments(image))
    _, entries = _dynamic(image)
    named = dict(reversed(entries))
    if _STRTAB not in named:
        return Wants("", (), ())
    strings = _place(segments, named[_STRTAB])

    def text(at: int) -> str:
        return image[strings + at : image.index(b"\0", strings + at)].decode()

    needed = tuple(text(value) for tag, value in entries if tag == _NEEDED)
    soname = text(named[_SONAME]) if _SONAME in named else ""
    searched = tuple(
        folder for tag, value in entries if tag in _SEARCHED for folder in text(value).split(":")
    )
    if _VERNEED not in named:
        return Wants(soname, needed, (), searched)
    start = _place(segments, named[_VERNEED])
    versions = tuple(
        (text(file), text(name)) for file, name in _versions(image, start, named[_VERNEEDNUM])
    )
    return Wants(soname, needed, versions, searched)


def without_search(image: bytes) -> bytes:
    """The same file, which has its libraries searched where the system says, and nowhere else."""
    offset, entries = _dynamic(image)
    kept = [entry for entry in entries if entry[0] not in _SEARCHED]
    kept += [(0, 0)] * (len(entries) - len(kept))
    changed = bytearray(image)
    for number, entry in enumerate(kept):
        struct.pack_into("<qQ", changed, offset + 16 * number, *entry)
    return bytes(changed)


def _dynamic(image: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Where the dynamic section lies in the file, and its entries (tag, value)."""
    for kind, offset, _, size in _segments(image):
        if kind == _DYNAMIC:
            return offset, [
                struct.unpack_from("<qQ", image, offset + a) for a in range(0, size, 16)
            ]
    return 0, []


def _segments(image: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(type, offset, address, size in the file) of each program header."""
    (start,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for number in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", image, start + number * size
        )
        yield kind, offset, address, length


def _place(segments: tuple[tuple[int, int, int, int], ...], address: int) -> int:
    """Where in the file an address of the loaded image lies."""
    for kind, offset, start, size in segments:
        if kind == _LOAD and start <= address < start + size:
            return offset + address - start
    raise NotElf("an address outside the file")


def _versions(image: bytes, start: int, count: int) -> Iterator[tuple[int, int]]:
    """(library, version) as places in the table of strings (Elf64_Verneed, Elf64_Vernaux)."""
    at = start
    for _ in range(count):
        _, names, file, first, following = struct.unpack_from("<HHIII", image, at)
        aux = at + first
        for _ in range(names):
            _, _, _, name, step = struct.unpack_from("<IHHII", image, aux)
            yield file, name
            aux += step
        at += following
