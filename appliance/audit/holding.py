"""The log as it is at one moment, for a backup that can be gone on with.

Rules kept here: whatever is written in place or replaced as the log goes on is read while nothing
can be appended; full tiles, full payload bundles and epochs' notes are only named: they do not
change, save where a payload is erased, which replaces its bundle. The signing keys stay sealed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.audit.chain import CHECKPOINT, Chain
from appliance.audit.head import FILE as HEAD
from appliance.audit.index import FILE as INDEX
from appliance.audit.journal import FILE as JOURNAL
from appliance.audit.keys import FILE as KEYS

_PASSING = re.compile(r"(?:tile|payload)/(?:.+/)?[0-9]+\.p/[0-9]+")
"""Partial tiles give way to the full one."""


@dataclass(frozen=True, slots=True)
class HeldLog:
    """files: path in the log's folder and bytes, of what changes; the others lie still. size and
    root (32 bytes): how far the log had come."""

    files: tuple[tuple[str, bytes], ...]
    size: int
    root: bytes


def held_log(chain: Chain) -> HeldLog:
    """While the log's lock is held. Raises OSError."""
    chain.head.sync()
    files = [(JOURNAL, chain.journal.read_at(0, chain.journal.end))]
    for name in (CHECKPOINT, HEAD, KEYS, INDEX):
        path = chain.folder / name
        if path.exists():
            files.append((name, path.read_bytes()))
    for path in sorted(chain.folder.rglob("*.p/*")):
        name = path.relative_to(chain.folder).as_posix()
        if is_passing(name):
            files.append((name, path.read_bytes()))
    return HeldLog(tuple(files), chain.size, chain.frontier.root())


def is_passing(name: str) -> bool:
    """Whether a file of this path in the log's folder is among those held."""
    return name in (JOURNAL, CHECKPOINT, HEAD, KEYS, INDEX) or bool(_PASSING.fullmatch(name))
