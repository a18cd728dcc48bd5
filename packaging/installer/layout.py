"""What of an installation lies where: one list for every kind of package.

Rules kept here: the program is in one folder a release; everything else is small, and named here.
Files are the same in each package but for where they begin: `prefix` is /usr for what the system's
package manager owns, /usr/local for what it does not.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import manual
from release import Release

UNIT = "cloister-kiosk.service"
SBOM, NOTICES = "sbom.cdx.json", "THIRD-PARTY-NOTICES.txt"
"""In the program, where packaging/supply puts them."""
NAMES = ("cloister", "cloister-window")
"""What a person starts."""


@dataclass(frozen=True, slots=True)
class Places:
    """Of one kind of package; without a leading slash. base: the folder of the releases."""

    base: str
    prefix: str
    units: str

    @property
    def share(self) -> str:
        """The folder of what is neither program nor page."""
        return f"{self.prefix}/share/cloister"

    def link(self, name: str) -> str:
        """What prefix/bin/name leads to."""
        return os.path.relpath(f"{self.base}/current/{name}", f"{self.prefix}/bin")

    def document(self, name: str) -> str:
        """What prefix/share/doc/cloister/name leads to, which lies in the program."""
        return os.path.relpath(
            f"{self.base}/current/_internal/{name}", f"{self.prefix}/share/doc/cloister"
        )


DEBIAN = Places("usr/lib/cloister", "usr", "usr/lib/systemd/system")
ALONE = Places("opt/cloister", "usr/local", "etc/systemd/system")


def lay_out(root: Path, program: Path, staged: Path, places: Places, release: Release) -> None:
    """The whole tree of a package, below `staged`, which is made anew."""
    shutil.rmtree(staged, ignore_errors=True)
    lay_program(program, staged / places.base / release.name)
    lay_around(root, staged, places, release)
    tell_parts(program, staged, places)


def lay_program(program: Path, into: Path) -> None:
    """By hard links where both are on one disk: the program is large."""
    into.parent.mkdir(parents=True)
    shutil.copytree(program, into, symlinks=True, copy_function=_link_or_copy)


def lay_around(root: Path, staged: Path, places: Places, release: Release) -> None:
    """Everything but the program."""
    assets, kiosk = root / "packaging" / "installer" / "linux", root / "packaging" / "kiosk"
    share = staged / places.prefix / "share"
    for name in NAMES:
        _make_link(staged / places.prefix / "bin" / name, places.link(name))
    _put(assets / "cloister.desktop", share / "applications" / "cloister.desktop")
    _put(assets / "cloister.svg", share / "icons/hicolor/scalable/apps" / "cloister.svg")
    unit = staged / places.units / UNIT
    _put(kiosk / UNIT, unit)
    text = unit.read_text("utf-8").replace("/usr/bin/cloister ", f"/{places.prefix}/bin/cloister ")
    unit.write_text(text.replace("/usr/share/", f"/{places.prefix}/share/"), "utf-8")
    for path in sorted(kiosk.iterdir()):
        if path.is_file() and path.name != UNIT:
            _put(path, staged / places.share / "kiosk" / path.name)
    _put(assets / "apparmor", staged / places.share / "apparmor")  # releases.sh lays it from there
    for path, name in _documents(root):
        _put(path, share / "doc" / "cloister" / name)
    manual.write(share / "man/man1", release)
    for page in sorted((share / "man/man1").iterdir()):
        compressed(page.with_name(f"{page.name}.gz"), page.read_text("utf-8"))
        page.unlink()


def tell_parts(program: Path, staged: Path, places: Places) -> None:
    """What the program is made of, where an administrator looks for it: in `copyright` the licence
    of the product, then what those of its parts ask for (Debian Policy 12.5); and the list."""
    inner, documents = program / "_internal", staged / places.prefix / "share/doc/cloister"
    if (inner / NOTICES).is_file():
        with (documents / "copyright").open("ab") as file:
            file.write(b"\n\n" + (inner / NOTICES).read_bytes())
        _make_link(documents / SBOM, places.document(SBOM))


def settle(staged: Path, release: Release) -> None:
    """Everything is as old as the release, for everybody to read and for root alone to change,
    whatever the umask of who builds: the same release gives the same archive."""
    for path in (staged, *staged.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (release.time, release.time), follow_symlinks=False)


def _documents(root: Path) -> Iterator[tuple[Path, str]]:
    docs = root / "docs"
    for path in sorted(docs.rglob("*.md")):
        yield path, path.relative_to(docs).as_posix()
    yield root / "CHANGELOG.md", "CHANGELOG.md"
    yield root / "LICENSE", "copyright"


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _make_link(place: Path, leads_to: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(leads_to)


def compressed(path: Path, text: str) -> None:
    """Without name and time, so that the same page gives the same bytes."""
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
