"""The self-extracting file: whole or not used, in place or not at all, gone without a leftover."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.installer.conftest import Machine

pytestmark = pytest.mark.skipif(
    shutil.which("xz") is None or not hasattr(os, "geteuid"), reason="this is no Linux with xz"
)
BASE = "opt/cloister"


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(file), *arguments], capture_output=True, text=True, check=False
    )


def uninstall(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = machine.root / BASE / "uninstall"
    return run(program, "--root", str(machine.root), *arguments)


def installed(machine: Machine, build: int) -> None:
    done = run(machine.run_file(build), "--root", str(machine.root))
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.started(BASE) == f"release 9.8.7-{build}"


def test_it_installs_and_goes_without_a_leftover(machine: Machine) -> None:
    before = machine.names()
    installed(machine, 1)
    assert (machine.root / "usr/local/bin/cloister").exists()
    assert (machine.root / "usr/local/bin/cloister-window").exists()
    assert (machine.root / "usr/local/share/applications/cloister.desktop").is_file()
    assert (machine.root / "etc/systemd/system/cloister-kiosk.service").is_file()
    assert (machine.root / "usr/local/share/doc/cloister/sbom.cdx.json").read_text() == "{}"
    done = uninstall(machine)
    assert done.returncode == 0, done.stderr
    assert machine.names() == before


def test_a_release_takes_over_and_the_one_before_is_gone(machine: Machine) -> None:
    installed(machine, 1)
    installed(machine, 2)
    folders = {p.name for p in (machine.root / BASE).iterdir() if p.is_dir()}
    assert folders == {"9.8.7-2", "current"}
    installed(machine, 2)  # once more


def test_what_is_open_stays_where_it_was_started_from_until_it_is_closed(machine: Machine) -> None:
    installed(machine, 1)
    part = machine.root / BASE / "9.8.7-1" / "_internal" / "part"
    with machine.open_window(BASE):
        installed(machine, 2)
        assert part.read_text() == "9.8.7-1"
    installed(machine, 3)
    assert not part.exists()


def test_an_older_release_comes_only_where_that_is_said(machine: Machine) -> None:
    """It may not read what the newer one has brought forward."""
    installed(machine, 10)
    done = run(machine.run_file(9), "--root", str(machine.root))
    assert done.returncode == 1
    assert "A newer release is installed, 9.8.7-10." in done.stderr
    assert machine.started(BASE) == "release 9.8.7-10"
    assert run(machine.run_file(9), "--older", "--root", str(machine.root)).returncode == 0
    assert machine.started(BASE) == "release 9.8.7-9"


def test_where_a_release_does_not_work_nothing_has_changed(machine: Machine) -> None:
    installed(machine, 1)
    before = machine.names()
    done = run(machine.run_file(2, works=False), "--root", str(machine.root))
    assert done.returncode == 1
    assert "broken" in done.stderr
    assert "9.8.7-1 goes on as before" in done.stderr
    assert machine.started(BASE) == "release 9.8.7-1"
    assert machine.names() == before


def test_a_file_that_was_damaged_is_not_unpacked(machine: Machine, tmp_path: Path) -> None:
    content = bytearray(machine.run_file(1).read_bytes())
    content[-20] ^= 1
    file = tmp_path / "damaged.run"
    file.write_bytes(content)
    before = machine.names()
    for more in (("--root", str(machine.root)), ("--check",)):
        done = run(file, *more)
        assert done.returncode == 1
        assert "damaged" in done.stderr
    assert machine.names() == before


@pytest.mark.parametrize("kept", [0.0, 0.4, 1.0, 1.5], ids=["nothing", "half", "script", "more"])
def test_a_file_that_was_cut_short_does_nothing(
    machine: Machine, tmp_path: Path, kept: float
) -> None:
    """kept: of its script; more than that is the beginning of what is packed."""
    content = machine.run_file(1).read_bytes()
    script = content.index(b"\nexit 0\n")
    file = tmp_path / "short.run"
    file.write_bytes(content[: int(script * kept)])
    before = machine.names()
    assert run(file, "--root", str(machine.root)).returncode != 0 or kept < 1
    assert machine.names() == before


def test_models_beside_it_come_along(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "stick" / "cloister.run"
    file.parent.mkdir()
    shutil.copyfile(machine.run_file(1), file)
    bundle = file.parent / "models" / "small@1"
    bundle.mkdir(parents=True)
    (bundle / "mlc-chat-config.json").write_text("{}")
    (file.parent / "models" / "notes").mkdir()
    other = file.parent / "models" / "other@1"
    shutil.copytree(bundle, other)
    (other / "params_shard_0.bin").symlink_to("/etc/shadow")
    done = run(file, "--root", str(machine.root))
    assert done.returncode == 0, done.stderr
    assert "other@1 was left: something in it is no file" in done.stderr
    there = machine.root / "var/lib/cloister/models"
    assert [path.name for path in there.iterdir()] == ["small@1"]
    assert "cloister model install /var/lib/cloister/models/small@1" in done.stdout


def test_it_is_unpacked_only_into_a_folder_of_its_own(machine: Machine, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis").write_text("years of it")
    done = run(machine.run_file(1), "--extract", str(mine))
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert (mine / "thesis").read_text() == "years of it"
    assert run(machine.run_file(1), "--extract", str(tmp_path / "new")).returncode == 0
    assert (tmp_path / "new" / "program" / "cloister").is_file()


def test_two_at_once_do_not_meet(machine: Machine) -> None:
    installed(machine, 1)
    held = os.open(machine.root / BASE, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        for done in (
            run(machine.run_file(2), "--root", str(machine.root)),
            uninstall(machine, "--data", "remove"),
        ):
            assert done.returncode == 1
            assert "at this moment" in done.stderr
    finally:
        os.close(held)
    assert machine.started(BASE) == "release 9.8.7-1"


def test_what_ended_in_the_middle_is_taken_away_whole_and_can_be_done_again(
    machine: Machine,
) -> None:
    before = machine.names()
    applications = machine.root / "usr/local/share/applications"
    applications.parent.mkdir()
    applications.touch()  # something is in the way
    assert run(machine.run_file(1), "--root", str(machine.root)).returncode != 0
    assert not (machine.root / BASE / ".coming").exists()
    assert machine.started(BASE) == "release 9.8.7-1"
    assert uninstall(machine).returncode == 0
    assert machine.names() == before | {"usr/local/share", "usr/local/share/applications"}
    applications.unlink()
    installed(machine, 1)


def test_where_nothing_was_and_nothing_works_nothing_is_left(machine: Machine) -> None:
    before = machine.names()
    done = run(machine.run_file(2, works=False), "--root", str(machine.root))
    assert done.returncode == 1
    assert "Nothing goes on as before" in done.stderr
    assert machine.names() == before


def test_the_folder_below_which_it_is_installed_may_be_named_as_one_likes(
    machine: Machine, tmp_path: Path
) -> None:
    place = tmp_path / "an image"
    place.mkdir()
    done = subprocess.run(
        ["sh", str(machine.run_file(1)), "--silent", "--root", "an image"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Machine(place, machine.made).started(BASE) == "release 9.8.7-1"


@pytest.mark.parametrize("answer", ["keep", "remove"])
def test_data_go_only_where_that_was_said(machine: Machine, answer: str) -> None:
    installed(machine, 1)
    data = machine.root / "var/lib/cloister-kiosk"
    data.mkdir(parents=True)
    assert uninstall(machine, "--data", answer).returncode == 0
    assert data.exists() == (answer == "keep")


def test_without_a_terminal_data_stay(machine: Machine) -> None:
    installed(machine, 1)
    data = machine.root / "var/lib/cloister-kiosk"
    data.mkdir(parents=True)
    done = uninstall(machine)
    assert data.exists()
    assert "stays" in done.stdout


def test_the_same_release_gives_the_same_bytes(machine: Machine, tmp_path: Path) -> None:
    first = machine.run_file(1).read_bytes()
    other = Machine(machine.root, tmp_path / "other")
    assert other.run_file(1).read_bytes() == first
