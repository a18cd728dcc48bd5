"""A person's own store: what was asked, and what was answered.

Rules kept here: it has its own key, so nobody else's session can open it; a turn is durable when
`save` returns; answers are kept as canonical JSON and checked when read back; deleting a
conversation takes all its turns with it, what was thought of them, what finds them, and the key of
the documents beside it, out of the rows and out of the file; a store of an earlier version is
brought forward when it opens, and where there is no room for that, read as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Final

from appliance.errors import StorageFull, StorageReadOnly
from appliance.memory import record, schema
from appliance.memory.catalogue import aware, clean, naive
from appliance.memory.database import Row
from appliance.memory.errors import (
    ConversationUnknown,
    StoreDamaged,
    StoreFailed,
    TitleUnusable,
    TurnUnknown,
)
from appliance.memory.evidence import EarlierMarks
from appliance.memory.forward import bring_forward, is_current
from appliance.memory.recall import Encode, Place, Recall
from appliance.memory.store import OnMark, Store, Transaction, ignore_marks
from appliance.values import Conversation, Judgement, StoreMark, Turn
from appliance.vault.primitives import KEY_SIZE

KIND: Final = "person"

TITLE_LENGTH: Final = 80
REASON_LENGTH: Final = 2_000

_LISTED: Final = """
    SELECT c.id, c.title, c.updated, c.turns, coalesce(k.pinned, false), coalesce(k.folder, '')
    FROM conversations c LEFT JOIN kept k ON k.conversation = c.id
    ORDER BY 5 DESC, c.updated DESC, c.id"""
_LISTED_FIRST: Final = """
    SELECT id, title, updated, turns, false, '' FROM conversations ORDER BY updated DESC, id"""


def new_conversation_id() -> str:
    return token_hex(12)


class History:
    """The conversations of one person. Safe to call from several threads."""

    def __init__(self, store: Store) -> None:
        """Use `create` or `open`."""
        self._store = store
        self._lock = threading.RLock()
        self._recall = Recall(store, self._lock)
        self._current = True

    @classmethod
    def create(
        cls, path: Path, key: bytes, *, spill: Path, person: str, on_mark: OnMark = ignore_marks
    ) -> History:
        """Makes the person's store. Raises what `Store.create` raises."""
        return cls(
            Store.create(
                path,
                key,
                spill=spill,
                kind=KIND,
                id=person,
                schema=schema.PERSON,
                on_mark=on_mark,
            )
        )

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        *,
        spill: Path,
        person: str,
        mark: StoreMark | None,
        on_mark: OnMark = ignore_marks,
        earlier: EarlierMarks = tuple,
    ) -> History:
        """Raises what `Store.open` raises."""
        store = Store.open(
            path,
            key,
            spill=spill,
            kind=KIND,
            id=person,
            mark=mark,
            on_mark=on_mark,
            earlier=earlier,
        )
        try:
            history = cls(store)
            history._current = is_current(store)
            with suppress(StorageFull, StorageReadOnly):  # it is read as it is
                history._require_current()
                history._erase()
        except BaseException:
            store.abandon()
            raise
        return history

    @contextmanager
    def still(self) -> Iterator[Path]:
        """The store's file; nothing is written to it while the block runs."""
        with self._store.still():
            yield self._store.path

    def checkpoint(self) -> None:
        """Takes the write-ahead log over into the main file."""
        self._store.checkpoint()

    def save(self, conversation: str, turn: Turn) -> None:
        """Appends a turn, durable on return; the first one makes the conversation and names it."""
        body = clean(record.encode_turn(turn))
        title = clean(" ".join(turn.question.split())[:TITLE_LENGTH])
        with self._lock, self._store.transaction() as transaction:
            number = _turns(transaction, conversation)
            if number is None:
                number = 0
                transaction.execute(
                    "INSERT INTO conversations VALUES (?, ?, ?, 0)",
                    [conversation, title, naive(turn.asked)],
                )
            transaction.execute("INSERT INTO turns VALUES (?, ?, ?)", [conversation, number, body])
            transaction.execute(
                "UPDATE conversations SET turns = ?, updated = ? WHERE id = ?",
                [number + 1, naive(turn.asked), conversation],
            )
        if self._store.checkpoint_due:
            self._store.checkpoint()

    def conversations(self) -> tuple[Conversation, ...]:
        """Those that are pinned first, else the newest first."""
        rows = self._store.read(_LISTED if self._current else _LISTED_FIRST)
        return tuple(_conversation(row) for row in rows)

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """In the order asked. Raises ConversationUnknown, RecordUnreadable."""
        rows = self._store.read(
            "SELECT body FROM turns WHERE conversation = ? ORDER BY number", [conversation]
        )
        if not rows:
            raise ConversationUnknown("There is no such conversation.")
        judged = self._judgements(conversation)
        turns = (record.decode_turn(body) for (body,) in rows)
        return tuple(replace(turn, judgement=judged.get(turn.record)) for turn in turns)

    def turn(self, conversation: str, number: int) -> Turn:
        """The turn of that number, from 0, without its judgement. Raises TurnUnknown,
        RecordUnreadable."""
        rows = self._store.read(
            "SELECT body FROM turns WHERE conversation = ? AND number = ?", [conversation, number]
        )
        if not rows:
            raise TurnUnknown("There is no such answer in this conversation.")
        return record.decode_turn(rows[0][0])

    def _judgements(self, conversation: str) -> dict[int, Judgement]:
        if not self._current:
            return {}
        rows = self._store.read(
            "SELECT record, good, reason, given FROM judged WHERE conversation = ?", [conversation]
        )
        return {_count(number): _judgement(row) for number, *row in rows}

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        """As `turns`, but none where there is no such conversation. Raises RecordUnreadable."""
        try:
            return self.turns(conversation)
        except ConversationUnknown:
            return ()

    # --- in order ------------------------------------------------------------------------

    def rename(self, conversation: str, title: str) -> None:
        """Raises ConversationUnknown, TitleUnusable."""
        named = _named(title)
        with self._changing(conversation) as transaction:
            transaction.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", [named, conversation]
            )

    def pin(self, conversation: str, *, pinned: bool) -> None:
        """Raises ConversationUnknown."""
        with self._changing(conversation) as transaction:
            _keep(transaction, conversation, "pinned", pinned)

    def put(self, conversation: str, folder: str) -> None:
        """Into a folder, which is there as long as something is in it; into none for "". Raises
        ConversationUnknown, TitleUnusable."""
        named = _named(folder) if folder.strip() else ""
        with self._changing(conversation) as transaction:
            _keep(transaction, conversation, "folder", named)

    def judge(self, conversation: str, turn: int, judgement: Judgement) -> None:
        """Takes the place of an earlier judgement of that turn, which is named by its record.
        Raises ConversationUnknown, TurnUnknown."""
        if turn < 0 or turn not in {one.record for one in self.turns(conversation)}:
            raise TurnUnknown("There is no such answer in this conversation.")
        with self._changing(conversation) as transaction:
            which = [conversation, turn]
            transaction.execute("DELETE FROM judged WHERE conversation = ? AND record = ?", which)
            transaction.execute(
                "INSERT INTO judged VALUES (?, ?, ?, ?, ?)",
                [
                    *which,
                    judgement.good,
                    clean(judgement.reason)[:REASON_LENGTH],
                    naive(judgement.given),
                ],
            )

    def find(self, text: str, encode: Encode) -> tuple[Place, ...]:
        """The turns that fit the text by words or in meaning, best first. Raises what `encode`
        raises; StorageFull, StorageReadOnly where a store of an earlier version cannot be brought
        forward."""
        self._require_current()
        return self._recall.find(text, encode)

    def unsearched(self) -> int:
        """How many turns no search looks at yet: each search takes some of them up."""
        return self._recall.waiting() if self._current else 0

    def delete(self, conversation: str) -> None:
        """Durable on return, and then in no file of the store; without room for a copy of it, that
        is so once the store was opened anew. Raises ConversationUnknown."""
        with self._changing(conversation) as transaction:
            for table in ("turns", "kept", "judged", "recall", "attached"):
                transaction.execute(f"DELETE FROM {table} WHERE conversation = ?", [conversation])  # noqa: S608 - fixed names
            transaction.execute("DELETE FROM conversations WHERE id = ?", [conversation])
            transaction.execute("INSERT INTO erasing VALUES (?)", [conversation])
        self._recall.forget(conversation)
        self._erase()

    # --- documents beside a conversation ---------------------------------------------------

    def attached_key(self, conversation: str) -> bytes | None:
        """What the documents beside it are encrypted under; None where there are none."""
        return dict(self.attached_keys()).get(conversation)

    def attached_keys(self) -> tuple[tuple[str, bytes], ...]:
        """(conversation, key), also of conversations in which nothing was asked yet."""
        if not self._current:
            return ()
        rows = self._store.read("SELECT conversation, key FROM attached ORDER BY conversation")
        return tuple((str(name), _key(key)) for name, key in rows)

    def keep_attached_key(self, conversation: str, key: bytes) -> bytes:
        """Durable on return; the one that is kept already, if there is one."""
        with self._lock:
            self._require_current()
            known = self.attached_key(conversation)
            if known is None:
                with self._store.transaction() as transaction:
                    values = [conversation, key]
                    transaction.execute("INSERT INTO attached VALUES (?, ?)", values)
            return known or key

    def forget_attached_key(self, conversation: str) -> None:
        """Durable on return: what was encrypted under it is lost."""
        with self._lock, self._store.transaction() as transaction:
            transaction.execute("DELETE FROM attached WHERE conversation = ?", [conversation])
            transaction.execute("INSERT INTO erasing VALUES (?)", [conversation])
        self._erase()

    def _erase(self) -> None:
        """Deleted rows lie on in a database's file until it is written anew."""
        owed = suppress(StorageFull, StorageReadOnly, StoreFailed)  # and tried again
        with self._lock, owed:
            if self._store.read("SELECT 1 FROM erasing LIMIT 1"):
                self._store.rewrite()
                with self._store.transaction() as transaction:
                    transaction.execute("DELETE FROM erasing")

    @contextmanager
    def _changing(self, conversation: str) -> Iterator[Transaction]:
        """Raises ConversationUnknown before anything is changed."""
        with self._lock:
            self._require_current()
            with self._store.transaction() as transaction:
                if _turns(transaction, conversation) is None:
                    raise ConversationUnknown("There is no such conversation.")
                yield transaction

    def _require_current(self) -> None:
        """Brings a store of an earlier version forward. Raises StorageFull, StorageReadOnly."""
        with self._lock:
            if not self._current:
                bring_forward(self._store)
                self._current = True

    def close(self) -> None:
        self._store.close()

    def abandon(self) -> None:
        """Closes without writing, as a crash would."""
        self._store.abandon()


