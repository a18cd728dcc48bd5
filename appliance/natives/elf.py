"""What an ELF file says of itself: its name, the libraries it needs, the names it takes from them.

Rules kept here: a file is untrusted; every offset is checked against its length before it is used;
what is said to be imported is so by the tables that the loader goes by, or nothing is said;
32-bit and big-endian files are said not to be readable, for the product has none. Layout: System V
ABI, gABI 4.1, chapters 4 and 5 (section header, .dynsym, .dynamic).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.errors import CloisterError

MAGIC = b"\x7fELF"
_LITTLE_64 = b"\x02\x01"  # EI_CLASS ELFCLASS64, EI_DATA ELFDATA2LSB
_PROGBITS, _DYNAMIC, _DYNSYM, _NOTE = 1, 6, 11, 7  # sh_type
_EXECUTES = 4  # sh_flags: SHF_EXECINSTR
_PT_LOAD, _PT_DYNAMIC = 1, 2  # p_type
_NEEDED, _SONAME = 1, 14  # d_tag
_HASH, _STRTAB, _SYMTAB, _GNU_HASH = 4, 5, 6, 0x6FFFFEF5  # d_tag
_BUILD_ID = 3  # NT_GNU_BUILD_ID
_MOST = 400_000  # symbols or sections: several times the largest library there is
_MACHINES = {62: "x86_64", 183: "aarch64"}


class ElfUnreadable(CloisterError):
    code = "elf_unreadable"
    hint = "Install Cloister anew; if it happens again, give the file's name to your vendor."


@dataclass(frozen=True, slots=True)
class Elf:
    """needed and soname as the loader sees them; imported: names that other libraries must have;
    build_id in hexadecimal, empty where there is none; code: where in the file instructions stand,
    as (offset, size), in their order."""

    machine: str
    soname: str
    needed: tuple[str, ...]
    imported: frozenset[str]
    build_id: str
    code: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Section:
    kind: int
    runs: bool
    at: int
    size: int
    link: int


def read_elf(untrusted: bytes) -> Elf:
    """Raises ElfUnreadable, also for a file that does not say what it takes from others: one that
    is linked into one piece, or whose sections are cut off or are not what the loader uses."""
    if untrusted[:4] != MAGIC or untrusted[4:6] != _LITTLE_64 or len(untrusted) < 64:
        raise ElfUnreadable("The file is no 64-bit little-endian ELF file.")
    (machine,) = struct.unpack_from("<H", untrusted, 18)
    sections = _sections(untrusted)
    _require_as_loaded(untrusted, sections)
    named = [one for one in sections if one.kind == _DYNAMIC]
    tags = list(_dynamic(untrusted, named[0], sections)) if named else []
    return Elf(
        _MACHINES.get(machine, str(machine)),
        next((text for tag, text in tags if tag == _SONAME), ""),
        tuple(text for tag, text in tags if tag == _NEEDED),
        frozenset(_imported(untrusted, sections)),
        _build_id(untrusted, sections),
        tuple(sorted((one.at, one.size) for one in sections if one.runs and one.kind == _PROGBITS)),
    )


def _sections(untrusted: bytes) -> tuple[_Section, ...]:
    (at,) = struct.unpack_from("<Q", untrusted, 40)
    size, count = struct.unpack_from("<HH", untrusted, 58)
    if size != 64 or count > _MOST or at + size * count > len(untrusted):
        raise ElfUnreadable("The file's sections lie outside it.")
    found = []
    for number in range(count):
        _, kind, flags, _, offset, length, link = struct.unpack_from(
            "<IIQQQQI", untrusted, at + size * number
        )
        if kind in (_DYNAMIC, _DYNSYM, _NOTE, 3) and offset + length > len(untrusted):
            raise ElfUnreadable("A section of the file lies outside it.")
        found.append(_Section(kind, bool(flags & _EXECUTES), offset, length, link))
    return tuple(found)


def _require_as_loaded(untrusted: bytes, sections: tuple[_Section, ...]) -> None:
    """The loader knows segments alone (gABI 4.1, chapter 5). Raises ElfUnreadable unless they and
    the sections name the same tables."""
    segments = _segments(untrusted)
    dynamic = next((one for one in segments if one.kind == _PT_DYNAMIC), None)
    if dynamic is None:
        raise ElfUnreadable("The file is in one piece: it does not say what it takes from others.")
    if dynamic.at + dynamic.size > len(untrusted):
        raise ElfUnreadable("A segment of the file lies outside it.")
    places = range(dynamic.at, dynamic.at + dynamic.size - 15, 16)
    tags = dict(struct.unpack_from("<qQ", untrusted, place) for place in reversed(places))
    table = next((one for one in sections if one.kind == _DYNSYM), None)
    if (
        dynamic.at not in {one.at for one in sections if one.kind == _DYNAMIC}
        or table is None
        or table.at != _in_file(segments, tags.get(_SYMTAB, -1))
        or _texts(sections, table).at != _in_file(segments, tags.get(_STRTAB, -1))
        or table.size // 24 < _fewest(untrusted, segments, tags)
    ):
        raise ElfUnreadable("The file's sections are not what the system's loader goes by.")


@dataclass(frozen=True, slots=True)
class _Segment:
    """at, size: in the file; address: where it is loaded."""

    kind: int
    at: int
    address: int
    size: int


def _segments(untrusted: bytes) -> tuple[_Segment, ...]:
    (at,) = struct.unpack_from("<Q", untrusted, 32)
    size, count = struct.unpack_from("<HH", untrusted, 54)
    if size != 56 or at + size * count > len(untrusted):
        raise ElfUnreadable("The file's segments lie outside it.")
    found = (
        struct.unpack_from("<IIQQQQ", untrusted, at + size * number) for number in range(count)
    )
    return tuple(
        _Segment(kind, offset, address, length) for kind, _, offset, address, _, length in found
    )


def _in_file(segments: tuple[_Segment, ...], address: int) -> int:
    """Where in the file what is loaded at this address stands; -1 where nothing is."""
    for one in segments:
        if one.kind == _PT_LOAD and one.address <= address < one.address + one.size:
            return one.at + address - one.address
    return -1


def _fewest(untrusted: bytes, segments: tuple[_Segment, ...], tags: dict[int, int]) -> int:
    """How many names there are at least, by the table they are looked up with: all of them in the
    older form, those that are imported in GNU's."""
    for tag in (_HASH, _GNU_HASH):
        at = _in_file(segments, tags.get(tag, -1))
        if 0 <= at <= len(untrusted) - 8:
            return int(struct.unpack_from("<II", untrusted, at)[1])
    return 0


