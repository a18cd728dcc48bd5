"""Appending records: encode, make durable, then what falls due.

Rules kept here: a record that does not fit is refused before anything is written; whatever goes
wrong after that closes the log to writing until it is opened anew (a failed fdatasync is never
tried again: what it dropped is gone); times never run backwards; one lock covers all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256

from appliance.audit.chain import Chain
from appliance.audit.epochs import note_digest
from appliance.audit.errors import LogClosed, RecordRefused
from appliance.audit.frames import MAX_BATCH
from appliance.audit.index import LogIndex, Snapshot, erased_by
from appliance.audit.leaf import CREATED, EPOCH_BEGAN, REPAIRED
from appliance.audit.record import MAX_PAYLOAD, Detail, Record, encoded_leaf, spelled_time
from appliance.audit.tiles import TILE_WIDTH
from appliance.errors import CloisterError, LogUnwritable

EPOCH_RECORDS = 4096
"""After so many records the signing keys advance."""

EPOCH_AT_OPEN = 256
"""An epoch that holds so many records ends when the log is opened."""

PUBLISH = TILE_WIDTH
PUBLISH_BATCHED = 4 * TILE_WIDTH
"""A checkpoint of all full tiles is published after so many records (written in batches)."""

JOURNAL_RECORDS = 4096
JOURNAL_BYTES = 32 * 1024 * 1024
"""The journal starts anew when it holds so much (and a full tile)."""


class Writer:
    """The one writer of an open chain. Safe to call from several threads."""

    def __init__(
        self, chain: Chain, index: LogIndex, clock: Callable[[], datetime], seat: str
    ) -> None:
        self.chain = chain
        self.index = index
        self.lock = threading.RLock()
        self._clock = clock
        self._seat = seat
        self._closed = False
        self._failed = False

    def append(self, records: Sequence[Record], payloads: Sequence[bytes | None] = ()) -> range:
        """All durable on return. Raises RecordRefused (nothing happened), LogUnwritable."""
        with self.lock:
            self.require_ready()
            start = self.chain.size
            if records:
                time = self._now()
                leaves, sealed = self._encoded(records, payloads, time)
                with self.writing():
                    self._commit(leaves, sealed, time)
                    self._settle(PUBLISH_BATCHED if len(records) > 1 else PUBLISH)
            return range(start, start + len(records))

    def recover(self, torn: tuple[int, int] | None, published: int) -> None:
        """After opening: cut a torn tail and say so, finish what a crash interrupted."""
        chain = self.chain
        with self.lock, self.writing():
            if not chain.size:
                digest = note_digest(chain.keys.epoch)
                self._own(Record(CREATED, object=chain.name, details=(("note", digest),)), torn)
            elif torn is not None:
                details = (("bytes", torn[1]), ("record", chain.size))
                self._own(Record(REPAIRED, code="torn_append", details=details), torn)
            if chain.size != published:
                chain.publish()
            else:
                chain.segment.write_tiles(chain.size)
                chain.published = published
            for seq in erased_by(chain.segment.leaves, chain.segment.start):
                chain.erase(seq)
            self._finish_epoch()
            if chain.size - chain.keys.epoch.start >= EPOCH_AT_OPEN:
                self._next_epoch()

    def next_epoch(self) -> None:
        """The keys in force sign once more, and are gone on return."""
        with self.lock, self.writing():
            self._next_epoch()

    def close(self) -> None:
        """Publishes and lets go; a log that failed is let go as it is."""
        with self.lock:
            if self._closed:
                return
            try:
                if not self._failed:
                    with self.writing():
                        self.chain.publish()
                        self._snapshot()
                        self.chain.anchor()
            finally:
                self._closed = True
                self.chain.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Whatever goes wrong in here closes the log to further writing (fail closed)."""
        self.require_ready()
        try:
            yield
        except OSError as error:
            self._failed = True
            sentence = f"The compliance log cannot be written: {error.strerror or error}."
            raise LogUnwritable(sentence) from error
        except CloisterError as error:
            self._failed = True
            sentence = f"The compliance log cannot be written. {error.sentence}"
            raise LogUnwritable(sentence) from error
        except BaseException:
            self._failed = True
            raise

    def require_open(self) -> None:
        if self._closed:
            raise LogClosed("The compliance log is closed.")

    def require_ready(self) -> None:
        self.require_open()
        if self._failed:
            raise LogUnwritable("The compliance log failed earlier and takes no more records.")

    def _encoded(
        self, records: Sequence[Record], payloads: Sequence[bytes | None], time: str
    ) -> tuple[list[bytes], list[bytes]]:
        if len(records) > MAX_BATCH:
            raise RecordRefused(f"At most {MAX_BATCH} records are written together.")
        if payloads and len(payloads) != len(records):
            raise RecordRefused("There must be one payload, or None, for each record.")
        sealed = [payload or b"" for payload in payloads] or [b""] * len(records)
        if max(map(len, sealed)) > MAX_PAYLOAD:
            raise RecordRefused(f"A sealed payload has at most {MAX_PAYLOAD} bytes.")
        leaves = [
            encoded_leaf(
                record,
                seq=seq,
                time=time,
                seat=self._seat,
                payload=sha256(payload).hexdigest() if payload else "",
            )
            for seq, (record, payload) in enumerate(
                zip(records, sealed, strict=True), self.chain.size
            )
        ]
        return leaves, sealed

    def _commit(
        self,
        leaves: list[bytes],
        sealed: list[bytes],
        time: str,
        torn: tuple[int, int] | None = None,
    ) -> None:
        self.chain.commit(leaves, sealed, torn)
        self.index.take(leaves)
        self.index.time = time

    def _own(self, record: Record, torn: tuple[int, int] | None = None) -> None:
        """A record of the log about itself, in the midst of other writing."""
        time = self._now()
        leaves, sealed = self._encoded((record,), (), time)
        self._commit(leaves, sealed, time, torn)

    def _settle(self, interval: int) -> None:
        """What falls due after an append: checkpoint, journal, keys."""
        chain = self.chain
        length = chain.size - chain.segment.start
        full = length >= JOURNAL_RECORDS or chain.journal.end >= JOURNAL_BYTES
        rotating = full and length >= TILE_WIDTH
        if chain.size - chain.keys.epoch.start >= EPOCH_RECORDS:
            self._next_epoch()  # publishes; as a rule the journal ends here too, and needs that
        boundary = chain.boundary
        published = chain.published // TILE_WIDTH * TILE_WIDTH
        if boundary and (rotating or boundary.size - published >= interval):
            chain.publish(boundary)
        if rotating:
            self._snapshot()
            chain.rotate(self.index.erased)

    def _next_epoch(self) -> None:
        """The old keys publish once more, sign the new ones and are gone."""
        self.chain.publish()
        self.chain.advance_keys()
        self._finish_epoch()

    def _finish_epoch(self) -> None:
        """Records the epoch in force, where that is not done yet."""
        epoch = self.chain.keys.epoch
        if self.index.epoch < epoch.number:
            details: tuple[Detail, ...] = (("epoch", epoch.number), ("note", note_digest(epoch)))
            self._own(Record(EPOCH_BEGAN, object=self.chain.name, details=details))
            self.chain.anchor()

    def _snapshot(self) -> None:
        self.chain.save_index(Snapshot(self.index, self.chain.frontier.root()))

    def _now(self) -> str:
        return max(spelled_time(self._clock()), self.index.time)
