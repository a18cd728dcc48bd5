"""The doctor's checks of the machine: processor, memory, swap, disk, clock.

Rules kept here: what the system says is read at the edge and judged by pure functions of it; where
it does not say, that is said; facts hold numbers and words of the system's own, never a path.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.engine.environment import cores
from appliance.engine.processor import MEMINFO, memory_available, processor_features, processor_name
from appliance.values import Check, Fact

PROCESSORS = ("x86_64", "aarch64")
FEW_CORES = 2
LITTLE_MEMORY = 4_000_000_000  # bytes: encoder, reader and stores alone
USUAL_MEMORY = 8_000_000_000  # bytes: with a small language model beside them
FEW_FILES = 10_000  # that can still be made on a disk
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows less: this program did not exist before."""
SLACK = timedelta(seconds=10)
LONG = timedelta(days=400)

ELSEWHERE = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p ceph glusterfs afs fuse.sshfs fuse.glusterfs virtiofs".split()
)
PASSING = frozenset(("tmpfs", "ramfs"))
WITHOUT_OWNERS = frozenset("vfat exfat msdos ntfs ntfs3 fuseblk".split())
LOCAL = frozenset("ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs overlay apfs hfs".split())

MOUNTS = Path("/proc/self/mountinfo")
SWAPS = Path("/proc/swaps")
BLOCKS = Path("/sys/class/block")


@dataclass(frozen=True, slots=True)
class Machine:
    """Sizes in bytes, None where the system does not say."""

    processor: str
    features: frozenset[str]
    cores: int
    memory: int | None
    available: int | None


def this_machine() -> Machine:
    return Machine(processor_name(), processor_features(), cores(), _memory(), memory_available())


def hardware(machine: Machine) -> Check:
    """Whether the product runs on this, and how well."""
    memory = machine.memory
    known = machine.processor if machine.processor in PROCESSORS else "other"
    facts: tuple[Fact, ...] = (
        ("processor", known),
        ("cores", machine.cores),
        ("memory", memory or 0),
        ("memory_available", machine.available or 0),
        *((name, int(name in machine.features)) for name in ("aes", "avx2", "avx512f")),
    )
    size = f"{memory / 1e9:.1f} GB of memory" if memory else "an unknown amount of memory"
    sentence = f"{machine.processor}, {machine.cores} core(s), {size}."
    state, hint, code = "warning", "", ""
    if known == "other":
        hint = "Use a machine with an x86-64 or arm64 processor: there is no code for this one."
        state, code = "failed", "processor_unknown"
    elif memory is not None and memory < LITTLE_MEMORY:
        hint = "Add memory: below 4 GB imports and answers are slow or fail."
        code = "memory_short"
    elif machine.cores < FEW_CORES:
        hint = "Give this machine a second core: the window waits while an answer is worked out."
        code = "one_core"
    elif machine.features and "aes" not in machine.features:
        hint = "Use a processor with AES instructions: here every byte is encrypted in software."
        code = "no_aes"
    elif memory is not None and memory < USUAL_MEMORY:
        hint = "Answers can be quoted; for a language model have 8 GB or more."
        code = "memory_for_quoting"
    return Check("hardware", state if hint else "ok", sentence, hint, code, facts)


def program() -> Check:
    """Which program this is, and whose."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("cloister")
    except PackageNotFoundError:
        own = "unknown"
    python = platform.python_version()
    facts: tuple[Fact, ...] = (("version", own), ("python", python), ("platform", sys.platform))
    sentence = f"Cloister {own}, Python {python}."
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        hint = "Run it as an ordinary user: root needs none of what it does."
        said = f"{sentence} It runs as root."
        return Check("program", "warning", said, hint, "runs_as_root", facts)
    return Check("program", "ok", sentence, facts=facts)


def swap(listed: str | None, encrypted: Callable[[str], bool]) -> Check:
    """listed: /proc/swaps (proc(5)), None where there is no such file. encrypted: whether a device
    of that name is."""
    if listed is None:
        return Check("swap", "warning", "Not known on this platform.", "Encrypt the swap.")
    names = [line.split()[0] for line in listed.splitlines()[1:] if line.split()]
    swapping = [name for name in names if not name.startswith("/dev/zram")]
    clear = [name for name in swapping if not encrypted(name)]
    facts: tuple[Fact, ...] = (("areas", len(swapping)), ("in_the_clear", len(clear)))
    if clear:
        return Check(
            "swap",
            "warning",
            "What is in memory can be written to disk in the clear: the swap is not known to be "
            "encrypted.",
            "Encrypt the swap (dm-crypt with a random key), or switch it off.",
            "swap_in_the_clear",
            facts,
        )
    sentence = "Encrypted." if swapping else "None, so memory is not written to disk."
    return Check("swap", "ok", sentence, facts=facts)


def this_swap() -> Check:
    try:
        listed: str | None = SWAPS.read_text("utf-8", "replace")
    except OSError:
        listed = None
    return swap(listed, _encrypted)


def _encrypted(name: str) -> bool:
    """Whether a block device is dm-crypt's. A swap file is not known to be: its disk may be."""
    device = Path(name).resolve().name
    try:
        return (BLOCKS / device / "dm" / "uuid").read_text("ascii", "replace").startswith("CRYPT-")
    except OSError:
        return False


