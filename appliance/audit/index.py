"""What the log remembers of itself: asks still open, the newest mark of each store, values.

Rules kept here: derived from the leaves alone and rebuilt from them whenever the sealed snapshot is
missing, older or not of this log; the snapshot only saves the reading. A snapshot that is authentic
but ahead of the log is evidence that the log was rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.audit.errors import AlreadyClosed, AskAlreadyOpen, AskUnknown, LogTampered
from appliance.audit.leaf import (
    ASK_CLOSED,
    ASK_OPENED,
    EPOCH_BEGAN,
    PAYLOAD_ERASED,
    STORE_NOTED,
    VALUE_NOTED,
    Leaf,
    recalled_leaf,
)
from appliance.values import MarkState, StoreMark
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.sealed import Context, read_sealed, write_sealed

FILE = "index.sealed"
_CONTEXT = Context("audit-index", "log")
_LIMIT = 256 * 1024 * 1024

_INDEXED = tuple(
    f'{{"action":"{action}"'.encode()
    for action in (
        ASK_OPENED,
        ASK_CLOSED,
        STORE_NOTED,
        VALUE_NOTED,
        PAYLOAD_ERASED,
        EPOCH_BEGAN,
    )
)


@dataclass(frozen=True, slots=True)
class OpenAsk:
    """An ask without its closing record: where it was opened, and by whom."""

    seq: int
    person: str
    role: str
    object: str


@dataclass(slots=True)
class LogIndex:
    """Not safe for several threads; the log's lock covers it. `size` counts the leaves taken in.

    closed holds the asks closed since the log was opened; older ones are looked up."""

    size: int = 0
    time: str = ""
    epoch: int = 0
    open: dict[str, OpenAsk] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    stores: dict[str, StoreMark] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)

    def take(self, leaves: Sequence[bytes]) -> None:
        """Takes in the next leaves. Raises LogTampered for one that contradicts those before."""
        for seq, leaf in enumerate(leaves, self.size):
            if leaf.startswith(_INDEXED):
                self._apply(recalled_leaf(leaf, seq))
        self.size += len(leaves)

    def require_closable(self, ask: str) -> OpenAsk:
        """Raises AlreadyClosed or AskUnknown. Asks of earlier sessions count as unknown here."""
        found = self.open.get(ask)
        if found is None:
            if ask in self.closed:
                raise AlreadyClosed("This ask has its closing record already.")
            raise AskUnknown("This ask has no opening record.")
        return found

    def require_openable(self, ask: str) -> None:
        if not ask or ask in self.open or ask in self.closed:
            raise AskAlreadyOpen("This ask was opened already.")

    def _apply(self, leaf: Leaf) -> None:
        if leaf.action == ASK_OPENED:
            if leaf.ask in self.open:
                raise LogTampered(f"Record {leaf.seq} opens an ask that is open already.")
            self.open[leaf.ask] = OpenAsk(leaf.seq, leaf.person, leaf.role, leaf.object)
        elif leaf.action == ASK_CLOSED:
            found = self.open.pop(leaf.ask, None)
            if found is None or found.seq != leaf.number("opened"):
                raise LogTampered(f"Record {leaf.seq} closes an ask that is not open.")
            self.closed.add(leaf.ask)
        elif leaf.action == STORE_NOTED:
            self.stores[leaf.object] = store_mark(leaf)
        elif leaf.action == VALUE_NOTED:
            self.numbers[leaf.object] = leaf.number("value")
        elif leaf.action == PAYLOAD_ERASED:
            self.erased.add(leaf.number("record"))
        elif leaf.action == EPOCH_BEGAN:
            self.epoch = leaf.number("epoch")


def erased_by(leaves: Sequence[bytes], start: int) -> list[int]:
    """The records whose payloads these leaves, from number `start` on, say were erased."""
    mark = f'{{"action":"{PAYLOAD_ERASED}"'.encode()
    found = [(seq, leaf) for seq, leaf in enumerate(leaves, start) if leaf.startswith(mark)]
    return [recalled_leaf(leaf, seq).number("record") for seq, leaf in found]


def marks_in(leaves: Sequence[bytes], start: int) -> list[StoreMark]:
    """The stores' marks among these leaves, from number `start` on."""
    mark = f'{{"action":"{STORE_NOTED}"'.encode()
    found = [(seq, leaf) for seq, leaf in enumerate(leaves, start) if leaf.startswith(mark)]
    return [store_mark(recalled_leaf(leaf, seq)) for seq, leaf in found]


def store_mark(leaf: Leaf) -> StoreMark:
    """The mark a store.noted leaf holds. Raises LogTampered."""
    try:
        state = MarkState(leaf.outcome)
    except ValueError:
        raise LogTampered(f"Record {leaf.seq} notes a store in an unknown state.") from None
    return StoreMark(
        store_id=leaf.object,
        generation=leaf.number("generation"),
        size=leaf.number("size"),
        sha256=leaf.text("sha256"),
        state=state,
        wal_size=leaf.number("wal_size"),
        wal_sha256=leaf.text("wal_sha256"),
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index as it was when the log had index.size records with `root`."""

    index: LogIndex
    root: bytes


def write_snapshot(folder: Path, key: bytes, name: str, snapshot: Snapshot) -> None:
    index = snapshot.index
    content = {
        "name": name,
        "root": snapshot.root.hex(),
        "size": index.size,
        "time": index.time,
        "epoch": index.epoch,
        "open": [[ask, o.seq, o.person, o.role, o.object] for ask, o in index.open.items()],
        "stores": [
            [m.store_id, m.generation, m.size, m.sha256, m.state, m.wal_size, m.wal_sha256]
            for m in index.stores.values()
        ],
        "numbers": index.numbers,
        "erased": sorted(index.erased),
    }
    write_sealed(folder / FILE, key, json.dumps(content).encode(), _CONTEXT)


def read_snapshot(folder: Path, key: bytes, name: str) -> Snapshot | None:
    """None where there is none that can be used; the leaves are then read instead."""
    try:
        content = json.loads(read_sealed(folder / FILE, key, _CONTEXT, limit=_LIMIT))
    except (SealedMissing, Tampered, TooLarge):
        return None
    if content["name"] != name:
        return None
    index = LogIndex(
        size=content["size"],
        time=content["time"],
        epoch=content["epoch"],
        open={row[0]: OpenAsk(*row[1:]) for row in content["open"]},
        stores={
            row[0]: StoreMark(row[0], row[1], row[2], row[3], MarkState(row[4]), row[5], row[6])
            for row in content["stores"]
        },
        numbers=content["numbers"],
        erased=set(content["erased"]),
    )
    return Snapshot(index, bytes.fromhex(content["root"]))
