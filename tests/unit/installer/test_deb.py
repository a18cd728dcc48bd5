"""The Debian package's mechanics: a release is started only once it works, and the one before goes
last."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.installer.conftest import Machine

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="this is no Debian")
BASE = "usr/lib/cloister"


def installed(machine: Machine, package: Path) -> None:
    done = machine.dpkg("--install", str(package))
    assert done.returncode == 0, done.stdout + done.stderr


def script(machine: Machine, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As dpkg calls it where something went wrong."""
    return subprocess.run(
        [machine.root / f"var/lib/dpkg/info/cloister.{name}", *arguments],
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "DPKG_ROOT": str(machine.root)},
    )  # fmt: skip


@contextmanager
def reachable(folder: Path) -> Iterator[None]:
    """For everybody, as /home is."""
    closed = {p: p.stat().st_mode for p in (folder, *folder.parents) if not p.stat().st_mode & 1}
    try:
        for path, mode in closed.items():
            path.chmod(mode | 0o011)
        yield
    finally:
        for path, mode in closed.items():
            path.chmod(mode)


def own(names: set[str]) -> set[str]:
    """Without dpkg's notes."""
    return {name for name in names if not name.startswith("var/lib/dpkg")}


def test_what_is_installed_lies_where_it_belongs_and_goes_without_a_leftover(
    machine: Machine,
) -> None:
    before = own(machine.names())
    installed(machine, machine.deb(1))
    assert machine.started(BASE) == "release 9.8.7-1"
    for name in ("cloister", "cloister-window"):
        assert (machine.root / "usr/bin" / name).resolve().name.startswith("cloister")
        assert (machine.root / "usr/bin" / name).exists()
    for name in (
        "usr/share/applications/cloister.desktop",
        "usr/share/icons/hicolor/scalable/apps/cloister.svg",
        "usr/share/man/man1/cloister.1.gz",
        "usr/share/man/man1/cloister-window.1.gz",
        "usr/share/doc/cloister/security.md",
        "usr/share/doc/cloister/copyright",
        "usr/share/cloister/kiosk/managed.toml",
        "usr/lib/systemd/system/cloister-kiosk.service",
        "etc/apparmor.d/cloister",
    ):
        assert (machine.root / name).is_file(), name
    documents = machine.root / "usr/share/doc/cloister"
    assert (documents / "sbom.cdx.json").read_text() == "{}"  # a link into the release in use
    told = (documents / "copyright").read_text()
    assert "Apache License" in told
    assert told.endswith("the work of others\n")
    assert machine.dpkg("--verify", "cloister").stdout == ""
    done = machine.dpkg("--purge", "cloister")
    assert done.returncode == 0, done.stderr
    assert own(machine.names()) == before


