"""Usage reports for billing: what a seat answered, month by month, and all seats together.

Rules kept here: a seat signs its report with its seat key and puts its certificate in; its reports
are numbered and each names the hash of the one before, so none can be left out or told twice
unseen; a report holds counts, ids and hashes alone, never a question, an answer or a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime

from appliance.licensing.certificate import Certificate, open_certificate
from appliance.licensing.errors import DocumentForged
from appliance.licensing.licence import Licence
from appliance.licensing.signed import (
    SMALL,
    Kind,
    key_body,
    key_hash,
    key_in,
    opened,
    read,
    self_signed,
    signed,
)
from appliance.licensing.times import HASH_SIZE, hex_in, spelled, time_in
from appliance.vault.canonical import Fields, Json, Malformed, base64_text
from appliance.vault.signers import SignerKey, TrustedKey

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_MOST_MONTHS = 600
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Month:
    """Asks that ended in a calendar month (UTC), "2026-11". written: of those answered, how many a
    language model wrote. tokens: what it wrote for them."""

    month: str
    answered: int = 0
    written: int = 0
    refused: int = 0
    failed: int = 0
    cancelled: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """A seat's report. number: from 1; previous: SHA-256 (hex) of the body of the one before, "".
    start, end: the records of the log [start, end) that are counted; log_name and log_root: of the
    log, so that an auditor can hold the report against it."""

    certificate: Certificate
    certificate_file: bytes
    key: TrustedKey
    number: int
    previous: str
    made: datetime
    log_name: str
    log_root: str
    start: int
    end: int
    months: tuple[Month, ...]
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What a seat used, in a summary. report: the hash of the report it comes from."""

    number: int
    seat: str
    label: str
    report: str
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that an authority took in at once. silent: numbers of seats held without a report."""

    licence: str
    made: datetime
    seats: int
    held: int
    rows: tuple[Row, ...]
    silent: tuple[int, ...]


def usage_bytes(usage: Usage, key: SignerKey) -> bytes:
    body: dict[str, Json] = {
        "certificate": base64_text(usage.certificate_file),
        "end": usage.end,
        "key": key_body(usage.key),
        "log_name": usage.log_name,
        "log_root": usage.log_root,
        "made": spelled(usage.made),
        "months": [_month_body(month) for month in usage.months],
        "number": usage.number,
        "previous": usage.previous,
        "start": usage.start,
    }
    return signed(Kind.USAGE, body, key)


def open_usage(untrusted: bytes, licence: Licence) -> Usage:
    """A report of a seat of this licence. Raises DocumentForged, DocumentMalformed, OtherLicence,
    SeatBeyondLicence."""
    document = self_signed(Kind.USAGE, untrusted)
    usage = read(Kind.USAGE, document.body, lambda body: _usage(body, licence, document.sha256))
    if key_hash(usage.key) != usage.certificate.seat:
        raise DocumentForged("This usage report is not signed by the seat it speaks of.")
    return usage


def summary_bytes(summary: Summary, key: SignerKey) -> bytes:
    rows: list[Json] = [
        {
            "label": row.label,
            "months": [_month_body(month) for month in row.months],
            "number": row.number,
            "report": row.report,
            "seat": row.seat,
        }
        for row in summary.rows
    ]
    body: dict[str, Json] = {
        "held": summary.held,
        "licence": summary.licence,
        "made": spelled(summary.made),
        "rows": rows,
        "seats": summary.seats,
        "silent": list(summary.silent),
    }
    return signed(Kind.SUMMARY, body, key)


def open_summary(untrusted: bytes, authority: TrustedKey) -> Summary:
    """What an institution's authority says was used. Raises DocumentForged, DocumentMalformed."""
    body = opened(Kind.SUMMARY, untrusted, (authority,)).body
    return read(Kind.SUMMARY, body, _summary)


def _usage(untrusted: Fields, licence: Licence, sha256: str) -> Usage:
    untrusted.only(
        "certificate", "end", "format", "key", "log_name", "log_root", "made", "months", "number",
        "previous", "start", "version",
    )  # fmt: skip
    content = untrusted.blob("certificate", SMALL)
    start = untrusted.integer("start")
    return Usage(
        certificate=open_certificate(content, licence),
        certificate_file=content,
        key=key_in(untrusted, "key"),
        number=untrusted.integer("number", 1),
        previous=hex_in(untrusted, "previous", HASH_SIZE, empty=True),
        made=time_in(untrusted, "made"),
        log_name=untrusted.text("log_name", 300),
        log_root=hex_in(untrusted, "log_root", HASH_SIZE),
        start=start,
        end=untrusted.integer("end", start),
        months=_months(untrusted),
        sha256=sha256,
    )


def _summary(untrusted: Fields) -> Summary:
    untrusted.only("format", "held", "licence", "made", "rows", "seats", "silent", "version")
    silent = untrusted.untrusted["silent"]
    if not isinstance(silent, list) or len(silent) > _MOST_ROWS:
        raise Malformed("silent")
    return Summary(
        licence=hex_in(untrusted, "licence"),
        made=time_in(untrusted, "made"),
        seats=untrusted.integer("seats", 1),
        held=untrusted.integer("held"),
        rows=tuple(_row(row) for row in untrusted.rows("rows", _MOST_ROWS)),
        silent=tuple(Fields({"number": one}).integer("number", 1) for one in silent),
    )


def _row(untrusted: Fields) -> Row:
    untrusted.only("label", "months", "number", "report", "seat")
    return Row(
        number=untrusted.integer("number", 1),
        seat=hex_in(untrusted, "seat", HASH_SIZE),
        label=untrusted.text("label"),
        report=hex_in(untrusted, "report", HASH_SIZE),
        months=_months(untrusted),
    )


def _month_body(month: Month) -> dict[str, Json]:
    return {field.name: getattr(month, field.name) for field in fields(Month)}


def _months(untrusted: Fields) -> tuple[Month, ...]:
    counts = [field.name for field in fields(Month) if field.name != "month"]
    found = []
    for row in untrusted.rows("months", _MOST_MONTHS):
        row.only("month", *counts)
        name = row.text("month", 7)
        if not _MONTH.fullmatch(name):
            raise Malformed("month")
        found.append(Month(name, *(row.integer(count) for count in counts)))
    names = [month.month for month in found]
    if names != sorted(set(names)):
        raise Malformed("months")
    return tuple(found)
