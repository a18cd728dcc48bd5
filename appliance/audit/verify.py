"""The checker: proves a log, or a copy of it, from nothing but its files and the public key K.

Rules kept here: nothing of the writer is imported; everything is derived again (entries to leaf
hashes, to tiles, to roots, to signatures, through the key epochs from the first); the first thing
that is wrong is named; what a copy alone cannot show (a whole older state put back) needs a
checkpoint that was kept elsewhere, and is checked against it when given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.audit.copy import Copy, opened_copy
from appliance.audit.epochs import (
    Epoch,
    opened_chain,
    opened_checkpoint,
    require_epoch_may_sign,
)
from appliance.audit.errors import LogTampered
from appliance.audit.files import require_lines, require_payloads, require_tiles
from appliance.audit.frames import Frame, Header, parsed_header, read_frames
from appliance.audit.leaf import Leaf, parsed_leaf
from appliance.audit.merkle import Frontier, leaf_hashes
from appliance.audit.note import Checkpoint, checkpoint_text
from appliance.audit.story import Story
from appliance.audit.tiles import TILE_WIDTH, Tile, bundles_of, parsed_entries
from appliance.errors import StorageReadOnly
from appliance.vault.durable import storage_error
from appliance.vault.errors import BadSignature
from appliance.vault.signing import require_signature

_ATTEMPTS = 4
"""A log that is written meanwhile may be read in two states; then it is read again."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was proved: `size` records with `root`, by the log `name`.

    checkpoint: the size of the published checkpoint. epochs: key epochs from K on. asks: how many
    were opened; unclosed: ids of those without a closing record (running, or interrupted and not
    yet closed). payloads: sealed texts that are there and match; erased: those taken away as a
    record says. torn: bytes of an unfinished append at the journal's end, acknowledged to nobody.
    """

    name: str
    size: int
    root: bytes
    checkpoint: int
    epochs: int
    asks: int
    unclosed: tuple[str, ...]
    payloads: int
    erased: int
    torn: int

    @property
    def sentence(self) -> str:
        said = f"The log is whole: {self.size} records, {self.asks} asks, {self.epochs} key epochs."
        if self.erased:
            said += f" Erased on record: {self.erased} payloads."
        if self.unclosed:
            said += f" Still open: {len(self.unclosed)} asks."
        return said


@dataclass(slots=True)
class _Tail:
    """The journal of a live log. An exported copy has none: start is its size."""

    start: int
    frames: list[Frame] = field(default_factory=list)
    torn: int = 0

    @property
    def size(self) -> int:
        return self.start + sum(len(frame.leaves) for frame in self.frames)


def verify(
    folder: Path,
    public_key: str,
    *,
    known_checkpoint: bytes | None = None,
    also: Sequence[tuple[str, bytes]] = (),
    on_leaf: Callable[[Leaf], None] | None = None,
) -> Verification:
    """Returns only if everything holds. Raises LogTampered with the first record, tile or file
    that is wrong, NoLog where there is no log, StorageReadOnly where files cannot be read.

    public_key: K, as the log said it when it was made. known_checkpoint: a checkpoint of this log
    kept elsewhere; the log must continue it. also: further ones, each with what to call it.
    on_leaf: given every record of an exported copy as it is read; they are proved only once this
    returns, and worth nothing if it raises."""
    kept = list(also)
    if known_checkpoint is not None:
        kept.append(("the checkpoint you kept", known_checkpoint))
    try:
        for _ in range(_ATTEMPTS - 1):
            copy = opened_copy(folder)
            try:
                return _verified(copy, public_key, kept, on_leaf)
            except LogTampered:
                if not copy.changed() or on_leaf is not None:
                    raise
        return _verified(opened_copy(folder), public_key, kept, on_leaf)
    except PermissionError as error:
        raise StorageReadOnly(
            "A file of the log may not be read.", hint="Run this as the user who owns the copy."
        ) from error
    except OSError as error:
        raise storage_error(error, "the log was not read") from error


def _verified(
    copy: Copy,
    public_key: str,
    kept: Sequence[tuple[str, bytes]],
    on_leaf: Callable[[Leaf], None] | None,
) -> Verification:
    epochs = opened_chain(copy.epochs, public_key)
    published = _published(copy, epochs)
    tail, header = _tail(copy, published)
    known = _known(epochs, published, header)
    for who, untrusted in kept:
        try:
            told = opened_checkpoint(untrusted, epochs)
        except LogTampered as error:
            raise LogTampered(f"This log does not continue {who}. {error.sentence}") from error
        known.setdefault(told.size, []).append((who, told.root))
    if max(known) > tail.size:
        raise LogTampered(
            f"The log was cut: {known[max(known)][0][0]} speaks of {max(known)} records, "
            f"{tail.size} are there."
        )
    reading = _Reading(copy, epochs, tail, known, on_leaf)
    reading.run()
    reading.story.require_ended(live=copy.journal is not None)
    require_tiles(copy, reading.hashes, reading.tail_leaves, tail.start)
    payloads, erased = require_payloads(copy, reading.story, tail.frames, tail.size)
    require_lines(copy.folder, reading.hashes)
    return Verification(
        name=epochs[0].name,
        size=tail.size,
        root=reading.frontier.root(),
        checkpoint=published.size if published else 0,
        epochs=len(epochs),
        asks=reading.story.asks,
        unclosed=reading.story.unclosed,
        payloads=payloads,
        erased=erased,
        torn=tail.torn,
    )


def _published(copy: Copy, epochs: tuple[Epoch, ...]) -> Checkpoint | None:
    if copy.checkpoint is None:
        if copy.journal is None:
            raise LogTampered("The checkpoint is missing.")
        return None
    return opened_checkpoint(copy.checkpoint, epochs)


def _tail(copy: Copy, published: Checkpoint | None) -> tuple[_Tail, Header | None]:
    if copy.journal is None:
        return _Tail(published.size if published else 0), None
    header = parsed_header(copy.journal)
    if header.start % TILE_WIDTH or (published and published.size < header.start):
        raise LogTampered("The journal begins where it cannot.")
    if published is None and header.start:
        raise LogTampered("The checkpoint is missing.")
    frames, end = read_frames(copy.journal, header.start)
    tail = _Tail(header.start, frames, len(copy.journal[end:].rstrip(b"\x00")))
    return tail, header


def _known(
    epochs: tuple[Epoch, ...], published: Checkpoint | None, header: Header | None
) -> dict[int, list[tuple[str, bytes]]]:
    """Sizes at which the root must be a certain one, and who says so."""
    known: dict[int, list[tuple[str, bytes]]] = {}
    for epoch in epochs:
        known.setdefault(epoch.start, []).append((f"key epoch {epoch.number}", epoch.root))
    if published is not None:
        known.setdefault(published.size, []).append(("the checkpoint", published.root))
    if header is not None:
        known.setdefault(header.start, []).append(("the journal", header.root))
    return known


class _Reading:
    """Reads every record once, in order, and holds it against all that commits to it."""

    def __init__(
        self,
        copy: Copy,
        epochs: tuple[Epoch, ...],
        tail: _Tail,
        known: dict[int, list[tuple[str, bytes]]],
        on_leaf: Callable[[Leaf], None] | None,
    ) -> None:
        self._on_leaf = on_leaf
        self.story = Story(epochs)
        self.frontier = Frontier()
        self.hashes: list[bytes] = []
        self.tail_leaves: list[bytes] = []
        self._copy = copy
        self._epochs = epochs
        self._tail = tail
        self._known = known

    def run(self) -> None:
        self._require_root()
        for bundle in bundles_of(self._tail.start):
            leaves, hashes = self._bundle(bundle)
            self._take(leaves, hashes)
            if bundle.width < TILE_WIDTH:
                self.tail_leaves += leaves
        for frame in self._tail.frames:
            self._take(frame.leaves, leaf_hashes(frame.leaves))
            self.tail_leaves += frame.leaves
            self._require_frame(frame)

    def _bundle(self, bundle: Tile) -> tuple[list[bytes], list[bytes]]:
        """The entries of a bundle and what each hashes to, which is as its tile has it."""
        try:
            leaves = parsed_entries(self._copy.tile(bundle), bundle.width)
        except ValueError:
            raise LogTampered(f"{bundle.path} is damaged.") from None
        tile = Tile(0, bundle.index, bundle.width)
        untrusted_hashes = self._copy.tile(tile)
        if len(untrusted_hashes) != 32 * bundle.width:
            raise LogTampered(f"{tile.path} is damaged.")
        hashes = leaf_hashes(leaves)
        for at, hashed in enumerate(hashes):
            if untrusted_hashes[32 * at : 32 * at + 32] != hashed:
                raise LogTampered(f"Record {bundle.start + at} is not the one in {tile.path}.")
        return leaves, hashes

    def _take(self, leaves: Sequence[bytes], hashes: Sequence[bytes]) -> None:
        """hashes: what each leaf hashes to, worked out here and never read."""
        for leaf, hashed in zip(leaves, hashes, strict=True):
            parsed = parsed_leaf(leaf, self.frontier.size)
            self.story.read(parsed)
            if self._on_leaf is not None:
                self._on_leaf(parsed)
            self.frontier.add(hashed)
            self.hashes.append(hashed)
            if self.frontier.size in self._known:
                self._require_root()

    def _require_root(self) -> None:
        size, root = self.frontier.size, self.frontier.root()
        for who, expected in self._known.get(size, ()):
            if root != expected:
                raise LogTampered(f"The first {size} records are not those that {who} commits to.")

    def _require_frame(self, frame: Frame) -> None:
        """Every append carries the signature of the root after it."""
        size = self.frontier.size
        epoch = require_epoch_may_sign(self._epochs, frame.epoch, size)
        text = checkpoint_text(epoch.name, size, self.frontier.root())
        try:
            require_signature(epoch.ed25519, text, frame.signature)
        except BadSignature:
            raise LogTampered(f"The signature after record {size - 1} is wrong.") from None
