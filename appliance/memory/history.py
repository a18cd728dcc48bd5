"""A person's own store: what was asked, and what was answered.

Rules kept here: it has its own key, so nobody else's session can open it; a turn is durable when
`save` returns; answers are kept as canonical JSON and checked when read back; deleting a
conversation takes all its turns with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

from appliance.memory import record, schema
from appliance.memory.catalogue import aware, clean, naive
from appliance.memory.errors import ConversationUnknown, StoreDamaged
from appliance.memory.evidence import EarlierMarks
from appliance.memory.store import OnMark, Store, Transaction, ignore_marks
from appliance.values import Conversation, StoreMark, Turn

KIND: Final = "person"

TITLE_LENGTH: Final = 80


def new_conversation_id() -> str:
    return token_hex(12)


class History:
    """The conversations of one person. Safe to call from several threads."""

    def __init__(self, store: Store) -> None:
        """Use `create` or `open`."""
        self._store = store
        self._lock = threading.RLock()

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
        return cls(store)

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
        """The newest first."""
        rows = self._store.read(
            "SELECT id, title, updated, turns FROM conversations ORDER BY updated DESC, id"
        )
        return tuple(
            Conversation(str(name), str(title), aware(updated), _count(turns))
            for name, title, updated, turns in rows
        )

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """In the order asked. Raises ConversationUnknown, RecordUnreadable."""
        rows = self._store.read(
            "SELECT body FROM turns WHERE conversation = ? ORDER BY number", [conversation]
        )
        if not rows:
            raise ConversationUnknown("There is no such conversation.")
        return tuple(record.decode_turn(body) for (body,) in rows)

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        """As `turns`, but none where there is no such conversation. Raises RecordUnreadable."""
        try:
            return self.turns(conversation)
        except ConversationUnknown:
            return ()

    def rename(self, conversation: str, title: str) -> None:
        """Raises ConversationUnknown."""
        with self._lock, self._store.transaction() as transaction:
            if _turns(transaction, conversation) is None:
                raise ConversationUnknown("There is no such conversation.")
            transaction.execute(
                "UPDATE conversations SET title = ? WHERE id = ?",
                [clean(title)[:TITLE_LENGTH], conversation],
            )

    def delete(self, conversation: str) -> None:
        """Durable on return. Raises ConversationUnknown."""
        with self._lock, self._store.transaction() as transaction:
            if _turns(transaction, conversation) is None:
                raise ConversationUnknown("There is no such conversation.")
            transaction.execute("DELETE FROM turns WHERE conversation = ?", [conversation])
            transaction.execute("DELETE FROM conversations WHERE id = ?", [conversation])

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