def _turns(transaction: Transaction, conversation: str) -> int | None:
    rows = transaction.execute("SELECT turns FROM conversations WHERE id = ?", [conversation])
    return _count(rows[0][0]) if rows else None


def _count(untrusted: object) -> int:
    if not isinstance(untrusted, int):
        raise StoreDamaged("A store's row does not have its form.")
    return untrusted


def _keep(transaction: Transaction, conversation: str, column: str, value: object) -> None:
    """Sets one of the two columns of `kept`."""
    known = transaction.execute("SELECT 1 FROM kept WHERE conversation = ?", [conversation])
    if not known:
        transaction.execute("INSERT INTO kept VALUES (?, false, '')", [conversation])
    transaction.execute(
        f"UPDATE kept SET {column} = ? WHERE conversation = ?",  # noqa: S608 - fixed names
        [value, conversation],
    )


def _named(untrusted: str) -> str:
    name = clean(" ".join(untrusted.split()))
    if not 0 < len(name) <= TITLE_LENGTH:
        raise TitleUnusable(f"A name has 1 to {TITLE_LENGTH} characters; this one has {len(name)}.")
    return name


def _conversation(row: Row) -> Conversation:
    name, title, updated, turns, pinned, folder = row
    if not isinstance(pinned, bool):
        raise StoreDamaged("A store's row does not have its form.")
    return Conversation(str(name), str(title), aware(updated), _count(turns), pinned, str(folder))


def _judgement(row: Sequence[object]) -> Judgement:
    good, reason, given = row
    if not isinstance(good, bool):
        raise StoreDamaged("A store's row does not have its form.")
    return Judgement(good, str(reason), aware(given))


def _key(untrusted: object) -> bytes:
    if not isinstance(untrusted, bytes) or len(untrusted) != KEY_SIZE:
        raise StoreDamaged("A store's row does not have its form.")
    return untrusted
