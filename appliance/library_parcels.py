"""Prebuilt collections: packed on one machine, unpacked on others without parsing or embedding.

Rules kept here: only who may read a collection's documents and add to it may pack it, and that is
logged before and after, with the file's hash; what comes out is sealed under a new code, which is
returned once; what comes from elsewhere is looked at to its end before anything of it goes in, and
then goes in like an import: original, store, log, and nothing twice; what was retired where it was
packed is retired where it is unpacked, in the transaction that brings what took its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from appliance.desk import Desk
from appliance.errors import CloisterError
from appliance.intake import Original
from appliance.originals import CollectionShelf
from appliance.parcel.library import (
    LibraryDocument,
    LibraryHeader,
    read_library,
    write_library,
)
from appliance.policy import Action
from appliance.values import DocumentInfo, ParsedDocument
from appliance.vault import Tampered
from appliance.vault.recovery import new_code, shown


class OtherEncoder(CloisterError):
    """Its vectors were made by another encoder; nothing would be found by them here."""

    code = "library_of_another_encoder"
    hint = "Pack the library again with the version of Cloister that is installed here."


class WrongLibraryCode(CloisterError):
    code = "wrong_library_code"
    hint = "Type the code that was shown when the library was packed; each library has its own."


def pack_library(desk: Desk, collection: str, out: Path) -> str:
    """Writes a collection into the file `out`, durable on return; the code that opens it, shown
    once. Raises NotAllowed, ConfirmFirst, StoreTampered, storage errors."""
    desk.require(Action.IMPORT, collection)
    desk.require_confirmed(Action.READ_DOCUMENT, collection)
    desk.require_usable((collection,))
    titles = dict(desk.session.collections())
    known = desk.library.documents(collection)
    documents = [one for one in known if one.retired is None]
    header = LibraryHeader(
        titles[collection], desk.engine.model, len(documents), _retired_in(known)
    )
    desk.ledger.note("library.packing", object=collection)
    code = shown(new_code())

    def packed() -> Iterator[LibraryDocument]:
        originals = desk.originals(collection)
        for info in documents:
            draft = desk.library.draft(collection, info.id)
            yield LibraryDocument(
                info.title,
                info.kind,
                draft.paged,
                draft.pages,
                info.failures,
                draft.passages,
                draft.vectors,
                originals.read(info.id),
            )

    try:
        write_library(out, code, header, packed())
        with out.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except CloisterError as error:
        desk.ledger.note("library.not_packed", object=collection, code=error.code)
        raise
    desk.ledger.note(
        "library.packed",
        object=collection,
        details=(("documents", len(documents)), ("sha256", digest)),
    )
    return code


def take_library(desk: Desk, path: Path, code: str) -> str:
    """Adds the library's documents to the collection of its title, which is made if need be. What
    is in that collection already is passed over, so a second time goes on where a first stopped.
    Returns what was done. Raises WrongLibraryCode, OtherEncoder, ParcelDamaged, storage errors."""
    header = _looked_at(path, code)
    if header.encoder != desk.engine.model:
        raise OtherEncoder(f"The library “{header.title}” was made with another encoder.")
    titles = {title: identifier for identifier, title in desk.session.collections()}
    known = header.title in titles
    collection = titles.get(header.title) or desk.create_collection(header.title).id
    desk.require(Action.IMPORT, collection)
    desk.require_usable((collection,))
    details = (("documents", header.documents),)
    desk.ledger.note("library.unpacking", object=collection, details=details)
    shelf = CollectionShelf(
        collection, desk.library, desk.originals(collection), desk.ledger, desk.now
    )
    gone = _answering_here(shelf, header)
    if gone:
        desk.require(Action.REMOVE_DOCUMENT, collection)
    retiring = len(gone)
    _, documents = read_library(path, code)
    added = sum(_added(shelf, document, path, gone) for document in documents)
    for document in gone:
        _note(shelf, "document.retiring", document)
        desk.library.retire(collection, document, desk.now())
        _note(shelf, "document.retired", document)
    desk.library.checkpoint(collection)
    done = (("documents", added), ("retired", retiring))
    desk.ledger.note("library.unpacked", object=collection, details=done)
    return _told(header, added, retiring, known=known)


def _told(header: LibraryHeader, added: int, retired: int, *, known: bool) -> str:
    if retired:
        return (
            f"{added} of {header.documents} documents were added to the collection "
            f"“{header.title}”, and {retired} that are retired there were retired here."
        )
    if known:
        return (
            f"{added} of {header.documents} documents were added to the collection "
            f"“{header.title}”, which was here already."
        )
    return (
        f"{added} of {header.documents} documents were added to the collection “{header.title}”, "
        "which is new."
    )


def _looked_at(path: Path, code: str) -> LibraryHeader:
    """What is wrong with a document further on is known before the first one goes in."""
    try:
        header, documents = read_library(path, code)
    except Tampered:
        raise WrongLibraryCode("This code does not open the library.") from None
    for _ in documents:
        pass
    return header


def _retired_in(documents: tuple[DocumentInfo, ...]) -> tuple[tuple[str, str], ...]:
    """The hash of each that is retired, with that of what is answered from in its place."""
    known = {one.id: one for one in documents}
    pairs = []
    for one in documents:
        last, seen = one, {one.id}
        while last.retired is not None and last.successor in known.keys() - seen:
            last = known[last.successor]
            seen.add(last.id)
        if one.retired is not None:
            pairs.append((one.sha256, last.sha256 if last.retired is None else ""))
    return tuple(pairs)


def _answering_here(shelf: CollectionShelf, header: LibraryHeader) -> dict[str, str]:
    """What is answered from here and was retired where the library was packed: its id, and the hash
    of what took its place."""
    found = {}
    for digest, successor in header.retired:
        here = shelf.library.has_content(shelf.collection, digest)
        if here is not None and shelf.library.document(shelf.collection, here).retired is None:
            found[here] = successor
    return found


def _added(
    shelf: CollectionShelf, document: LibraryDocument, path: Path, gone: dict[str, str]
) -> bool:
    """Whether it was not here already. What it takes the place of is retired with it, and taken out
    of `gone`."""
    digest = hashlib.sha256(document.original).hexdigest()
    if shelf.has_content(digest):
        return False
    parsed = ParsedDocument(
        document.title, document.kind, document.paged, document.pages, document.failures
    )
    original = Original("", path, document.original, digest)
    older = next((one for one, now in gone.items() if now == digest and document.passages), "")
    if older:
        _note(shelf, "document.retiring", older)
    info = replace(shelf, replaces=older).add(original, parsed, document.passages, document.vectors)
    if older:
        _note(shelf, "document.retired", older, info.id)
        del gone[older]
    return True


def _note(shelf: CollectionShelf, action: str, document: str, successor: str = "") -> None:
    details = (("collection", shelf.collection), ("successor", successor))
    shelf.ledger.note(action, object=document, details=details if successor else details[:1])
