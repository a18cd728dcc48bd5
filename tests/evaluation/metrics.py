"""The measures, as pure functions.

Rules kept here: nothing is read and nothing is counted but what is handed in; a share of nothing
is NaN, never 0 or 1. Ranks count from 1. Ranked names are distinct, best first.

Sources: nDCG as in Järvelin and Kekäläinen 2002 with linear gain, as trec_eval and BEIR compute it;
exact match and F1 as SQuAD 1.1 and 2.0 define them (Rajpurkar et al. 2016, 2018).
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


# --- rankings -------------------------------------------------------------------------------------


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Normalised discounted cumulative gain of the first `depth`. grades: relevance by name; what
    is not there, or not above 0, gains nothing. NaN where nothing is relevant."""
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:depth]
    if not best:
        return math.nan
    gains = [max(grades.get(name, 0), 0) for name in ranked[:depth]]
    return _discounted(gains) / _discounted(best)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """The share of the relevant that stands among the first `depth`. NaN where nothing is."""
    wanted = {name for name, grade in grades.items() if grade > 0}
    if not wanted:
        return math.nan
    return len(wanted.intersection(ranked[:depth])) / len(wanted)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """1 / rank of the first relevant one among the first `depth`; 0 where none is."""
    if not any(grade > 0 for grade in grades.values()):
        return math.nan
    for rank, name in enumerate(ranked[:depth], start=1):
        if grades.get(name, 0) > 0:
            return 1 / rank
    return 0.0


# --- spans ----------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """Lower case, without punctuation, without articles, single spaces (in this order)."""
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(given: str, answers: Sequence[str]) -> float:
    """1 where what was given equals one of the answers once both are normal. No answers: the
    question has none, and only "" is right."""
    return float(any(normal(given) == normal(answer) for answer in answers or ("",)))


def f1(given: str, answers: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall over words. Where either side is empty it is
    1 if both are, else 0."""
    return max(_f1_of(normal(given).split(), normal(answer).split()) for answer in answers or ("",))


def _f1_of(given: Sequence[str], answer: Sequence[str]) -> float:
    if not given or not answer:
        return float(given == answer)
    shared = sum((Counter(given) & Counter(answer)).values())
    return 2 * shared / (len(given) + len(answer))


# --- over many ------------------------------------------------------------------------------------


def mean(values: Sequence[float]) -> float:
    """NaN of none."""
    return sum(values) / len(values) if values else math.nan


def share(part: int, whole: int) -> float:
    """NaN of none."""
    return part / whole if whole else math.nan


def percentile(values: Sequence[float], percent: float) -> float:
    """By nearest rank: the least value that `percent` % of them do not exceed. NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def refusal(refused: Sequence[bool], unanswerable: Sequence[bool]) -> tuple[float, float]:
    """(precision, recall) of refusing. precision: of those refused, the share that has no answer;
    recall: of those without an answer, the share that was refused."""
    right = sum(said and none for said, none in zip(refused, unanswerable, strict=True))
    return share(right, sum(refused)), share(right, sum(unanswerable))
