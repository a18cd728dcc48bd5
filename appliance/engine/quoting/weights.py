"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

PRIOR: tuple[float, ...] = (
    0.3631,  # similarity
    0.4228,  # vector_place
    0.8304,  # word_place
)
RANK: tuple[float, ...] = (
    0.5894,  # relevance
    0.0000,  # span
    0.0225,  # evidence
    0.0000,  # similarity
    2.0000,  # vector_place
    4.8766,  # word_place
)
RANK_BIAS = -4.3412
UNIT: tuple[float, ...] = (
    0.2705,  # evidence
    2.3119,  # spanned
    0.2874,  # relevance
    0.0000,  # covered
    4.3379,  # covered_with_heading
    0.4364,  # covered_nearby
    3.5361,  # passage_rank
    0.5610,  # kind_met
    -0.3624,  # kind_missed
    -0.3137,  # first
    0.0000,  # question
    -0.3855,  # leans
    -3.8296,  # points
)
UNIT_BIAS = -4.5475
EVIDENCE: tuple[float, ...] = (
    0.0000,  # evidence
    0.0000,  # span
    0.2436,  # span_there
    0.1550,  # relevance
    0.3476,  # relevance_there
    1.3458,  # similarity
    -0.5508,  # rarest_missing
    -0.0921,  # rarest_missing_there
    -0.7628,  # rarest_missing_near
    0.0000,  # names_missing
    0.0000,  # names_missing_there
    -0.5999,  # kind_missed
    1.6540,  # lead
    0.0000,  # ahead
    0.4666,  # nearest
    0.4032,  # most_words
)
EVIDENCE_BIAS = -0.5947
THRESHOLD = 0.289
