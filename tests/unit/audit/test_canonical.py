from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.canonical import Json, canonical
from appliance.audit.errors import LogTampered, RecordRefused
from appliance.audit.leaf import parsed_leaf, shown
from appliance.audit.record import Record, encoded_leaf, spelled_time
from appliance.values import Obligations, Verdict
from tests.unit.audit.making import ADDED, START, VERDICT

TIME = "2026-11-23T08:00:00.000Z"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAME = st.from_regex(r"\A[a-z][a-z0-9_]{0,20}\Z")
VERDICTS = st.builds(
    Verdict,
    st.booleans(),
    st.tuples(TEXT),
    st.tuples(TEXT, TEXT),
    TEXT,
    st.just(Obligations()),
    st.tuples(TEXT) | st.just(()),
)
RECORDS = st.builds(
    Record,
    action=st.sampled_from(["document.added", "person.unlocked", "a.b.c"]),
    person=TEXT,
    role=TEXT,
    object=TEXT,
    verdict=st.none() | VERDICTS,
    ask=TEXT,
    model=TEXT,
    index=TEXT,
    outcome=TEXT,
    code=TEXT,
    details=st.dictionaries(
        NAME, TEXT | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1), max_size=5
    ).map(lambda details: tuple(details.items())),
)


def leaf_of(record: Record, payload: str = "") -> bytes:
    return encoded_leaf(record, seq=7, time=TIME, seat="s", payload=payload)


def members(record: Record) -> dict[str, Json]:
    """The leaf's members as a plain value, for the generic encoder."""
    verdict = record.verdict
    return {
        "v": 1,
        "seq": 7,
        "time": TIME,
        "seat": "s",
        "payload": "",
        **{
            name: getattr(record, name)
            for name in "action person role object ask model index outcome code".split()
        },
        "details": dict(record.details),
        "verdict": None
        if verdict is None
        else {
            "allowed": verdict.allowed,
            "policies": verdict.policies,
            "packs": verdict.packs,
            "pack_hash": verdict.pack_hash,
            "errors": verdict.errors,
        },
    }


def test_members_are_ordered_by_utf16_code_units() -> None:
    """RFC 8785, 3.2.3: the example's names, in its order."""
    names = ["\r", "1", "\x80", "ö", "€", "\U0001f600", "\ufb33"]
    spelled = canonical(dict.fromkeys(reversed(names), 0)).decode()
    assert list(json.loads(spelled)) == names


def test_strings_escape_only_what_the_standard_demands() -> None:
    """RFC 8785, 3.2.2.2."""
    text = '€$\x0f\nA\'B"\\\\"/\b\t\f\r\x7f'
    expected = '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\\b\\t\\f\\r\x7f"'
    assert canonical(text).decode() == expected


@given(RECORDS)
def test_the_fast_encoder_is_the_generic_one(record: Record) -> None:
    assert leaf_of(record) == canonical(members(record))


@given(RECORDS)
def test_a_leaf_reads_back_as_written(record: Record) -> None:
    leaf = parsed_leaf(leaf_of(record, "ab" * 32), 7)
    assert leaf.details == tuple(sorted(record.details))
    assert (leaf.person, leaf.object, leaf.index_hash) == (
        record.person,
        record.object,
        record.index,
    )
    assert leaf.payload == "ab" * 32
    assert (leaf.verdict is None) == (record.verdict is None)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_leaf_are_refused(untrusted: bytes) -> None:
    with pytest.raises(LogTampered):
        parsed_leaf(untrusted, 7)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1.0'),
        (b'"seq":7', b'"seq":8'),
        (b'"seq":7', b'"seq": 7'),
        (b'"pages":3', b'"pages":3e0'),
        (b'"pages":3', b'"pages":null'),
        (b'"pages":3', b'"pages":9007199254740993'),
        (b'"action"', b'"bction"'),
        (b'"payload":""', b'"payload":"AB"'),
        (b"2026-11-23", b"2026-13-23"),
        (b"2026-11-23T", b"2026-11-23 "),
        (b'"seat":"s"', b'"seat":"\\u0073"'),
        (b'"kind":"pdf",', b'"kind":"pdf","kind":"pdf",'),
        (b'"verdict":null', b'"verdict":{}'),
        (b'"verdict":null', b'"verdict":null,"w":1'),
        (b'"role":"curator"', b'"role":"\\ud800"'),
        (b'"details":{', b'"details":{"A":1,'),
    ],
)
def test_every_departure_from_the_format_is_refused(old: bytes, new: bytes) -> None:
    leaf = leaf_of(ADDED)
    assert old in leaf
    parsed_leaf(leaf, 7)
    with pytest.raises(LogTampered, match="Record 7"):
        parsed_leaf(leaf.replace(old, new, 1), 7)


@pytest.mark.parametrize(
    "record",
    [
        Record("no noun"),
        Record("Document.added"),
        Record("a.b", person="\ud800"),
        Record("a.b", object="x" * 70_000),
        Record("a.b", details=(("Pages", 1),)),
        Record("a.b", details=(("pages", 1), ("pages", 2))),
        Record("a.b", details=(("pages", 2**53),)),
        Record("a.b", details=(("pages", 1.5),)),  # type: ignore[arg-type]
        Record("a.b", details=(("pages", None),)),  # type: ignore[arg-type]
        Record("a.b", person=None),  # type: ignore[arg-type]
    ],
)
def test_a_record_that_does_not_fit_is_refused(record: Record) -> None:
    with pytest.raises(RecordRefused):
        leaf_of(record)


@pytest.mark.parametrize("value", [1.5, 2**53, "\ud800", {1: 2}, object(), [[[[[]] * 1] * 1] * 1]])
def test_values_outside_the_format_are_refused(value: object) -> None:
    if isinstance(value, list):
        for _ in range(20):
            value = [value]
    with pytest.raises(RecordRefused):
        canonical(value)  # type: ignore[arg-type]


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        spelled_time(START.replace(tzinfo=None))


def test_the_screen_sees_every_member_that_applies() -> None:
    record = Record("a.b", person="p", verdict=VERDICT, code="c", details=(("n", True),))
    seen = shown(parsed_leaf(leaf_of(record), 7))
    assert (seen.seq, seen.time, seen.action, seen.person) == (7, START, "a.b", "p")
    assert dict(seen.fields) == {
        "code": "c",
        "details.n": "true",
        "seat": "s",
        "verdict.allowed": "true",
        "verdict.pack_hash": "ab" * 32,
        "verdict.packs": "baseline@1",
        "verdict.policies": "allow-members",
    }