def _texts(sections: tuple[_Section, ...], section: _Section) -> _Section:
    """The string table that a section's names are in."""
    if section.link >= len(sections):
        raise ElfUnreadable("A section of the file names a section there is none of.")
    return sections[section.link]


def _text(untrusted: bytes, table: _Section, offset: int) -> str:
    start = table.at + offset
    end = untrusted.find(b"\0", start, table.at + table.size)
    if not table.at <= start or end < 0:
        raise ElfUnreadable("A name in the file lies outside its table.")
    return untrusted[start:end].decode("ascii", "replace")


def _dynamic(
    untrusted: bytes, section: _Section, sections: tuple[_Section, ...]
) -> Iterator[tuple[int, str]]:
    table = _texts(sections, section)
    for place in range(section.at, section.at + section.size - 15, 16):
        tag, value = struct.unpack_from("<qQ", untrusted, place)
        if tag in (_NEEDED, _SONAME):
            yield tag, _text(untrusted, table, value)


def _imported(untrusted: bytes, sections: tuple[_Section, ...]) -> Iterator[str]:
    for section in sections:
        if section.kind != _DYNSYM:
            continue
        table = _texts(sections, section)
        count = section.size // 24
        if count > _MOST:
            raise ElfUnreadable("The file has more names than a library can have.")
        for number in range(count):
            name, _, _, index = struct.unpack_from("<IBBH", untrusted, section.at + 24 * number)
            if index == 0 and name:  # SHN_UNDEF
                yield _text(untrusted, table, name)


def _build_id(untrusted: bytes, sections: tuple[_Section, ...]) -> str:
    for section in sections:
        if section.kind == _NOTE and section.size >= 16:
            name, length, kind = struct.unpack_from("<III", untrusted, section.at)
            start = section.at + 12 + (name + 3) // 4 * 4
            if kind == _BUILD_ID and start + length <= section.at + section.size:
                return untrusted[start : start + length].hex()
    return ""
