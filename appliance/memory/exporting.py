"""A stored document as it was handed in, to be packed for another machine.

Rule kept here: it is read from the store that was checked when it opened, by rows of whole
documents alone; keys and postings stay behind, since they are this store's own.
"""

from __future__ import annotations

import numpy as np

from appliance.memory.catalogue import Draft, read_document, read_page, read_passages, read_segments
from appliance.memory.errors import StoreDamaged
from appliance.memory.store import Store
from appliance.values import VECTOR_SIZE, PassageDraft, Vectors


def read_draft(store: Store, collection: str, document: str) -> Draft:
    """Raises DocumentUnknown, StoreDamaged."""
    info = read_document(store, collection, document)
    numbers = store.read("SELECT number FROM pages WHERE document = ? ORDER BY number", [document])
    pages = tuple(read_page(store, document, int(str(number))) for (number,) in numbers)
    keys: list[int] = []
    vectors: list[Vectors] = [np.empty((0, VECTOR_SIZE), np.float32)]
    for segment in read_segments(store, document):
        keys += range(segment.first, segment.first + len(segment.words.lengths))
        vectors.append(segment.vectors)
    found = read_passages(store, collection, keys)
    if len(found) != len(keys):
        raise StoreDamaged("A document's passages are not all there.")
    passages = tuple(
        PassageDraft(one.text, one.sentences, one.headings, one.spans)
        for one in (found[key] for key in keys)
    )
    ((paged,),) = store.read("SELECT paged FROM documents WHERE id = ?", [document])
    return Draft(info, bool(paged), pages, passages, np.concatenate(vectors).astype(np.float32))
