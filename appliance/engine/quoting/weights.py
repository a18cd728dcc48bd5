"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

PRIOR: tuple[float, ...] = (
    0.2236,  # similarity
    0.3047,  # vector_place
    0.4876,  # word_place
)
RANK: tuple[float, ...] = (
    0.5781,  # relevance
    0.0000,  # span
    0.0290,  # evidence
    0.0000,  # similarity
    2.4680,  # vector_place
    4.6235,  # word_place
)
RANK_BIAS = -4.4444
UNIT: tuple[float, ...] = (
    0.2628,  # evidence
    2.1277,  # spanned
    0.2659,  # relevance
    0.0000,  # covered
    4.5269,  # covered_with_heading
    0.6351,  # covered_nearby
    3.9985,  # passage_rank
    0.4173,  # kind_met
    -0.3637,  # kind_missed
    -0.3325,  # first
    0.0000,  # question
    -0.4032,  # leans
    -4.0020,  # points
)
UNIT_BIAS = -5.0633
EVIDENCE: tuple[float, ...] = (
    0.0000,  # evidence
    0.0682,  # span
    0.1893,  # span_there
    0.1202,  # relevance
    0.2820,  # relevance_there
    0.8114,  # similarity
    -0.2841,  # rarest_missing
    -0.7406,  # rarest_missing_there
    -0.8181,  # rarest_missing_near
    0.0000,  # names_missing
    -0.1771,  # names_missing_there
    -0.2953,  # kind_missed
    5.1284,  # lead
    0.0000,  # ahead
    0.3319,  # nearest
    0.1752,  # most_words
)
EVIDENCE_BIAS = -0.0500
THRESHOLD = 0.321
