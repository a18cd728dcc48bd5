"""One encrypted DuckDB store whose every change can be checked against the log.

Rules kept here: each transaction raises the store's generation; after a commit and round every
checkpoint a mark goes out through `on_mark`, and what `transaction` returned from is durable in
the store and in the log; the main file is never written to, a checkpoint replaces it by another;
a row authenticated under the store's key says which store it is and of which generation; a store
that failed under a write is opened anew, checked like any other, before it is used again. Format:
docs/formats/store.md.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from appliance.errors import StorageFull, StoreTampered
from appliance.memory import evidence
from appliance.memory.building import Place, build_store, copy_store, settle_store
from appliance.memory.database import Row, Value, attach, reader_of, require_identifier
from appliance.memory.database import storage_error as database_error
from appliance.memory.errors import StoreClosed, StoreExists, StoreMissing
from appliance.memory.evidence import EarlierMarks
from appliance.memory.identity import Identity, read_identity, write_identity
from appliance.values import MarkState, StoreMark
from appliance.vault.durable import storage_error
from appliance.vault.folder_lock import FolderLock, lock_folder

if TYPE_CHECKING:
    import duckdb

OnMark: TypeAlias = Callable[[StoreMark], None]

WAL_LIMIT: Final = 64 << 20
"""Bytes of write-ahead log after which `checkpoint_due` says so."""

ROWS_PER_TRANSACTION: Final = 100_000
"""Callers stay below: more than 122,880 rows of a table go to the main file at once (measured)."""


def ignore_marks(_mark: StoreMark) -> None:
    """Where no log listens."""


class Transaction:
    """What runs inside `Store.transaction`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        return list(self._connection.execute(sql, list(values)).fetchall())


