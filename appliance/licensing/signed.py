"""A signed document: canonical JSON under two kinds of signature, each for one purpose alone.

Rules kept here: nothing of a document is believed before both signatures (Ed25519 and ML-DSA-65)
held under a key that may sign that kind; a signature made for one kind fits no other; sizes are
bounded before parsing; members that are not known are refused. Format: docs/formats/licence.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from appliance.licensing.errors import DocumentForged, DocumentMalformed
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.errors import BadSignature
from appliance.vault.signers import SignerKey, TrustedKey, require_signer

VERSION = 1
Read = TypeVar("Read")


class Kind(StrEnum):
    """What a document is; the value is its member `format`."""

    LICENCE = "cloister-licence"
    AUTHORITY = "cloister-authority"
    REQUEST = "cloister-seat-request"
    CERTIFICATE = "cloister-seat-certificate"
    REVOCATIONS = "cloister-revocations"
    ENROLMENT = "cloister-enrolment"
    RECEIPT = "cloister-return-receipt"
    USAGE = "cloister-usage"
    SUMMARY = "cloister-usage-summary"


SMALL = 64 * 1024
LARGE = 32 * 1024 * 1024
_LIMITS = {Kind.REVOCATIONS: LARGE, Kind.SUMMARY: LARGE}

NAMES = {
    Kind.LICENCE: "licence",
    Kind.AUTHORITY: "authority's key",
    Kind.REQUEST: "seat request",
    Kind.CERTIFICATE: "seat certificate",
    Kind.REVOCATIONS: "revocation list",
    Kind.ENROLMENT: "enrolment token",
    Kind.RECEIPT: "return receipt",
    Kind.USAGE: "usage report",
    Kind.SUMMARY: "usage summary",
}
"""As a person calls them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose signatures held. sha256 (hex) is of its signed body."""

    body: Fields
    signer: TrustedKey
    sha256: str


def limit_of(kind: Kind) -> int:
    """The most bytes such a document has."""
    return _LIMITS.get(kind, SMALL)


def signed(kind: Kind, body: Mapping[str, Json], key: SignerKey) -> bytes:
    """The document's bytes: its body, with format and version, and both signatures."""
    whole: dict[str, Json] = {**body, "format": kind.value, "version": VERSION}
    return canonical_json({"body": whole, **key.signatures(_domain(kind), canonical_json(whole))})


def opened(kind: Kind, untrusted: bytes, trusted: tuple[TrustedKey, ...]) -> Opened:
    """The document, if one of `trusted` signed it as this kind.

    Raises DocumentMalformed, DocumentForged."""
    outer, body = _parsed(kind, untrusted)
    return _verified(kind, outer, body, trusted)


def self_signed(kind: Kind, untrusted: bytes) -> Opened:
    """A document signed by the key in its own member `key`: who sent it holds that key, no more.

    Raises DocumentMalformed, DocumentForged."""
    outer, body = _parsed(kind, untrusted)
    try:
        own = key_in(body, "key")
    except Malformed as error:
        raise _malformed(kind, str(error)) from error
    return _verified(kind, outer, body, (own,))


def kind_of(untrusted: bytes) -> Kind:
    """What a file says it is, believed by nobody until it is opened. Raises DocumentMalformed."""
    try:
        outer = Fields(read_json(untrusted[:LARGE].strip()))
        return Kind(outer.fields("body").text("format"))
    except (Malformed, ValueError) as error:
        raise DocumentMalformed("This is no file of Cloister's licensing.") from error


def body_hash(content: bytes) -> str:
    """SHA-256 (hex) of the body of a document that was made here."""
    return hashlib.sha256(
        canonical_json(Fields(read_json(content)).fields("body").untrusted)
    ).hexdigest()


def read(kind: Kind, body: Fields, reader: Callable[[Fields], Read]) -> Read:
    """What `reader` makes of a body. Raises DocumentMalformed for what it cannot read."""
    try:
        return reader(body)
    except Malformed as error:
        raise _malformed(kind, str(error)) from error


def key_body(key: TrustedKey) -> dict[str, Json]:
    """A public key pair as a member of a body."""
    return {"ed25519": base64_text(key.ed25519), "ml-dsa-65": base64_text(key.ml_dsa_65)}


def key_in(untrusted: Fields, name: str, owner: str = "") -> TrustedKey:
    """Raises Malformed."""
    members = untrusted.fields(name).only("ed25519", "ml-dsa-65")
    ed25519, ml_dsa_65 = members.blob("ed25519", 64), members.blob("ml-dsa-65", 4096)
    if (len(ed25519), len(ml_dsa_65)) != (32, 1952):
        raise Malformed(name)
    return TrustedKey(owner, ed25519, ml_dsa_65)


def key_hash(key: TrustedKey) -> str:
    """SHA-256 (hex) over both public keys: what a seat is named by."""
    return hashlib.sha256(key.ed25519 + key.ml_dsa_65).hexdigest()


def _parsed(kind: Kind, untrusted: bytes) -> tuple[Fields, Fields]:
    if len(untrusted) > limit_of(kind):
        raise _malformed(kind, "it is too large")
    try:
        outer = Fields(read_json(untrusted.strip())).only("body", "ed25519", "key", "ml-dsa-65")
        body = outer.fields("body")
        stated, version = body.text("format"), body.integer("version")
    except Malformed as error:
        raise _malformed(kind, str(error)) from error
    if stated != kind.value:
        raise _malformed(kind, "it is a file of another kind")
    if version != VERSION:
        raise _malformed(kind, "it is of a version this program does not know")
    return outer, body


def _verified(kind: Kind, outer: Fields, body: Fields, trusted: tuple[TrustedKey, ...]) -> Opened:
    message = canonical_json(body.untrusted)
    try:
        signer = require_signer(outer, _domain(kind), message, trusted)
    except Malformed as error:
        raise _malformed(kind, str(error)) from error
    except BadSignature as error:
        raise DocumentForged(
            f"This {NAMES[kind]} is not genuine: it was changed, or signed by somebody who may not."
        ) from error
    return Opened(body, signer, hashlib.sha256(message).hexdigest())


def _domain(kind: Kind) -> bytes:
    return f"{kind.value} v{VERSION}\n".encode()


def _malformed(kind: Kind, why: str) -> DocumentMalformed:
    return DocumentMalformed(f"This is no {NAMES[kind]} that can be read ({why}).")
