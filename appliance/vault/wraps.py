"""A secret sealed to somebody's public key: HPKE base mode (RFC 9180, section 6.1).

Rules kept here: the context goes into `info`, so a wrap opens only as what it was made for; the
algorithms' id stands in the wrap and is authenticated the same way.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag

from appliance.vault.errors import Tampered
from appliance.vault.sealed import Context
from appliance.vault.suites import (
    Kem,
    PrivateKey,
    PublicKey,
    hpke_private,
    hpke_public,
    suite_of,
)

MAXIMUM_WRAP = 8192
_MAGIC = b"CLWR\x01"
_IDS = {Kem.MLKEM768_X25519: 1, Kem.MLKEM1024_P384: 2}


def wrap(public: PublicKey, secret: bytes, context: Context) -> bytes:
    """Only the holder of the private key opens the result, and only under the same context."""
    header = _header(public.kem)
    sealed = suite_of(public.kem).encrypt(secret, hpke_public(public), header + context.encoded())
    return header + sealed


def unwrap(private: PrivateKey, untrusted: bytes, context: Context) -> bytes:
    """The secret. Raises Tampered for another key, another context, or any changed bit."""
    header = _header(private.kem)
    sentence = f"A wrapped {context.kind} does not open: it was changed or is another's."
    if not untrusted.startswith(header) or len(untrusted) > MAXIMUM_WRAP:
        raise Tampered(sentence)
    try:
        return suite_of(private.kem).decrypt(
            untrusted[len(header) :], hpke_private(private), header + context.encoded()
        )
    except (InvalidTag, ValueError):
        raise Tampered(sentence) from None


def _header(kem: Kem) -> bytes:
    return _MAGIC + bytes((_IDS[kem],))
