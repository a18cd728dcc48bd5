"""What is to be logged, and how it becomes a leaf.

Rules kept here: a record is refused before anything is written, never cut to fit; personal text has
no place in it (it is sealed by the caller and only its hash is here); the spelling is canonical
(RFC 8785), written out member by member because an append pays for every microsecond; a test holds
it equal to the generic encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from appliance.audit.canonical import LARGEST_INTEGER
from appliance.audit.errors import RecordRefused
from appliance.audit.leaf import ACTION, DETAIL, VERSION
from appliance.audit.tiles import MAX_ENTRY
from appliance.values import Verdict

Detail = tuple[str, str | int | bool]

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes of the largest sealed payload."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. Ids, never names or text of a person.

    action: "noun.verb", lower case, for example "document.added". object: the id of what was acted
    upon. outcome: how it ended, in a word. code: the error code where it failed. model and index:
    hashes or versions of what answered. details: further named values; names are lower case, each
    once.
    """

    action: str
    person: str = ""
    role: str = ""
    object: str = ""
    verdict: Verdict | None = None
    ask: str = ""
    model: str = ""
    index: str = ""
    outcome: str = ""
    code: str = ""
    details: tuple[Detail, ...] = ()


def encoded_leaf(record: Record, *, seq: int, time: str, seat: str, payload: str) -> bytes:
    """The canonical leaf. payload is the SHA-256 (hex) of the sealed payload, or "".

    Raises RecordRefused for an action or detail that is not spelled as it must be, text that is
    not Unicode, and a leaf of more than 65,535 bytes."""
    if not _is_action(record.action):
        raise RecordRefused("A record's action is spelled noun.verb, in lower case.")
    try:
        leaf = (
            f'{{"action":"{record.action}","ask":{quoted(record.ask)},'
            f'"code":{quoted(record.code)},"details":{_details(record.details)},'
            f'"index":{quoted(record.index)},"model":{quoted(record.model)},'
            f'"object":{quoted(record.object)},"outcome":{quoted(record.outcome)},'
            f'"payload":"{payload}","person":{quoted(record.person)},'
            f'"role":{quoted(record.role)},"seat":{quoted(seat)},"seq":{seq},'
            f'"time":"{time}","v":{VERSION},"verdict":{_verdict(record.verdict)}}}'
        ).encode()
    except UnicodeEncodeError:
        raise RecordRefused("A record holds text that is not Unicode.") from None
    except TypeError:
        raise RecordRefused("A record holds a member that is not text.") from None
    if len(leaf) > MAX_ENTRY:
        raise RecordRefused(
            f"A record of {len(leaf)} bytes is larger than {MAX_ENTRY}.",
            hint="Shorten its details, or put the text into the sealed payload.",
        )
    return leaf


def spelled_time(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds (truncated). Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a clock must say its time zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


@lru_cache(maxsize=1024)
def _is_action(text: str) -> bool:
    return ACTION.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _is_detail(text: str) -> bool:
    return DETAIL.fullmatch(text) is not None


def _details(details: Sequence[Detail]) -> str:
    if not details:
        return "{}"
    parts: list[str] = []
    before = ""
    for name, value in sorted(details) if len(details) > 1 else details:
        if name == before or not _is_detail(name):
            raise RecordRefused("A record's details have lower-case names, each once.")
        before = name
        parts.append(f'"{name}":{_value(value)}')
    return f"{{{','.join(parts)}}}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return str(int(value))
    raise RecordRefused("A record's details are text, integers up to 2^53-1, or true and false.")


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return "null"
    allowed = "true" if verdict.allowed else "false"
    return (
        f'{{"allowed":{allowed},"errors":{_texts(verdict.errors)},'
        f'"pack_hash":{quoted(verdict.pack_hash)},"packs":{_texts(verdict.packs)},'
        f'"policies":{_texts(verdict.policies)}}}'
    )


def _texts(texts: Sequence[str]) -> str:
    return f"[{','.join([quoted(text) for text in texts])}]"
