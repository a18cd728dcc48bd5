"""When two names are the same."""

from __future__ import annotations

import hashlib
import unicodedata


def same_name(text: str) -> str:
    """What all ways of writing a person's name or a title have in common, as the vault has it
    (NFKC, case folded, single spaces)."""
    return unicodedata.normalize("NFKC", " ".join(text.split())).casefold()


def file_tag(text: str) -> str:
    """16 hexadecimal digits to name a file after somebody without naming them."""
    return hashlib.sha256(same_name(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]
