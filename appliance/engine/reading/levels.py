"""Which of the reader's libraries this machine runs.

Rules kept here: a library whose instructions the processor does not report is never loaded. Every
library gives the same readings, bit for bit; they differ in speed alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from appliance.engine.encoder.bundle import Bundle
from appliance.engine.errors import BundleDamaged, MachineUnsupported
from appliance.engine.processor import X86_64_V3, X86_64_V4, processor_name

LEVELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("x86-64-v4-vnni", X86_64_V4 | {"avx512_vnni"}),
    ("x86-64-v4", X86_64_V4),
    ("x86-64-v3", X86_64_V3),
)
"""Best first, and what each needs in the words of /proc/cpuinfo."""


def library_of(bundle: Bundle, features: Iterable[str]) -> Path:
    """The best library of a verified bundle that these processor features can run. Raises
    BundleDamaged where the bundle has none, MachineUnsupported."""
    have = frozenset(features)
    named = {file.path for file in bundle.manifest.files}
    there = [(level, needed) for level, needed in LEVELS if f"lib/reader-{level}.so" in named]
    if not there:
        raise BundleDamaged("The encoder's bundle holds no code for the reader.")
    for level, needed in there:
        if needed <= have:
            return bundle.folder / "lib" / f"reader-{level}.so"
    lacking = " ".join(sorted(there[-1][1] - have))
    raise MachineUnsupported(
        f"This processor ({processor_name()}) cannot run the reader; it lacks: {lacking}."
    )
