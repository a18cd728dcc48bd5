"""What a written sentence says, and whether a document's sentence says it."""

from __future__ import annotations

from appliance.claims.carrying import (
    WHOLE,
    Leaning,
    Said,
    Statement,
    carried,
    leaning,
    likeness,
    sentence_of,
    statements,
)

__all__ = [
    "WHOLE",
    "Leaning",
    "Said",
    "Statement",
    "carried",
    "leaning",
    "likeness",
    "sentence_of",
    "statements",
]
