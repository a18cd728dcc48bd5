"""Finding a conversation again, by its words and by what they mean.

Rules kept here: what finds a turn is derived from it, kept in the same encrypted store, and goes
with it; a turn is taken up when somebody first searches after it, the newest first and so many at a
search, so that neither asking nor searching waits long for this, and `waiting` says how many are
left; where nothing can be written, what was taken up before is searched; a turn that cannot be read
is found by nothing and hinders nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from appliance.errors import StorageFull, StorageReadOnly
from appliance.memory import record
from appliance.memory.catalogue import clean
from appliance.memory.database import Row
from appliance.memory.errors import RecordUnreadable, StoreDamaged
from appliance.memory.postings import decode_run, encode_run, run_of
from appliance.memory.search import search
from appliance.memory.shelf import Segment, Shelf
from appliance.memory.store import Store
from appliance.memory.terms import Terms
from appliance.values import VECTOR_SIZE, Turn, Vectors

Encode: TypeAlias = Callable[[Sequence[str]], Vectors]

BATCH: Final = 64
AT_ONCE: Final = 256
"""Turns that are taken up for one search, at most; encoding them takes some seconds."""

DEPTH: Final = 200
"""Turns that are looked at for one search."""

NEAR: Final = 0.25
"""The cosine from which a turn without any of the words is near in meaning. MiniLM, six turns of a
hospital and a bank: what a person would look for them by lies at 0.26 to 0.42, strange things at
0.13 and below."""

_SHELF: Final = ""
_NOT_TAKEN_UP: Final = """
    FROM turns t JOIN conversations c ON c.id = t.conversation ANTI JOIN recall r
    ON r.conversation = t.conversation AND r.number = t.number"""


@dataclass(frozen=True, slots=True)
class Place:
    """A turn that was found. worded: by its words; else by meaning alone."""

    conversation: str
    number: int
    similarity: float
    worded: bool


class Recall:
    """The index of one person's turns. Safe to call from several threads."""

    def __init__(self, store: Store, writing: threading.RLock) -> None:
        """writing: held while a turn is added or a conversation deleted."""
        self._store, self._writing = store, writing
        self._lock = threading.RLock()
        self._shelf: Shelf | None = None
        self._places: dict[int, tuple[str, int]] = {}
        self._following = 1
        self._terms = Terms()

    def forget(self, conversation: str) -> None:
        """Its rows are gone already; nothing finds it any more."""
        with self._lock:
            if self._shelf is not None:
                self._shelf.remove(conversation)

    def find(self, text: str, encode: Encode) -> tuple[Place, ...]:
        """The turns that fit, best first. Raises what `encode` raises."""
        with self._lock:
            shelf = self._loaded()
            with suppress(StorageFull, StorageReadOnly):
                self._take_up(shelf, encode)
            hits = search({_SHELF: shelf}, self._terms, text, encode([text]), limit=DEPTH)
            return tuple(
                Place(*self._places[hit.key], hit.similarity, hit.word_rank > 0)
                for hit in hits
                if hit.word_rank > 0 or hit.similarity >= NEAR
            )

    def waiting(self) -> int:
        """Turns that are not taken up yet."""
        ((count,),) = self._store.read(f"SELECT count(*) {_NOT_TAKEN_UP}")
        return int(str(count))

    def _loaded(self) -> Shelf:
        if self._shelf is None:
            rows = self._store.read(
                "SELECT serial, conversation, number, vector, words FROM recall ORDER BY serial"
            )
            segments = [self._segment(row) for row in rows]
            shelf = Shelf()
            if segments:
                shelf.load(segments)
            self._shelf = shelf
        return self._shelf

    def _segment(self, row: Row) -> Segment:
        serial, conversation, number, vector, words = row
        if not (
            isinstance(serial, int)
            and isinstance(number, int)
            and isinstance(vector, bytes)
            and isinstance(words, bytes)
            and len(vector) == 4 * VECTOR_SIZE
        ):
            raise StoreDamaged("A store's row does not have its form.")
        self._places[serial] = str(conversation), number
        self._following = max(self._following, serial + 1)
        shaped = np.frombuffer(vector, "<f4").reshape(1, VECTOR_SIZE)
        return Segment(serial, str(conversation), shaped, decode_run(serial, words))

    def _take_up(self, shelf: Shelf, encode: Encode) -> None:
        """What was asked since, a batch at a time."""
        for _ in range(0, AT_ONCE, BATCH):
            rows = self._store.read(
                f"SELECT t.conversation, t.number, t.body {_NOT_TAKEN_UP} "
                "ORDER BY c.updated DESC, t.conversation, t.number LIMIT ?",
                [BATCH],
            )
            if not rows:
                return
            texts = [_said(body) for _, _, body in rows]
            made: list[Row] = [
                (serial, conversation, number, _bytes(vector, text), self._worded(text))
                for serial, ((conversation, number, _), text, vector) in enumerate(
                    zip(rows, texts, encode(texts), strict=True), self._following
                )
            ]
            shelf.add([self._segment(row) for row in self._stored(made)])

    def _worded(self, text: str) -> bytes:
        return encode_run(run_of(0, [self._terms.count(text)]))

    def _stored(self, made: Sequence[Row]) -> list[Row]:
        """Those whose turn was not deleted meanwhile; durable on return."""
        with self._writing, self._store.transaction() as transaction:
            places, rows = ", ".join("?" * len(made)), "(?, ?, ?, ?, ?)"
            there = transaction.execute(
                f"SELECT conversation, number FROM turns WHERE conversation IN ({places})",  # noqa: S608 - question marks
                [row[1] for row in made],
            )
            stored = [row for row in made if row[1:3] in there]
            if stored:
                transaction.execute(
                    f"INSERT INTO recall VALUES {', '.join([rows] * len(stored))}",  # noqa: S608 - question marks
                    [value for row in stored for value in row],
                )
        return stored


def _bytes(vector: Vectors, text: str) -> bytes:
    """As stored; what says nothing is near to nothing."""
    return (vector if text else np.zeros_like(vector)).astype("<f4").tobytes()


def _said(untrusted: object) -> str:
    try:
        return said(record.decode_turn(untrusted))
    except RecordUnreadable:
        return ""


def said(turn: Turn) -> str:
    """What a turn is found by: the question, the answer, and the titles of what it quotes."""
    parts = [turn.question]
    if turn.answer is not None:
        parts += [sentence.text for sentence in turn.answer.sentences]
        parts += dict.fromkeys(citation.passage.title for citation in turn.answer.citations)
    return clean("\n".join(parts))
