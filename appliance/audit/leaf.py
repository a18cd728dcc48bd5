"""A leaf as it is read back: one canonical JSON record with a fixed set of members.

Rules kept here: every leaf has exactly the members of version 1, of exactly their types; a leaf
that is not spelled canonically is refused, so two readers can never see two things in it; sizes
are bounded before parsing. Format: docs/formats/log.md.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import NamedTuple

from appliance.audit.canonical import LARGEST_INTEGER, decoded
from appliance.audit.errors import LogTampered
from appliance.audit.tiles import MAX_ENTRY
from appliance.values import LogRecord

VERSION = 1

CREATED = "log.created"
EPOCH_BEGAN = "log.epoch"
REPAIRED = "log.repaired"
ASK_OPENED = "ask.opened"
ASK_CLOSED = "ask.closed"
STORE_NOTED = "store.noted"
VALUE_NOTED = "value.noted"
PAYLOAD_ERASED = "payload.erased"

RESERVED = frozenset(
    {
        CREATED,
        EPOCH_BEGAN,
        REPAIRED,
        ASK_OPENED,
        ASK_CLOSED,
        STORE_NOTED,
        VALUE_NOTED,
        PAYLOAD_ERASED,
    }
)
"""Actions with a meaning to the log itself. Only the log's own methods write them."""

ACTION = re.compile(r"[a-z][a-z0-9_]{0,31}(?:\.[a-z][a-z0-9_]{0,31}){1,3}")
DETAIL = re.compile(r"[a-z][a-z0-9_]{0,47}")
HASH = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

_VERDICT = {"allowed", "errors", "pack_hash", "packs", "policies"}
_TEXTS = ("ask", "code", "index", "model", "object", "outcome", "person", "role", "seat")
_DECODER = json.JSONDecoder()
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


class VerdictSaid(NamedTuple):
    """What a leaf keeps of a verdict."""

    allowed: bool
    errors: tuple[str, ...]
    pack_hash: str
    packs: tuple[str, ...]
    policies: tuple[str, ...]


class Leaf(NamedTuple):
    """The members of a leaf, in canonical order (`index_hash` is the member "index"). Empty text
    where a member does not apply."""

    action: str
    ask: str
    code: str
    details: tuple[tuple[str, str | int | bool], ...]
    index_hash: str
    model: str
    object: str
    outcome: str
    payload: str
    person: str
    role: str
    seat: str
    seq: int
    time: str
    v: int
    verdict: VerdictSaid | None

    def number(self, name: str) -> int:
        """The detail `name`, which must be an integer. Raises LogTampered."""
        value = dict(self.details).get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise LogTampered(f"Record {self.seq} ({self.action}) has no number {name!r}.")
        return value

    def text(self, name: str) -> str:
        """The detail `name`, which must be text. Raises LogTampered."""
        value = dict(self.details).get(name)
        if not isinstance(value, str):
            raise LogTampered(f"Record {self.seq} ({self.action}) has no text {name!r}.")
        return value


_MEMBERS = frozenset(Leaf._fields) - {"index_hash"} | {"index"}


def parsed_leaf(untrusted: bytes, seq: int) -> Leaf:
    """Record `seq`. Raises LogTampered unless it is a whole, canonical leaf of that number."""
    if len(untrusted) > MAX_ENTRY:
        raise LogTampered(f"Record {seq} is larger than a record can be.")
    try:
        value = decoded(untrusted)
    except ValueError:
        raise LogTampered(f"Record {seq} is not a record.") from None
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise LogTampered(f"Record {seq} has not the members a record has.")
    for name in _TEXTS:
        if not isinstance(value[name], str):
            raise LogTampered(f"Record {seq} has a {name} that is not text.")
    _require_head(value, seq)
    details = _details(value["details"], seq)
    verdict = _verdict(value["verdict"], seq)
    if _encoder.encode(value).encode("utf-8", "surrogatepass") != untrusted:
        raise LogTampered(f"Record {seq} is not spelled canonically.")
    texts = {name: value[name] for name in _TEXTS if name != "index"}
    return Leaf(
        action=value["action"],
        details=details,
        index_hash=value["index"],
        payload=value["payload"],
        seq=seq,
        time=value["time"],
        v=VERSION,
        verdict=verdict,
        **texts,
    )


