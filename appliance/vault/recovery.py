"""The printed recovery code: 160 random bits and a checksum, in letters a tired person can type.

Rules kept here: a typing error is found by the checksum (20 bits), before any key derivation and
without touching the vault; the code is no key itself, each use derives its own secret from it.

Form: nine groups of four of Crockford's base32 (no I, L, O, U; those typed are read as 1, 1, 0):
eight groups of the code and one of checksum.
"""

from __future__ import annotations

import re

from appliance.vault.errors import RecoveryCodeMistyped
from appliance.vault.primitives import hkdf, random_bytes, sha256

CODE_SIZE = 20
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = 32
_CHECK = 4
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = re.compile(r"[\s\-‐‑–—]+")
_FORM = re.compile(r"[0-9A-TV-Z]{36}")


def new_code() -> bytes:
    return random_bytes(CODE_SIZE)


def shown(code: bytes) -> str:
    """XXXX-XXXX-… (nine groups), as it is printed."""
    symbols = _base32(code, _SYMBOLS) + _checksum(code)
    return "-".join(symbols[at : at + 4] for at in range(0, _SYMBOLS + _CHECK, 4))


def looks_like_code(untrusted: str) -> bool:
    """Whether it has a code's form (36 letters and digits without separators, no U)."""
    return _FORM.fullmatch(_plain(untrusted)) is not None


def read_code(untrusted: str) -> bytes:
    """The code's 20 bytes. Raises RecoveryCodeMistyped if form or checksum is wrong."""
    if not looks_like_code(untrusted):
        raise RecoveryCodeMistyped(
            "This is no code of Cloister's: one has nine groups of four characters."
        )
    symbols = _plain(untrusted).translate(_READ_AS)
    value = 0
    for symbol in symbols[:_SYMBOLS]:
        value = value * 32 + _ALPHABET.index(symbol)
    code = value.to_bytes(CODE_SIZE, "big")
    if _checksum(code) != symbols[_SYMBOLS:]:
        raise RecoveryCodeMistyped("The recovery code has a typing error.")
    return code


def secret_for(code: bytes, purpose: str) -> bytes:
    """An independent secret for each purpose: knowing one tells nothing of another or the code."""
    return hkdf(code, f"cloister/recovery/{purpose}/v1")


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text[:200]).upper()


def _checksum(code: bytes) -> str:
    """The first 20 bits of a hash. It guards against typing errors, not against guessing: 160
    bits cannot be guessed, and the checksum tells nothing beyond what the code itself is."""
    return _base32(sha256(b"cloister/recovery-code/v1" + code)[:3], 5)[:_CHECK]


def _base32(data: bytes, symbols: int) -> str:
    value = int.from_bytes(data, "big") << (symbols * 5 - len(data) * 8)
    return "".join(_ALPHABET[(value >> (5 * at)) & 31] for at in reversed(range(symbols)))
