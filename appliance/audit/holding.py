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
from appliance.audit.segment import ASIDE
from appliance.vault.durable import is_leftover

_PASSING = re.compile(r"(?:tile|payload)/(?:.+/)?[0-9]+\.p/[0-9]+")
"""Partial tiles give way to the full one."""


@dataclass(frozen=True, slots=True)
class HeldLog:
    """files: path in the log's folder and bytes, of what changes. still: the paths of the others,
    which lie still. size and root (32 bytes): how far the log had come."""

    files: tuple[tuple[str, bytes], ...]
    still: frozenset[str]
    size: int
    root: bytes


def held_log(chain: Chain) -> HeldLog:
    """While the log's lock is held. Raises OSError."""
    chain.head.sync()
    files = [(JOURNAL, chain.journal.read_at(0, chain.journal.end))]
    named = {JOURNAL, CHECKPOINT, HEAD, KEYS, INDEX}
    for name in sorted(named - {JOURNAL}):
        path = chain.folder / name
        if path.exists():
            files.append((name, path.read_bytes()))
    still = set()
    for path in sorted(chain.folder.rglob("*")):
        name = path.relative_to(chain.folder).as_posix()
        if _PASSING.fullmatch(name):
            files.append((name, path.read_bytes()))
        elif path.is_file() and name not in named and not _unfinished(name):
            still.add(name)
    return HeldLog(tuple(files), frozenset(still), chain.size, chain.frontier.root())


def _unfinished(name: str) -> bool:
    """What a crash left of a file that was being written."""
    return name.endswith(ASIDE) or is_leftover(name)
