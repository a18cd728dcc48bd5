"""Why two files of two builds differ, where there is a reason (packaging/verify_build.py).

Rules kept here: a reason is never taken on trust, it is computed: with what it speaks of made
equal, and nothing else, all must be equal, types and order included; nothing is run or loaded.
Layouts: System V ABI (program headers, notes), PEP 552 (.pyc), APPNOTE 6.3 (zip), RFC 1952 (gzip),
PyInstaller 6 (CArchive, PYZ).
"""

from __future__ import annotations

import io
import marshal
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType

COOKIE = b"MEI\014\013\012\013\016"  # PyInstaller's archive ends with it
_COOKIE_FORM = "!8sIIII64s"
_ENTRY_FORM = "!IIIIBc"
_BEHIND = 65_536
"""Bytes that may stand behind the cookie: where the archive is a section of an ELF file, its table
of sections."""
_NOTE = 4  # p_type: PT_NOTE
_BUILD_ID = re.compile(rb"\x04\0\0\0([\x08\x10\x14])\0\0\0\x03\0\0\0GNU\0", re.DOTALL)


def explained(path: str, left: bytes, right: bytes) -> str:
    """Why these bytes differ; "" where no reason makes them equal."""
    for fits, reason, normal in _REASONS:
        if fits(path, left) and fits(path, right):
            with suppress(Exception):  # what cannot be read so is not explained so
                if normal(left) == normal(right):
                    return reason
    return ""


def _code(pyc: bytes) -> object:
    """The code without the time in the header (PEP 552) and without where it lay."""
    return pyc[:8], _nowhere(marshal.loads(pyc[16:]))  # noqa: S302  compared, never run


def _nowhere(value: object) -> object:
    """Whatever can be a constant, with its type: 1, 1.0 and True are three different things."""
    if isinstance(value, CodeType):
        return (
            "code", value.co_name, value.co_qualname, value.co_code, value.co_exceptiontable,
            value.co_linetable, value.co_firstlineno, value.co_flags, value.co_stacksize,
            value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_nlocals,
            value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars,
            tuple(_nowhere(one) for one in value.co_consts),
        )  # fmt: skip
    if isinstance(value, tuple):
        return ("tuple", tuple(_nowhere(one) for one in value))
    if isinstance(value, frozenset):
        return ("frozenset", tuple(sorted(repr(_nowhere(one)) for one in value)))
    return (type(value).__name__, repr(value))


def without_build_id(elf: bytes) -> bytes:
    """The build id in its note made nought; the same bytes anywhere else are left."""
    found = bytearray(elf)
    for start, size in _notes(elf):
        for match in _BUILD_ID.finditer(elf, start, start + size):
            length = match[1][0]
            found[match.end() : match.end() + length] = bytes(length)
    return bytes(found)


def build_id(elf: bytes) -> str:
    """In hexadecimal; "" where there is none."""
    for start, size in _notes(elf):
        for match in _BUILD_ID.finditer(elf, start, start + size):
            return elf[match.end() : match.end() + match[1][0]].hex()
    return ""


def _notes(elf: bytes) -> Iterator[tuple[int, int]]:
    if elf[:6] != b"\x7fELF\x02\x01" or len(elf) < 64:
        return
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for at in range(table, min(table + size * count, len(elf) - 55), max(size, 1)):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", elf, at)
        if kind == _NOTE:
            yield offset, min(length, len(elf) - offset)


def _gzip(packed: bytes) -> bytes:
    """MTIME made nought (RFC 1952, 2.3.1)."""
    return packed[:4] + bytes(4) + packed[8:]


def _zip(archive: bytes) -> bytes:
    """Time and date of each member made nought, in both places where they stand."""
    found = bytearray(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members, place = opened.infolist(), opened.start_dir
    for one in members:
        found[one.header_offset + 10 : one.header_offset + 14] = bytes(4)
    for _ in members:
        if archive[place : place + 4] != b"PK\x01\x02":
            raise ValueError("no central directory")
        found[place + 12 : place + 16] = bytes(4)
        place += 46 + sum(struct.unpack_from("<HHH", archive, place + 28))
    return bytes(found)


def _frozen(program: bytes) -> tuple[object, ...]:
    """Loader, what stands behind the archive, its cookie and each entry in its order; modules as
    code. A program of the same size in each part: its tables of sections are then the same."""
    at = program.rfind(COOKIE)
    magic, length, toc_at, toc_length, version, library = struct.unpack_from(
        _COOKIE_FORM, program, at
    )
    end = at + struct.calcsize(_COOKIE_FORM)
    start = end - length
    entries = tuple(_entries(program, start, start + toc_at, start + toc_at + toc_length))
    outside = without_build_id(program[:start]), program[end:]
    return (*outside, magic, version, library, entries)


def _entries(program: bytes, start: int, place: int, end: int) -> Iterator[tuple[object, ...]]:
    header = struct.calcsize(_ENTRY_FORM)
    while place < end:
        size, offset, packed, _, squeezed, kind = struct.unpack_from(_ENTRY_FORM, program, place)
        if size <= header:
            raise ValueError("an entry without a name")
        name = program[place + header : place + size].rstrip(b"\0")
        data = program[start + offset : start + offset + packed]
        data = zlib.decompress(data) if squeezed else data
        yield kind, name, squeezed, _pyz(data) if kind == b"z" else data
        place += size


def _pyz(archive: bytes) -> tuple[object, ...]:
    """The modules of PyInstaller's PYZ: a marshalled table, each entry zlib'd and marshalled."""
    (at,) = struct.unpack_from("!i", archive, 8)
    table = marshal.loads(archive[at:])  # noqa: S302  compared, never run
    return (archive[:8], *(_module(archive, *row) for row in table))


def _module(archive: bytes, name: str, told: tuple[int, int, int]) -> tuple[object, ...]:
    kind, offset, length = told
    data = archive[offset : offset + length]
    if kind in (0, 1):
        return name, kind, _nowhere(marshal.loads(zlib.decompress(data)))  # noqa: S302
    return name, kind, data


_REASONS: tuple[tuple[Callable[[str, bytes], bool], str, Callable[[bytes], object]], ...] = (
    (lambda path, _: path.endswith(".pyc"), "compiled at another time or in another folder", _code),
    (lambda _, data: data[:4] == b"\x7fELF", "linked with another build id", without_build_id),
    (lambda _, data: data[:2] == b"\x1f\x8b", "packed at another time", _gzip),
    (lambda _, data: data[:4] == b"PK\x03\x04", "its members' times", _zip),
    (
        lambda _, data: COOKIE in data[-_BEHIND:],
        "parts of it were compiled at another time or in another folder",
        _frozen,
    ),
)