def recalled_leaf(leaf: bytes, seq: int) -> Leaf:
    """The leaf, of bytes whose hash the log commits to: it was held against the format when it
    was written, so only what cannot be read at all is refused."""
    try:
        value = _DECODER.decode(leaf.decode())
        value["index_hash"] = value.pop("index")
        value["details"] = tuple(value["details"].items())
        said = value["verdict"]
        value["verdict"] = None if said is None else VerdictSaid(**said)
        return Leaf(**value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LogTampered(f"Record {seq} is not a record.") from None


def _require_head(value: dict[str, object], seq: int) -> None:
    if value["v"] is True or value["v"] != VERSION:
        raise LogTampered(f"Record {seq} is of a version this program does not know.")
    if isinstance(value["seq"], bool) or value["seq"] != seq:
        raise LogTampered(f"Record {seq} stands where another record belongs.")
    action, payload, time = value["action"], value["payload"], value["time"]
    if not isinstance(action, str) or not ACTION.fullmatch(action):
        raise LogTampered(f"Record {seq} has no action.")
    if not isinstance(payload, str) or (payload and not HASH.fullmatch(payload)):
        raise LogTampered(f"Record {seq} has a payload hash that is none.")
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise LogTampered(f"Record {seq} has no time.")
    try:
        moment(time)
    except ValueError:
        raise LogTampered(f"Record {seq} has a time that does not exist.") from None


def _details(value: object, seq: int) -> tuple[tuple[str, str | int | bool], ...]:
    if not isinstance(value, dict):
        raise LogTampered(f"Record {seq} has no details.")
    for name, detail in value.items():
        if not DETAIL.fullmatch(name) or not isinstance(detail, str | int):
            raise LogTampered(f"Record {seq} has a detail of a kind that is not known.")
        if isinstance(detail, int) and abs(detail) > LARGEST_INTEGER:
            raise LogTampered(f"Record {seq} has a number out of range.")
    return tuple(value.items())


def _verdict(value: object, seq: int) -> VerdictSaid | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != _VERDICT:
        raise LogTampered(f"Record {seq} has a verdict of a kind that is not known.")
    lists = [value["errors"], value["packs"], value["policies"]]
    if (
        not isinstance(value["allowed"], bool)
        or not isinstance(value["pack_hash"], str)
        or not all(isinstance(items, list) for items in lists)
        or not all(isinstance(item, str) for items in lists for item in items)
    ):
        raise LogTampered(f"Record {seq} has a verdict of a kind that is not known.")
    errors, packs, policies = (tuple(items) for items in lists)
    return VerdictSaid(value["allowed"], errors, value["pack_hash"], packs, policies)


def moment(time: str) -> datetime:
    """The time of a leaf (RFC 3339, UTC, milliseconds). Raises ValueError for an impossible one."""
    return datetime.fromisoformat(time)


def shown(leaf: Leaf) -> LogRecord:
    """The leaf as the screen shows it; members that do not apply are left out."""
    fields: list[tuple[str, str]] = []
    for name in ("ask", "code", "model", "payload", "role", "seat"):
        fields.append((name, str(getattr(leaf, name))))
    fields.append(("index", leaf.index_hash))
    fields += [(f"details.{name}", _spelled(value)) for name, value in leaf.details]
    if leaf.verdict:
        said = leaf.verdict
        fields += [
            ("verdict.allowed", _spelled(said.allowed)),
            ("verdict.errors", ", ".join(said.errors)),
            ("verdict.pack_hash", said.pack_hash),
            ("verdict.packs", ", ".join(said.packs)),
            ("verdict.policies", ", ".join(said.policies)),
        ]
    return LogRecord(
        seq=leaf.seq,
        time=moment(leaf.time),
        action=leaf.action,
        person=leaf.person,
        object=leaf.object,
        outcome=leaf.outcome,
        fields=tuple(sorted(field for field in fields if field[1])),
    )


def _spelled(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
