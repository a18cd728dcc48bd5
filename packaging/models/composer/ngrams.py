"""How usual a text's words are one after the other: a trigram model, for measuring alone.

Rules kept here: learnt from texts the composer was trained on, never from what is measured;
interpolated from three orders with fixed weights, so that nothing is fitted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WEIGHTS = (0.5, 0.3, 0.19)
_REST = 0.01


class Ngrams:
    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        for text in texts:
            words = _words(text)
            for order in (1, 2, 3):
                self._counts[order - 1].update(
                    zip(*(words[n:] for n in range(order)), strict=False)
                )
        self._all = sum(self._counts[0].values())

    def perplexity(self, texts: Sequence[str]) -> float:
        """A word, on the average, is as hard to foresee as one of so many."""
        total, count = 0.0, 0
        for text in texts:
            words = _words(text)
            for at in range(2, len(words)):
                total -= math.log(self._likelihood(words[at - 2], words[at - 1], words[at]))
                count += 1
        return math.exp(total / max(1, count))

    def _likelihood(self, first: str, second: str, third: str) -> float:
        one, two, three = self._counts
        parts = (
            three[first, second, third] / max(1, two[first, second]),
            two[second, third] / max(1, one[second,]),
            one[third,] / self._all,
        )
        weighed = sum(w * p for w, p in zip(_WEIGHTS, parts, strict=True))
        return weighed + _REST / (len(one) + 1)


def _words(text: str) -> list[str]:
    return ["<", "<", *(word.lower() for word in _TOKEN.findall(text)), ">"]
