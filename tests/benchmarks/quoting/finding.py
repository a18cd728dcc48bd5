"""Finding passages for calibration the way the product does: cosine and BM25, fused by rank."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting.words import STOP_WORDS, split_words, stem
from appliance.memory.fusion import fuse
from appliance.values import Passage, Scored, Vectors

DEPTH = 100  # of each ranking, before they are fused


class VectorCache:
    """Encodes every distinct text once; `folder` keeps the vectors for the next run."""

    def __init__(self, host: EngineHost, folder: Path | None) -> None:
        self._host = host
        self._file = folder / "vectors.npz" if folder else None
        self._vectors: dict[bytes, npt.NDArray[np.float32]] = {}
        if self._file and self._file.exists():
            stored = np.load(self._file, allow_pickle=False)
            keys = stored["keys"].tobytes()
            self._vectors = {
                keys[16 * n : 16 * n + 16]: vector for n, vector in enumerate(stored["vectors"])
            }

    def encode(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._vectors}
        if new:
            vectors = self._host.encode(list(new.values()))
            self._vectors.update(zip(new, vectors, strict=True))
        return np.stack([self._vectors[key] for key in keys])

    def close(self) -> None:
        self._host.close()
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            keys = np.frombuffer(b"".join(self._vectors), np.uint8)
            np.savez(self._file, keys=keys, vectors=np.stack(list(self._vectors.values())))


def _stems(text: str) -> list[str]:
    return [stem(w) for w in split_words(text) if w.casefold() not in STOP_WORDS]


class Library:
    """Passages with their vectors and postings. `passages[n].key` must be n."""

    def __init__(self, passages: Sequence[Passage], cache: VectorCache) -> None:
        self._passages = passages
        self._cache = cache
        texts = [f"{p.headings[-1]}. {p.text}" if p.headings else p.text for p in passages]
        self._vectors = cache.encode(texts)
        counts = [Counter(_stems(f"{p.title} {' '.join(p.headings)} {p.text}")) for p in passages]
        self._lengths = np.array([sum(c.values()) for c in counts], np.float64)
        postings: dict[str, list[tuple[int, int]]] = {}
        for key, count in enumerate(counts):
            for word, times in count.items():
                postings.setdefault(word, []).append((key, times))
        self._postings = {w: np.array(p).T for w, p in postings.items()}

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._cache.encode(texts)

    def find(
        self, question: str, vector: Vectors, removed: frozenset[int], limit: int
    ) -> tuple[Scored, ...]:
        """As memory.search does, without the passages in `removed`."""
        cosines = self._vectors @ vector
        words = self._bm25(question)
        for key in removed:
            cosines[key], words[key] = -1.0, 0.0
        by_vector = [int(k) for k in np.argsort(-cosines, kind="stable")[:DEPTH] if cosines[k] > -1]
        by_word = [int(k) for k in np.argsort(-words, kind="stable")[:DEPTH] if words[k] > 0]
        places = ({k: n for n, k in enumerate(r, 1)} for r in (by_vector, by_word))
        vector_rank, word_rank = places
        return tuple(
            Scored(
                passage=self._passages[key],
                score=score,
                similarity=float(cosines[key]),
                vector_rank=vector_rank.get(key, 0),
                word_rank=word_rank.get(key, 0),
            )
            for key, score in fuse([by_vector, by_word])[:limit]
        )

    def _bm25(self, question: str) -> npt.NDArray[np.float64]:
        scores = np.zeros(len(self._passages))
        mean = self._lengths.mean()
        for word in set(_stems(question)):
            if word in self._postings:
                keys, times = self._postings[word]
                rarity = np.log(1 + (len(scores) - len(keys) + 0.5) / (len(keys) + 0.5))
                scores[keys] += (
                    rarity
                    * times
                    * 2.2
                    / (times + 1.2 * (0.25 + 0.75 * self._lengths[keys] / mean))
                )
        return scores