def disk(folder: Path) -> Check:
    """The disk that `folder`, or what is to hold it, is on."""
    there = folder.absolute()
    while not os.path.isdir(there) and there != there.parent:  # noqa: PTH112  never raises
        there = there.parent
    try:
        about = os.statvfs(there)
        mounts = MOUNTS.read_text("utf-8", "replace") if MOUNTS.exists() else ""
    except OSError as error:
        said = f"The disk cannot be looked at: {error.strerror}."
        return Check("disk", "warning", said, "Name a folder on a local disk with --data.")
    files = about.f_favail if about.f_files else -1
    return judged_disk(file_system(mounts, there.resolve()), about.f_bavail * about.f_frsize, files)


def judged_disk(kind: str, free: int, files: int) -> Check:
    """kind: of file system, "" where it is not known. free: bytes. files: how many can still be
    made, -1 where the file system sets no bound."""
    known = kind if kind in ELSEWHERE | PASSING | WITHOUT_OWNERS | LOCAL else "other"
    facts: tuple[Fact, ...] = (("file_system", known), ("free", free), ("free_files", files))
    hint = code = ""
    if kind in ELSEWHERE:
        code = "disk_elsewhere"
        hint = "Use a disk of this machine: over a network neither locks nor writes can be trusted."
    elif kind in PASSING:
        code = "disk_passing"
        hint = "Use a disk: what is written here is gone at the next start of the machine."
    elif kind in WITHOUT_OWNERS:
        code = "disk_without_owners"
        hint = "Use a file system with owners and permissions, such as ext4 or XFS."
    elif 0 <= files < FEW_FILES:
        code = "disk_few_files"
        hint = "Remove small files, or make the file system anew with more inodes."
    sentence = f"{kind or 'Unknown file system'}, {free / 1e9:.1f} GB free."
    return Check("disk", "warning" if hint else "ok", sentence, hint, code, facts)


def file_system(mounts: str, folder: Path) -> str:
    """The kind of file system that holds `folder`, from /proc/self/mountinfo (proc(5)); "" where
    it does not say."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, described = before.split(), after.split()
        if len(fields) < 5 or not described:
            continue
        point = Path(_unescaped(fields[4]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), described[0]
    return kind


def _unescaped(text: str) -> str:
    """Spaces and the like are written as \\040 there."""
    for octal in ("040", "011", "012", "134"):
        text = text.replace(f"\\{octal}", chr(int(octal, 8)))
    return text


def clock(now: datetime, newest: datetime | None, before: datetime | None = None) -> Check:
    """newest: the newest time the log holds, None where it was not looked at. before: the newest
    one of earlier sessions."""
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < EARLIEST:
        hint = "Set the clock: this is before the program was made."
        return Check("clock", "failed", f"It says {shown}.", hint, "clock_too_early")
    if newest is not None and newest - now > SLACK:
        behind = int((newest - now).total_seconds())
        return Check(
            "clock",
            "failed",
            f"It says {shown}, and the log has a record of {newest:%Y-%m-%d %H:%M} UTC.",
            "Set the clock. If it is right now, it was ahead earlier: tell your security officer.",
            "clock_behind_log",
            (("behind_seconds", behind),),
        )
    if before is not None and now - before > LONG:
        return Check(
            "clock",
            "warning",
            f"It says {shown}; the last session was on {before:%Y-%m-%d}.",
            "Make sure that it is right: licences and retention go by it.",
            "clock_far_ahead",
            (("ahead_days", (now - before).days),),
        )
    said = " The log has no later time." if newest is not None else ""
    return Check("clock", "ok", f"It says {shown}.{said}")


def _memory() -> int | None:
    """All that the system has (MemTotal, proc(5))."""
    try:
        for line in MEMINFO.read_text("ascii", "replace").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemTotal" and rest.split() and rest.split()[0].isdigit():
                return int(rest.split()[0]) * 1024
    except OSError:
        return None
    return None
