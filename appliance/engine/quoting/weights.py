"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

PRIOR: tuple[float, ...] = (
    0.2051,  # similarity
    0.2322,  # vector_place
    0.4803,  # word_place
)
RANK: tuple[float, ...] = (
    0.5958,  # relevance
    0.0000,  # span
    0.0064,  # evidence
    0.0000,  # similarity
    1.9764,  # vector_place
    5.4552,  # word_place
)
RANK_BIAS = -4.7724
UNIT: tuple[float, ...] = (
    0.2576,  # evidence
    2.2155,  # spanned
    0.2785,  # relevance
    0.0000,  # covered
    4.5666,  # covered_with_heading
    0.7947,  # covered_nearby
    3.9851,  # passage_rank
    0.4592,  # kind_met
    -0.3535,  # kind_missed
    -0.2726,  # first
    0.0000,  # question
    -0.3635,  # leans
    -3.9409,  # points
)
UNIT_BIAS = -5.3018
EVIDENCE: tuple[float, ...] = (
    0.0000,  # evidence
    0.0568,  # span
    0.1902,  # span_there
    0.1332,  # relevance
    0.2973,  # relevance_there
    1.6294,  # similarity
    -0.8248,  # rarest_missing
    -0.0212,  # rarest_missing_there
    -0.8501,  # rarest_missing_near
    0.0000,  # names_missing
    -0.0846,  # names_missing_there
    0.0000,  # kind_missed
    2.1331,  # lead
    0.0000,  # ahead
    0.5278,  # nearest
    0.3075,  # most_words
)
EVIDENCE_BIAS = -0.6506
THRESHOLD = 0.362
