"""The installer for Windows: what makensis(1) is asked for.

Rule kept here: the script is compiled as it stands; what changes from release to release, and what
signs it, comes in from here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from release import Release


def file_name(release: Release) -> str:
    return f"cloister-{release.name}-windows-x86_64.exe"


def build(
    root: Path, program: Path, icon: Path, out: Path, release: Release, *, sign: str = ""
) -> Path:
    """Writes the installer into `out`. program: the folder that was frozen on Windows, its programs
    signed. sign: a command that signs the file it is given, or nothing. Raises CalledProcessError,
    OSError."""
    out.mkdir(parents=True, exist_ok=True)
    made = out / file_name(release)
    told = {
        "VERSION": release.version,
        "BUILD": str(release.build),
        "PROGRAM": str(program),
        "SOURCE": str(root),
        "ICON": str(icon),
        "OUT": str(made),
    } | ({"SIGN": sign} if sign else {})
    script = root / "packaging" / "installer" / "windows" / "cloister.nsi"
    options = [f"-D{name}={value}" for name, value in told.items()]
    subprocess.run(["makensis", "-V2", "-WX", *options, str(script)], check=True)
    return made
