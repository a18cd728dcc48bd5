"""How much lies in a data folder, by kind: counts, sizes, permissions.

Rules kept here: no name of a file or folder leaves this module, not even an id; collections are
told apart by their order alone; links are counted, never followed; how much is looked at is
bounded.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

Numbers = dict[str, int]
MOST = 500_000  # files that are looked at

_TOP = {
    "api.sock": "programs' socket",
    "audit": "log",
    "lock": "lock",
    "licence": "licence",
    "models": "models",
    "models-cache": "prepared prompts",
    "packs": "packs",
    "parcels": "parcels",
    "people": "conversations",
    "restored.json": "restored marker",
    "spill": "spill files",
    "vault.json": "vault",
}
_IN_COLLECTION = {
    "files": "originals",
    "lock": "lock",
    "store.duckdb": "stores",
    "vectors.sealed": "vectors",
}
_BESIDE_CONVERSATIONS = {"attempts": "failed log-ins", "tokens.sealed": "programs' tokens"}
_PUBLIC = frozenset(("models", "packs", "licence", "parcels"))


def shapes(data: Path) -> dict[str, object]:
    """`kinds`: by kind, files, bytes, the largest of them, and how many others may read;
    `collections`: of each, its parts. Raises OSError where the folder itself cannot be read."""
    kinds: dict[str, Numbers] = {}
    each: dict[str, Numbers] = {}
    looked = 0
    for path, about in _files(data):
        looked += 1
        if looked > MOST:
            break
        parts = path.parts
        kind = kind_of(path)
        count = kinds.setdefault(kind, {"files": 0, "bytes": 0, "largest": 0, "open": 0})
        count["files"] += 1
        count["bytes"] += about.st_size
        count["largest"] = max(count["largest"], about.st_size)
        count["open"] += int(kind not in _PUBLIC and bool(about.st_mode & 0o077))
        if parts[0] == "collections" and len(parts) > 2:
            one = each.setdefault(parts[1], {})
            name = kind.replace(" ", "_")
            one[name] = one.get(name, 0) + about.st_size
            one[f"{name}_files"] = one.get(f"{name}_files", 0) + 1
    collections = [each[identifier] for identifier in sorted(each)]
    return {"kinds": kinds, "collections": collections, "all": int(looked <= MOST)}


def kind_of(path: PurePath) -> str:
    """path: below the data folder. A word of our own, "other" for what does not belong there."""
    parts = path.parts
    if parts[0] == "collections":
        name = parts[2] if len(parts) > 2 else ""
        if name.startswith("store.duckdb."):  # its write-ahead log, and what is known of its end
            return "store journals"
        return _IN_COLLECTION.get(name, "other")
    if parts[0] == "people" and parts[-1] in _BESIDE_CONVERSATIONS:
        return _BESIDE_CONVERSATIONS[parts[-1]]
    return _TOP.get(parts[0], "other")


def _files(data: Path) -> Iterator[tuple[PurePath, os.stat_result]]:
    """Every file below, links among them, with what the system says of it."""
    waiting = [data]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            if folder == data:
                raise
            continue  # one that cannot be looked into does not hide the others
        for entry in entries:
            try:
                about = entry.lstat()
            except OSError:
                continue
            if stat.S_ISDIR(about.st_mode):
                waiting.append(entry)
            else:
                yield entry.relative_to(data), about
