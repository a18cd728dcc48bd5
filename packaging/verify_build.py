"""Compares two builds, file by file, and says of each difference why it is there.

    python packaging/verify_build.py A B

A and B are folders, Debian packages (.deb) or self-extracting installers (.run with a tar of xz or
gzip after the script). The exit status is 0 if everything is the same or explained, 1 if not.

Rules kept here: a reason is never taken on trust, it is computed (build_reasons.py); what no reason
fits is said to be unexplained, and so is what a package says twice or in another form; nothing that
is compared is run or loaded.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from build_reasons import build_id, explained

_OF_CONTENT = "sbom.cdx.json"
_LISTS = ("md5sums", "SHA256SUMS", "RECORD", "sbom.cdx.json", "files.json", "manifest.json")


_TIME = "its time"


@dataclass(frozen=True, slots=True)
class Entry:
    """kind: "file", "folder", "link" (then `link` says where to), or what else it is. when:
    seconds, of a package."""

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
        return {
            **_outside(path.read_bytes()),
            **_tar(_dpkg(path, "--fsys-tarfile"), ""),
            **_tar(_dpkg(path, "--ctrl-tarfile"), "DEBIAN/"),
        }
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
        elif path.is_file():
            yield name, Entry("file", told.st_mode & 0o7777, "", 0, "", path.read_bytes)
        else:
            yield name, Entry(f"special {stat.S_IFMT(told.st_mode):o}", 0, "", 0, "", bytes)


def _dpkg(package: Path, what: str) -> bytes:
    return subprocess.run(["dpkg-deb", what, str(package)], capture_output=True, check=True).stdout


def _tar(content: bytes, prefix: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = prefix + member.name.removeprefix("./")
            if name in found:
                raise SystemExit(f"{name} is in the package twice.")
            opened = archive.extractfile(member) if member.isfile() else None
            data = opened.read() if opened is not None else b""
            owner = f"{member.uid}:{member.gid}"
            found[name] = Entry(
                _kind(member),
                member.mode,
                owner,
                int(member.mtime),
                member.linkname,
                partial(bytes, data),
            )
    return found


def _kind(member: tarfile.TarInfo) -> str:
    if member.isdir() or member.issym():
        return "folder" if member.isdir() else "link"
    return "file" if member.isfile() or member.islnk() else f"special {member.type!r}"


def _outside(package: bytes) -> dict[str, Entry]:
    """A .deb as ar(5) sees it: its members' names in their order, and what is in the first."""
    at, names, first = 8, [], b""
    while at + 60 <= len(package):
        size = int(package[at + 48 : at + 58])
        names.append(package[at : at + 16].rstrip(b" /"))
        first = first or package[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    told = b"\n".join([package[:8], *names, first, package[at:]])
    return {"(package)": Entry("file", 0, "", 0, "", lambda: told)}


def _self_extracting(content: bytes) -> dict[str, Entry]:
    """The script, and what is packed after it."""
    at = min((place for magic in (b"\xfd7zXZ\x00", b"\x1f\x8b\x08")
              if (place := content.find(b"\n" + magic)) >= 0), default=-1)  # fmt: skip
    if at < 0:
        raise SystemExit("The .run holds no tar of xz or gzip.")
    digest = hashlib.sha256(content[at + 1 :]).hexdigest().encode()
    script = content[: at + 1].replace(digest, b"<the hash of what is packed after it>")
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
                found.append(Difference(path, _TIME, "packed at another time"))
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
            if told := build_id(data):
                content = content.replace(told.encode(), f"<build id of {name}>".encode())
        if path.endswith(_OF_CONTENT):  # its number is made of what else it says
            content = re.sub(rb"urn:uuid:[0-9a-f-]{36}", b"urn:uuid:", content)
        sides.append(content)
    reason = "lists hashes of files that differ for reasons of their own"
    return Difference(path, "its bytes", reason if sides[0] == sides[1] else "")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    arguments = parser.parse_args()
    left, right = tree(arguments.a), tree(arguments.b)
    found = compared(left, right)
    later = [one for one in found if one.what == _TIME]
    if later:
        print(f"explained: {len(later)} entries: {_TIME} ({later[0].reason})")
    for one in (one for one in found if one.what != _TIME):
        print(f"{'explained' if one.reason else 'UNEXPLAINED'}: {one.path}: {one.what}"
              f"{f' ({one.reason})' if one.reason else ''}")  # fmt: skip
    open_ = sum(not one.reason for one in found)
    print(f"{len({*left, *right})} entries, {len({one.path for one in found})} differ, "
          f"{open_} unexplained.")  # fmt: skip
    return int(open_ > 0)


if __name__ == "__main__":
    sys.exit(main())