class Store:
    """An open store. Safe to call from several threads: one writes, one reads beside it."""

    def __init__(
        self, path: Path, key: bytes, spill: Path, identity: Identity, on_mark: OnMark
    ) -> None:
        """Use `create` or `open`."""
        self._place, self._on_mark = Place.of(path, key), on_mark
        # Each store has its own place there and empties no other's.
        self._spill = spill / f"{identity.kind}-{require_identifier(identity.id)}"
        self._identity = identity
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._lock: FolderLock | None = None
        self._writer: duckdb.DuckDBPyConnection | None = None
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._main = evidence.EMPTY
        self._wal = evidence.Tail(evidence.wal_of(path))
        self._mark: StoreMark | None = None
        self._earlier: EarlierMarks = tuple
        self._mark_owed = False
        self._waiting: tuple[Place, Identity, evidence.Digest] | None = None
        self._recovered = False  # the write-ahead log holds what another run left

    @classmethod
    def create(
        cls,
        path: Path,
        key: bytes,
        *,
        spill: Path,
        kind: str,
        id: str,
        schema: Sequence[str] = (),
        on_mark: OnMark = ignore_marks,
    ) -> Store:
        """Makes a store of generation 1 and opens it. `schema` is run in it once.

        The file appears under its name only when it is whole. If a crash kept its first mark out
        of the log, creating it again opens the untouched one that is there. Raises StoreExists for
        any other, AlreadyRunning, StorageFull, StorageReadOnly.
        """
        store = cls(path, key, spill, Identity(require_identifier(kind), id, 1), on_mark)
        with store._opening():
            if not path.exists():
                build_store(store._place, store._spill, store._identity, schema)
            try:
                store._attach(None)
            except StoreTampered:
                raise StoreExists("There is a store of that name already.") from None
            store._emit(MarkState.CHECKPOINT)
        return store

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        *,
        spill: Path,
        kind: str,
        id: str,
        mark: StoreMark | None,
        on_mark: OnMark = ignore_marks,
        earlier: EarlierMarks = tuple,
    ) -> Store:
        """Opens a store after checking it against `mark`, the newest the log holds of it.

        None stands for a store the log does not know; only one that was never written to opens.
        Raises WrongStoreKey, StoreDamaged, StoreRolledBack, StoreSwapped, StoreMissing,
        AlreadyRunning, StorageFull, StorageReadOnly. What a crash left in the write-ahead log is
        taken over into the main file before this returns.

        `earlier` gives all marks the log holds (of any store); it is asked only when the file is
        not the recorded one, to tell an older state and another's store from damage.
        """
        store = cls(path, key, spill, Identity(require_identifier(kind), id, 1), on_mark)
        store._earlier = earlier
        with store._opening():
            store._attach(mark)
            if store._recovered:
                with suppress(StorageFull):  # reading goes on; the next write tries again
                    store.checkpoint()
        return store

    @property
    def path(self) -> Path:
        return self._place.path

    @property
    def id(self) -> str:
        return self._identity.id

    @property
    def generation(self) -> int:
        return self._identity.generation

    @property
    def mark(self) -> StoreMark | None:
        """The newest mark that went out."""
        return self._mark

    @property
    def checkpoint_due(self) -> bool:
        return self._wal.digest.size > max(WAL_LIMIT, self._main.size // 8)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing. On leaving, the changes and their mark are durable.

        Raises StorageFull, StorageReadOnly (nothing was changed), and whatever `on_mark` raises:
        then the changes are in the store, and the mark is sent again before the next write.
        """
        with self._writing:
            self._ready()
            self._pay_mark()
            if self._recovered:
                self._settle()  # its end may be torn: nothing is appended to it
            connection = self._ready()
            with self._database_errors():
                connection.execute("BEGIN")
                try:
                    yield Transaction(connection)
                    raised = self._identity.raised()
                    write_identity(connection, raised, self._place.tag_key)
                    connection.execute("COMMIT")
                except BaseException:
                    self._rollback(connection)
                    raise
            self._identity = raised
            self._follow_wal()
            self._mark_owed = True
            self._pay_mark()

    def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Rows of a query over what is committed. Runs beside a transaction and a checkpoint."""
        with self._reading:
            reader = self._reader
            if reader is not None:
                with self._database_errors():
                    return list(reader.execute(sql, list(values)).fetchall())
        with self._writing:
            self._ready()
            return self.read(sql, values)

    @contextmanager
    def still(self) -> Iterator[None]:
        """While the block runs nothing is written, and the files are those of the newest mark, for
        a backup. Readers go on. Raises what `on_mark` raises, where it is owed a mark."""
        with self._writing:
            self._ready()
            self._pay_mark()
            yield

    def checkpoint(self) -> None:
        """Takes the write-ahead log over into a new main file, which takes this one's place.

        Durable on return. A crash leaves the old file with its log or the new one. Needs room for
        a copy of the file meanwhile. Raises StorageFull, StorageReadOnly, StoreFailed: nothing is
        lost, the log stays as it was and the store goes on.
        """
        with self._writing:
            self._ready()
            self._settle()

    def rekey(self, key: bytes) -> None:
        """Copies everything into a new file under another key, which takes this one's place.

        Durable on return; the generation rises by one. A crash leaves the store whole under the
        old key or the new one: whoever opens it then tries both. Raises StorageFull,
        StorageReadOnly: nothing was changed."""
        self._copy_into(Place.of(self.path, key))

    def rewrite(self) -> None:
        """As `rekey`, under its own key: deleted rows, which a checkpoint leaves, are gone then."""
        self._copy_into(self._place)

    def close(self) -> None:
        """Checkpoints and closes; no write-ahead log remains. Closing twice does nothing. If the
        checkpoint fails the store is closed all the same, nothing is lost, the error is raised."""
        with self._writing:
            if self._lock is None:
                return
            try:
                if self._writer is not None:
                    self._settle(for_good=True)
                    self._emit(MarkState.CLOSED)
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Closes without writing anything, as a crash would."""
        with self._writing:
            self._detach()
            shutil.rmtree(self._spill, ignore_errors=True)
            if self._lock is not None:
                self._lock.close()
            self._lock = None

    # --- inside --------------------------------------------------------------------------

    def _copy_into(self, place: Place) -> None:
        with self._writing:
            self.checkpoint()
            self._detach()
            copy = Place(evidence.next_of(self.path), place.database_key, place.tag_key)
            renewed = self._identity.raised()
            self._replace(place, renewed, copy_store(self._place, copy, self._spill, renewed))
            self._ready()

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Holds the folder's lock and an empty spill folder, or gives all back."""
        self._lock = lock_folder(self.path.parent)
        try:
            self._empty_spill()
            yield
        except BaseException:
            self.abandon()
            raise

    def _empty_spill(self) -> None:
        try:
            shutil.rmtree(self._spill, ignore_errors=True)
            self._spill.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the spill folder was not made") from error

    def _attach(self, mark: StoreMark | None) -> None:
        """Opens the files after checking them; leaves nothing open when it raises."""
        if not self.path.exists():
            raise StoreMissing("A store is not where it should be.")
        if mark is None:
            files = evidence.found_files(self.path)
        else:
            if self._waiting is None:
                evidence.finish_replacing(self.path, mark)
            files = evidence.require_evidence(self.path, mark, self._earlier)
        self._writer = attach(self.path, self._place.database_key, self._spill)
        try:
            found = read_identity(self._writer, self._identity, self._place.tag_key)
            evidence.require_generation(found.generation, mark)
            self._reader = reader_of(self._writer)
        except BaseException:
            self._detach()
            raise
        self._identity, self._mark = found, mark
        self._main, self._wal = files.main, files.wal
        self._recovered = files.wal.digest.size > 0

    def _settle(self, *, for_good: bool = False) -> None:
        """A checkpoint, if there is anything to take over. `for_good` leaves the store detached."""
        self._pay_mark()
        if not self._wal.digest.size:
            return
        main = settle_store(self._place, self._spill / "next", self._identity)
        self._replace(self._place, self._identity, main)
        if not for_good:
            self._ready()

    def _replace(self, place: Place, identity: Identity, main: evidence.Digest) -> None:
        """Lets the file that waits at `evidence.next_of` take the store's place, and detaches. It
        counts from the moment the log holds its mark. A log that fails may hold it all the same:
        then the store is read as it was, and the file waits until its mark has gone out; nothing is
        written before that."""
        old = self._place, self._identity, self._main, self._wal
        self._waiting = place, identity, main
        self._place, self._identity, self._main = place, identity, main
        self._wal = evidence.Tail(evidence.wal_of(place.path))
        try:
            self._emit(MarkState.CHECKPOINT)
        except BaseException:
            self._place, self._identity, self._main, self._wal = old
            raise
        self._waiting, self._recovered = None, False
        with self._reading:
            self._detach()
            evidence.take_over(self.path)

    def _follow_wal(self) -> None:
        if not self._wal.digest.size:  # just made by DuckDB, with the process's umask
            with suppress(OSError):  # it is encrypted and its folder private either way
                evidence.wal_of(self.path).chmod(0o600)
        self._wal.advance()

    def _detach(self) -> None:
        with self._reading:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    with suppress(Exception):  # it is thrown away; its files are checked next
                        connection.close()
            self._reader = self._writer = None

    def _ready(self) -> duckdb.DuckDBPyConnection:
        """The writer; after a failure the store is opened anew and checked."""
        if self._lock is None:
            raise StoreClosed("The store is closed.")
        if self._writer is None:
            self._attach(self._mark)
        if self._writer is None:
            raise StoreClosed("The store is closed.")
        return self._writer

    def _rollback(self, connection: duckdb.DuckDBPyConnection) -> None:
        import duckdb

        with suppress(duckdb.Error):  # a failed COMMIT has rolled back already
            connection.execute("ROLLBACK")

    @contextmanager
    def _database_errors(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.FatalException as error:
            self._detach()
            raise database_error(error, self.path) from None
        except duckdb.Error as error:
            raise database_error(error, self.path) from None

    def _pay_mark(self) -> None:
        """Sends what an earlier failure of the log kept back. May detach."""
        if self._waiting is not None:
            self._replace(*self._waiting)
        if self._mark_owed:
            self._emit(MarkState.COMMIT)
            self._mark_owed = False

    def _emit(self, state: MarkState) -> None:
        wal = self._wal.digest
        mark = StoreMark(
            f"{self._identity.kind}/{self._identity.id}",
            self._identity.generation,
            self._main.size,
            self._main.sha256,
            state,
            wal.size,
            wal.sha256,
        )
        self._on_mark(mark)
        self._mark = mark
