"""What a machine is recognised by, and by whom."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.licensing.errors import SeatElsewhere
from appliance.licensing.fingerprint import (
    BUILT_IN,
    NEEDED,
    WEIGHTS,
    Fingerprint,
    fingerprint,
    likeness,
    require_same_machine,
)
from appliance.licensing.machine import Trait, Traits, read_traits
from tests.unit.licensing.world import changed, machine

KEY = bytes(32)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


def linked(path: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """The files a laptop on a docking station shows, as the kernel lays them out."""
    devices = tmp_path / "sys/devices/pci0000:00"
    put(tmp_path / "etc/machine-id", "4b1d\n")
    put(tmp_path / "proc/meminfo", "MemTotal:       16291892 kB\nMemFree: 1 kB\n")
    put(tmp_path / "proc/cpuinfo", "processor : 0\nvendor_id : Maker\nmodel name : Chip 9\n" * 2)
    dmi = tmp_path / "sys/class/dmi/id"
    put(dmi / "sys_vendor", "Maker\n")
    put(dmi / "product_name", "Laptop 5\n")
    put(dmi / "product_uuid", "only the administrator may read this\n")
    (dmi / "product_uuid").chmod(0o400)
    for card, place, address, kind in (
        ("eth0", devices / "0000:00:19.0", "aa:aa", "0"),
        ("dock0", devices / "usb1/1-1/1-1:1.0", "bb:bb", "0"),
        ("wifi0", devices / "0000:00:1c.0", "cc:cc", "3"),
    ):
        linked(tmp_path / "sys/class/net" / card / "device", place)
        put(tmp_path / "sys/class/net" / card / "address", f"{address}\n")
        put(tmp_path / "sys/class/net" / card / "addr_assign_type", f"{kind}\n")
    put(tmp_path / "sys/class/net/lo/address", "00:00\n")
    put(tmp_path / "sys/class/net/lo/addr_assign_type", "0\n")
    for disk, place, serial in (
        ("nvme0n1", devices / "0000:01:00.0/nvme/nvme0", "S-123"),
        ("sda", devices / "usb2/2-1/host1", "STICK"),
    ):
        put(place / "serial", f"{serial}\n")
        linked(tmp_path / "sys/block" / disk / "device", place)
        put(tmp_path / "sys/block" / disk / "removable", "0\n")
    return tmp_path


def test_a_laptop_is_read_without_what_hangs_on_its_docking_station(laptop: Path) -> None:
    assert read_traits(laptop) == (
        (Trait.INSTALLATION, ("4b1d",)),
        (Trait.NETWORK, ("aa:aa",)),
        (Trait.DISK, ("S-123",)),
        (Trait.MODEL, ("Maker/Laptop 5/",)),
        (Trait.PROCESSOR, ("Maker/Chip 9",)),
        (Trait.MEMORY, ("16 GiB",)),
    )


def test_what_only_an_administrator_can_read_is_no_trait_and_what_says_nothing_neither(
    laptop: Path,
) -> None:
    serial = laptop / "sys/class/dmi/id/product_uuid"
    assert Trait.BOARD not in dict(read_traits(laptop))
    serial.chmod(0o644)
    assert Trait.BOARD in dict(read_traits(laptop))
    serial.write_text("To Be Filled By O.E.M.\n")
    assert Trait.BOARD not in dict(read_traits(laptop))


def test_a_machine_that_shows_nothing_has_no_traits(tmp_path: Path) -> None:
    assert read_traits(tmp_path) == ()
    assert not Fingerprint(()).distinct


def test_this_machine_can_be_read() -> None:
    assert read_traits() == read_traits()


def alike(traits: Traits) -> int:
    return likeness(fingerprint(machine(), KEY), fingerprint(traits, KEY))


def test_one_change_in_a_machines_life_leaves_enough_and_two_great_ones_do_not() -> None:
    for trait in Trait:
        if trait in dict(machine()):
            assert alike(changed(machine(), trait, "new")) >= NEEDED, trait
    great = (Trait.NETWORK, Trait.DISK, Trait.INSTALLATION)
    for pair in combinations(great, 2):
        found = machine()
        for trait in pair:
            found = changed(found, trait, "new")
        assert alike(found) < NEEDED, pair


def test_another_machine_of_the_same_model_is_another_machine() -> None:
    assert alike(machine("ward-8")) < NEEDED
    with pytest.raises(SeatElsewhere, match="% of it is the same"):
        require_same_machine(fingerprint(machine(), KEY), fingerprint(machine("ward-8"), KEY))


def test_one_of_several_cards_suffices() -> None:
    two = changed(machine(), Trait.NETWORK, "first", "second")
    one = changed(machine(), Trait.NETWORK, "second", "third")
    assert likeness(fingerprint(two, KEY), fingerprint(one, KEY)) == 100


def test_hashes_say_nothing_without_the_seats_key() -> None:
    ours, theirs = fingerprint(machine(), KEY), fingerprint(machine(), bytes(31) + b"x")
    assert likeness(ours, theirs) == 0
    assert "ward-7" not in repr(ours)


@given(st.sets(st.sampled_from(list(Trait))), st.sets(st.sampled_from(list(Trait))))
@settings(deadline=None)
def test_likeness_is_the_weight_found_again(certified: set[Trait], found: set[Trait]) -> None:
    def of(traits: set[Trait]) -> Fingerprint:
        return fingerprint(tuple((t, (t.value,)) for t in Trait if t in traits), KEY)

    whole = sum(WEIGHTS[trait] for trait in certified)
    same = sum(WEIGHTS[trait] for trait in certified & found)
    assert likeness(of(certified), of(found)) == (same * 100 // whole if whole else 100)


@pytest.mark.parametrize("built_in", [(), (Trait.NETWORK,), (Trait.DISK,), (Trait.BOARD,)])
def test_a_machine_whose_copy_could_not_be_told_from_it_is_not_distinct(
    built_in: tuple[Trait, ...],
) -> None:
    """A virtual machine, often: one network card is all that its copy does not have."""
    copied = tuple(one for one in machine("vm") if one[0] not in BUILT_IN)
    made = fingerprint((*copied, *((trait, ("own",)) for trait in built_in)), KEY)
    copy = fingerprint((*copied, *((trait, ("other",)) for trait in built_in)), KEY)
    assert likeness(made, copy) >= NEEDED
    assert not made.distinct
    assert fingerprint(machine(), KEY).distinct
