"""The two families of algorithms, and the key pairs things are wrapped to.

Rules kept here: every wrap and every slot names its algorithms by id, so vaults with both families
open; a number read from a file is bounded on both sides before it is used, so no file can make the
program take a terabyte or skip the work; the cheapest setting accepted is the one the product
creates, there is no weaker one for tests.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    MLKEM1024P384PrivateKey,
    MLKEM1024P384PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.vault.errors import NotEnoughMemory, Tampered

DERIVED_SIZE = 32
SALT_SIZE = 32
_SEED_SIZE = 64  # FIPS 203, section 3.3: d and z
_MALFORMED = "A key in the vault is malformed."

HpkePrivate: TypeAlias = MLKEM768X25519PrivateKey | MLKEM1024P384PrivateKey
HpkePublic: TypeAlias = MLKEM768X25519PublicKey | MLKEM1024P384PublicKey


class Profile(StrEnum):
    """What a vault makes new things with. What exists opens under either."""

    STANDARD = "standard"
    FIPS = "fips"


class Kem(StrEnum):
    """Hybrid KEMs for HPKE (RFC 9180): a post-quantum and a classical half; both must fall."""

    MLKEM768_X25519 = "mlkem768-x25519"
    MLKEM1024_P384 = "mlkem1024-p384"


@dataclass(frozen=True, slots=True)
class _Sizes:
    pq_public: int
    public: int
    private: int


_SIZES = {
    Kem.MLKEM768_X25519: _Sizes(1184, 1184 + 32, _SEED_SIZE + 32),
    Kem.MLKEM1024_P384: _Sizes(1568, 1568 + 97, _SEED_SIZE + 48),
}
_KEM_OF = {Profile.STANDARD: Kem.MLKEM768_X25519, Profile.FIPS: Kem.MLKEM1024_P384}
_SUITES = {
    Kem.MLKEM768_X25519: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    Kem.MLKEM1024_P384: Suite(KEM.MLKEM1024_P384, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The post-quantum half, then the classical half (X25519: 32 bytes; P-384: uncompressed)."""

    kem: Kem
    raw: bytes


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The ML-KEM seed (64 bytes), then the classical scalar (32 or 48 bytes)."""

    kem: Kem
    raw: bytes = field(repr=False)


def kem_of(profile: Profile) -> Kem:
    return _KEM_OF[profile]


def suite_of(kem: Kem) -> Suite:
    return _SUITES[kem]


def generate_pair(profile: Profile) -> tuple[PublicKey, PrivateKey]:
    kem = kem_of(profile)
    if kem is Kem.MLKEM768_X25519:
        raw = (
            MLKEM768PrivateKey.generate().private_bytes_raw()
            + X25519PrivateKey.generate().private_bytes_raw()
        )
    else:
        scalar = ec.generate_private_key(ec.SECP384R1()).private_numbers().private_value
        raw = MLKEM1024PrivateKey.generate().private_bytes_raw() + scalar.to_bytes(48, "big")
    private = PrivateKey(kem, raw)
    return public_of(private), private


def public_of(private: PrivateKey) -> PublicKey:
    """Raises Tampered if the bytes are no private key."""
    seed, scalar = _halves(private)
    try:
        if private.kem is Kem.MLKEM768_X25519:
            raw = (
                MLKEM768PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
                + X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()
            )
        else:
            point = _p384(scalar).public_key()
            raw = MLKEM1024PrivateKey.from_seed_bytes(
                seed
            ).public_key().public_bytes_raw() + point.public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
    except ValueError:
        raise Tampered(_MALFORMED) from None
    return PublicKey(private.kem, raw)


def hpke_private(private: PrivateKey) -> HpkePrivate:
    """Raises Tampered if the bytes are no private key."""
    seed, scalar = _halves(private)
    try:
        if private.kem is Kem.MLKEM768_X25519:
            return MLKEM768X25519PrivateKey(
                MLKEM768PrivateKey.from_seed_bytes(seed),
                X25519PrivateKey.from_private_bytes(scalar),
            )
        return MLKEM1024P384PrivateKey(MLKEM1024PrivateKey.from_seed_bytes(seed), _p384(scalar))
    except ValueError:
        raise Tampered(_MALFORMED) from None


def hpke_public(untrusted: PublicKey) -> HpkePublic:
    """Raises Tampered if the bytes are no public key (wrong size, not on the curve …)."""
    sizes = _SIZES[untrusted.kem]
    if len(untrusted.raw) != sizes.public:
        raise Tampered(_MALFORMED)
    first, second = untrusted.raw[: sizes.pq_public], untrusted.raw[sizes.pq_public :]
    try:
        if untrusted.kem is Kem.MLKEM768_X25519:
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(first),
                X25519PublicKey.from_public_bytes(second),
            )
        return MLKEM1024P384PublicKey(
            MLKEM1024PublicKey.from_public_bytes(first),
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), second),
        )
    except ValueError:
        raise Tampered(_MALFORMED) from None


def _halves(private: PrivateKey) -> tuple[bytes, bytes]:
    if len(private.raw) != _SIZES[private.kem].private:
        raise Tampered(_MALFORMED)
    return private.raw[:_SEED_SIZE], private.raw[_SEED_SIZE:]


def _p384(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP384R1())


# --- slow derivations ------------------------------------------------------------------------

# OpenSSL's Argon2 draws on one pool of threads for the whole process. Two derivations at once fight
# over it: with cryptography 50 they fail as "not enough memory" or wait for each other for ever
# (docs/decisions/0001-keys-and-wraps.md). One at a time is also the bound on memory.
_STRETCHING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Argon2:
    """Argon2id (RFC 9106): memory in KiB, passes over it, lanes. The defaults are the RFC's second
    recommended option; they are also the least that is accepted."""

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        _require_within("memory", self.memory, 64 * 1024, 1024 * 1024)
        _require_within("passes", self.passes, 3, 16)
        _require_within("lanes", self.lanes, 4, 16)

    def derive(self, secret: bytes, salt: bytes) -> bytes:
        """Raises NotEnoughMemory."""
        slow = Argon2id(
            salt=salt,
            length=DERIVED_SIZE,
            iterations=self.passes,
            lanes=self.lanes,
            memory_cost=self.memory,
        )
        try:
            with _STRETCHING:
                return slow.derive(secret)
        except MemoryError:
            raise NotEnoughMemory("There is too little memory to unlock.") from None


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2-HMAC-SHA256 (SP 800-132), for the fips profile."""

    iterations: int = 600_000

    def __post_init__(self) -> None:
        _require_within("iterations", self.iterations, 600_000, 20_000_000)

    def derive(self, secret: bytes, salt: bytes) -> bytes:
        return PBKDF2HMAC(SHA256(), DERIVED_SIZE, salt, self.iterations).derive(secret)


Slow: TypeAlias = Argon2 | Pbkdf2


def slow_of(profile: Profile) -> Slow:
    return Argon2() if profile is Profile.STANDARD else Pbkdf2()


def _require_within(name: str, untrusted: int, low: int, high: int) -> None:
    if not low <= untrusted <= high:
        raise Tampered(f"A passphrase setting ({name}) of the vault is out of bounds.")
