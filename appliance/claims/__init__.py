"""What a written sentence claims, and whether a document's sentence carries it."""

from __future__ import annotations

from appliance.claims.carrying import CONTAINED, carried, leans, likeness, statements
from appliance.claims.parts import Claims, claims, clauses_of

__all__ = [
    "CONTAINED",
    "Claims",
    "carried",
    "claims",
    "clauses_of",
    "leans",
    "likeness",
    "statements",
]
