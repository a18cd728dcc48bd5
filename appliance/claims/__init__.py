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
from appliance.claims.derived import capitalised

__all__ = [
    "WHOLE",
    "Leaning",
    "Said",
    "Statement",
    "capitalised",
    "carried",
    "leaning",
    "likeness",
    "sentence_of",
    "statements",
]
