"""What this machine's processor and memory are, read once where they are needed.

Rules kept here: nothing is guessed. Where the system does not say what it has, nothing is there,
and code that needs an instruction is not loaded.
"""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")

# The x86-64 psABI's level 3, in the words of /proc/cpuinfo (abm is LZCNT).
X86_64_V3 = frozenset("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave".split())
# Level 4 is these besides.
X86_64_V4 = X86_64_V3 | frozenset("avx512f avx512bw avx512cd avx512dq avx512vl".split())


def processor_features() -> frozenset[str]:
    """This processor's features in the words of /proc/cpuinfo; none where there is no such file."""
    try:
        text = CPUINFO.read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name.strip() in ("flags", "Features"):  # x86-64, AArch64
            return frozenset(rest.split())
    return frozenset()


def memory_available() -> int | None:
    """Bytes that can be had without swapping (MemAvailable, proc(5)); None where nobody says."""
    return _memory("MemAvailable")


def processor_name() -> str:
    """The architecture, for messages: x86_64, aarch64."""
    return platform.machine() or "unknown"


def memory_installed() -> int | None:
    """Bytes of memory in all (MemTotal, proc(5)); None where nobody says."""
    return _memory("MemTotal")


def processor_model() -> str:
    """The processor's own name ("model name" of proc(5)), the architecture where it has none."""
    try:
        text = CPUINFO.read_text("utf-8", "replace")
    except OSError:
        return processor_name()
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name.strip() == "model name" and rest.strip():
            return " ".join(rest.split())[:120]
    return processor_name()


def _memory(wanted: str) -> int | None:
    try:
        text = MEMINFO.read_text("ascii", "replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if name == wanted and words and words[0].isdigit():
            return int(words[0]) * 1024
    return None
