"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

UNIT: tuple[float, ...] = (
    4.4841,  # cosine
    0.4462,  # covered
    2.4004,  # covered_with_heading
    1.0099,  # covered_nearby
    0.0000,  # passage_cosine
    3.4889,  # passage_rank
    0.7661,  # kind_met
    -0.6198,  # kind_missed
    -0.0601,  # first
    -0.5713,  # short
    0.0000,  # question
    -0.0655,  # leans
    -6.7558,  # points
    0.0000,  # defines
)
UNIT_BIAS = -7.8825
EVIDENCE: tuple[float, ...] = (
    4.2100,  # cosine
    0.0000,  # covered
    0.5400,  # covered_by_passage
    -0.9100,  # rarest_missing
    -1.1500,  # rarest_missing_there
    -0.1300,  # rarest_missing_near
    -1.8500,  # names_missing
    -0.5600,  # names_missing_there
    -0.0300,  # kind_missed
    7.2000,  # lead
    0.2500,  # ahead
    0.3500,  # nearest
    0.4600,  # most_words
)
EVIDENCE_BIAS = -2.6000
THRESHOLD = 0.494
