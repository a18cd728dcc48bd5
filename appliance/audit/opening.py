"""Opening a log: is what lies there what was acknowledged, whole, and nothing older?

Rules kept here: what was acknowledged and is not there is tampering, never repaired; only a last
append that nobody was told of may be cut, and that is said; the journal's end must be signed by the
current keys, the checkpoint by both; nothing is written here but the file of an epoch's note that a
crash kept back.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from appliance.audit.chain import CHECKPOINT, Chain
from appliance.audit.epochs import FOLDER as EPOCHS
from appliance.audit.epochs import (
    Epoch,
    epoch_of,
    epoch_path,
    first_epoch,
    next_epoch,
    parsed_epoch,
    require_epoch_may_sign,
)
from appliance.audit.errors import LogTampered, NoLog
from appliance.audit.frames import Frame, parsed_header, read_frames
from appliance.audit.head import Head, Reached
from appliance.audit.index import LogIndex, Snapshot, read_snapshot
from appliance.audit.journal import FILE as JOURNAL
from appliance.audit.journal import Journal
from appliance.audit.keys import FILE as KEYS
from appliance.audit.keys import EpochKeys, read_keys
from appliance.audit.leaf import parsed_leaf
from appliance.audit.merkle import Frontier, leaf_hashes
from appliance.audit.note import (
    MAX_NOTE,
    Checkpoint,
    checkpoint_text,
    opened_note,
    parsed_checkpoint,
    split_note,
)
from appliance.audit.segment import Segment, right_edge
from appliance.audit.tiles import PAYLOADS, TILE_WIDTH
from appliance.vault.errors import BadSignature
from appliance.vault.sealed import remove_leftovers
from appliance.vault.signing import require_signature


@dataclass(frozen=True, slots=True)
class Opening:
    """An open log as it was found. torn: (offset, bytes) of a tail to be replaced, or None."""

    chain: Chain
    index: LogIndex
    checkpoint: Checkpoint | None
    torn: tuple[int, int] | None


def open_chain(folder: Path, key: bytes) -> Opening:
    """Raises NoLog, AlreadyRunning, LogTampered with the first thing that is wrong."""
    if not (folder / JOURNAL).exists() and not (folder / KEYS).exists():
        raise NoLog("There is no compliance log in this folder.")
    journal = Journal(folder)
    try:
        for place in (folder, folder / EPOCHS, *(folder / PAYLOADS).glob("**/")):
            remove_leftovers(place)
        keys = read_keys(folder, key)
        head = Head(folder, key)
    except BaseException:
        journal.close()
        raise
    try:
        return _opened(folder, key, keys, journal, head)
    except BaseException:
        head.close()
        journal.close()
        raise


def _opened(folder: Path, key: bytes, keys: EpochKeys, journal: Journal, head: Head) -> Opening:
    untrusted = journal.read()
    header = parsed_header(untrusted)
    segment = Segment(folder, header.start, right_edge(folder, header.start))
    chain = Chain(key, keys, journal, head, segment)
    if chain.frontier.root() != header.root:
        raise LogTampered(f"The tiles before record {header.start} are damaged.")
    epochs = _current_epochs(chain)
    frames, end = read_frames(untrusted, header.start)
    if frames and not _payloads_whole(frames[-1], untrusted):
        end = frames.pop().offset
    checkpoint = _checkpoint(folder, epochs)
    snapshot = read_snapshot(folder, key, chain.name)
    _require_anchors(checkpoint, head.reached, snapshot, header.start)
    _replay(chain, frames, _known_roots(keys, checkpoint, head.reached, snapshot))
    _require_signed_end(chain, frames, epochs, checkpoint)
    index = _index(chain, snapshot)
    tail = len(untrusted[end:].rstrip(b"\x00"))
    torn = (end, tail) if tail else None
    journal.end = end
    return Opening(chain, index, checkpoint, torn)


def _current_epochs(chain: Chain) -> tuple[Epoch, ...]:
    """The epoch in force and, after the first, the one before it."""
    current = chain.keys.epoch
    chain.write_epoch_note()
    path = chain.folder / epoch_path(current.number)
    if path.read_bytes() != chain.keys.note:
        raise LogTampered(f"{epoch_path(current.number)} is not the note of the current keys.")
    if (chain.folder / epoch_path(current.number + 1)).exists():
        raise LogTampered("The log's signing keys were set back to an earlier epoch.")
    if not current.number:
        return (current,)
    before = chain.folder / epoch_path(current.number - 1)
    if not before.exists():
        raise LogTampered(f"{epoch_path(current.number - 1)} is missing.")
    note = before.read_bytes()[: MAX_NOTE + 1]
    if current.number == 1:
        earlier = first_epoch(note, chain.keys.public_key)
    else:
        earlier = parsed_epoch(split_note(note)[0])
    return (earlier, next_epoch(chain.keys.note, earlier))


def _checkpoint(folder: Path, epochs: tuple[Epoch, ...]) -> Checkpoint | None:
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    with path.open("rb") as file:
        untrusted = file.read(MAX_NOTE + 1)
    epoch = epoch_of(epochs, untrusted)
    checkpoint = parsed_checkpoint(opened_note(untrusted, epoch.name, epoch.keys))
    if checkpoint.name != epoch.name:
        raise LogTampered("The checkpoint is another log's.")
    require_epoch_may_sign(epochs, epoch.number, checkpoint.size)
    return checkpoint


def _require_anchors(
    checkpoint: Checkpoint | None, reached: Reached, snapshot: Snapshot | None, start: int
) -> None:
    if checkpoint is None:
        if start or reached.size > 1 or snapshot is not None:
            raise LogTampered("The log's checkpoint is missing.")
        return
    if checkpoint.size < start:
        raise LogTampered("The checkpoint is older than the journal; it was put back.")
    if reached.size < start:
        raise LogTampered("The log's head is older than the journal; it was put back.")


def _known_roots(
    keys: EpochKeys, checkpoint: Checkpoint | None, reached: Reached, snapshot: Snapshot | None
) -> dict[int, list[tuple[str, bytes]]]:
    known: dict[int, list[tuple[str, bytes]]] = {reached.size: [("head", reached.root)]}
    known.setdefault(keys.reached, []).append(("keys", keys.root))
    if checkpoint is not None:
        known.setdefault(checkpoint.size, []).append(("checkpoint", checkpoint.root))
    if snapshot is not None:
        known.setdefault(snapshot.index.size, []).append(("index", snapshot.root))
    return known


def _replay(chain: Chain, frames: list[Frame], known: dict[int, list[tuple[str, bytes]]]) -> None:
    """Takes the frames in and holds the roots on the way against those that are known."""
    _require_root(chain.frontier, known)
    for frame in frames:
        for at, leaf in enumerate(frame.leaves):
            if frame.payloads[at][1]:
                chain.segment.payloads[frame.start + at] = frame.payloads[at]
            chain.replay(leaf)
            if chain.size in known:
                _require_root(chain.frontier, known)
        chain.signed = (frame.epoch, frame.signature)
    beyond = max(known)
    if beyond > chain.size:
        who = known[beyond][0][0]
        raise LogTampered(
            f"The log was cut or damaged at record {chain.size}: its {who} speaks of {beyond}."
        )


def _require_root(frontier: Frontier, known: dict[int, list[tuple[str, bytes]]]) -> None:
    for who, root in known.get(frontier.size, ()):
        if frontier.root() != root:
            raise LogTampered(
                f"The first {frontier.size} records are not those the log's {who} commits to."
            )


def _require_signed_end(
    chain: Chain,
    frames: list[Frame],
    epochs: tuple[Epoch, ...],
    checkpoint: Checkpoint | None,
) -> None:
    """The root at the end is signed: by the last frame, or where there is none, the checkpoint."""
    if not frames:
        if chain.size and (checkpoint is None or checkpoint.size != chain.size):
            raise LogTampered("The journal is empty where the checkpoint says it is not.")
        return
    number, signature = chain.signed
    epoch = require_epoch_may_sign(epochs, number, chain.size)
    text = checkpoint_text(chain.name, chain.size, chain.frontier.root())
    try:
        require_signature(epoch.ed25519, text, signature)
    except BadSignature:
        raise LogTampered(f"The signature after record {chain.size - 1} is wrong.") from None


def _payloads_whole(frame: Frame, untrusted: bytes) -> bool:
    """Whether the payloads of the last append are all there (they lie behind its checksum)."""
    for at, leaf in enumerate(frame.leaves):
        offset, length = frame.payloads[at]
        if length:
            expected = parsed_leaf(leaf, frame.start + at).payload
            if sha256(untrusted[offset : offset + length]).hexdigest() != expected:
                return False
    return True


def _index(chain: Chain, snapshot: Snapshot | None) -> LogIndex:
    """The index at the log's end: from the snapshot where it serves, else from all leaves."""
    segment = chain.segment
    if snapshot is not None and snapshot.index.size >= segment.start:
        index = snapshot.index
    else:
        index = LogIndex()
        _scan(chain, index)
    index.take(segment.leaves[index.size - segment.start :])
    if chain.size:
        last = parsed_leaf(chain.leaf(chain.size - 1), chain.size - 1)
        index.time = last.time
    index.closed.clear()
    return index


def _scan(chain: Chain, index: LogIndex) -> None:
    frontier = Frontier()
    for block in range(chain.segment.start // TILE_WIDTH):
        leaves = chain.bundle(block)
        frontier.extend(leaf_hashes(leaves))
        index.take(leaves)
    if frontier.root() != chain.segment.frontier().root():
        raise LogTampered(f"The records before {chain.segment.start} are not those logged.")
