"""The doctor's look at the machine: what is judged how, and that what is wrong has a next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.diagnosis import machine
from appliance.diagnosis.machine import Machine, clock, file_system, hardware, judged_disk, swap

GOOD = Machine("x86_64", frozenset(("aes", "avx2")), 8, 16_000_000_000, 9_000_000_000)
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"


def test_a_good_machine_is_good() -> None:
    assert hardware(GOOD).state == "ok"
    assert dict(hardware(GOOD).facts)["aes"] == 1


@pytest.mark.parametrize(
    ("changed", "state", "hint"),
    [
        (replace(GOOD, processor="riscv64"), "failed", "x86-64 or arm64"),
        (replace(GOOD, memory=2_000_000_000), "warning", "Add memory"),
        (replace(GOOD, memory=6_000_000_000), "warning", "language model"),
        (replace(GOOD, cores=1), "warning", "second core"),
        (replace(GOOD, features=frozenset(("avx2",))), "warning", "AES"),
    ],
)
def test_what_a_machine_lacks_has_a_next_step(changed: Machine, state: str, hint: str) -> None:
    check = hardware(changed)
    assert check.state == state
    assert hint in check.hint


def test_a_machine_that_says_nothing_of_itself_is_no_failure() -> None:
    check = hardware(Machine("aarch64", frozenset(), 4, None, None))
    assert check.state == "ok"
    assert "unknown amount" in check.sentence


def test_the_name_of_a_processor_nobody_knows_is_no_fact() -> None:
    assert dict(hardware(replace(GOOD, processor="annas-machine")).facts)["processor"] == "other"


def test_no_swap_and_encrypted_swap_are_good() -> None:
    assert swap(SWAPS, lambda _: False).state == "ok"
    assert swap(f"{SWAPS}/dev/zram0 partition 9 0 5\n", lambda _: False).state == "ok"
    assert swap(f"{SWAPS}/dev/dm-1 partition 9 0 5\n", lambda name: name == "/dev/dm-1").state == (
        "ok"
    )


@pytest.mark.parametrize("area", ["/dev/sda2", "/swapfile", "/home/anna/swap"])
def test_swap_in_the_clear_is_said_without_its_path(area: str) -> None:
    check = swap(f"{SWAPS}{area} file 9 0 -2\n", lambda _: False)
    assert check.state == "warning"
    assert "Encrypt the swap" in check.hint
    assert dict(check.facts) == {"areas": 1, "in_the_clear": 1}
    assert area not in check.sentence


@pytest.mark.parametrize(
    ("kind", "free_files", "state"),
    [("ext4", 1_000_000, "ok"), ("btrfs", -1, "ok"), ("nfs4", -1, "warning"),
     ("tmpfs", 9, "warning"), ("vfat", -1, "warning"), ("ext4", 12, "warning"),
     ("fuse.anna", -1, "ok")],
)  # fmt: skip
def test_a_disk_is_judged_by_its_kind_and_room(kind: str, free_files: int, state: str) -> None:
    check = judged_disk(kind, 9_000_000_000, free_files)
    assert check.state == state
    assert bool(check.hint) == (state != "ok")
    assert "anna" not in str(check.facts)


def test_the_innermost_mount_is_the_disk_of_a_folder() -> None:
    mounts = (
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "40 22 0:30 / /srv/with\\040space rw,nosuid shared:1 - nfs4 host:/x rw\n"
        "41 22 0:31 / /srv/wit rw - tmpfs tmpfs rw\n"
        "not a mount\n"
    )
    assert file_system(mounts, Path("/srv/with space/data")) == "nfs4"
    assert file_system(mounts, Path("/srv/without")) == "ext4"
    assert file_system("", Path("/srv")) == ""


def test_a_clock_behind_the_log_fails() -> None:
    check = clock(NOW, NOW + timedelta(hours=3))
    assert check.state == "failed"
    assert dict(check.facts)["behind_seconds"] == 3 * 3600


def test_a_clock_before_the_program_fails_whatever_the_log_says() -> None:
    assert clock(datetime(1970, 1, 1, tzinfo=UTC), None).state == "failed"


def test_a_clock_far_ahead_of_the_last_session_is_looked_at() -> None:
    assert clock(NOW + timedelta(days=900), NOW + timedelta(days=900), NOW).state == "warning"


def test_a_clock_that_goes_with_the_log_is_good() -> None:
    check = clock(NOW, NOW, NOW - timedelta(days=3))
    assert check.state == "ok"
    assert clock(NOW, NOW + timedelta(seconds=2)).state == "ok"


def test_what_is_read_of_this_machine_makes_whole_checks(tmp_path: Path) -> None:
    found = [hardware(machine.this_machine()), machine.program(), machine.this_swap()]
    found.append(machine.disk(tmp_path / "not" / "there" / "yet"))
    for check in found:
        assert check.sentence
        assert check.state == "ok" or check.hint
