"""Which Python packages are in a packaged program: read out of the archives that hold its code.

Rules kept here: nothing of it is run; an archive that cannot be read is an error, never "nothing";
whose a module is comes from what is installed where the program was frozen. Layout: PyInstaller 6,
`PyInstaller/archive/writers.py` (CArchive, PYZ).
"""

from __future__ import annotations

import marshal
import struct
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from appliance.natives.files import LOADER
from appliance.parts import PROGRAM, PYTHON

from .lockfile import plain

COOKIE = b"MEI\014\013\012\013\016"
_COOKIE_FORM = "!8sIIII64s"
_ENTRY_FORM = "!IIIIBc"
_OWN = {"appliance": PROGRAM, "gui": PROGRAM, "entry": PROGRAM}
_HOOKS = ("pyimod", "pyiboot", "pyi_rth_", "_pyi_rth_utils")
CODE = (b"m", b"M", b"s")


class ProgramUnreadable(Exception):
    """The program's archive is not as PyInstaller writes it."""


def packages_in(program: Path) -> Iterator[tuple[str, str]]:
    """Every module at the top, and whose it is ("" where nobody is known), in order; once for each
    part that says it is theirs. Raises ProgramUnreadable."""
    owners = packages_distributions()
    for top in sorted({name.partition(".")[0] for name in _names(program)}):
        own = _owner(top)
        for part in [own] if own else sorted({plain(one) for one in owners.get(top, [""])}):
            yield top, part


def _owner(top: str) -> str:
    if top in _OWN:
        return _OWN[top]
    if top in sys.stdlib_module_names or top.startswith("_sysconfigdata"):
        return PYTHON
    return LOADER if top.startswith(_HOOKS) else ""


def _names(program: Path) -> Iterator[str]:
    found = [path for path in (program / "cloister", program / "cloister.exe",
                               program / "MacOS" / "cloister") if path.is_file()]  # fmt: skip
    if not found:
        raise ProgramUnreadable(f"{program} holds no program.")
    yield from archived(found[0].read_bytes())
    for path in sorted(program.rglob("base_library.zip")):
        with zipfile.ZipFile(path) as library:
            yield from (name.partition("/")[0].partition(".")[0] for name in library.namelist())
    for path in sorted(program.rglob("*.py*")):
        inner = path.relative_to(program).parts
        if path.suffix in (".py", ".pyc") and len(inner) > 1:
            yield inner[1].partition(".")[0]


def archived(program: bytes) -> Iterator[str]:
    """The names of the modules in the archive behind the loader. Raises ProgramUnreadable."""
    at = program.rfind(COOKIE)
    if at < 0:
        raise ProgramUnreadable("The program has no archive.")
    try:
        _, length, toc_at, toc_length, _, _ = struct.unpack_from(_COOKIE_FORM, program, at)
        start = at + struct.calcsize(_COOKIE_FORM) - length
        place, end = start + toc_at, start + toc_at + toc_length
        while place < end:
            size, offset, packed, _, squeezed, kind = struct.unpack_from(
                _ENTRY_FORM, program, place
            )
            if size <= struct.calcsize(_ENTRY_FORM):
                raise ProgramUnreadable("The program's archive has an entry without a name.")
            name = program[place + struct.calcsize(_ENTRY_FORM) : place + size].rstrip(b"\0")
            if kind == b"z":
                if squeezed:
                    raise ProgramUnreadable("The archive of modules is packed.")
                yield from _modules(program[start + offset : start + offset + packed])
            elif kind in CODE:
                yield name.decode()
            place += size
    except (struct.error, ValueError, TypeError, EOFError) as error:
        raise ProgramUnreadable(f"The program's archive cannot be read: {error}") from error


def _modules(pyz: bytes) -> Iterator[str]:
    (at,) = struct.unpack_from("!i", pyz, 8)
    for name, _ in marshal.loads(pyz[at:]):  # noqa: S302  a table this build has just written
        yield str(name)
