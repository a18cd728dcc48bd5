"""Who signs what must stay evidence: a pair of keys, Ed25519 and ML-DSA-65, used together.

Rules kept here: both signatures must verify; a signature is made over a domain and the message, so
that what was signed for one purpose fits no other; a signer is named by an id derived from both
public keys.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from appliance.vault.canonical import Fields, Json, base64_text
from appliance.vault.errors import BadSignature
from appliance.vault.signing import Algorithm, SigningKey, VerifyingKey, require_signature


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key pair that may sign, and whose it is."""

    name: str
    ed25519: bytes
    ml_dsa_65: bytes

    @property
    def id(self) -> str:
        """16 hexadecimal digits, derived from both keys."""
        return hashlib.sha256(self.ed25519 + self.ml_dsa_65).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The private half of a TrustedKey."""

    ed25519: SigningKey
    ml_dsa_65: SigningKey

    @staticmethod
    def generate() -> SignerKey:
        return SignerKey(
            SigningKey.generate(Algorithm.ED25519), SigningKey.generate(Algorithm.ML_DSA_65)
        )

    @staticmethod
    def from_seeds(ed25519: bytes, ml_dsa_65: bytes) -> SignerKey:
        return SignerKey(
            SigningKey.from_seed(Algorithm.ED25519, ed25519),
            SigningKey.from_seed(Algorithm.ML_DSA_65, ml_dsa_65),
        )

    def public(self, name: str) -> TrustedKey:
        return TrustedKey(name, self.ed25519.public.raw, self.ml_dsa_65.public.raw)

    def signatures(self, domain: bytes, message: bytes) -> dict[str, Json]:
        """Both signatures and the signer's id, as members of a JSON object."""
        signed = domain + message
        return {
            "ed25519": base64_text(self.ed25519.sign(signed)),
            "key": self.public("").id,
            "ml-dsa-65": base64_text(self.ml_dsa_65.sign(signed)),
        }


class SignerUnknown(BadSignature):
    """The signature names a key that is not among those trusted."""


def require_signer(
    untrusted: Fields, domain: bytes, message: bytes, trusted: tuple[TrustedKey, ...]
) -> TrustedKey:
    """Whose signatures these are, made by `signatures`. Raises SignerUnknown, BadSignature, and
    canonical.Malformed for members that are not what they must be."""
    named = untrusted.text("key", 16)
    for key in trusted:
        if key.id == named:
            for algorithm, public in (
                (Algorithm.ED25519, key.ed25519),
                (Algorithm.ML_DSA_65, key.ml_dsa_65),
            ):
                signature = untrusted.blob(algorithm.value)
                require_signature(VerifyingKey(algorithm, public), domain + message, signature)
            return key
    raise SignerUnknown("The signer is not trusted here.")
