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

KIOSK = ("README.md", "logind-kiosk.conf", "machine.toml", "managed.toml", "openbox.xml",
         "sysctl-kiosk.conf", "system-kiosk.conf")  # fmt: skip
NAMES = ("cloister", "cloister-window")
"""What a person starts."""


@dataclass(frozen=True, slots=True)
class Places:
    """Of one kind of package; without a leading slash. base: the folder of the releases."""

    base: str
    prefix: str
    units: str

    def link(self, name: str) -> str:
        """What prefix/bin/name leads to."""
        up = "../" * (self.prefix.count("/") + 2)
        return f"{up}{self.base}/current/{name}"


DEBIAN = Places("usr/lib/cloister", "usr", "lib/systemd/system")
ALONE = Places("opt/cloister", "usr/local", "etc/systemd/system")


def lay_out(root: Path, program: Path, staged: Path, places: Places, release: Release) -> None:
    """The whole tree of a package, below `staged`, which is made anew."""
    shutil.rmtree(staged, ignore_errors=True)
    lay_program(program, staged / places.base / release.name)
    lay_around(root, staged, places, release)


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
    unit = staged / places.units / "cloister-kiosk.service"
    _put(kiosk / "cloister-kiosk.service", unit)
    text = unit.read_text("utf-8").replace("/usr/bin/cloister ", f"/{places.prefix}/bin/cloister ")
    unit.write_text(text.replace("/usr/share/", f"/{places.prefix}/share/"), "utf-8")
    for name in KIOSK:
        _put(kiosk / name, share / "cloister" / "kiosk" / name)
    _put(assets / "apparmor", staged / "etc/apparmor.d/cloister")
    for path, name in _documents(root):
        _put(path, share / "doc" / "cloister" / name)
    manual.write(share / "man/man1", release)
    for page in sorted((share / "man/man1").iterdir()):
        _compress(page)


def date(staged: Path, release: Release) -> None:
    """Everything is as old as the release, so that the same release gives the same archive."""
    for path in (staged, *staged.rglob("*")):
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


def _compress(path: Path) -> None:
    """Without name and time, so that the same page gives the same bytes."""
    with path.with_name(f"{path.name}.gz").open("wb") as file:
        file.write(gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