def test_a_release_takes_over_once_it_has_proved_itself(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    installed(machine, machine.deb(2))
    assert machine.started(BASE) == "release 9.8.7-2"
    assert {p.name for p in (machine.root / BASE).iterdir()} == {"9.8.7-2", "current"}


def test_where_a_release_does_not_work_the_one_before_goes_on(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    done = machine.dpkg("--install", str(machine.deb(2, works=False)))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "9.8.7-2 does not work on this machine" in said
    assert "goes on in its place" in said
    assert machine.started(BASE) == "release 9.8.7-1"

    again = machine.dpkg("--configure", "cloister")  # as the cause is still there
    assert again.returncode != 0
    assert machine.started(BASE) == "release 9.8.7-1"

    done = script(machine, "postinst", "abort-upgrade", "9.8.7-3")  # which did not fit, say
    assert done.returncode != 0
    assert machine.started(BASE) == "release 9.8.7-1"

    installed(machine, machine.deb(3))
    assert machine.started(BASE) == "release 9.8.7-3"
    assert {p.name for p in (machine.root / BASE).iterdir()} == {"9.8.7-3", "current"}


def test_an_upgrade_that_was_given_up_leaves_what_was(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    assert script(machine, "preinst", "upgrade", "9.8.7-1", "9.8.7-2").returncode == 0
    assert (machine.root / BASE / "current").readlink() == Path("kept-9.8.7-1")
    assert machine.started(BASE) == "release 9.8.7-1"
    assert script(machine, "postinst", "abort-upgrade", "9.8.7-2").returncode == 0
    assert machine.started(BASE) == "release 9.8.7-1"
    assert {p.name for p in (machine.root / BASE).iterdir()} == {"9.8.7-1", "current"}


def test_the_same_release_once_more_is_kept_apart_from_the_one_in_use(machine: Machine) -> None:
    good = machine.deb(1)
    installed(machine, good)
    done = machine.dpkg("--install", str(machine.deb(1, works=False)))
    assert done.returncode != 0
    assert machine.started(BASE) == "release 9.8.7-1"
    assert (machine.root / BASE / "current").readlink() == Path("kept-9.8.7-1")
    installed(machine, good)
    assert (machine.root / BASE / "current").readlink() == Path("9.8.7-1")


def test_what_is_open_stays_where_it_was_started_from_until_it_is_closed(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    base = machine.root / BASE
    with machine.open_window(BASE):
        installed(machine, machine.deb(2))
        assert machine.started(BASE) == "release 9.8.7-2"
        assert (base / "9.8.7-1" / "_internal" / "part").read_text() == "9.8.7-1"
        installed(machine, machine.deb(3))
        assert (base / "9.8.7-1" / "_internal" / "part").read_text() == "9.8.7-1"
    installed(machine, machine.deb(4))
    assert {p.name for p in base.iterdir()} == {"9.8.7-4", "current"}


def test_the_release_before_can_come_back_while_somebody_has_it_open(machine: Machine) -> None:
    """Where it is kept for that one is not where it is unpacked."""
    installed(machine, machine.deb(1))
    with machine.open_window(BASE):
        installed(machine, machine.deb(2))
        assert (machine.root / BASE / "9.8.7-1").is_symlink()
        installed(machine, machine.deb(1))
        assert machine.started(BASE) == "release 9.8.7-1"
        assert not (machine.root / BASE / "9.8.7-1").is_symlink()
        assert (machine.root / BASE / "kept-9.8.7-1" / "_internal" / "part").is_file()
    installed(machine, machine.deb(2))
    assert machine.started(BASE) == "release 9.8.7-2"
    assert {p.name for p in (machine.root / BASE).iterdir()} == {"9.8.7-2", "current"}


def test_it_goes_without_a_leftover_though_it_is_open(machine: Machine) -> None:
    before = own(machine.names())
    installed(machine, machine.deb(1))
    with machine.open_window(BASE):
        installed(machine, machine.deb(2))
        assert machine.dpkg("--purge", "cloister").returncode == 0
        assert own(machine.names()) == before


def test_what_never_worked_is_not_started_by_its_name(machine: Machine) -> None:
    done = machine.dpkg("--install", str(machine.deb(1, works=False)))
    assert done.returncode != 0
    assert "broken" in done.stdout + done.stderr
    assert not (machine.root / "usr/bin/cloister").exists()
    assert machine.dpkg("--remove", "cloister").returncode == 0


def test_a_mended_machine_takes_the_release_that_waits(machine: Machine) -> None:
    assert machine.dpkg("--install", str(machine.deb(1, works=False))).returncode != 0
    program = machine.root / BASE / "9.8.7-1" / "cloister"
    program.write_text(program.read_text().replace("exit 1", "exit 0"))
    assert machine.dpkg("--configure", "cloister").returncode == 0
    assert machine.started(BASE) == "release 9.8.7-1"


@pytest.mark.parametrize("answer", ["", "false", "true"])
def test_data_go_only_where_that_was_answered(machine: Machine, answer: str) -> None:
    installed(machine, machine.deb(1))
    data = machine.root / "var/lib/cloister-kiosk"
    data.mkdir()
    (data / "vault.json").touch()
    done = machine.dpkg("--purge", "cloister", CLOISTER_REMOVE_DATA=answer)
    assert done.returncode == 0, done.stderr
    assert (data / "vault.json").exists() == (answer != "true")
    assert ("stays" in done.stdout + done.stderr) == (answer != "true")


def test_everybodys_data_are_named_those_of_a_domain_too(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    (machine.root / "etc/passwd").write_text("anna:x:1:1::/srv/people/anna:/bin/sh\n")
    homes = ("srv/people/anna", "home/ben", "home/WARD/cleo")
    places = [machine.root / home / ".local/share/cloister" for home in homes]
    for place in places:
        place.mkdir(parents=True)
    done = machine.dpkg("--purge", "cloister")
    assert [f"{place} stays" in done.stdout + done.stderr for place in places] == [True] * 3
    assert all(place.is_dir() for place in places)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root removes as somebody else")
def test_root_follows_nobodys_links_when_data_go(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    ours, eve = machine.root / "srv/backups/cloister", machine.root / "home/eve"
    ours.mkdir(parents=True)
    (eve / ".local").mkdir(parents=True)
    (eve / ".local/share").symlink_to(ours.parent)
    (eve / ".config/cloister").mkdir(parents=True)
    for path in (eve, *eve.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    with reachable(machine.root):
        done = machine.dpkg("--purge", "cloister", CLOISTER_REMOVE_DATA="true")
    assert ours.is_dir()
    assert not (eve / ".config/cloister").exists()
    assert done.returncode != 0  # something that was to go stays
    assert "could not be removed" in done.stdout + done.stderr


def test_an_administrator_who_enforces_the_profile_goes_on_doing_so(machine: Machine) -> None:
    installed(machine, machine.deb(1))
    profile = machine.root / "etc/apparmor.d/cloister"
    complains = profile.read_text()
    assert complains.count(" flags=(complain)") == 1
    enforces = complains.replace(" flags=(complain)", "")
    profile.write_text(enforces.replace("deny network inet,", ""))  # aa-enforce, and an older one
    installed(machine, machine.deb(2))  # and nothing was asked
    assert profile.read_text() == enforces


def test_it_does_not_come_beside_the_other_kind_of_package(machine: Machine) -> None:
    other = machine.root / "opt/cloister/uninstall"
    other.parent.mkdir()
    other.touch()
    other.chmod(0o755)
    done = machine.dpkg("--install", str(machine.deb(1)))
    assert done.returncode != 0
    assert "/opt/cloister/uninstall" in done.stdout + done.stderr
    assert not (machine.root / BASE).exists()


def test_the_same_release_gives_the_same_bytes(machine: Machine, tmp_path: Path) -> None:
    first = machine.deb(1).read_bytes()
    other = Machine(machine.root, tmp_path / "other")
    assert other.deb(1).read_bytes() == first


def test_whoever_builds_it_everybody_may_read_and_nobody_write(
    machine: Machine, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        package = Machine(machine.root, tmp_path / "closed").deb(1)
    finally:
        os.umask(before)
    listed = subprocess.run(
        ["dpkg-deb", "--contents", str(package)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    modes = {line.split()[0] for line in listed}
    assert modes == {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}


def test_its_fields_are_in_order(machine: Machine) -> None:
    package = machine.deb(1)
    shown = subprocess.run(
        ["dpkg-deb", "--field", str(package)], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    fields = dict(line.split(": ", 1) for line in shown.splitlines() if not line.startswith(" "))
    assert fields["Version"] == "9.8.7-1"
    assert fields["Depends"] == "base-files"
    assert fields["Recommends"] == "libcups2"
    assert int(fields["Installed-Size"]) > 0
    assert max(map(len, shown.splitlines())) <= 80
