"""Which articles, topics and queries are held back: never trained on, never tuned on.

Rules kept here: a name alone decides, so that training and evaluation agree without a list. The
names are SQuAD article titles as they stand in the file, file stems of the hospital's pages, and
query ids of SciFact.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

PARTS: Final = 5


def fold_of(name: str, folds: int) -> int:
    """0 to folds - 1: the first four bytes of the name's SHA-256, big endian, modulo `folds`."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") % folds


def held_back(name: str) -> bool:
    """Whether it is in the fifth that is held back, which is fold 0 of 5."""
    return fold_of(name, PARTS) == 0


def part_of(name: str) -> str:
    """What held_back says is "held"; one in ten of all names is for "calibration", to fit a few
    weights on, the others for "training"."""
    if held_back(name):
        return "held"
    return "calibration" if fold_of(name, 2 * PARTS) == 1 else "training"
