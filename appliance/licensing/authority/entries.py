"""The register's entries as they are read back from its sealed file."""

from __future__ import annotations

from appliance.licensing.authority.register import Ended, Entry, Issued, Listed, Offered, Told
from appliance.licensing.licence import MOST_SEATS, MOST_TOKENS
from appliance.licensing.request import LABEL_LIMIT, require_label
from appliance.licensing.revocations import Reason
from appliance.licensing.times import HASH_SIZE, hex_in, time_in
from appliance.vault.canonical import Fields, Malformed


def entry_in(untrusted: Fields) -> Entry:
    """Raises Malformed."""
    kind = untrusted.text("entry", 20)
    if kind == "issued":
        return _issued(untrusted)
    if kind == "ended":
        return _ended(untrusted)
    if kind == "offered":
        return _offered(untrusted)
    if kind == "listed":
        untrusted.only("at", "entry", "number")
        return Listed(time_in(untrusted, "at"), untrusted.integer("number", 1))
    if kind == "told":
        untrusted.only("at", "entry", "number", "seat", "sha256")
        return Told(
            at=time_in(untrusted, "at"),
            seat=hex_in(untrusted, "seat", HASH_SIZE),
            number=untrusted.integer("number", 1),
            sha256=hex_in(untrusted, "sha256", HASH_SIZE),
        )
    raise Malformed("entry")


def _issued(untrusted: Fields) -> Issued:
    untrusted.only(
        "at", "certificate", "entry", "label", "number", "request", "seat", "token", "tokens",
        "until",
    )  # fmt: skip
    return Issued(
        at=time_in(untrusted, "at"),
        certificate=hex_in(untrusted, "certificate"),
        number=untrusted.integer("number", 1, MOST_SEATS),
        seat=hex_in(untrusted, "seat", HASH_SIZE),
        request=hex_in(untrusted, "request"),
        label=require_label(untrusted.text("label", LABEL_LIMIT)),
        until=time_in(untrusted, "until"),
        tokens=untrusted.integer("tokens", 0, MOST_TOKENS),
        token=hex_in(untrusted, "token", empty=True),
    )


def _ended(untrusted: Fields) -> Ended:
    untrusted.only("at", "entry", "id", "reason")
    try:
        reason = Reason(untrusted.text("reason", 20))
    except ValueError:
        raise Malformed("reason") from None
    return Ended(time_in(untrusted, "at"), hex_in(untrusted, "id"), reason)


def _offered(untrusted: Fields) -> Offered:
    untrusted.only("at", "count", "entry", "secret", "token", "until")
    return Offered(
        at=time_in(untrusted, "at"),
        token=hex_in(untrusted, "token"),
        secret=hex_in(untrusted, "secret", HASH_SIZE),
        count=untrusted.integer("count", 1, MOST_SEATS),
        until=time_in(untrusted, "until"),
    )
