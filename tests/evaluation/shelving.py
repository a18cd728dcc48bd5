"""A throwaway library: the product's own, in a temporary folder, filled with a data set.

Rules kept here: entries come in one at a time and go out of memory once stored; each becomes one
document, cut by the product's chunking and embedded as an import embeds it; the folder is gone
at the end, however it ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from types import TracebackType
from typing import Final

from appliance.intake import embedded_text
from appliance.memory.library import Library
from appliance.protocols import Encoder
from appliance.values import DocumentKind, Passage, Scored, StoreMark, Vectors
from tests.evaluation.material import Entry

BATCH: Final = 256
_COLLECTION: Final = "evaluation"


class ThrowawayLibrary:
    """Use as a context. One thread."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cloister-eval-")
        base = Path(self._folder.name)
        self._library = Library(base / "collections", base / "spill", _unheard)
        self._library.create_collection(_COLLECTION, token_bytes(32))
        self._documents: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.passages = 0

    def __enter__(self) -> ThrowawayLibrary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.abandon()
        self._folder.cleanup()

    @property
    def entries(self) -> int:
        return len(self._names)

    def fill(
        self,
        entries: Iterable[Entry],
        encoder: Encoder,
        progress: Callable[[int, int], None] = lambda _entries, _passages: None,
    ) -> None:
        """Takes everything in; progress hears how many entries and passages are in. Raises what
        the entries, the encoder and the library raise."""
        waiting: list[Entry] = []
        for entry in entries:
            waiting.append(entry)
            if sum(len(one.passages) for one in waiting) >= BATCH:
                self._take(waiting, encoder)
                progress(self.entries, self.passages)
                waiting = []
        self._take(waiting, encoder)
        progress(self.entries, self.passages)
        self._library.warm(_COLLECTION)

    def _take(self, entries: list[Entry], encoder: Encoder) -> None:
        vectors = encoder.encode([embedded_text(p) for entry in entries for p in entry.passages])
        at = 0
        for entry in entries:
            end = at + len(entry.passages)
            self._add(entry, vectors[at:end])
            at = end

    def _add(self, entry: Entry, vectors: Vectors) -> None:
        number = len(self._names)
        info = self._library.add_document(
            _COLLECTION,
            title=entry.title,
            kind=DocumentKind.TEXT,
            paged=False,
            size=sum(len(page.text) for page in entry.pages),
            sha256=sha256(f"{number}".encode()).hexdigest(),
            added=datetime.now(UTC),
            pages=entry.pages,
            passages=entry.passages,
            vectors=vectors,
            document=f"e{number}",
        )
        self._names[info.id] = entry.name
        self._documents[entry.name] = info.id
        self.passages += len(entry.passages)

    def name_of(self, passage: Passage) -> str:
        """The entry a passage belongs to."""
        return self._names[passage.document]

    def without(self, entries: Collection[str]) -> frozenset[str]:
        """The names of all other entries."""
        return frozenset(self._documents).difference(entries)

    def find(
        self, question: str, vector: Vectors, limit: int, only: Collection[str] | None = None
    ) -> tuple[Scored, ...]:
        """As Library.find; `only` names the entries that are there (None: all)."""
        if only is None:
            return self._library.find(question, vector, (), limit)
        wanted = [self._documents[name] for name in sorted(only) if name in self._documents]
        return self._library.find(question, vector, (), limit, wanted)


def _unheard(_mark: StoreMark) -> None:
    """No log listens."""
