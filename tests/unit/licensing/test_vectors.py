"""Files of version 1 are read for ever: those committed, as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.licensing.certificate import open_certificate
from appliance.licensing.codes import document_of
from appliance.licensing.enrolment import open_enrolment
from appliance.licensing.licence import open_licence
from appliance.licensing.receipt import open_receipt
from appliance.licensing.request import open_request
from appliance.licensing.revocations import open_revocations
from appliance.licensing.signed import Kind
from appliance.licensing.usage import open_summary, open_usage
from appliance.vault.signers import TrustedKey
from tests.unit.licensing.test_documents import (
    ENROLMENT,
    LICENCE,
    LISTED,
    RECEIPT,
    certificate,
    request,
)
from tests.vectors.licensing.make import MONTHS

V1 = Path(__file__).resolve().parents[2] / "vectors" / "licensing" / "v1"


def vector(kind: Kind) -> bytes:
    return (V1 / f"{kind.value}.json").read_bytes()


@pytest.fixture(scope="module")
def vendor() -> tuple[TrustedKey, ...]:
    told = json.loads((V1 / "vendor.json").read_text())
    return (TrustedKey("", bytes.fromhex(told["ed25519"]), bytes.fromhex(told["ml-dsa-65"])),)


def test_every_kind_of_file_is_read_as_it_was_written(vendor: tuple[TrustedKey, ...]) -> None:
    licence = open_licence(vector(Kind.LICENCE), vendor)
    assert licence == LICENCE
    assert open_request(vector(Kind.REQUEST)) == request()
    assert open_certificate(vector(Kind.CERTIFICATE), licence) == certificate()
    assert open_enrolment(vector(Kind.ENROLMENT), licence) == ENROLMENT
    assert open_revocations(vector(Kind.REVOCATIONS), licence) == LISTED
    assert open_receipt(vector(Kind.RECEIPT)) == RECEIPT
    assert open_usage(vector(Kind.USAGE), licence).months == MONTHS
    assert open_summary(vector(Kind.SUMMARY), licence.authority).rows[0].months == MONTHS


def test_codes_are_read_as_they_were_printed() -> None:
    texts = (V1 / "codes.txt").read_text().splitlines()
    assert document_of(texts) == vector(Kind.CERTIFICATE)
