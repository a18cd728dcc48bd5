"""A return receipt: the seat's own word that it has given itself back and destroyed its key.

Rules kept here: the seat signs it with the key that its certificate names, as its last act with
that key; it names one certificate, so it gives back one seat once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.licensing.request import Seen, seen_body, seen_in
from appliance.licensing.signed import Kind, key_body, key_hash, key_in, read, self_signed, signed
from appliance.licensing.times import hex_in, spelled, time_in
from appliance.vault.canonical import Fields, Json
from appliance.vault.signers import SignerKey, TrustedKey


@dataclass(frozen=True, slots=True)
class ReturnReceipt:
    certificate: str
    licence: str
    key: TrustedKey
    returned: datetime
    seen: Seen

    @property
    def seat(self) -> str:
        return key_hash(self.key)


def receipt_bytes(receipt: ReturnReceipt, key: SignerKey) -> bytes:
    body: dict[str, Json] = {
        "certificate": receipt.certificate,
        "key": key_body(receipt.key),
        "licence": receipt.licence,
        "returned": spelled(receipt.returned),
        "seen": seen_body(receipt.seen),
    }
    return signed(Kind.RECEIPT, body, key)


def open_receipt(untrusted: bytes) -> ReturnReceipt:
    """Raises DocumentForged, DocumentMalformed."""
    return read(Kind.RECEIPT, self_signed(Kind.RECEIPT, untrusted).body, _receipt)


def _receipt(untrusted: Fields) -> ReturnReceipt:
    untrusted.only("certificate", "format", "key", "licence", "returned", "seen", "version")
    return ReturnReceipt(
        certificate=hex_in(untrusted, "certificate"),
        licence=hex_in(untrusted, "licence"),
        key=key_in(untrusted, "key"),
        returned=time_in(untrusted, "returned"),
        seen=seen_in(untrusted, "seen"),
    )
