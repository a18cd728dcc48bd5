"""The self-extracting file for Linux without dpkg: a shell script, and the program behind it.

Rules kept here: the script checks the hash of what is behind it before anything is unpacked; the
same release gives the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import scripts
from dependencies import needs
from layout import ALONE, lay_around, lay_program, settle, tell_parts
from release import Release

_MARGIN = 1.1
"""Room that is asked for, of what is unpacked."""


def file_name(release: Release) -> str:
    return f"cloister-{release.name}-linux-{release.machine}.run"


def build(
    root: Path, program: Path, work: Path, out: Path, release: Release, *, level: int = 9
) -> Path:
    """Writes the file into `out`; works in `work`. level: of xz. Raises CalledProcessError."""
    assets = root / "packaging" / "installer" / "linux"
    shutil.rmtree(work, ignore_errors=True)
    lay_program(program, work / "program")
    lay_around(root, work / "around", ALONE, release)
    tell_parts(program, work / "around", ALONE)
    values = {
        "ROOT": "",
        "BELOW": ALONE.base,
        "BASE": f"/{ALONE.base}",
        "SHARE": ALONE.share,
        "RELEASE": release.name,
        "AGAIN": "run the installer again",
    }
    uninstall = work / "uninstall"
    uninstall.write_text(scripts.shell(assets, "uninstall.sh", values), "utf-8")
    uninstall.chmod(0o755)
    size = sum(p.lstat().st_size for p in work.rglob("*"))
    settle(work, release)
    payload = work.parent / "payload.tar.xz"
    _pack(work, payload, level)
    values |= {
        "MACHINE": release.machine,
        "LIBC": ".".join(map(str, needs(program).libc)),
        "KILOBYTES": str(int(size * _MARGIN) // 1024),
        "SHA256": _sha256(payload),
        "LINES_BEFORE": "0000",
    }
    script = scripts.shell(assets, "run.sh", values)
    lines = f"{script.count(chr(10)) + 1:04d}"
    script = script.replace('LINES_BEFORE="0000"', f'LINES_BEFORE="{lines}"')
    out.mkdir(parents=True, exist_ok=True)
    made = out / file_name(release)
    with made.open("wb") as file, payload.open("rb") as packed:
        file.write(script.encode())
        shutil.copyfileobj(packed, file, 1 << 20)
    made.chmod(0o755)
    payload.unlink()
    return made


def _pack(folder: Path, into: Path, level: int) -> None:
    """In blocks, which say how long they are, so that two threads pack and unpack them; with two or
    more threads xz gives the same bytes on every machine."""
    tar = ["tar", "--create", "--directory", str(folder), "--sort=name", "--owner=0", "--group=0",
           "--numeric-owner", "--format=gnu", "."]  # fmt: skip
    with into.open("wb") as file, subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:
        subprocess.run(
            ["xz", "-T2", "--block-size=192MiB", "--x86", f"--lzma2=preset={level},dict=64MiB",
             "--stdout"],
            stdin=packing.stdout, stdout=file, check=True,
        )  # fmt: skip
    if packing.returncode != 0:
        raise subprocess.CalledProcessError(packing.returncode, tar)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
