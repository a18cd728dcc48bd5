"""One folder for a stick: the packages, the Debian packages they need, and chat models.

Rules kept here: what a machine with Debian has in any case (priority "required") is not on it; each
file's hash is. The packages beside come from the mirror that this machine is set up with, and
apt-get(8) proves them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import scripts

SUMS = "SHA256SUMS"
PACKAGES = "packages"
KIOSK = ("cage", "xwayland")
"""What `install.sh --kiosk` takes from the medium as well: a kiosk has no network either. Debian's
cage is built to start Xwayland, which it only recommends, and does not start without it."""


def make(root: Path, folder: Path, packages: Sequence[Path], models: Sequence[Path]) -> Path:
    """The folder, made anew. models: bundles in MLC's layout, each a folder. Raises
    CalledProcessError, OSError, SystemExit."""
    deb = next((path for path in packages if path.suffix == ".deb"), None)
    if deb is None:
        raise SystemExit("A medium needs the Debian package: build it as well (--part deb).")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for package in packages:
        shutil.copy2(package, folder / package.name)
    assets = root / "packaging" / "installer" / "linux"
    (folder / "install.sh").write_text(scripts.shell(assets, "install.sh", {}), "utf-8")
    for bundle in models:
        shutil.copytree(bundle, folder / "models" / bundle.name)
    add_needed(deb, folder / PACKAGES)
    write_sums(folder)
    return folder


def add_needed(deb: Path, folder: Path) -> None:
    """Every package that `deb` and a kiosk need, and what those need, with an index for apt."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "partial").mkdir()
        nothing = Path(place, "status")
        nothing.touch()  # as on a machine that has none of them
        done = subprocess.run(
            ["apt-get", "-q", "-y", "--download-only", "--no-install-recommends",
             "-o", f"Dir::State::status={nothing}", "-o", f"Dir::Cache::archives={place}",
             "-o", "Debug::NoLocking=true", "-o", "APT::Sandbox::User=root",
             "install", str(deb.absolute()), *KIOSK],
            check=False, stdout=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(
                "apt-get has not got what is needed: `apt-get update`, then try again."
            )
        for path in sorted(Path(place).glob("*.deb")):
            if _field(path, "Priority") != "required":
                shutil.copyfile(path, folder / path.name)
    index = subprocess.run(
        ["dpkg-scanpackages", "--multiversion", "."],
        cwd=folder, check=True, capture_output=True,
    ).stdout  # fmt: skip
    (folder / "Packages").write_bytes(index)


def write_sums(folder: Path) -> None:
    """As sha256sum(1) writes and checks them; the list itself is not in it."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in _sums(folder))
    (folder / SUMS).write_text(lines, "utf-8")


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS:
            with path.open("rb") as file:
                yield (
                    path.relative_to(folder).as_posix(),
                    hashlib.file_digest(file, "sha256").hexdigest(),
                )


def _field(deb: Path, name: str) -> str:
    done = subprocess.run(
        ["dpkg-deb", "--field", str(deb), name], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
