"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), and the keys that sign them.

Rules kept here: a note's text is used only after every key that must have signed it did; lines of
other signers (a witness) are kept out of the way, not refused; sizes are bounded before parsing.
Ed25519 has signature type 0x01. ML-DSA-65 has none assigned, so it takes 0xff followed by an
identifier of its own, as signed-note recommends.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from appliance.audit.errors import LogTampered
from appliance.audit.merkle import HASH_SIZE
from appliance.vault.errors import BadSignature
from appliance.vault.signing import Algorithm, SigningKey, VerifyingKey, require_signature

ED25519_TYPE = b"\x01"
ML_DSA_65_TYPE = b"\xffcloister/ml-dsa-65\x00"

MAX_NOTE = 64 * 1024
_MAX_SIGNATURES = 32
_DASH = "— "
_TYPES = {Algorithm.ED25519: ED25519_TYPE, Algorithm.ML_DSA_65: ML_DSA_65_TYPE}
_SIZES = {Algorithm.ED25519: 32, Algorithm.ML_DSA_65: 1952}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's name, how many records, and the root over them."""

    name: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """The note text (tlog-checkpoint): three lines, no extensions."""
        return checkpoint_text(self.name, self.size, self.root)


def checkpoint_text(name: str, size: int, root: bytes) -> bytes:
    return b"%b\n%d\n%b\n" % (name.encode(), size, b64encode(root))


def parsed_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a verified note's text. Raises LogTampered for any other text."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise LogTampered("A checkpoint has not the three lines it must have.")
    name, untrusted_size, untrusted_root = lines[:3]
    if not untrusted_size.isascii() or not untrusted_size.isdecimal() or len(untrusted_size) > 18:
        raise LogTampered("A checkpoint has no size.")
    checkpoint = Checkpoint(name, int(untrusted_size), decoded_base64(untrusted_root))
    if len(checkpoint.root) != HASH_SIZE or checkpoint.text.decode() != text:
        raise LogTampered("A checkpoint is not spelled as it must be.")
    return checkpoint


def require_name(name: str) -> None:
    """Raises ValueError unless `name` may name a key and an origin (signed-note, "Format")."""
    if not 0 < len(name) <= 255 or "+" in name or not name.isprintable() or " " in name:
        raise ValueError("a log's name has no spaces, no plus and at most 255 characters")


def key_id(name: str, key: VerifyingKey) -> bytes:
    """SHA-256(name, newline, type, public key), the first four bytes."""
    return sha256(name.encode() + b"\n" + _TYPES[key.algorithm] + key.raw).digest()[:4]


def vkey(name: str, key: VerifyingKey) -> str:
    """The verifier key of signed-note: name+id+base64(type, public key)."""
    encoded = b64encode(_TYPES[key.algorithm] + key.raw).decode()
    return f"{name}+{key_id(name, key).hex()}+{encoded}"


def parsed_vkey(untrusted: str) -> tuple[str, VerifyingKey]:
    """Name and key of a verifier key. Raises LogTampered if it is not one of ours."""
    parts = untrusted.strip().split("+", 2)
    if len(untrusted) > 4096 or len(parts) != 3:
        raise LogTampered("The public key is not a verifier key (name+id+key).")
    raw = decoded_base64(parts[2])
    for algorithm, kind in _TYPES.items():
        key = VerifyingKey(algorithm, raw[len(kind) :])
        if raw.startswith(kind) and len(key.raw) == _SIZES[algorithm]:
            if vkey(parts[0], key) != untrusted.strip():
                raise LogTampered("The public key's id does not match it; it was mistyped.")
            return parts[0], key
    raise LogTampered("The public key is of a type this log does not use.")


def signed_note(text: bytes, name: str, signers: Sequence[SigningKey]) -> bytes:
    """`text` (ends in a newline) with one signature line by each signer."""
    lines = [text, b"\n"]
    for signer in signers:
        blob = b64encode(key_id(name, signer.public) + signer.sign(text))
        lines.append(_DASH.encode() + name.encode() + b" " + blob + b"\n")
    return b"".join(lines)


def opened_note(untrusted: bytes, name: str, keys: Sequence[VerifyingKey]) -> str:
    """The text of a note that every one of `keys` signed as `name`.

    Raises LogTampered if it is no note, or one of the keys has no line, or a line that does not
    verify. Lines of other keys are ignored (signed-note, "Signatures")."""
    text, lines = split_note(untrusted)
    for key in keys:
        expected = key_id(name, key)
        found = [blob[4:] for who, blob in lines if who == name and blob[:4] == expected]
        if not found:
            raise LogTampered(f"A signed note has no {key.algorithm} signature by the log.")
        for signature in found:
            try:
                require_signature(key, text.encode(), signature)
            except BadSignature:
                raise LogTampered(f"The {key.algorithm} signature of a note is wrong.") from None
    return text


def split_note(untrusted: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signature lines, (key name, key id and signature), unverified."""
    if len(untrusted) > MAX_NOTE:
        raise LogTampered("A signed note is larger than any note can be.")
    try:
        whole = untrusted.decode()
    except UnicodeDecodeError:
        raise LogTampered("A signed note is not text.") from None
    if any(character < " " and character != "\n" for character in whole):
        raise LogTampered("A signed note holds control characters.")
    text, separator, rest = whole.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise LogTampered("A signed note has no signatures.")
    lines = rest[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise LogTampered("A signed note has too many signatures.")
    return text + "\n", [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes]:
    parts = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(parts) != 2 or not parts[0]:
        raise LogTampered("A signed note has a line that is no signature.")
    blob = decoded_base64(parts[1])
    if len(blob) < 5:
        raise LogTampered("A signed note has an empty signature.")
    return parts[0], blob


def decoded_base64(untrusted: str) -> bytes:
    """Standard base64 (RFC 4648, 4), the one spelling of it. Raises LogTampered otherwise."""
    try:
        raw = b64decode(untrusted, validate=True)
    except (binascii.Error, ValueError):
        raise LogTampered("A note holds base64 that is none.") from None
    if b64encode(raw).decode() != untrusted:
        raise LogTampered("A note holds base64 that is not canonical.")
    return raw
