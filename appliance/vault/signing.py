"""Signatures: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204) beside it where it must stay evidence.

Rules kept here: keys travel as raw bytes (Ed25519: 32 public; ML-DSA-65: 1,952 public; both 32
bytes of private seed), as C2SP signed notes expect them; a check raises; no private byte is in a
repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from appliance.vault.errors import BadSignature
from appliance.vault.primitives import random_bytes

SEED_SIZE = 32

_Private: TypeAlias = Ed25519PrivateKey | MLDSA65PrivateKey


class Algorithm(StrEnum):
    ED25519 = "ed25519"
    ML_DSA_65 = "ml-dsa-65"


_PUBLIC_SIZE = {Algorithm.ED25519: 32, Algorithm.ML_DSA_65: 1952}
SIGNATURE_SIZE = {Algorithm.ED25519: 64, Algorithm.ML_DSA_65: 3309}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A raw public key. Untrusted bytes are welcome: using a bad one raises BadSignature."""

    algorithm: Algorithm
    raw: bytes


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. `seed` is what to seal; holding this object is holding the key."""

    algorithm: Algorithm
    seed: bytes = field(repr=False)
    _private: _Private = field(repr=False, compare=False)

    @staticmethod
    def generate(algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
        return SigningKey.from_seed(algorithm, random_bytes(SEED_SIZE))

    @staticmethod
    def from_seed(algorithm: Algorithm, seed: bytes) -> SigningKey:
        """seed: 32 bytes. The same seed always gives the same pair."""
        if len(seed) != SEED_SIZE:
            raise ValueError("a signing seed has 32 bytes")
        if algorithm is Algorithm.ED25519:
            return SigningKey(algorithm, seed, Ed25519PrivateKey.from_private_bytes(seed))
        return SigningKey(algorithm, seed, MLDSA65PrivateKey.from_seed_bytes(seed))

    @property
    def public(self) -> VerifyingKey:
        return VerifyingKey(self.algorithm, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes (Ed25519, deterministic) or 3,309 (ML-DSA-65, randomised)."""
        return self._private.sign(message)


def require_signature(public: VerifyingKey, message: bytes, untrusted_signature: bytes) -> None:
    """Returns only if the signature is that of `message` under `public`; else BadSignature."""
    sentence = "The signature does not verify."
    if (
        len(public.raw) != _PUBLIC_SIZE[public.algorithm]
        or len(untrusted_signature) != SIGNATURE_SIZE[public.algorithm]
    ):
        raise BadSignature(sentence)
    try:
        if public.algorithm is Algorithm.ED25519:
            Ed25519PublicKey.from_public_bytes(public.raw).verify(untrusted_signature, message)
        else:
            MLDSA65PublicKey.from_public_bytes(public.raw).verify(untrusted_signature, message)
    except (InvalidSignature, ValueError):
        raise BadSignature(sentence) from None
