"""A secret in a file of its own, sealed under a passphrase.

Rules kept here: the passphrase is stretched (suites.py) before it seals anything, and must be
strong when one is made; the file names its derivation, whose cost is bounded on both sides; what it
is sealed as (a context) is bound to it.
"""

from __future__ import annotations

from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.errors import Tampered, WrongPassphrase
from appliance.vault.passphrase import normalised, require_strong
from appliance.vault.primitives import random_bytes
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.suites import SALT_SIZE, Argon2, Pbkdf2, Profile, Slow, slow_of

FORMAT = "cloister-passphrased"
LIMIT = 64 * 1024
_NAMES = {"argon2id": Argon2, "pbkdf2-hmac-sha256": Pbkdf2}


def seal_under_passphrase(
    secret: bytes, passphrase: str, context: Context, profile: Profile = Profile.STANDARD
) -> bytes:
    """The file's content. Raises PassphraseTooWeak."""
    require_strong(passphrase, "")
    slow, salt = slow_of(profile), random_bytes(SALT_SIZE)
    sealed = seal(slow.derive(normalised(passphrase), salt), secret, context)
    return canonical_json(
        {
            "format": FORMAT,
            "kdf": _kdf(slow),
            "salt": base64_text(salt),
            "sealed": base64_text(sealed),
            "version": 1,
        }
    )


def open_under_passphrase(untrusted: bytes, passphrase: str, context: Context) -> bytes:
    """The secret. Raises WrongPassphrase, Tampered for what is no such file."""
    sentence = f"The file of the {_named(context)} is damaged."
    if len(untrusted) > LIMIT:
        raise Tampered(sentence)
    try:
        members = Fields(read_json(untrusted)).only("format", "kdf", "salt", "sealed", "version")
        slow = _slow(members.fields("kdf"))
        salt, sealed = members.blob("salt", SALT_SIZE), members.blob("sealed")
        if (members.text("format"), members.integer("version")) != (FORMAT, 1):
            raise Tampered(sentence)
    except Malformed:
        raise Tampered(sentence) from None
    try:
        return unseal(slow.derive(normalised(passphrase), salt), sealed, context)
    except Tampered:
        raise WrongPassphrase(
            f"That passphrase does not open the {_named(context)}.",
            hint="Check Caps Lock and the keyboard layout and try again. No code opens it instead.",
        ) from None


def _named(context: Context) -> str:
    return context.kind.replace("-", " ")


def _kdf(slow: Slow) -> dict[str, Json]:
    if isinstance(slow, Argon2):
        return {
            "lanes": slow.lanes,
            "memory": slow.memory,
            "name": "argon2id",
            "passes": slow.passes,
        }
    return {"iterations": slow.iterations, "name": "pbkdf2-hmac-sha256"}


def _slow(untrusted: Fields) -> Slow:
    """Raises Malformed, and Tampered for a cost out of bounds."""
    if _NAMES.get(untrusted.text("name")) is Argon2:
        untrusted.only("lanes", "memory", "name", "passes")
        return Argon2(
            untrusted.integer("memory"), untrusted.integer("passes"), untrusted.integer("lanes")
        )
    if _NAMES.get(untrusted.text("name")) is Pbkdf2:
        return Pbkdf2(untrusted.only("iterations", "name").integer("iterations"))
    raise Malformed("kdf")
