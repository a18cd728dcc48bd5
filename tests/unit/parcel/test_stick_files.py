"""What is copied in from a stick, how it is named, whose it is, and how it was made."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.errors import StorageFull
from appliance.parcel.errors import (
    NoParcel,
    OriginUnknown,
    ParcelDamaged,
    ParcelInterrupted,
    ParcelUnmakable,
    RootsInvalid,
)
from appliance.parcel.stick import making
from appliance.parcel.stick.contents import Item, Kind, items_of, target_of
from appliance.parcel.stick.making import Addition, Workshop
from appliance.parcel.stick.mount import NAME, TARGETS, Mount
from appliance.parcel.stick.origins import Kept, origin_of, origins
from appliance.parcel.stick.tuf_alone import TargetFile
from appliance.vault.durable import write_atomic
from appliance.vault.errors import StorageFailed
from tests.unit.parcel.sticks import NOON, Seat, Sender, metadata


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


def test_a_failing_disk_of_this_machine_is_not_called_a_pulled_stick(
    sender: Sender, seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = sender.stick("stick", "x" * 3_000_000)
    item = item_of(seat, stick)

    def write(_descriptor: int, _content: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StorageFailed):
        Mount.below(stick).fetch(item, tmp_path / "in")


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


def test_a_stick_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(NoParcel, match="Permission denied"):
        Mount.below(tmp_path)


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


@pytest.mark.parametrize("other", ["model/M@1/x", "model/m@1/X", "model/m@1/x/y"])
def test_two_files_of_one_name_refuse_the_parcel(other: str) -> None:
    """On a stick that does not tell capital letters apart, or as a file and a folder."""
    names = ("model/m@1/x", other)
    with pytest.raises(ParcelDamaged):
        items_of({name: TargetFile(1, {"sha256": "0" * 64}, name) for name in names})


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


@pytest.mark.parametrize("root_too", [False, True])
@pytest.mark.parametrize("call", range(1, 7))
def test_a_change_of_keys_that_was_killed_leaves_an_origin_that_can_go_on(
    sender: Sender, seat: Seat, monkeypatch: pytest.MonkeyPatch, call: int, root_too: bool
) -> None:
    """A root whose key is lost can never be followed by another."""
    calls = 0

    def write(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        write_atomic(path, content)

    seat.accept(sender.stick("first"))
    with monkeypatch.context() as dying:
        dying.setattr(making, "write_atomic", write)
        with suppress(Killed):
            sender.workshop.renew_keys(NOON, root_too=root_too)
    seat.accept(sender.stick("second", version="2"))
    sender.workshop.renew_keys(NOON, root_too=root_too)
    assert seat.accept(sender.stick("third", version="3")).versions["root"] >= 2
    assert not (sender.workshop.folder / making.NEXT_KEYS).exists()


class Killed(Exception):
    """Whatever ends the program there."""


def test_making_a_parcel_again_mends_a_file_that_the_stick_lost(
    sender: Sender, seat: Seat, tmp_path: Path
) -> None:
    stick = sender.stick("stick")
    stored(stick, item_of(seat, stick)).write_text("revoked: 4")
    sender.stick("stick")
    Mount.below(stick).fetch(item_of(seat, stick), tmp_path / "in")
    assert (tmp_path / "in" / "list.json").read_text() == "revoked: 3"


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
