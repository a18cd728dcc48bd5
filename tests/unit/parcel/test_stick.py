"""What a stick can try: older, frozen, mixed, forged, expired, endless, pulled out half-way."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.parcel.errors import (
    ParcelDamaged,
    ParcelExpired,
    ParcelForged,
    ParcelRefused,
    ParcelRolledBack,
)
from appliance.parcel.stick.contents import Kind
from appliance.parcel.stick.making import Addition
from appliance.parcel.stick.mount import METADATA, NAME
from tests.unit.parcel.sticks import DAY, NOON, Seat, Sender, copied, metadata


def test_a_parcel_says_what_it_holds_before_anything_is_taken_in(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    pack = tmp_path / "hipaa"
    (pack / "sub").mkdir(parents=True)
    (pack / "pack.toml").write_text("x")
    (pack / "sub" / "more.cedar").write_text("yy")
    stick = sender.stick("stick")
    sender.workshop.make(stick, (Addition(Kind.POLICY, "hipaa", "4", pack),), NOON, days=10)
    checked = seat.check(stick)
    assert [(item.id, item.size) for item in checked.items] == [
        ("revocation/seats@1", 10),
        ("policy/hipaa@4", 3),
    ]
    assert [file.path for file in checked.items[1].files] == ["pack.toml", "sub/more.cedar"]
    assert checked.versions == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
    assert checked.expires == NOON + 10 * DAY


def test_the_same_stick_twice_is_the_same(sender: Sender, seat: Seat) -> None:
    stick = sender.stick("stick")
    assert seat.accept(stick).items == seat.accept(stick).items


def test_an_older_stick_is_refused_after_a_newer_one(sender: Sender, seat: Seat) -> None:
    older = copied(sender.stick("stick"), "older")
    seat.accept(sender.stick("stick", "revoked: 4", version="2"))
    with pytest.raises(ParcelRolledBack):
        seat.check(older)


def test_an_older_stick_is_refused_though_what_was_kept_is_gone(sender: Sender, seat: Seat) -> None:
    older = copied(sender.stick("stick"), "older")
    seat.accept(sender.stick("stick", version="2"))
    seat.kept = {}  # somebody took it away; the log has the versions
    with pytest.raises(ParcelRolledBack):
        seat.check(older)


def test_versions_rise_from_stick_to_stick(sender: Sender, seat: Seat) -> None:
    first, second = sender.stick("first"), sender.stick("second")
    assert (seat.check(first).versions["targets"], seat.check(second).versions["targets"]) == (1, 2)


def test_a_newer_timestamp_over_an_older_snapshot_is_refused(sender: Sender, seat: Seat) -> None:
    """Mix and match, as far as its own key can go: the versions inside may not fall."""
    older = copied(sender.stick("stick"), "older")
    seat.accept(sender.stick("stick", version="2"))
    sender.resigned(older, "timestamp.json", version=9)
    with pytest.raises(ParcelRolledBack):
        seat.check(older)


@pytest.mark.parametrize("name", ["1.snapshot.json", "1.targets.json"])
def test_metadata_of_another_stick_of_the_same_origin_does_not_fit(
    sender: Sender, seat: Seat, name: str
) -> None:
    stick = sender.stick("first")
    other = sender.stick("second", "revoked: 77")
    shutil.copy(metadata(other, name.replace("1", "2")), metadata(stick, name))
    with pytest.raises(ParcelDamaged):
        seat.check(stick)


def test_what_has_expired_is_refused_also_with_the_clock_set_back(
    sender: Sender, seat: Seat
) -> None:
    stick = sender.stick("stick", days=30)
    seat.accept(stick, NOON + 29 * DAY)
    with pytest.raises(ParcelExpired):
        seat.check(stick, NOON + 31 * DAY)


def test_one_expired_role_is_enough(sender: Sender, seat: Seat) -> None:
    stick = sender.stick("stick")
    sender.resigned(stick, "timestamp.json", expires="2026-11-28T11:59:59Z")
    with pytest.raises(ParcelExpired):
        seat.check(stick)


def test_an_expired_root_is_refused(sender: Sender, seat: Seat) -> None:
    stick = sender.stick("stick", days=9_000)
    with pytest.raises(ParcelExpired):
        seat.check(stick, NOON + 6 * 365 * DAY)


@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_a_stranger_signs_nothing(sender: Sender, seat: Seat, tmp_path: Path, name: str) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Sender(tmp_path / "stranger")
    stick, theirs = sender.stick("stick"), stranger.stick("theirs")
    shutil.copy(metadata(theirs, name), metadata(stick, name))
    with pytest.raises(ParcelRefused):
        seat.check(stick)
    with pytest.raises(ParcelForged):
        seat.check(theirs)


def test_signatures_taken_off_are_missed(sender: Sender, seat: Seat) -> None:
    stick = sender.stick("stick")
    path = metadata(stick, "timestamp.json")
    content = json.loads(path.read_bytes())
    content["signatures"] = []
    path.write_text(json.dumps(content))
    with pytest.raises(ParcelForged):
        seat.check(stick)


def test_keys_are_changed_by_the_root_and_the_old_key_signs_nothing_any_more(
    sender: Sender, seat: Seat
) -> None:
    stolen = Sender(sender.folder)
    before = copied(sender.stick("stick"), "before")
    key = sender.workshop.key("parcel-key.json")
    assert sender.workshop.renew_keys(NOON) == 2
    seat.accept(sender.stick("stick", version="2"))
    assert seat.floors["root"] == 2
    with pytest.raises((ParcelForged, ParcelRolledBack)):
        seat.check(before)
    assert stolen.workshop.key("parcel-key.json") != key
    (sender.workshop.folder / "parcel-key.json").write_text(json.dumps({"ed25519": key.seed.hex()}))
    forged = sender.stick("stick", version="3")
    with pytest.raises(ParcelForged):
        seat.check(forged)


def test_a_version_that_a_thief_drove_up_is_left_behind_with_the_key(
    sender: Sender, seat: Seat
) -> None:
    """Fast forward (TUF 5.3.11): new keys begin their own count."""
    stick = sender.stick("stick")
    sender.resigned(stick, "timestamp.json", version=2**40)
    seat.accept(stick)
    with pytest.raises(ParcelRolledBack):
        seat.check(sender.stick("next", version="2"))
    sender.workshop.renew_keys(NOON)
    assert seat.accept(sender.stick("after", version="2")).versions["timestamp"] == 3


def test_a_new_root_must_be_signed_by_the_one_before(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Sender(tmp_path / "stranger")
    stranger.workshop.renew_keys(NOON)
    theirs = stranger.stick("theirs")
    stick = sender.stick("stick")
    shutil.copy(metadata(theirs, "2.root.json"), metadata(stick, "2.root.json"))
    with pytest.raises(ParcelForged):
        seat.check(stick)


def test_a_root_key_can_be_changed_too(sender: Sender, seat: Seat) -> None:
    sender.workshop.renew_keys(NOON, root_too=True)
    sender.workshop.renew_keys(NOON, root_too=True)
    assert seat.accept(sender.stick("stick")).versions["root"] == 3


@pytest.mark.parametrize(
    "name", ["timestamp.json", "1.snapshot.json", "1.targets.json", "2.root.json"]
)
def test_endless_metadata_is_not_read(sender: Sender, seat: Seat, name: str) -> None:
    stick = sender.stick("stick")
    with metadata(stick, name).open("ab") as file:
        file.truncate(50_000_000_000)  # sparse: nobody waits for it
    with pytest.raises(ParcelDamaged):
        seat.check(stick)


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_metadata_is_not_read_beyond_its_bound_though_its_length_is_signed(
    sender: Sender, seat: Seat, role: str
) -> None:
    stick = sender.stick("stick")
    endless = {"version": 1, "length": 50_000_000_000}
    if role == "snapshot":
        sender.resigned(stick, "timestamp.json", meta={"snapshot.json": endless})
    else:
        sender.resigned(stick, "1.snapshot.json", meta={"targets.json": endless})
        sender.resigned(stick, "timestamp.json", meta={"snapshot.json": {"version": 1}})
    os.truncate(metadata(stick, f"1.{role}.json"), 50_000_000_000)
    with pytest.raises(ParcelDamaged, match="longer"):
        seat.check(stick)


def test_a_pipe_or_a_link_for_metadata_is_not_followed(sender: Sender, seat: Seat) -> None:
    stick = sender.stick("stick")
    path = metadata(stick, "1.snapshot.json")
    content = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ParcelDamaged):
        seat.check(stick)
    path.unlink()
    (stick / "elsewhere").write_bytes(content)
    path.symlink_to(stick / "elsewhere")
    with pytest.raises(ParcelDamaged):
        seat.check(stick)


@given(which=st.integers(0, 3), at=st.integers(0, 10**6), how=st.sampled_from(["flip", "cut"]))
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_metadata_is_refused(
    sender: Sender, seat: Seat, which: int, at: int, how: str
) -> None:
    stick = sender.folder / "once"
    if not stick.exists():
        sender.stick("once")
    path = sorted((stick / NAME / METADATA).iterdir())[which]
    content = path.read_bytes()
    place = at % len(content)
    changed = bytearray(content[:place] if how == "cut" else content)
    if how == "flip":
        changed[place] ^= 1 << at % 7
    path.write_bytes(changed)
    try:
        accepted = seat.check(stick)
    except ParcelRefused:
        return
    finally:
        path.write_bytes(content)
    # Spaces outside what is signed may differ; a root that is installed here is not read again.
    assert accepted.items == seat.check(stick).items
