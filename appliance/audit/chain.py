"""The log as a chain of bytes on disk: append, publish, rotate the journal, advance the keys.

Rules kept here: an append is one write and one fdatasync of the journal, and what is in memory
moves only after both; a root is signed before it is written, and is a checkpoint to the byte; a
checkpoint is published only after the tiles it needs; the journal is replaced only after everything
before its new start is durable in tiles. Raises OSError or CloisterError, after which the caller
must not use it again. Not safe for several threads; the log's lock covers it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from appliance.audit.epochs import FOLDER as EPOCHS
from appliance.audit.epochs import epoch_path
from appliance.audit.errors import LogTampered
from appliance.audit.frames import HEADER_SIZE, Header, encoded_frame, payload_places
from appliance.audit.head import Head, Reached
from appliance.audit.index import Snapshot, write_snapshot
from appliance.audit.journal import FILE as JOURNAL
from appliance.audit.journal import Journal
from appliance.audit.keys import EpochKeys, next_keys, write_keys
from appliance.audit.merkle import EMPTY_ROOT, leaf_hash, leaf_hashes
from appliance.audit.note import Checkpoint, checkpoint_text, signed_note
from appliance.audit.segment import Segment
from appliance.audit.tiles import (
    TILE_WIDTH,
    Tile,
    parsed_entries,
    parsed_hashes,
    parsed_payloads,
    payload_bundle,
    payload_path,
)
from appliance.vault.durable import sync_folder
from appliance.vault.sealed import write_atomic

CHECKPOINT = "checkpoint"


class Chain:
    """The open files of a log. `signed` is the newest root's epoch and signature."""

    def __init__(
        self, key: bytes, keys: EpochKeys, journal: Journal, head: Head, segment: Segment
    ) -> None:
        """segment: empty, at the start of the journal."""
        self.folder = segment.folder
        self.keys = keys
        self.journal = journal
        self.head = head
        self.segment = segment
        self.frontier = segment.frontier()
        self.signed: tuple[int, bytes] = (0, b"")
        self.boundary: Checkpoint | None = None
        self.published = 0
        self._key = key
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    @property
    def name(self) -> str:
        return self.keys.epoch.name

    @property
    def size(self) -> int:
        return self.frontier.size

    def replay(self, leaf: bytes) -> None:
        """Takes in a leaf that the journal holds already."""
        hashed = (leaf_hash(leaf),)
        self.segment.take((leaf,), hashed, self.frontier.extend(hashed))

    def commit(
        self,
        leaves: Sequence[bytes],
        payloads: Sequence[bytes],
        torn: tuple[int, int] | None = None,
    ) -> None:
        """Appends, durable on return. payloads: one for each leaf, b"" for none.

        torn: (offset, bytes) of a torn tail that the frame replaces."""
        hashes = leaf_hashes(leaves)
        frontier = self.frontier.copy()
        boundary = self.boundary
        whole = (self.size + len(hashes)) // TILE_WIDTH * TILE_WIDTH - self.size
        runs: list[bytes] = []
        if whole > 0:
            runs = frontier.extend(hashes[:whole])
            boundary = Checkpoint(self.name, frontier.size, frontier.root())
        frontier.extend(hashes[max(whole, 0) :])
        root = frontier.root()
        epoch = self.keys.epoch.number
        signature = self.keys.ed25519.sign(checkpoint_text(self.name, frontier.size, root))
        frame = encoded_frame(self.size, epoch, leaves, payloads, signature)
        if torn is None:
            offset = self.journal.append(frame)
        else:
            offset = torn[0]
            self.journal.repair(*torn, frame)
        self.head.write(frontier.size, root)
        self._remember(offset, len(frame), payloads)
        self.segment.take(leaves, hashes, runs)
        self.frontier, self.boundary, self.signed = frontier, boundary, (epoch, signature)

    def publish(self, checkpoint: Checkpoint | None = None) -> bytes:
        """Writes the tiles and then the checkpoint (of the whole log if none is given), signed
        with both keys. Returns the note. Tiles become durable when the journal is replaced."""
        if checkpoint is None:
            checkpoint = Checkpoint(self.name, self.size, self.frontier.root())
        self.segment.write_tiles(checkpoint.size)
        note = signed_note(checkpoint.text, self.name, self.keys.signers)
        write_atomic(self.folder / CHECKPOINT, note)
        self.boundary = None
        self.published = checkpoint.size
        return note

    def rotate(self, erased: set[int]) -> None:
        """Makes everything up to the last full tile durable in tiles and payload bundles, then
        starts the journal anew from there. `boundary` must have been published."""
        start = self.segment.blocks * TILE_WIDTH
        payloads = {
            seq: self.journal.read_at(*place)
            for seq, place in self.segment.payloads.items()
            if seq not in erased
        }
        self.segment.write_payloads(start, payloads)
        self.segment.sync()
        self.head.sync()
        following = self.segment.rest(start)
        content = Header(start, following.frontier().root()).encoded()
        rest = [payloads.get(seq, b"") for seq in range(start, self.size)]
        if rest:
            frame = encoded_frame(start, self.signed[0], following.leaves, rest, self.signed[1])
            content += frame
        self.journal.replace(content)
        self.segment = following
        if rest:
            self._remember(HEADER_SIZE, len(frame), rest, start)

    def advance_keys(self) -> None:
        """Begins the next epoch: the old keys sign the new ones, and are gone on return."""
        keys = next_keys(self.keys, self.size, self.frontier.root())
        write_keys(self.folder, self._key, keys)
        self.keys = keys
        self.write_epoch_note()

    def anchor(self) -> None:
        """Seals beside the keys how far the log has come."""
        self.keys = replace(self.keys, reached=self.size, root=self.frontier.root())
        write_keys(self.folder, self._key, self.keys)

    def save_index(self, snapshot: Snapshot) -> None:
        write_snapshot(self.folder, self._key, self.name, snapshot)

    def write_epoch_note(self) -> None:
        """Writes the current epoch's note beside those before it, where it is not there yet."""
        path = self.folder / epoch_path(self.keys.epoch.number)
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomic(path, self.keys.note)

    # --- reading -----------------------------------------------------------------------------

    def leaf(self, seq: int) -> bytes:
        """Raises LogTampered where the entry on disk is not the one its tile commits to."""
        if seq >= self.segment.start:
            return self.segment.leaves[seq - self.segment.start]
        return self.bundle(seq // TILE_WIDTH)[seq % TILE_WIDTH]

    def epoch_notes(self) -> tuple[bytes, ...]:
        """Raises LogTampered where one is missing."""
        paths = [epoch_path(number) for number in range(self.keys.epoch.number + 1)]
        try:
            return tuple((self.folder / path).read_bytes() for path in paths)
        except FileNotFoundError as error:
            raise LogTampered(f"{error.filename} is missing.") from None

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a full bundle, each held against its hash."""
        if self._bundle[0] != index:
            entries, hashes = Tile(-1, index), Tile(0, index)
            try:
                found = parsed_entries((self.folder / entries.path).read_bytes(), TILE_WIDTH)
                expected = parsed_hashes((self.folder / hashes.path).read_bytes(), TILE_WIDTH)
            except FileNotFoundError as error:
                raise LogTampered(f"{error.filename} is missing.") from None
            except ValueError:
                raise LogTampered(f"{entries.path} or {hashes.path} is damaged.") from None
            for at, (entry, hashed) in enumerate(zip(found, expected, strict=True)):
                if leaf_hash(entry) != hashed:
                    raise LogTampered(f"Record {entries.start + at} is not the one logged.")
            self._bundle = (index, found)
        return self._bundle[1]

    def payload(self, seq: int) -> bytes:
        """The sealed payload's bytes as they lie there; b"" for none."""
        if seq >= self.segment.start:
            place = self.segment.payloads.get(seq)
            return self.journal.read_at(*place) if place else b""
        try:
            untrusted = (self.folder / payload_path(seq // TILE_WIDTH)).read_bytes()
            return parsed_payloads(untrusted, TILE_WIDTH)[seq % TILE_WIDTH]
        except FileNotFoundError:
            return b""
        except ValueError:
            raise LogTampered(f"{payload_path(seq // TILE_WIDTH)} is damaged.") from None

    def erase(self, seq: int) -> None:
        """Takes the payload's bytes away, durable on return; again if need be. Its erasure must
        be logged before."""
        if not self.payload(seq).strip(b"\x00"):
            return
        if seq >= self.segment.start:
            self.journal.erase(*self.segment.payloads[seq])
            return
        path = self.folder / payload_path(seq // TILE_WIDTH)
        payloads = parsed_payloads(path.read_bytes(), TILE_WIDTH)
        payloads[seq % TILE_WIDTH] = b""
        write_atomic(path, payload_bundle(payloads))

    def close(self) -> None:
        self.head.close()
        self.journal.close()

    def _remember(
        self, offset: int, size: int, payloads: Sequence[bytes], start: int | None = None
    ) -> None:
        first = self.size if start is None else start
        if any(payloads):
            places = payload_places(offset, size, payloads)
            for at, payload in enumerate(payloads):
                if payload:
                    self.segment.payloads[first + at] = (places[at], len(payload))


def create_files(folder: Path, key: bytes, keys: EpochKeys) -> None:
    """The files of an empty log, made aside and moved to their place together. `folder` may
    exist if it is empty. Raises OSError, StorageFull, StorageReadOnly."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what an earlier creation left when it was cut short
    (aside / EPOCHS).mkdir(mode=0o700, parents=True)
    write_keys(aside, key, keys)
    write_atomic(aside / epoch_path(0), keys.note)
    Head.create(aside, key, Reached(0, EMPTY_ROOT))
    write_atomic(aside / JOURNAL, Header(0, EMPTY_ROOT).encoded())
    aside.replace(folder)
    sync_folder(folder.parent)
