"""A clean Debian to install into: nothing in it but what every Debian has, and no network.

Rules kept here: it is made once with debootstrap(8) and kept packed; each test begins with it as it
was. Every command runs in namespaces of its own: a network without a single interface, processes
and mounts that end with it. The only thing let in is a screen's UNIX socket, and the medium.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "installer" / "test"
RELEASE = "bookworm"
USER, HOME = 1000, "/home/anna"
MEDIUM = "/media/stick"
SOCKETS = Path("/tmp/.X11-unix")
"""Where X servers put them."""
CALM = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command in the room ended; its output and errors together."""

    status: int
    said: str


def clean() -> Path:
    """The packed Debian, made if it is not there. Raises CalledProcessError."""
    packed = WORK / f"{RELEASE}.tar"
    if not packed.is_file():
        WORK.mkdir(parents=True, exist_ok=True)
        made = WORK / "making"
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", RELEASE, str(made), _mirror()],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        subprocess.run(["tar", "-C", str(made), "-cf", f"{packed}.part", "."], check=True)
        Path(f"{packed}.part").rename(packed)
        shutil.rmtree(made)
    return packed


def _mirror() -> str:
    """The one that this machine's own packages come from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
         f"Codename: {RELEASE}"],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    if not listed:
        raise SystemExit(f"This machine has no mirror of Debian {RELEASE} to take it from.")
    return listed[0]


class Room:
    """One clean Debian with an ordinary user, and `medium` mounted where sticks are."""

    def __init__(self, folder: Path, medium: Path, display: str) -> None:
        self.folder, self.medium, self.display = folder, medium, display
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-C", str(folder), "-xf", str(clean())], check=True)
        for place in (MEDIUM, str(SOCKETS)):
            (folder / place[1:]).mkdir(parents=True, exist_ok=True)
        require(self.run("useradd", "--create-home", "--uid", str(USER), "anna"))

    def run(
        self,
        *command: str,
        user: int = 0,
        extra: Mapping[str, str] | None = None,
        processor: Path | None = None,
        timeout: float = 600,
    ) -> Done:
        """processor: a file to be /proc/cpuinfo instead of the kernel's own."""
        environment = CALM | {"HOME": "/root" if user == 0 else HOME} | dict(extra or {})
        done = subprocess.run(
            self.entered(command, user, processor),
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=timeout, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"))

    def entered(
        self, command: Sequence[str], user: int = 0, processor: Path | None = None
    ) -> list[str]:
        """What runs a command inside."""
        folder = shlex.quote(str(self.folder))
        lines = [
            f"mount -t proc proc {folder}/proc",
            f"mount --rbind /dev {folder}/dev",
            f"mount -t sysfs -o ro sys {folder}/sys",
            f"mount --bind -o ro {shlex.quote(str(self.medium))} {folder}{MEDIUM}",
            f"mount --bind {SOCKETS} {folder}{SOCKETS}",
        ]
        if processor is not None:
            lines.append(f"mount --bind {shlex.quote(str(processor))} {folder}/proc/cpuinfo")
        inside = shlex.join(command)
        lines.append(f"exec chroot --userspec={user}:{user} --groups= {folder} {inside}")
        return [
            "unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
            "sh", "-ec", "\n".join(lines),
        ]  # fmt: skip

    def as_user(self, *command: str, screen: bool = False, processor: Path | None = None) -> Done:
        extra = {"DISPLAY": self.display} if screen else {}
        return self.run(*command, user=USER, extra=extra, processor=processor)

    def write(self, name: str, content: str | bytes, *, mode: int = 0o600) -> str:
        """A file of the user's own; returns its path inside."""
        inside = f"{HOME}/{name}"
        path = self.folder / inside[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        os.chown(path, USER, USER)
        return inside

    def tree(self) -> dict[str, str]:
        """What lies there, by name: kind, mode, and the content's hash."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if name.startswith(("proc/", "dev/", "sys/", "tmp/")):
                continue
            found[name] = _described(path)
        return found

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _described(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return f"folder {path.stat().st_mode:o}"
    if not path.is_file():
        return "special"
    with path.open("rb") as file:
        return f"{path.stat().st_mode:o} {hashlib.file_digest(file, 'sha256').hexdigest()}"


def require(done: Done, status: int = 0) -> Done:
    """Raises AssertionError with what was said."""
    if done.status != status:
        raise AssertionError(f"exit status {done.status}, not {status}: {done.said[-2000:]}")
    return done
