"""What a stick can try: older, frozen, mixed, forged, expired, endless, pulled out half-way."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import StorageFull
from appliance.parcel.errors import (
    NoParcel,
    OriginUnknown,
    ParcelDamaged,
    ParcelExpired,
    ParcelForged,
    ParcelInterrupted,
    ParcelRefused,
    ParcelRolledBack,
    ParcelUnmakable,
    RootsInvalid,
)
from appliance.parcel.stick.contents import Item, Kind, items_of, target_of
from appliance.parcel.stick.making import Addition, Workshop
from appliance.parcel.stick.mount import METADATA, NAME, TARGETS, Mount
from appliance.parcel.stick.origins import Kept, origin_of, origins
from appliance.parcel.stick.tuf_alone import TargetFile
from tests.unit.parcel.sticks import DAY, NOON, Seat, Sender, copied


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    return Sender(tmp_path)


@pytest.fixture
def seat(sender: Sender) -> Seat:
    return Seat(sender.workshop.root.read_bytes())


def metadata(stick: Path, name: str) -> Path:
    return stick / NAME / METADATA / name


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


# --- files -----------------------------------------------------------------------------------


def item_of(seat: Seat, stick: Path) -> Item:
    (item,) = seat.check(stick).items
    return item


def stored(stick: Path, item: Item) -> Path:
    return stick / NAME / TARGETS / item.files[0].stored


def test_a_file_arrives_as_it_was_signed(sender: Sender, seat: Seat, tmp_path: Path) -> None:
    stick = sender.stick("stick")
    item = item_of(seat, stick)
    assert Mount.below(stick).has(item)
    Mount.below(stick).fetch(item, tmp_path / "in")
    assert (tmp_path / "in" / "list.json").read_text() == "revoked: 3"
    Mount.below(stick).fetch(item, tmp_path / "in")  # once more changes nothing


def test_a_file_that_was_exchanged_does_not_arrive(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    stick = sender.stick("stick")
    item = item_of(seat, stick)
    stored(stick, item).write_text("revoked: 4")
    with pytest.raises(ParcelDamaged):
        Mount.below(stick).fetch(item, tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_longer_file_is_not_read(sender: Sender, seat: Seat, tmp_path: Path) -> None:
    stick = sender.stick("stick")
    item = item_of(seat, stick)
    os.truncate(stored(stick, item), 50_000_000_000)
    with pytest.raises(ParcelDamaged):
        Mount.below(stick).fetch(item, tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_stick_pulled_out_half_way_is_gone_on_with(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    content = "".join(f"{number:09}\n" for number in range(350_000))
    stick = sender.stick("stick", content)
    item = item_of(seat, stick)
    path = stored(stick, item)
    whole = path.read_bytes()
    seen: list[int] = []

    def pull(count: int) -> None:
        seen.append(count)
        if len(seen) == 3:
            os.truncate(path, 0)

    with pytest.raises(ParcelInterrupted):
        Mount.below(stick).fetch(item, tmp_path / "in", pull)
    assert not (tmp_path / "in" / "list.json").exists()
    path.write_bytes(whole)
    again: list[int] = []
    Mount.below(stick).fetch(item, tmp_path / "in", again.append)
    assert again[0] == sum(seen) > 0
    assert sum(again) == len(whole)
    assert (tmp_path / "in" / "list.json").read_text() == content


def test_a_part_that_was_tampered_with_in_between_is_thrown_away(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    stick = sender.stick("stick")
    item = item_of(seat, stick)
    for left in (b"REVOK", b"revoked: 3 and more"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / "list.json.unfinished").write_bytes(left)
        (tmp_path / "in" / "stray").write_bytes(b"of another parcel")
        counted: list[int] = []
        Mount.below(stick).fetch(item, tmp_path / "in", counted.append)
        assert sum(counted) == item.size
        assert [path.name for path in (tmp_path / "in").iterdir()] == ["list.json"]
        assert (tmp_path / "in" / "list.json").read_text() == "revoked: 3"
        (tmp_path / "in" / "list.json").unlink()


def test_a_full_disk_is_said_and_the_rest_comes_later(
    sender: Sender, seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = sender.stick("stick", "x" * 3_000_000)
    item, real, calls = item_of(seat, stick), os.write, 0

    def write(descriptor: int, content: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(StorageFull):
            Mount.below(stick).fetch(item, tmp_path / "in")
    Mount.below(stick).fetch(item, tmp_path / "in")
    assert (tmp_path / "in" / "list.json").stat().st_size == 3_000_000


def test_a_stick_that_is_gone_says_so(sender: Sender, seat: Seat, tmp_path: Path) -> None:
    stick = sender.stick("stick")
    mount, item = Mount.below(stick), item_of(seat, stick)
    shutil.rmtree(stick)
    assert not mount.has(item)
    with pytest.raises(ParcelInterrupted):
        mount.fetch(item, tmp_path / "in")
    with pytest.raises(ParcelInterrupted):
        mount.read("timestamp.json", 100)
    with pytest.raises(NoParcel):
        Mount.below(stick)


# --- names and origins -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "model/m@1/../../x", "model/m@1/", "/model/m@1/x", "model/../m@1/x", "secret/m@1/x",
        "model/m@1/.hidden", "model/m/x", "model/m@1/a\\b", "model/m@1/a\nb", "x",
        "model/m@1/a/b/c/d/e/f",
    ],
)  # fmt: skip
def test_a_target_that_leads_elsewhere_refuses_the_parcel(target: str) -> None:
    file = TargetFile(1, {"sha256": "0" * 64}, target)
    with pytest.raises(ParcelDamaged):
        items_of({target: file})


def test_a_target_without_a_usable_hash_refuses_the_parcel() -> None:
    for hashes in ({"sha512": "0" * 128}, {"sha256": "../../etc"}):
        with pytest.raises(ParcelDamaged):
            items_of({"model/m@1/x": TargetFile(1, hashes, "model/m@1/x")})


def test_a_name_that_no_parcel_may_have_is_not_made(sender: Sender, tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x")
    with pytest.raises(ParcelDamaged):
        target_of(Kind.MODEL, "m", "1", "../x")
    with pytest.raises(ParcelDamaged):
        sender.workshop.make(
            tmp_path / "stick",
            (Addition(Kind.UPDATE, "u", "1", tmp_path / ".hidden"),),
            NOON,
            days=1,
        )


def test_making_over_a_damaged_parcel_is_refused(sender: Sender) -> None:
    stick = sender.stick("stick")
    metadata(stick, "1.targets.json").write_text("{}")
    with pytest.raises(ParcelUnmakable):
        sender.stick("stick")


def test_keys_are_not_written_over(sender: Sender) -> None:
    with pytest.raises(ParcelUnmakable):
        Workshop.create(sender.workshop.folder, NOON)


def test_only_installed_origins_are_taken(sender: Sender, tmp_path: Path) -> None:
    stick = sender.stick("stick")
    read = Mount.below(stick).read
    nowhere = tmp_path / "none"
    assert origins(nowhere, nowhere) == ()
    with pytest.raises(OriginUnknown):
        origin_of(read, ())
    installed = tmp_path / "roots"
    installed.mkdir()
    shutil.copy(sender.workshop.root, installed / "hospital.json")
    (origin,) = origins(installed, nowhere)
    assert origin_of(read, (origin,)) == origin
    assert origins(nowhere, installed) == (origin,)


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 10_000, b"\xff"])
def test_a_root_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hospital.json").write_bytes(content)
    with pytest.raises(RootsInvalid, match="hospital"):
        origins(tmp_path, tmp_path)


def test_what_was_kept_is_given_back_and_what_is_damaged_changes_nothing(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    (tmp_path / "roots").mkdir()
    shutil.copy(sender.workshop.root, tmp_path / "roots" / "hospital.json")
    (origin,) = origins(tmp_path / "roots", tmp_path / "none")
    stick = sender.stick("stick")
    checked = seat.check(stick)
    kept = Kept.of(tmp_path / "data", origin)
    assert kept.metadata() == {}
    kept.keep(dict(checked.metadata))
    seat.kept = kept.metadata()
    assert set(seat.kept) == {"timestamp", "snapshot", "targets"}
    for role in seat.kept:
        seat.kept[role] = b"garbage"
        assert seat.check(stick).items == checked.items
