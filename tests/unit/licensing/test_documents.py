"""Signed files: what is written is read back, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.licensing.certificate import Certificate, certificate_bytes, open_certificate
from appliance.licensing.enrolment import Enrolment, enrolment_bytes, open_enrolment
from appliance.licensing.errors import (
    DocumentForged,
    DocumentMalformed,
    OtherLicence,
    SeatBeyondLicence,
)
from appliance.licensing.fingerprint import Fingerprint, fingerprint
from appliance.licensing.licence import Licence, Plan, licence_bytes, open_licence
from appliance.licensing.receipt import ReturnReceipt, open_receipt, receipt_bytes
from appliance.licensing.request import SeatRequest, Seen, open_request, request_bytes
from appliance.licensing.revocations import (
    Reason,
    RevocationList,
    Revoked,
    open_revocations,
    revocations_bytes,
)
from appliance.licensing.signed import Kind, key_hash, kind_of, signed
from appliance.vault.canonical import canonical_json
from tests.unit.licensing.world import NOON, TRUSTED, VENDOR, licence_for, machine, signer

AUTHORITY, SEAT = signer("authority"), signer("seat")
LICENCE = licence_for(AUTHORITY.public("St. Anne"))
PRINTS = fingerprint(machine(), bytes(32))
SEEN = Seen(3, "ab" * 32)

ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
labels = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=80)
seen = st.builds(Seen, st.integers(1, 2**53 - 1), hashes) | st.just(Seen())
prints = st.builds(lambda key: fingerprint(machine(), key), st.binary(min_size=32, max_size=32))
quick = settings(max_examples=12, deadline=None)


def certificate(**members: object) -> Certificate:
    made = Certificate(
        id="01" * 16, licence=LICENCE.id, number=1, seat=key_hash(SEAT.public("")),
        request="02" * 16, label="Ward", issued=NOON, until=NOON + timedelta(days=9), tokens=0,
        machine=PRINTS, register=SEEN,
    )  # fmt: skip
    return replace(made, **members)  # type: ignore[arg-type]


def request(**members: object) -> SeatRequest:
    made = SeatRequest("02" * 16, "Ward", LICENCE.id, SEAT.public(""), PRINTS, NOON)
    return replace(made, **members)  # type: ignore[arg-type]


ENROLMENT = Enrolment("03" * 16, LICENCE.id, 5, NOON, NOON, 14, "cd" * 32)
LISTED = RevocationList(
    LICENCE.id, 4, NOON, (Revoked("04" * 16, Reason.RETURNED, NOON),), ((1, "05" * 16),), SEEN
)
RECEIPT = ReturnReceipt("01" * 16, LICENCE.id, SEAT.public(""), NOON, SEEN)

FILES: dict[Kind, tuple[bytes, Callable[[bytes], object]]] = {
    Kind.LICENCE: (licence_bytes(LICENCE, VENDOR), lambda b: open_licence(b, TRUSTED)),
    Kind.REQUEST: (request_bytes(request(), SEAT), open_request),
    Kind.CERTIFICATE: (
        certificate_bytes(certificate(), AUTHORITY),
        lambda b: open_certificate(b, LICENCE),
    ),
    Kind.ENROLMENT: (
        enrolment_bytes(ENROLMENT, AUTHORITY),
        lambda b: open_enrolment(b, LICENCE),
    ),
    Kind.REVOCATIONS: (
        revocations_bytes(LISTED, AUTHORITY),
        lambda b: open_revocations(b, LICENCE),
    ),
    Kind.RECEIPT: (receipt_bytes(RECEIPT, SEAT), open_receipt),
}
kinds = pytest.mark.parametrize("kind", FILES)


@kinds
def test_a_file_says_what_it_is_and_bears_white_space_around_it(kind: Kind) -> None:
    content, read = FILES[kind]
    assert kind_of(content) is kind
    assert read(b"\n " + content + b"\r\n") == read(content)


@quick
@given(ids, st.integers(1, 99), times, st.sampled_from(Plan), st.booleans())
def test_a_licence_is_read_back_as_it_was_signed(
    identity: str, serial: int, start: datetime, plan: Plan, overage: bool
) -> None:
    metered = plan in {Plan.METERED, Plan.MIXED}
    licence = replace(
        LICENCE, id=identity, serial=serial, issued=start, start=start, plan=plan, seats=serial,
        end=None if plan is Plan.SEAT else start + timedelta(days=30),
        tokens=7 if metered else 0, overage=overage and metered,
    )  # fmt: skip
    assert open_licence(licence_bytes(licence, VENDOR), TRUSTED) == licence


@quick
@given(ids, labels, times, seen, prints)
def test_a_request_is_read_back_as_it_was_signed(
    identity: str, label: str, created: datetime, shown: Seen, machine: Fingerprint
) -> None:
    asked = request(id=identity, label=label, created=created, seen=shown, machine=machine,
                    authority="0f" * 8, renews=identity)  # fmt: skip
    assert open_request(request_bytes(asked, SEAT)) == asked


@quick
@given(ids, st.integers(1, 3), hashes, labels, times)
def test_a_certificate_is_read_back_as_it_was_signed(
    identity: str, number: int, seat: str, label: str, issued: datetime
) -> None:
    made = certificate(id=identity, number=number, seat=seat, label=label, issued=issued,
                       until=issued + timedelta(days=1), tokens=number)  # fmt: skip
    assert open_certificate(certificate_bytes(made, AUTHORITY), LICENCE) == made


@quick
@given(st.lists(st.builds(Revoked, ids, st.sampled_from(Reason), times), max_size=5),
       st.dictionaries(st.integers(1, 99), ids, max_size=5))  # fmt: skip
def test_a_revocation_list_is_read_back_as_it_was_signed(
    revoked: list[Revoked], holders: dict[int, str]
) -> None:
    listed = replace(LISTED, revoked=tuple(revoked), holders=tuple(sorted(holders.items())))
    assert open_revocations(revocations_bytes(listed, AUTHORITY), LICENCE) == listed


def test_tokens_and_receipts_are_read_back_as_they_were_signed() -> None:
    assert FILES[Kind.ENROLMENT][1](FILES[Kind.ENROLMENT][0]) == ENROLMENT
    assert FILES[Kind.RECEIPT][1](FILES[Kind.RECEIPT][0]) == RECEIPT


@kinds
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_byte_of_a_file_can_be_changed(kind: Kind, data: st.DataObject) -> None:
    content, read = FILES[kind]
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((DocumentForged, DocumentMalformed)):
        read(bytes(changed))
    with pytest.raises((DocumentForged, DocumentMalformed)):
        read(content[:at])


@kinds
def test_no_member_can_be_left_out_added_or_changed_even_by_who_may_sign(kind: Kind) -> None:
    """Signed anew each time: the format itself refuses what makes no sense."""
    content, read = FILES[kind]
    key = {Kind.LICENCE: VENDOR, Kind.REQUEST: SEAT, Kind.RECEIPT: SEAT}.get(kind, AUTHORITY)
    body = {k: v for k, v in json.loads(content)["body"].items() if k not in {"format", "version"}}
    for name in body:
        for wrong in ({k: v for k, v in body.items() if k != name}, {**body, name: None}):
            with pytest.raises((DocumentMalformed, DocumentForged)):
                read(signed(kind, wrong, key))
    with pytest.raises(DocumentMalformed):
        read(signed(kind, {**body, "more": 1}, key))


@kinds
@pytest.mark.parametrize("other", FILES)
def test_a_file_of_one_kind_is_none_of_another(kind: Kind, other: Kind) -> None:
    if kind is other:
        return
    with pytest.raises(DocumentMalformed, match="another kind"):
        FILES[other][1](FILES[kind][0])
    told = json.loads(FILES[kind][0])
    told["body"]["format"] = other.value  # a signature fits its own kind alone
    with pytest.raises((DocumentForged, DocumentMalformed)):
        FILES[other][1](canonical_json(told))


def test_both_signatures_are_needed() -> None:
    for kind, (content, read) in FILES.items():
        for member in ("ed25519", "ml-dsa-65"):
            told = json.loads(content)
            told[member] = json.loads(FILES[Kind.LICENCE][0])[member]
            if kind is not Kind.LICENCE:
                with pytest.raises(DocumentForged):
                    read(canonical_json(told))


def test_a_licence_of_a_stranger_is_none() -> None:
    with pytest.raises(DocumentForged):
        open_licence(licence_bytes(LICENCE, signer("somebody")), TRUSTED)
    with pytest.raises(DocumentForged):
        open_licence(FILES[Kind.LICENCE][0], ())


def test_what_makes_no_sense_together_is_not_signed() -> None:
    for wrong in (
        {"end": None},
        {"end": NOON - timedelta(days=9)},
        {"tokens": 5},
        {"plan": Plan.MIXED},
        {"plan": Plan.METERED, "overage": True},
        {"seats": 0},
        {"grace_days": 91},
        {"features": ("written", "api")},
        {"institution": " "},
        {"institution": "two\nlines"},
        {"serial": 0},
    ):
        with pytest.raises(DocumentMalformed):
            licence_bytes(replace(LICENCE, **wrong), VENDOR)


def test_a_file_of_another_licence_is_not_of_this_one() -> None:
    other: Licence = replace(LICENCE, id="99" * 16)
    for kind, read in (
        (Kind.CERTIFICATE, open_certificate),
        (Kind.ENROLMENT, open_enrolment),
        (Kind.REVOCATIONS, open_revocations),
    ):
        with pytest.raises(OtherLicence):
            read(FILES[kind][0], other)
    with pytest.raises(SeatBeyondLicence):
        open_certificate(certificate_bytes(certificate(number=4), AUTHORITY), LICENCE)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_refused_in_words(untrusted: bytes) -> None:
    with pytest.raises(DocumentMalformed):
        kind_of(untrusted)
    for _, read in FILES.values():
        with pytest.raises(DocumentMalformed):
            read(untrusted)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(DocumentMalformed, match="too large"):
        open_request(b"{" + b" " * 70_000 + b"}")
