"""The packages themselves, with a tiny program in them: made as the real ones are, installed into
folders of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging"
for part in ("installer", "freeze"):  # as packaging/build.py finds them
    if str(PACKAGING / part) not in sys.path:
        sys.path.insert(0, str(PACKAGING / part))

import deb  # noqa: E402
import layout  # noqa: E402
import selfextracting  # noqa: E402
from dependencies import Depends  # noqa: E402
from release import Release  # noqa: E402

PROGRAM = """\
#!/bin/sh
# Stands in for the frozen program: says its name, and whether it works.
case "$1" in
self-check) {check} ;;
*) echo "release {name}" ;;
esac
"""


def release(build: int) -> Release:
    return Release("9.8.7", build, 1_790_000_000, os.uname().machine)


def program(folder: Path, name: str, *, works: bool = True) -> Path:
    """A folder like the frozen one."""
    folder.mkdir(parents=True)
    check = "echo works" if works else "echo broken; exit 1"
    (folder / "cloister").write_text(PROGRAM.format(check=check, name=name))
    (folder / "cloister").chmod(0o755)
    (folder / "cloister-window").symlink_to("cloister")
    (folder / "_internal").mkdir()
    (folder / "_internal" / "part").write_text(name)
    (folder / "_internal" / "sbom.cdx.json").write_text("{}")
    (folder / "_internal" / "THIRD-PARTY-NOTICES.txt").write_text("the work of others\n")
    return folder


def few_pages(folder: Path) -> Path:
    """The checkout with two of its handbooks: each is a file that is laid down and taken away."""
    root = folder / "checkout"
    if not root.is_dir():
        (root / "docs").mkdir(parents=True)
        for name in ("docs/security.md", "docs/kiosk.md", "packaging", "CHANGELOG.md", "LICENSE"):
            (root / name).symlink_to(ROOT / name)
    return root


@dataclass(frozen=True)
class Machine:
    """A throwaway root, and packages for it; each is made once."""

    root: Path
    made: Path

    def deb(self, build: int, *, works: bool = True) -> Path:
        now, folder = release(build), self.made / f"deb-{build}-{works}"
        if (made := folder / deb.file_name(now)).is_file():
            return made
        source = program(folder / "program", now.name, works=works)
        root = few_pages(self.made)
        layout.lay_out(root, source, folder / "staged", layout.DEBIAN, now)
        depends = Depends(("base-files",), ("libcups2",))
        return deb.build(root, folder / "staged", folder, now, depends, level=0)

    def run_file(self, build: int, *, works: bool = True) -> Path:
        now, folder = release(build), self.made / f"run-{build}-{works}"
        if (made := folder / selfextracting.file_name(now)).is_file():
            return made
        source = program(folder / "program", now.name, works=works)
        root = few_pages(self.made)
        return selfextracting.build(root, source, folder / "staged", folder, now, level=0)

    def dpkg(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["dpkg", f"--root={self.root}", "--force-script-chrootless", "--force-not-root",
             "--force-depends", "--force-unsafe-io", "--log=/dev/null", *arguments],
            capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", **more},
        )  # fmt: skip

    def started(self, base: str) -> str:
        """What answers where `cloister` leads to."""
        done = subprocess.run(
            [self.root / base / "current" / "cloister", "hello"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    @contextmanager
    def open_window(self, base: str) -> Iterator[subprocess.Popen[bytes]]:
        """Somebody has the release in use open: its file runs, as another program that waits."""
        program = (self.root / base / "current" / "cloister").resolve()
        program.unlink()
        shutil.copy2(Path(shutil.which("sleep") or "/bin/sleep").resolve(), program)
        running = subprocess.Popen([program, "600"])
        try:
            yield running
        finally:
            running.kill()
            running.wait()

    def names(self) -> set[str]:
        return {path.relative_to(self.root).as_posix() for path in self.root.rglob("*")}


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """The product closes its process's; a test before may have been such a process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture
def machine(tmp_path: Path, made: Path) -> Machine:
    root = tmp_path / "root"
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "opt", "usr/local/bin", "etc"):
        (root / folder).mkdir(parents=True)
    for file in ("status", "available"):
        (root / "var/lib/dpkg" / file).touch()
    return Machine(root, made)
