"""A small honest Model: its logits depend on every token of a sequence, its cache has pages.

The tokens lie in pages that are counted, shared by forks and copied before one sequence changes
what another still reads. Logits are computed from what the pages hold, so a mistake in sharing
shows up as another answer. Capacity is as small as a test likes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from appliance.engine.decoding.model import Append, CacheFull, Logits
from appliance.errors import EngineFailed

_MAGIC = b"hash-model 1\n"


class HashModel:
    """`pages` of `page` tokens for at most `sequences` sequences."""

    def __init__(
        self,
        *,
        vocabulary: int = 64,
        context: int = 128,
        pages: int = 64,
        page: int = 4,
        sequences: int = 64,
        secret: bytes = b"",
    ) -> None:
        self.vocabulary = vocabulary
        self.context = context
        self.fingerprint = hashlib.sha256(repr((vocabulary, page)).encode() + secret).hexdigest()
        self.passes: list[tuple[Append, ...]] = []
        self._page = page
        self._pages = np.full((pages, page), -1, np.int64)
        self._readers = [0] * pages
        self._most = sequences
        self._next = 0
        self._tables: dict[int, list[int]] = {}
        self._lengths: dict[int, int] = {}

    def add(self) -> int:
        if len(self._tables) >= self._most:
            raise CacheFull("There are too many sequences.")
        self._next += 1
        self._tables[self._next], self._lengths[self._next] = [], 0
        return self._next

    def fork(self, sequence: int, length: int) -> int:
        self._require_part(sequence, length)
        whole, part = divmod(length, self._page)
        if part and not self._free():
            raise CacheFull("There is no page for the fork.")
        fork = self.add()
        shared = self._tables[sequence][:whole]
        for page in shared:
            self._readers[page] += 1
        self._tables[fork] = list(shared)
        if part:
            copy = self._take_page()
            self._pages[copy, :part] = self._pages[self._tables[sequence][whole], :part]
            self._tables[fork].append(copy)
        self._lengths[fork] = length
        return fork

    def cut(self, sequence: int, length: int) -> None:
        if not 0 <= length <= self._lengths[sequence]:
            raise ValueError("A cut keeps what is there or less.")
        needed = -(-length // self._page)
        for page in self._tables[sequence][needed:]:
            self._give_page(page)
        del self._tables[sequence][needed:]
        self._lengths[sequence] = length

    def remove(self, sequence: int) -> None:
        self.cut(sequence, 0)
        del self._tables[sequence], self._lengths[sequence]

    def length(self, sequence: int) -> int:
        return self._lengths[sequence]

    def free_tokens(self) -> int:
        return self._free() * self._page

    def forward(self, batch: Sequence[Append]) -> Logits:
        self._require_batch(batch)
        if sum(map(self._new_pages, batch)) > self._free():
            raise CacheFull("The cache is full.")
        self.passes.append(tuple(batch))
        for append in batch:
            for token in append.tokens:
                self._write(append.sequence, token)
        return np.stack([self._logits(append.sequence) for append in batch])

    def export(self, sequence: int, length: int) -> bytes:
        self._require_part(sequence, length)
        body = self._tokens(sequence)[:length].astype("<i8").tobytes()
        head = _MAGIC + bytes.fromhex(self.fingerprint)
        return head + body + hashlib.sha256(head + body).digest()

    def adopt(self, untrusted: bytes) -> int:
        head = _MAGIC + bytes.fromhex(self.fingerprint)
        body, seal = untrusted[len(head) : -32], untrusted[-32:]
        if not untrusted.startswith(head) or hashlib.sha256(head + body).digest() != seal:
            raise EngineFailed("This is no export of this model.")
        tokens = np.frombuffer(body, "<i8")
        if -(-len(tokens) // self._page) > self._free():
            raise CacheFull("The cache is full.")
        sequence = self.add()
        for token in tokens.tolist():
            self._write(sequence, token)
        return sequence

    # What a test may ask beside the Protocol.

    def tokens(self, sequence: int) -> list[int]:
        return [int(token) for token in self._tokens(sequence)]

    def sequences(self) -> list[int]:
        return list(self._tables)

    def _require_part(self, sequence: int, length: int) -> None:
        if not 1 <= length <= self._lengths[sequence]:
            raise ValueError("The sequence does not hold that many tokens.")

    def _require_batch(self, batch: Sequence[Append]) -> None:
        if not batch or len({append.sequence for append in batch}) < len(batch):
            raise ValueError("Each sequence once, and one at least.")
        for append in batch:
            if not append.tokens or not all(0 <= t < self.vocabulary for t in append.tokens):
                raise ValueError("A token is outside the vocabulary, or there is none.")
            if self._lengths[append.sequence] + len(append.tokens) > self.context:
                raise ValueError("The sequence would outgrow the context.")

    def _new_pages(self, append: Append) -> int:
        length, table = self._lengths[append.sequence], self._tables[append.sequence]
        pages = -(-(length + len(append.tokens)) // self._page) - len(table)
        return pages + bool(length % self._page and self._readers[table[-1]] > 1)

    def _write(self, sequence: int, token: int) -> None:
        table = self._tables[sequence]
        place = self._lengths[sequence] % self._page
        if not place:
            table.append(self._take_page())
        elif self._readers[table[-1]] > 1:  # after a cut; others still read this page
            copy = self._take_page()
            self._pages[copy] = self._pages[table[-1]]
            self._give_page(table[-1])
            table[-1] = copy
        self._pages[table[-1], place] = token
        self._lengths[sequence] += 1

    def _free(self) -> int:
        return self._readers.count(0)

    def _take_page(self) -> int:
        page = self._readers.index(0)
        self._readers[page] = 1
        return page

    def _give_page(self, page: int) -> None:
        self._readers[page] -= 1
        if not self._readers[page]:
            self._pages[page] = -1

    def _tokens(self, sequence: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        held = self._pages[self._tables[sequence]].reshape(-1)[: self._lengths[sequence]]
        return np.asarray(held, np.int64)

    def _logits(self, sequence: int) -> Logits:
        digest = hashlib.blake2b(self._tokens(sequence).tobytes(), digest_size=8).digest()
        numbers = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
        return np.asarray(3 * numbers.standard_normal(self.vocabulary), np.float32)
