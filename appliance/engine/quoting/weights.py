"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

UNIT: tuple[float, ...] = (
    3.8400,  # cosine
    0.3874,  # covered
    3.1742,  # covered_with_heading
    0.4550,  # covered_nearby
    3.5719,  # passage_rank
    0.7770,  # kind_met
    -0.7793,  # kind_missed
    -0.1232,  # first
    -0.0136,  # question
    -0.6022,  # leans
    -6.8455,  # points
)
UNIT_BIAS = -7.6176
EVIDENCE: tuple[float, ...] = (
    4.9308,  # cosine
    -0.9478,  # rarest_missing
    -0.5678,  # rarest_missing_there
    -0.8198,  # rarest_missing_near
    -2.2817,  # names_missing
    -0.6463,  # names_missing_there
    -0.4330,  # kind_missed
    5.0268,  # lead
    1.4545,  # ahead
    0.5048,  # nearest
    0.6329,  # most_words
)
EVIDENCE_BIAS = -3.6925
THRESHOLD = 0.490
