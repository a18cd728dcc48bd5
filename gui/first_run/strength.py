"""How strong a passphrase is, said while it is typed.

Rules kept here: a pure estimate of what a guesser who knows the usual tricks needs (runs,
repeats, keyboard rows and the commonest words count for little); it advises, the vault decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST = 12
"""Characters a passphrase needs (NIST SP 800-63B-4 asks for at least 8 and advises 15)."""

_COMMON = (
    "password passwort passphrase hospital klinik welcome qwertz qwerty azerty admin letmein "
    "monday summer winter spring autumn dragon monkey secret iloveyou cloister correct horse "
    "battery staple bank login master doctor nurse"
).split()
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")


@dataclass(frozen=True, slots=True)
class Strength:
    """`level` 0 (nothing typed) to 4 (strong); `bits` is the estimate."""

    level: int
    bits: float


def strength(passphrase: str, name: str = "") -> Strength:
    if not passphrase:
        return Strength(0, 0.0)
    bits = _bits(passphrase, name)
    if len(passphrase) < LEAST or bits < 36:
        return Strength(1, bits)
    return Strength(2 if bits < 52 else 3 if bits < 70 else 4, bits)


def _bits(passphrase: str, name: str) -> float:
    low = passphrase.lower()
    known = 0.0
    words = [*_COMMON, *(part for part in name.lower().split() if len(part) > 2)]
    for word in words:
        if word in low:
            low = low.replace(word, "", 1)
            known += 8.0
    rest = _collapsed(low)
    return known + len(rest) * math.log2(_alphabet(passphrase)) * 0.72


def _collapsed(text: str) -> str:
    """Without characters that follow from the two before them: aaa, abc, 321."""
    out = ""
    for at, char in enumerate(text):
        if at >= 2 and _follows(text[at - 2], text[at - 1], char):
            continue
        out += char
    return out


def _follows(first: str, second: str, third: str) -> bool:
    if first == second == third:
        return True
    run = first + second + third
    return any(run in row or run in row[::-1] for row in _ROWS)


def _alphabet(text: str) -> int:
    size = 0
    size += 26 if any(c.islower() for c in text) else 0
    size += 26 if any(c.isupper() for c in text) else 0
    size += 10 if any(c.isdigit() for c in text) else 0
    size += 33 if any(not c.isalnum() for c in text) else 0
    return max(size, 10)
