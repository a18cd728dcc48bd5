"""Which native files the program brings, each with its hash and what of the network it could call.

Rules kept here: of a packaged program every native file of its folder is looked at, whatever it is
called, the loader that starts it too, of a checkout those that the installed parts name, and
Python's own; a link is not followed, and one that leads out of the folder is told; a file that
cannot be read out of itself is listed all the same, and says so. An import table shows what a file
was built to call. It does not show what is reached by a bare system call: that the kernel's filter
refuses all the same, and no list could.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from appliance.natives.elf import MAGIC, Elf, ElfUnreadable, read_elf

PROGRAM, PYTHON = "cloister", "python"
RUNTIME = "apache-tvm"
"""Runs the compiled models; lies beside them."""
LOADER = "pyinstaller"
"""Starts a packaged program: its loader is the only native file at the top of the folder."""
_LOADERS = ("cloister", "cloister-window", "cloister.exe", "cloister-window.exe")
INSIDE = "_internal/"
NETWORK_CALLS = frozenset(
    "socket connect bind listen accept accept4 getaddrinfo gethostbyname gethostbyname_r "
    "gethostbyname2 gethostbyname2_r gethostbyaddr gethostbyaddr_r getnameinfo getaddrinfo_a "
    "res_query res_nquery res_search res_nsearch __res_query __res_nquery __res_search "
    "__res_nsearch".split()
)
"""Those that make a socket or ask for a name. Who only sends must have been given one."""
_MAKING = frozenset({"socket"}) | {call for call in NETWORK_CALLS if "get" in call or "res" in call}
_OBJECT = b"\x01\x00"  # ET_REL: what a compiler makes and no loader loads


@dataclass(frozen=True, slots=True)
class NativeFile:
    """path: below the folder it was found in. part: whose it is, "" where no part names it.
    calls: of NETWORK_CALLS, those that it takes from the C library; problem: why nothing could be
    read out of it, or ""."""

    path: str
    part: str
    size: int
    sha256: str
    soname: str = ""
    needed: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    build_id: str = ""
    problem: str = ""

    @property
    def can_network(self) -> bool:
        """Whether it was built to make a socket or to ask for a name."""
        return bool(_MAKING & set(self.calls))


@dataclass(frozen=True, slots=True)
class Place:
    """A native file on the disk: where, by which name it is listed, and whose it is."""

    file: Path
    path: str
    part: str


def native_files(parts: Iterable[str], program: Path | None = None) -> tuple[Place, ...]:
    """Of the installed parts and of Python; of the whole folder of a packaged program where one is
    given, or is what runs. In order of their names, which are those below that folder."""
    program = program or packaged()
    found = _below(program, parts) if program is not None else _installed(parts)
    return tuple(sorted(found, key=lambda place: place.path))


def packaged() -> Path | None:
    """The folder of the packaged program that runs; None in a checkout."""
    inner = getattr(sys, "_MEIPASS", "")
    return Path(inner).parent if inner else None


def looked_at(place: Place) -> tuple[NativeFile, bytes]:
    """The file and its bytes. Raises OSError."""
    untrusted = place.file.read_bytes()
    digest = sha256(untrusted).hexdigest()
    try:
        elf = read_elf(untrusted)
    except ElfUnreadable as error:
        told = NativeFile(place.path, place.part, len(untrusted), digest, problem=error.sentence)
        return told, untrusted
    return _told(place, len(untrusted), digest, elf), untrusted


def _told(place: Place, size: int, digest: str, elf: Elf) -> NativeFile:
    calls = tuple(sorted(NETWORK_CALLS & elf.imported))
    return NativeFile(
        place.path, place.part, size, digest, elf.soname, elf.needed, calls, elf.build_id
    )


def _installed(parts: Iterable[str]) -> Iterator[Place]:
    seen: set[Path] = set()
    for part in parts:
        try:
            files = distribution(part).files or ()
        except PackageNotFoundError:
            continue
        for file in files:
            where = Path(str(file.locate()))
            if _native(where) and where not in seen:
                seen.add(where)
                yield Place(where, str(file), part)
    yield from _pythons()


def _pythons() -> Iterator[Place]:
    """Python's library and the modules beside it, or the program alone where it has all in it."""
    told = sysconfig.get_config_var
    prefix = Path(sys.base_prefix)
    modules = Path(told("DESTSHARED") or prefix / "lib-dynload")
    library = Path(told("LIBDIR") or prefix / "lib") / str(told("INSTSONAME") or "")
    program = Path(sys.executable).resolve()
    for file in (program, library, *sorted(modules.glob("*.so"))):
        if _native(file):
            yield Place(file, f"{PYTHON}/{file.name}", PYTHON)


def _below(program: Path, parts: Iterable[str]) -> Iterator[Place]:
    owners = {top: part for part in parts for top in _tops(part)}
    for file in sorted(program.rglob("*")):
        if _native(file):
            path = file.relative_to(program).as_posix()
            inner = path.removeprefix(INSIDE)
            beside = _beside(path) if inner == path else ""
            owner = beside or owners.get(inner.partition("/")[0]) or _python_or_none(inner)
            yield Place(file, path, owner)


def _beside(path: str) -> str:
    """Whose a file beside the program's own folder is: "encoder/…", "chat/…", the loader."""
    folder, _, name = path.rpartition("/")
    if not folder:
        return LOADER if name in _LOADERS else ""
    return RUNTIME if name.startswith("libtvm_") else PROGRAM


def _python_or_none(path: str) -> str:
    name = path.rpartition("/")[2]
    ours = name.startswith("libpython") or "lib-dynload" in path or path.startswith("python3")
    return PYTHON if ours else ""


def _tops(part: str) -> Iterator[str]:
    """The folders and single files that a part has at the top of site-packages."""
    try:
        files = distribution(part).files or ()
    except PackageNotFoundError:
        return
    for file in files:
        top = str(file).partition("/")[0]
        if not top.endswith(".dist-info") and top not in ("..", "__pycache__"):
            yield top


def _native(file: Path) -> bool:
    """By its first bytes, whatever it is called; one that cannot be read may be one."""
    if file.is_symlink() or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            header = opened.read(18)
            return header[:4] == MAGIC and header[16:] != _OBJECT
    except OSError:
        return True


def links_out(program: Path) -> tuple[str, ...]:
    """Links in a packaged program's folder that lead out of it: nothing there is looked at."""
    inside = program.resolve()
    return tuple(
        sorted(
            link.relative_to(program).as_posix()
            for link in program.rglob("*")
            if link.is_symlink() and not link.resolve().is_relative_to(inside)
        )
    )
