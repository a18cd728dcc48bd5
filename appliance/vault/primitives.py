"""The few stateless primitives the other parts may use without importing `cryptography`.

Rules kept here: one hash (SHA-256), one MAC (HMAC, RFC 2104), one derivation (HKDF, RFC 5869);
random bytes come from the kernel; a comparison of secrets never returns a boolean.
"""

from __future__ import annotations

import hmac as constant_time
import os

from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.vault.errors import Tampered

KEY_SIZE = 32
MAC_SIZE = 32


def random_bytes(count: int) -> bytes:
    """`count` bytes from the kernel's generator."""
    return os.urandom(count)


def sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def hkdf(
    key: bytes | bytearray, info: str | bytes, length: int = KEY_SIZE, *, salt: bytes = b""
) -> bytes:
    """HKDF-SHA256 (RFC 5869). `info` names the purpose; two purposes never share a key."""
    encoded = info.encode() if isinstance(info, str) else info
    return HKDF(SHA256(), length, salt or None, encoded).derive(key)


def mac(key: bytes | bytearray, data: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    tag = HMAC(key, SHA256())
    tag.update(data)
    return tag.finalize()


def require_mac(key: bytes | bytearray, data: bytes, untrusted_tag: bytes) -> None:
    """Raises Tampered unless the tag is that of the data under the key. Constant time."""
    if not constant_time.compare_digest(mac(key, data), untrusted_tag):
        raise Tampered("An authenticated record does not verify.")


def require_equal(expected: bytes, untrusted: bytes, sentence: str) -> None:
    """Raises Tampered unless both are the same bytes. Constant time for equal lengths."""
    if not constant_time.compare_digest(expected, untrusted):
        raise Tampered(sentence)
