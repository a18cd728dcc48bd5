"""Which release this is: version, build, time and processor, from the checkout alone.

Rules kept here: the same commit gives the same names and times, wherever and whenever it is built.
"""

from __future__ import annotations

import platform
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}
_NO_HISTORY = 1_767_225_600  # 2026-01-01: a checkout without its history


@dataclass(frozen=True, slots=True)
class Release:
    """build: counts the commits. time: seconds since 1970, of the newest commit."""

    version: str
    build: int
    time: int
    machine: str

    @property
    def name(self) -> str:
        """Of its folder, and Debian's version."""
        return f"{self.version}-{self.build}"

    @property
    def debian_machine(self) -> str:
        return _DEBIAN.get(self.machine, self.machine)

    @property
    def day(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


def this_release(root: Path, build: int | None = None) -> Release:
    """build: instead of the count of commits."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    counted = _git(root, "rev-list", "--count", "HEAD")
    moment = _git(root, "log", "-1", "--format=%ct")
    return Release(
        version=str(project["version"]),
        build=build if build is not None else int(counted or 1),
        time=int(moment or _NO_HISTORY),
        machine=platform.machine(),
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], check=False, capture_output=True, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
