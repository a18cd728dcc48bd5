"""Compares two builds, file by file, and says of each difference why it is there.

    python packaging/verify_build.py A B

A and B are folders, Debian packages (.deb) or self-extracting installers (.run with a tar of xz or
gzip after the script). The exit status is 0 if everything is the same or explained, 1 if not.

Rules kept here: a reason is never taken on trust, it is computed: with what the reason speaks of
made equal, the bytes must be equal; what no reason fits is said to be unexplained; nothing that is
compared is run or loaded.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import marshal
import os
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType

COOKIE = b"MEI\014\013\012\013\016"  # PyInstaller's archive ends with it
_COOKIE_FORM = "!8sIIII64s"
_ENTRY_FORM = "!IIIIBc"
_LISTS = ("md5sums", "SHA256SUMS", "RECORD", "sbom.cdx.json", "files.json", "manifest.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """kind: "file", "folder" or "link" (then `link` says where to). when: seconds, of a package."""

    kind: str
    mode: int
    owner: str
    when: int
    link: str
    read: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """reason: "" where there is none."""

    path: str
    what: str
    reason: str


Tree = Mapping[str, Entry]


# --- reading a build -----------------------------------------------------------------------------


def tree(path: Path) -> Tree:
    """Raises SystemExit for what is none of the three."""
    if path.is_dir():
        return dict(_folder(path))
    if path.suffix == ".deb":
        return {**_tar(_dpkg(path, "--fsys-tarfile"), ""), **_tar(_dpkg(path, "--ctrl-tarfile"),
                                                                 "DEBIAN/")}  # fmt: skip
    if path.suffix == ".run":
        return _self_extracting(path.read_bytes())
    raise SystemExit(f"{path} is no folder, no .deb and no .run.")


def _folder(folder: Path) -> Iterator[tuple[str, Entry]]:
    for path in sorted(folder.rglob("*")):
        told = path.lstat()
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield name, Entry("link", 0, "", 0, os.readlink(path), bytes)  # noqa: PTH115  as it is
        elif path.is_dir():
            yield name, Entry("folder", told.st_mode & 0o7777, "", 0, "", bytes)
        else:
            yield name, Entry("file", told.st_mode & 0o7777, "", 0, "", path.read_bytes)


def _dpkg(package: Path, what: str) -> bytes:
    return subprocess.run(["dpkg-deb", what, str(package)], capture_output=True, check=True).stdout


def _tar(content: bytes, prefix: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = prefix + member.name.removeprefix("./")
            kind = "folder" if member.isdir() else "link" if member.issym() else "file"
            opened = archive.extractfile(member) if member.isfile() else None
            data = opened.read() if opened is not None else b""
            owner = f"{member.uid}:{member.gid}"
            found[name] = Entry(
                kind, member.mode, owner, int(member.mtime), member.linkname, partial(bytes, data)
            )
    return found


def _self_extracting(content: bytes) -> dict[str, Entry]:
    """The script, and what is packed after it."""
    at = min((place for magic in (b"\xfd7zXZ\x00", b"\x1f\x8b\x08")
              if (place := content.find(b"\n" + magic)) >= 0), default=-1)  # fmt: skip
    if at < 0:
        raise SystemExit("The .run holds no tar of xz or gzip.")
    script = content[: at + 1]
    return {
        "(script)": Entry("file", 0o755, "", 0, "", lambda: script),
        **_tar(content[at + 1 :], ""),
    }


# --- comparing -----------------------------------------------------------------------------------


def compared(left: Tree, right: Tree) -> tuple[Difference, ...]:
    """Every difference. Lists of hashes are explained last, by the differences they follow from."""
    found: list[Difference] = []
    lists: list[str] = []
    for path in sorted({*left, *right}):
        one, other = left.get(path), right.get(path)
        if one is None or other is None:
            found.append(Difference(path, "only in one", ""))
        elif (one.kind, one.link) != (other.kind, other.link):
            found.append(Difference(path, "of another kind, or a link elsewhere", ""))
        else:
            if (one.mode, one.owner) != (other.mode, other.owner):
                found.append(Difference(path, f"mode {one.mode:o} {one.owner}, "
                                              f"{other.mode:o} {other.owner}", ""))  # fmt: skip
            if one.when != other.when:
                found.append(Difference(path, "its time", "packed at another time"))
            if one.kind == "file" and one.read() != other.read():
                if path.rpartition("/")[2] in _LISTS:
                    lists.append(path)
                else:
                    reason = explained(path, one.read(), other.read())
                    found.append(Difference(path, "its bytes", reason))
    found += [_list_explained(path, left, right, [*found], lists) for path in lists]
    return tuple(sorted(found, key=lambda one: one.path))


def _list_explained(
    path: str, left: Tree, right: Tree, found: list[Difference], lists: list[str]
) -> Difference:
    """Equal once the hashes of files that differ for reasons of their own are made equal."""
    differing = [one.path for one in found if one.what == "its bytes" and one.reason] + [
        other for other in lists if other != path
    ]
    sides = []
    for side in (left, right):
        content = side[path].read()
        for name in differing:
            data = side[name].read()
            for kind in ("md5", "sha256"):
                digest = hashlib.new(kind, data, usedforsecurity=False).hexdigest()
                content = content.replace(digest.encode(), f"<{name}>".encode())
        sides.append(re.sub(rb"urn:uuid:[0-9a-f-]{36}", b"urn:uuid:", content))
    reason = "lists hashes of files that differ for reasons of their own"
    return Difference(path, "its bytes", reason if sides[0] == sides[1] else "")


def explained(path: str, left: bytes, right: bytes) -> str:
    """Why these bytes differ; "" where no reason makes them equal."""
    for fits, reason, normal in (
        (path.endswith(".pyc"), "compiled at another time or in another folder", _code),
        (left[:4] == right[:4] == b"\x7fELF", "linked with another build id", _without_build_id),
        (left[:2] == right[:2] == b"\x1f\x8b", "packed at another time", gzip.decompress),
        (zipfile.is_zipfile(io.BytesIO(left)), "its members' times", _members),
        (COOKIE in left[-256:], "parts of it were compiled at another time", _frozen),
    ):
        if fits:
            with suppress(Exception):  # what cannot be read so is not explained so
                if normal(left) == normal(right):
                    return reason
    return ""


# --- what is left when a reason is taken away -----------------------------------------------------


def _code(pyc: bytes) -> object:
    """The code without the header (PEP 552) and without where it lay."""
    return pyc[:4], _nowhere(marshal.loads(pyc[16:]))  # noqa: S302  compared, never run


def _nowhere(code: object) -> object:
    if not isinstance(code, CodeType):
        return code
    constants = tuple(_nowhere(one) for one in code.co_consts)
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_name, code.co_flags,
            code.co_exceptiontable, code.co_linetable, code.co_argcount, code.co_posonlyargcount,
            code.co_kwonlyargcount, code.co_freevars, code.co_cellvars,
            code.co_firstlineno)  # fmt: skip


def _without_build_id(elf: bytes) -> bytes:
    """The note's 20 bytes made nought (.note.gnu.build-id: name size 4, type 3, "GNU")."""
    note = re.compile(rb"\x04\0\0\0(\x14|\x10|\x08)\0\0\0\x03\0\0\0GNU\0", re.DOTALL)
    found = bytearray(elf)
    for match in note.finditer(elf):
        length = match[1][0]
        found[match.end() : match.end() + length] = bytes(length)
    return bytes(found)


