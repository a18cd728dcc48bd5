"""The Debian package: the laid-out tree, its control fields and its maintainer scripts.

Rules kept here: dpkg-deb(1) writes it, everything in it root's, with the time of the release; each
file has its hash in the package (dpkg --verify). Policy: Debian Policy Manual 4.6, chapters 5 to 7.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import scripts
from dependencies import SUGGESTED, Depends
from layout import DEBIAN, compressed, settle
from release import Release

SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_MAINTAINER = "Cloister <support@cloister.invalid>"
_DESCRIPTION = (
    "Cloister answers questions over an institution's own documents on the machine in front of the "
    "person who asks, each sentence with its page. It has no network: the kernel refuses the "
    "program every socket that leads out, and each start proves it. Everything it keeps is "
    "encrypted, every question is in a log that can be proved, and what may be asked is decided by "
    "signed policies.",
    "This package brings the program, the models that read documents and quote from them, a small "
    "one that composes answers, and a kiosk for visitors.",
)


def file_name(release: Release) -> str:
    return f"cloister_{release.name}_{release.debian_machine}.deb"


def control(release: Release, depends: Depends, size: int) -> str:
    """size: bytes on disk."""
    described = "\n .\n".join(
        textwrap.fill(part, 78, initial_indent=" ", subsequent_indent=" ") for part in _DESCRIPTION
    )
    return (
        f"Package: cloister\nVersion: {release.name}\nArchitecture: {release.debian_machine}\n"
        f"Maintainer: {_MAINTAINER}\nSection: misc\nPriority: optional\n"
        f"Installed-Size: {(size + 1023) // 1024}\n"
        f"Depends: {', '.join(depends.depends)}\n"
        f"Recommends: {', '.join(depends.recommends)}\n"
        f"Suggests: {', '.join(SUGGESTED)}\n"
        "Description: answers from your own documents, with no network at all\n"
        f"{described}\n"
    )


def changelog(release: Release) -> str:
    """As Debian's tools read it (deb-changelog(5)); for people there is CHANGELOG.md beside it."""
    day = f"{release.day:%a, %d %b %Y %H:%M:%S} +0000"
    return (
        f"cloister ({release.name}) stable; urgency=medium\n\n"
        "  * What changed is in CHANGELOG.md.\n\n"
        f" -- {_MAINTAINER}  {day}\n"
    )


def build(
    root: Path, staged: Path, out: Path, release: Release, depends: Depends, *, level: int = 9
) -> Path:
    """Writes the package into `out`. staged: a tree that layout.py laid out; it gets its DEBIAN
    folder here. level: of xz. Raises CalledProcessError."""
    assets, meta = root / "packaging" / "installer" / "linux", staged / "DEBIAN"
    shutil.rmtree(meta, ignore_errors=True)
    compressed(
        staged / DEBIAN.prefix / "share/doc/cloister/changelog.Debian.gz", changelog(release)
    )
    files = sorted(p for p in staged.rglob("*") if p.is_file() and not p.is_symlink())
    meta.mkdir()
    values = {
        "ROOT": "${DPKG_ROOT:-}",
        "BASE": f"$ROOT/{DEBIAN.base}",
        "SHARE": DEBIAN.share,
        "RELEASE": release.name,
        "AGAIN": "dpkg --configure cloister",
    }
    for name in SCRIPTS:
        (meta / name).write_text(scripts.shell(assets, name, values), "utf-8")
        (meta / name).chmod(0o755)
    shutil.copyfile(assets / "templates", meta / "templates")
    sums = (f"{_md5(path)}  {path.relative_to(staged).as_posix()}\n" for path in files)
    (meta / "md5sums").write_text("".join(sums), "utf-8")
    size = sum(path.stat().st_size for path in files)
    (meta / "control").write_text(control(release, depends, size), "utf-8")
    settle(staged, release)
    out.mkdir(parents=True, exist_ok=True)
    made = out / file_name(release)
    # dpkg-deb cuts what it packs into the same blocks however many threads there are for them.
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{level}", "--threads-max=2", "--build",
         staged, made],
        check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(release.time)},
    )  # fmt: skip
    return made


def _md5(path: Path) -> str:
    """What dpkg compares with; nothing is trusted on it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
