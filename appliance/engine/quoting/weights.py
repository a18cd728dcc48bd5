"""Weights of quote mode, by packaging/models/calibrate_quote.py: not to be edited."""

from __future__ import annotations

PRIOR: tuple[float, ...] = (2.0, 0.5, 0.5)
RANK: tuple[float, ...] = (1.0, 0.3, 0.3, 2.0, 0.5, 0.5)
RANK_BIAS = -1.0
UNIT: tuple[float, ...] = (1.0, 1.0, 0.3, 0.5, 0.5, 0.5, 0.3, 0.2, -0.5, 0.0, -2.0, 0.0, -3.0)
UNIT_BIAS = -2.0
EVIDENCE: tuple[float, ...] = (
    0.3,
    0.3,
    0.2,
    0.3,
    0.2,
    1.0,
    -0.5,
    -0.5,
    -0.3,
    -1.0,
    -1.0,
    -0.3,
    1.0,
    0.2,
    0.1,
    0.1,
)
EVIDENCE_BIAS = -1.0
THRESHOLD = 0.5
