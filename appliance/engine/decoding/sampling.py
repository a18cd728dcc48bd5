"""Choosing the next token from a row of logits.

Rules kept here: pure functions, rows are never changed in place. The order is mask, repetition
penalty, temperature, top-k, top-p, draw. Chance is counter-based (Philox, keyed by the seed,
counting the answer's tokens), so that an answer computed again, alone or beside others, draws the
same numbers. Among equal logits the lower token goes first, everywhere.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, Philox  # here: numpy loads it late, and the host then cannot

from appliance.engine.decoding.errors import LogitsInvalid, RequestUnusable
from appliance.engine.decoding.model import Logits
from appliance.engine.decoding.request import Evidence, Sampling

Tokens: TypeAlias = npt.NDArray[np.int64]
Weights: TypeAlias = npt.NDArray[np.float64]

MOST_STOPS = 16
LONGEST_STOP = 256
MOST_EVIDENCE = 64
LONGEST_EVIDENCE = 1 << 18
"""Characters in all; a prompt holds a twentieth of it."""
MOST_MARKS = 99
_SEEDS = 1 << 64


def require_usable(sampling: Sampling) -> None:
    """Raises RequestUnusable for settings outside their range."""
    checks: tuple[tuple[bool, str], ...] = (
        (
            sampling.temperature == 0 or 0.01 <= sampling.temperature <= 100,
            "The temperature is not 0 and lies outside 0.01 to 100.",
        ),
        (0 < sampling.top_p <= 1, "top-p is not above 0 and up to 1."),
        (sampling.top_k >= 0, "top-k is below 0."),
        (0.01 <= sampling.repetition_penalty <= 100, "The penalty lies outside 0.01 to 100."),
        (sampling.max_tokens >= 1, "The answer may not have a single token."),
        (len(sampling.stops) <= MOST_STOPS, f"There are more than {MOST_STOPS} stop strings."),
        (
            all(0 < len(stop) <= LONGEST_STOP for stop in sampling.stops),
            f"A stop string is empty or longer than {LONGEST_STOP} characters.",
        ),
        *_of_evidence(sampling.evidence),
    )
    for holds, sentence in checks:
        if not holds:
            raise RequestUnusable(sentence)


def _of_evidence(evidence: Evidence | None) -> tuple[tuple[bool, str], ...]:
    if evidence is None:
        return ()
    size = sum(len(text) for text in evidence.texts)
    return (
        (
            len(evidence.texts) <= MOST_EVIDENCE,
            f"There are over {MOST_EVIDENCE} texts of evidence.",
        ),
        (size <= LONGEST_EVIDENCE, f"The evidence has over {LONGEST_EVIDENCE:,} characters."),
        (0 <= evidence.marks <= MOST_MARKS, f"The marks lie outside 0 to {MOST_MARKS}."),
    )


def penalise(logits: Logits, seen: Tokens, penalty: float) -> Logits:
    """Makes the tokens of `seen` (each once) less likely: Keskar et al. 2019, section 4.1, in the
    form that holds for logits of either sign. Above 1 discourages, below 1 encourages."""
    if penalty == 1.0 or not seen.size:
        return logits
    penalised = logits.copy()
    values = penalised[seen]
    penalised[seen] = np.where(values > 0, values / penalty, values * penalty)
    return penalised


def choose(logits: Logits, sampling: Sampling, *, index: int) -> int:
    """The token at place `index` of the answer. -inf is never chosen. Raises LogitsInvalid when
    nothing can be chosen or a logit is not a number."""
    likeliest = int(np.argmax(logits))
    best = float(logits[likeliest])
    if not math.isfinite(best):  # argmax finds a NaN wherever it stands
        raise LogitsInvalid("The model's output is not usable: no next token can be chosen.")
    if sampling.temperature == 0 or sampling.top_k == 1:
        return likeliest
    scale = 1.0 / sampling.temperature
    number = chance(sampling.seed, index)
    if sampling.top_p == 1 and not 0 < sampling.top_k < len(logits):
        return _draw(_weights(logits, best, scale), number)
    tokens = _nucleus(logits, best, scale, sampling)
    return int(tokens[_draw(_weights(logits[tokens], best, scale), number)])


def chance(seed: int, index: int) -> float:
    """A number in [0, 1), the same for the same seed and place wherever it is computed."""
    bits = Philox(key=seed % _SEEDS, counter=index << 64)
    return float(Generator(bits).random())


def _weights(logits: Logits, best: float, scale: float) -> Weights:
    """Probabilities but for a common factor; the likeliest has 1. The exponentials are taken in
    single precision, for 150,000 of them a fifth of the time."""
    weights: Weights = np.exp((logits - np.float32(best)) * np.float32(scale)).astype(np.float64)
    return weights


def _draw(weights: Weights, number: float) -> int:
    sums = np.cumsum(weights)
    place = int(np.searchsorted(sums, number * sums[-1], side="right"))
    # Rounding can put the number at the very end, behind tokens of weight 0.
    return min(place, int(np.searchsorted(sums, sums[-1], side="left")))


def _nucleus(logits: Logits, best: float, scale: float, sampling: Sampling) -> Tokens:
    """The top-k and of these the top-p tokens, likeliest first: the fewest whose share reaches
    top_p (Holtzman et al. 2020, section 3.1), one at least."""
    if 0 < sampling.top_k < len(logits):
        tokens = _largest(logits, sampling.top_k)
        weights = _weights(logits[tokens], best, scale)
        return tokens[: _reach(weights, sampling.top_p * weights.sum())]
    wanted = sampling.top_p * float(_weights(logits, best, scale).sum())
    # Sorting 150,000 tokens takes ten times as long as choosing among the few that matter: look
    # at those within some distance of the best first, and further only if they do not suffice.
    for distance in (4.0, 10.0, math.inf):
        near = np.flatnonzero(logits > best - distance / scale)
        weights = _weights(logits[near], best, scale)
        if distance == math.inf or weights.sum() >= wanted:
            order = np.argsort(-logits[near], kind="stable")
            return near[order][: _reach(weights[order], wanted)]
    raise LogitsInvalid("The model's output is not usable: nothing is likely enough.")


def _reach(weights: Weights, wanted: float) -> int:
    """How many of the sorted weights it takes to come to `wanted`."""
    sums = np.cumsum(weights)
    return min(int(np.searchsorted(sums, wanted * (1 - 1e-6), side="left")) + 1, len(weights))


def _largest(logits: Logits, count: int) -> Tokens:
    """The `count` likeliest, sorted; at the border the lower tokens."""
    border = np.partition(logits, len(logits) - count)[len(logits) - count]
    # Fewer than `count` may be left by a mask; those it excluded need no sorting.
    tokens = np.flatnonzero(logits >= border if border > -np.inf else logits > border)
    order = np.argsort(-logits[tokens], kind="stable")
    return tokens[order][:count]
