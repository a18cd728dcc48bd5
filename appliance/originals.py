"""Documents' originals, sealed beside their collection's store, for showing the cited page.

Rules kept here: an original is sealed under its collection's key and bound to its document's id; it
is durable before its document can be found; what no document claims is removed at open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Collection as Ids
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.errors import CloisterError, DocumentError
from appliance.intake import Original
from appliance.ledger import Ledger
from appliance.memory import Library, new_document_id
from appliance.protocols import Clock
from appliance.values import (
    DocumentInfo,
    ImportState,
    ParsedDocument,
    PassageDraft,
    Vectors,
)
from appliance.vault import Context, Tampered, read_sealed, write_sealed
from appliance.vault.durable import storage_error

SUFFIX = ".sealed"


class NothingNewer(DocumentError):
    code = "nothing_newer"
    hint = "Choose the file of the newer version."


def context_of(document: str) -> Context:
    return Context("original", document, 1)


@contextmanager
def _storage_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error, doing) from error


class Originals:
    """The `files/` folder of one collection."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder / "files"
        self._keys: Callable[[], tuple[bytes, ...]] = lambda: (key,)
        self._sealing = threading.RLock()

    @staticmethod
    def under(
        folder: Path, keys: Callable[[], tuple[bytes, ...]], sealing: threading.RLock
    ) -> Originals:
        """For a collection that may be changing its key. keys: newest first, asked each time;
        sealing: the same for all of this collection, so that nothing is sealed under an older key
        while `reseal` goes through the folder."""
        made = Originals(folder, b"")
        made._keys, made._sealing = keys, sealing
        return made

    def path(self, document: str) -> Path:
        return self._folder / f"{document}{SUFFIX}"

    def write(self, document: str, original: bytes) -> None:
        """Durable on return. Raises StorageFull, StorageReadOnly."""
        with _storage_errors("the document's original was not saved"):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._sealing:
            write_sealed(self.path(document), self._keys()[0], original, context_of(document))

    def read(self, document: str) -> bytes:
        """Raises Tampered, SealedMissing."""
        return self._opened(document)[0]

    def reseal(self, damaged: Callable[[str], None]) -> int:
        """Seals every original under the newest key; returns how many were under an older one.
        Each is wholly old or wholly new, so what a kill left is taken up again. One that no key
        opens is told to `damaged` and left. Raises StorageFull, StorageReadOnly."""
        moved = 0
        with self._sealing:
            for path in sorted(self._folder.glob(f"*{SUFFIX}")):
                document = path.name.removesuffix(SUFFIX)
                try:
                    original, under = self._opened(document)
                except Tampered:
                    damaged(document)
                    continue
                if under > 0:
                    write_sealed(path, self._keys()[0], original, context_of(document))
                    moved += 1
        return moved

    def _opened(self, document: str) -> tuple[bytes, int]:
        """The original and which of the keys it was under."""
        keys = self._keys()
        for under, key in enumerate(keys):
            try:
                return read_sealed(self.path(document), key, context_of(document)), under
            except Tampered:
                if under == len(keys) - 1:
                    raise
        raise Tampered("A sealed original has no key.")

    def remove(self, document: str) -> None:
        """Raises StorageReadOnly, StorageFailed: it is then removed at the next opening."""
        with _storage_errors("the document's original was not removed yet"):
            self.path(document).unlink(missing_ok=True)

    def sweep(self, known: Ids[str]) -> int:
        """Removes what a crash left without a document; returns how many."""
        orphans = [
            path
            for path in (self._folder.iterdir() if self._folder.is_dir() else ())
            if path.name.removesuffix(SUFFIX) not in known
        ]
        with suppress(OSError):  # a folder that cannot be written now is swept at a later opening
            for path in orphans:
                path.unlink(missing_ok=True)
        return len(orphans)


@dataclass(frozen=True, slots=True)
class CollectionShelf:
    """intake.Shelf on a real collection: the original, the store, the log, in this order. replaces:
    the document that what is added takes the place of."""

    collection: str
    library: Library
    originals: Originals
    ledger: Ledger
    now: Clock
    replaces: str = ""

    def begin_job(self, paths: Sequence[Path], now: datetime) -> str:
        return self.library.begin_job(self.collection, [str(path) for path in paths], now)

    def job_files(self, job: str) -> tuple[tuple[Path, ImportState], ...]:
        return tuple((Path(file.path), file.state) for file in self.library.job_files(job))

    def mark_file(self, job: str, path: Path, state: ImportState, code: str, why: str) -> None:
        self.library.mark_file(job, str(path), state, code=code, sentence=why)

    def finish_job(self, job: str) -> None:
        self.library.finish_job(job)

    def has_content(self, sha256: str) -> bool:
        """Raises NothingNewer where it was to replace something."""
        known = self.library.has_content(self.collection, sha256)
        if known is not None and self.replaces:
            raise self._nothing_newer(known)
        return known is not None

    def add(
        self,
        original: Original,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
    ) -> DocumentInfo:
        if self.replaces and not passages:
            raise NothingNewer(
                "Nothing can be answered from this file: no text was found in it.",
                hint="The older version stays. Bring a file whose text can be selected.",
            )
        identifier = new_document_id()
        within = (("collection", self.collection), ("sha256", original.sha256))
        self.ledger.note("document.adding", object=identifier, details=within)
        try:
            info = self._stored(identifier, original, document, passages, vectors)
        except Exception as error:
            code = error.code if isinstance(error, CloisterError) else type(error).__name__
            self.ledger.note("document.not_added", object=identifier, code=code, details=within)
            raise
        self.ledger.note(
            "document.added",
            object=identifier,
            details=(
                ("collection", self.collection),
                ("failures", len(document.failures)),
                ("pages", info.pages),
                ("passages", info.passages),
                ("sha256", original.sha256),
            ),
        )
        return info

    def _nothing_newer(self, known: str) -> NothingNewer:
        if known == self.replaces:
            return NothingNewer("This file is the very document it was to replace.")
        info = self.library.document(self.collection, known)
        if info.retired is not None:
            return NothingNewer(
                f"This file is in the collection already, as “{info.title[:120]}”, and retired.",
                hint="Answer from that one again, then retire this one.",
            )
        return NothingNewer(
            f"This file is in the collection already, as “{info.title[:120]}”.",
            hint="Retire the older document: the newer one is answered from.",
        )

    def _stored(
        self,
        identifier: str,
        original: Original,
        document: ParsedDocument,
        passages: tuple[PassageDraft, ...],
        vectors: Vectors,
    ) -> DocumentInfo:
        self.originals.write(identifier, original.content)
        return self.library.add_document(
            self.collection,
            document=identifier,
            replaces=self.replaces,
            title=document.title,
            kind=document.kind,
            paged=document.paged,
            size=len(original.content),
            sha256=original.sha256,
            added=self.now(),
            failures=document.failures,
            pages=document.pages,
            passages=passages,
            vectors=vectors,
            job=original.job,
            path=str(original.path),
        )