def _members(archive: bytes) -> list[tuple[str, int, object]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return sorted(
            (one.filename, one.external_attr, _member(one.filename, opened.read(one)))
            for one in opened.infolist()
        )


def _member(name: str, data: bytes) -> object:
    return repr(_code(data)) if name.endswith(".pyc") else data


def _frozen(program: bytes) -> dict[str, object]:
    """The loader and each entry of PyInstaller's archive, unpacked; modules as code."""
    import zlib

    at = program.rfind(COOKIE)
    _, length, toc_at, toc_length, _, _ = struct.unpack_from(_COOKIE_FORM, program, at)
    start = at + struct.calcsize(_COOKIE_FORM) - length
    found: dict[str, object] = {"": _without_build_id(program[:start])}
    place, end = start + toc_at, start + toc_at + toc_length
    while place < end:
        size, offset, packed, _, squeezed, kind = struct.unpack_from(_ENTRY_FORM, program, place)
        header = struct.calcsize(_ENTRY_FORM)
        name = program[place + header : place + size].rstrip(b"\0").decode()
        data = program[start + offset : start + offset + packed]
        data = zlib.decompress(data) if squeezed else data
        found[f"{kind!r} {name}"] = _pyz(data) if kind == b"z" else data
        place += size
    return found


def _pyz(archive: bytes) -> dict[str, object]:
    """The modules of PyInstaller's PYZ: a marshalled table, each entry zlib'd and marshalled."""
    import zlib

    (at,) = struct.unpack_from("!i", archive, 8)
    table = marshal.loads(archive[at:])  # noqa: S302  compared, never run
    return {
        name: _nowhere(marshal.loads(zlib.decompress(archive[offset : offset + length])))  # noqa: S302
        if kind in (0, 1)
        else archive[offset : offset + length]
        for name, (kind, offset, length) in table
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    arguments = parser.parse_args()
    left, right = tree(arguments.a), tree(arguments.b)
    found = compared(left, right)
    for one in found:
        print(f"{'explained' if one.reason else 'UNEXPLAINED'}: {one.path}: {one.what}"
              f"{f' ({one.reason})' if one.reason else ''}")  # fmt: skip
    open_ = sum(not one.reason for one in found)
    print(f"{len({*left, *right})} entries, {len({one.path for one in found})} differ, "
          f"{open_} unexplained.")  # fmt: skip
    return int(open_ > 0)


if __name__ == "__main__":
    sys.exit(main())
