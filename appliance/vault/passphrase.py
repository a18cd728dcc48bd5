"""What a passphrase may be.

Rules kept here: what two keyboards type for the same text is the same passphrase (NFKC, as in
RFC 8265 OpaqueString but compatibility-composed); strength is demanded when one is made, never
when one is tried; no rule on which kinds of characters (NIST SP 800-63B, 3.1.1.2).
"""

from __future__ import annotations

import unicodedata

from appliance.vault.errors import PassphraseTooWeak
from appliance.vault.recovery import looks_like_code

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 1024
_DISTINCT = 5

# Long enough to pass the length rule and tried first by anybody.
_OBVIOUS = frozenset(
    """password1234 passwordpassword password12345 password123456 123456789012 1234567890123
    12345678901234 123456123456 1234567890qwerty qwertyuiopasdf qwertyuiop123 qwertyuiop12
    letmeinletmein iloveyou1234 welcome12345 welcome123456 administrator administrator1
    adminadminadmin changemechangeme changeme1234 passphrase12 passphrase123 mypassphrase
    correcthorsebatterystaple abcdefghijkl abcdefghijklm abcd12345678 cloister1234
    cloistercloister hospital1234 hospital12345 summer202020 winter202020
    trustno1trustno1""".split()
)


def normalised(passphrase: str) -> bytes:
    """The bytes that are stretched. What is longer than any passphrase can be is cut, so that
    trying one costs a bounded time; it opens nothing, since making one that long is refused."""
    return unicodedata.normalize("NFKC", passphrase[: MAXIMUM_LENGTH + 1]).encode(
        "utf-8", "surrogatepass"
    )


def require_strong(passphrase: str, name: str) -> None:
    """Raises PassphraseTooWeak, with what to do about it."""
    text = unicodedata.normalize("NFKC", passphrase[: MAXIMUM_LENGTH + 1])
    plain = "".join(text.casefold().split()).replace("-", "")
    own = "".join(unicodedata.normalize("NFKC", name).casefold().split()).replace("-", "")
    if len(text) < MINIMUM_LENGTH:
        raise PassphraseTooWeak(f"The passphrase is shorter than {MINIMUM_LENGTH} characters.")
    if len(passphrase) > MAXIMUM_LENGTH:
        raise PassphraseTooWeak(
            f"The passphrase is longer than {MAXIMUM_LENGTH} characters.", hint="Use a shorter one."
        )
    if looks_like_code(text):
        raise PassphraseTooWeak(
            "The passphrase has the form of a recovery code and would be mistaken for one.",
            hint="Make it a little longer or shorter.",
        )
    if plain == own:
        raise PassphraseTooWeak("The passphrase is the name.")
    if plain in _OBVIOUS or len(set(plain)) < _DISTINCT:
        raise PassphraseTooWeak("The passphrase is one of the first that anybody would try.")
