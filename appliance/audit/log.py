"""The compliance log: what the rest of the product writes to and reads from.

Rules kept here: a record is durable when its number is returned; an ask has one opening and exactly
one closing record; if a write fails, nothing more is written until the log is opened anew, so there
is no answer without a record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from appliance.audit.chain import create_files
from appliance.audit.copying import copy_log
from appliance.audit.errors import (
    AlreadyClosed,
    AskUnknown,
    LogExists,
    LogTampered,
    PayloadAbsent,
    PayloadErased,
    RecordRefused,
)
from appliance.audit.excerpt import Proved
from appliance.audit.happenings import (
    ask_closed,
    ask_opened,
    payload_erased,
    store_noted,
    value_noted,
)
from appliance.audit.holding import HeldLog, held_log
from appliance.audit.index import OpenAsk, marks_in
from appliance.audit.keys import first_keys
from appliance.audit.leaf import RESERVED, moment, parsed_leaf, shown
from appliance.audit.note import vkey
from appliance.audit.opening import Opening, open_chain
from appliance.audit.record import Detail, Record
from appliance.audit.subtrees import proved_consistency, proved_inclusion, proved_records
from appliance.audit.writer import Writer
from appliance.errors import CloisterError, LogUnwritable
from appliance.values import (
    Answer,
    Inclusion,
    LogRecord,
    Outcome,
    Question,
    StoreMark,
    Verdict,
)

_ASKS_AT_ONCE = 1024


class Log:
    """An open log. Every method may be called from any thread.

    Each that writes raises LogUnwritable when a write fails, and from then on always, until the
    log is opened again; RecordRefused for a record that does not fit, which changes nothing."""

    def __init__(self, found: Opening, writer: Writer) -> None:
        """Use `create` or `open`."""
        self._writer = writer
        self._chain = writer.chain
        self._index = writer.index
        self._lock = writer.lock
        self._interrupted = tuple(found.index.open)

    @staticmethod
    def create(
        folder: Path, origin: str, key: bytes, clock: Callable[[], datetime], *, seat: str = ""
    ) -> Log:
        """A new log in `folder` (made if need be), durable on return; after a crash there is a
        whole one or none.

        origin: what the log's name begins with, like "hospital.example/desk-7" (no spaces, no
        plus). key: 32 bytes; seals the signing keys. Raises LogExists, LogUnwritable."""
        keys = first_keys(origin)
        if folder.exists() and any(folder.iterdir()):
            raise LogExists("There is a compliance log in this folder already.")
        try:
            create_files(folder, key, keys)
        except (OSError, CloisterError) as error:
            raise LogUnwritable("The compliance log could not be created.") from error
        return Log.open(folder, key, clock, seat=seat)

    @staticmethod
    def open(folder: Path, key: bytes, clock: Callable[[], datetime], *, seat: str = "") -> Log:
        """Opens the log and makes it ready to append.

        Guaranteed on return: every acknowledged record is there, the last of them signed; nothing
        is older than what the checkpoint, the head and the index speak of; a torn append that
        nobody was told of is cut, and a record says so. What this does not read again (older
        tiles) `verify` does. Raises NoLog, AlreadyRunning, LogTampered, LogUnwritable."""
        try:
            found = open_chain(folder, key)
        except OSError as error:
            raise LogUnwritable("The compliance log could not be opened.") from error
        writer = Writer(found.chain, found.index, clock, seat)
        log = Log(found, writer)
        try:
            writer.recover(found.torn, found.checkpoint.size if found.checkpoint else 0)
        except BaseException:
            found.chain.close()
            raise
        return log

    def close(self) -> None:
        """Publishes the checkpoint and the index, and lets go. Asks still open stay open. Raises
        LogUnwritable; the log is closed all the same."""
        self._writer.close()

    # --- writing -----------------------------------------------------------------------------

    def append(self, record: Record, payload: bytes | None = None) -> int:
        """Writes a record; its number (from 0) is returned once it is durable.

        payload: sealed personal text, up to 4 MiB; the leaf holds its hash."""
        return self.append_batch((record,), (payload,)).start

    def append_batch(
        self, records: Sequence[Record], payloads: Sequence[bytes | None] = ()
    ) -> range:
        """Writes the records together: all are durable on return, or none is acknowledged.

        Returns their numbers. payloads: none, or one for each record."""
        for record in records:
            if record.action in RESERVED:
                raise RecordRefused(f"Only the log itself writes {record.action!r}.")
        return self._writer.append(records, payloads)

    def open_ask(
        self,
        question: Question,
        verdict: Verdict,
        payload: bytes | None = None,
        details: tuple[Detail, ...] = (),
    ) -> int:
        """The opening record, durable on return. Raises AskAlreadyOpen."""
        with self._lock:
            self._index.require_openable(question.id)
            record = ask_opened(question, verdict, details)
            return self._writer.append((record,), (payload,)).start

    def close_ask(
        self,
        question: Question | str,
        outcome: Outcome,
        answer: Answer | None = None,
        code: str = "",
        payload: bytes | None = None,
        *,
        index: str = "",
        details: tuple[Detail, ...] = (),
    ) -> int:
        """The one closing record, durable on return. question: or its id. index: the hash or
        version of what was searched. Raises AlreadyClosed, AskUnknown."""
        ask = question if isinstance(question, str) else question.id
        with self._lock:
            opened = self._require_closable(ask)
            record = ask_closed(
                ask, opened, outcome, answer, code=code, index=index, details=details
            )
            return self._writer.append((record,), (payload,)).start

    @property
    def interrupted(self) -> tuple[str, ...]:
        """Ids of the asks that a crash left without a closing record, found at open."""
        with self._lock:
            return tuple(ask for ask in self._interrupted if ask in self._index.open)

    def close_interrupted(self) -> tuple[str, ...]:
        """Closes each interrupted ask as failed, "interrupted"; returns their ids."""
        with self._lock:
            asks = self.interrupted
            for at in range(0, len(asks), _ASKS_AT_ONCE):
                self._writer.append(
                    [
                        ask_closed(ask, self._index.open[ask], Outcome.FAILED, code="interrupted")
                        for ask in asks[at : at + _ASKS_AT_ONCE]
                    ]
                )
            return asks

    def note_store(self, mark: StoreMark) -> int:
        """A store's commit, checkpoint or close. Only hashes and counts."""
        return self._writer.append((store_noted(mark),)).start

    def latest_store(self, store_id: str) -> StoreMark | None:
        """The newest mark of a store; None where the log holds none."""
        with self._lock:
            return self._index.stores.get(store_id)

    def store_marks(self) -> tuple[StoreMark, ...]:
        """Every mark of every store, oldest first. Reads the whole log. Raises LogTampered."""
        with self._lock:
            self._writer.require_open()
            leaves = [self._chain.leaf(seq) for seq in range(self.size)]
            return tuple(marks_in(leaves, 0))

    def note_value(self, kind: str, identity: str, value: int) -> int:
        """A number to be held against later, like the vault's counter."""
        return self._writer.append((value_noted(kind, identity, value),)).start

    def latest_value(self, kind: str, identity: str) -> int | None:
        with self._lock:
            return self._index.numbers.get(f"{kind}/{identity}")

    def latest_values(self, kind: str) -> dict[str, int]:
        """The newest number of each identity of this kind."""
        with self._lock:
            known = self._index.numbers.items()
            return {
                name.partition("/")[2]: number
                for name, number in known
                if name.startswith(f"{kind}/")
            }

    def erase_payload(
        self, seq: int, *, person: str = "", role: str = "", code: str = "erased"
    ) -> int:
        """Logs the erasure, then takes the sealed bytes away. The chain stays whole.

        Raises PayloadAbsent, PayloadErased. (Destroying the key is the vault's; do that too.)"""
        with self._lock:
            self._payload_hash(seq)
            number = self._writer.append((payload_erased(seq, person, role, code),)).start
            with self._writer.writing():
                self._chain.erase(seq)
            return number

    # --- reading -----------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many records there are."""
        return self._chain.size

    @property
    def time(self) -> datetime | None:
        """When the newest record was written; None where there is none. No clock is earlier."""
        with self._lock:
            return moment(self._index.time) if self._index.time else None

    @property
    def name(self) -> str:
        """The log's name: the first line of its checkpoints."""
        return self._chain.name

    @property
    def public_key(self) -> str:
        """K: the first Ed25519 verifier key (C2SP signed-note), from which alone a copy verifies.

        Its name ends in a hash over the first Ed25519 and ML-DSA-65 keys, and so commits to
        both."""
        return self._chain.keys.public_key

    def root(self) -> bytes:
        """The Merkle tree hash over all records (RFC 9162, 2.1.1), 32 bytes."""
        with self._lock:
            return self._chain.frontier.root()

    def checkpoint(self) -> bytes:
        """Publishes and returns the checkpoint of the whole log: a signed note, with an Ed25519
        and an ML-DSA-65 signature."""
        with self._lock, self._writer.writing():
            return self._chain.publish()

    def records(self, start: int, count: int) -> tuple[LogRecord, ...]:
        """Records [start, start+count), as many as there are. Raises LogTampered."""
        with self._lock:
            self._writer.require_open()
            first = max(start, 0)
            span = range(first, min(first + max(count, 0), self.size))
            return tuple(shown(parsed_leaf(self._chain.leaf(seq), seq)) for seq in span)

    def payload(self, seq: int) -> bytes:
        """The sealed payload of a record. Raises PayloadAbsent, PayloadErased, LogTampered."""
        with self._lock:
            expected = self._payload_hash(seq)
            found = self._chain.payload(seq)
            if not found or sha256(found).hexdigest() != expected:
                state = "damaged" if found else "missing"
                raise LogTampered(f"The payload of record {seq} is {state}.")
            return found

    def inclusion_proof(self, seq: int) -> tuple[bytes, ...]:
        """That record `seq` is in the log as it is now (RFC 9162, 2.1.3). Raises LogTampered
        where the tiles do not lead to the root, ValueError for a record there is none of."""
        with self._lock:
            self._writer.require_open()
            return proved_inclusion(self._chain, seq)

    def inclusions(self, seqs: Sequence[int]) -> tuple[Inclusion, ...]:
        """The same for somebody who has nothing of the log but its public key: with the records
        and one checkpoint, which is published for it. Raises as above, and LogUnwritable."""
        with self._lock:
            note, keys = self.checkpoint(), self._chain.keys
            return tuple(
                Inclusion(
                    self.name,
                    keys.public_key,
                    vkey(self.name, keys.epoch.ed25519),
                    keys.epoch.number,
                    seq,
                    self.size,
                    self._chain.leaf(seq),
                    proved_inclusion(self._chain, seq),
                    self._chain.frontier.root(),
                    note.decode(),
                )
                for seq in seqs
            )

    def proved(self, seqs: Sequence[int]) -> Proved:
        """Many records with their proofs by one checkpoint, for an excerpt. Raises as above."""
        with self._lock:
            return proved_records(self._chain, self.checkpoint(), seqs)

    def consistency_proof(self, old: int) -> tuple[bytes, ...]:
        """That the log of `old` records begins the log as it is now (RFC 9162, 2.1.4)."""
        with self._lock:
            self._writer.require_open()
            return proved_consistency(self._chain, old)

    def export(self, folder: Path) -> None:
        """A complete static copy in an empty or new folder, durable on return; it verifies alone
        with `public_key`. Raises ExportRefused, LogTampered, StorageFull, StorageReadOnly."""
        with self._lock:
            note = self.checkpoint()
            copy_log(self._chain, note, self._index.erased, folder)

    def held(self) -> HeldLog:
        """The log as it is now, for a backup: published, and with the bytes of every file that
        would change as it goes on. The signing keys advance afterwards, so that those in the backup
        sign nothing that is written here from now on. Raises LogUnwritable, LogTampered."""
        with self._lock:
            with self._writer.writing():
                self._chain.publish()
                self._chain.anchor()
                held = held_log(self._chain)
            self._writer.next_epoch()
            return held

    def advance_keys(self) -> None:
        """Begins the next epoch now: somebody may have a copy of the keys of this one. Raises
        LogUnwritable."""
        self._writer.next_epoch()

    # --- inside ------------------------------------------------------------------------------

    def _require_closable(self, ask: str) -> OpenAsk:
        self._writer.require_ready()
        try:
            return self._index.require_closable(ask)
        except AskUnknown:
            if self._was_opened(ask):
                raise AlreadyClosed("This ask has its closing record already.") from None
            raise

    def _was_opened(self, ask: str) -> bool:
        """Whether an earlier session opened the ask; reads the log, newest first."""
        return any(
            parsed_leaf(self._chain.leaf(seq), seq).ask == ask
            for seq in range(self.size - 1, -1, -1)
        )

    def _payload_hash(self, seq: int) -> str:
        self._writer.require_open()
        if not 0 <= seq < self.size:
            raise PayloadAbsent(f"There is no record {seq}.")
        expected = parsed_leaf(self._chain.leaf(seq), seq).payload
        if not expected:
            raise PayloadAbsent(f"Record {seq} has no payload.")
        if seq in self._index.erased:
            raise PayloadErased(f"The payload of record {seq} was erased.")
        return expected
