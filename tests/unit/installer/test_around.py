"""What lies around the program: pages, units, names; each true of the program there is."""

from __future__ import annotations

import configparser
import gzip
import re
import shutil
import subprocess
from pathlib import Path

import layout
import manual
import pytest
import scripts
from release import this_release

from appliance.cli.arguments import parser
from tests.unit.installer.conftest import PACKAGING, ROOT, release

LINUX = PACKAGING / "installer" / "linux"


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    staged = tmp_path_factory.mktemp("laid")
    layout.lay_around(ROOT, staged, layout.DEBIAN, release(1))
    return staged


def test_the_manual_names_every_command_and_only_those_there_are(laid: Path) -> None:
    page = gzip.decompress((laid / "usr/share/man/man1/cloister.1.gz").read_bytes()).decode()
    commands = page.partition(".SH COMMANDS\n")[2].partition(".PP\n")[0]
    named = [line[3:].replace("\\-", "-") for line in commands.splitlines() if line[:3] == ".B "]
    assert named == [name for name, _ in manual._commands(parser())]
    assert {"ask", "kiosk", "self-check"} < set(named)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_is_set_without_a_warning(laid: Path) -> None:
    page = gzip.decompress((laid / "usr/share/man/man1/cloister.1.gz").read_bytes())
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True, check=True
    )
    assert done.stderr == b""


def test_the_desktop_starts_the_window_by_the_name_it_has(laid: Path) -> None:
    entry = configparser.ConfigParser(interpolation=None, strict=True)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(laid / "usr/share/applications/cloister.desktop", "utf-8")
    desktop = entry["Desktop Entry"]
    assert desktop["Exec"] in layout.NAMES
    assert (laid / f"usr/share/icons/hicolor/scalable/apps/{desktop['Icon']}.svg").is_file()
    assert desktop["Terminal"] == "false"
    source = (ROOT / "gui" / "__main__.py").read_text("utf-8")
    assert f'setDesktopFileName("{desktop["StartupWMClass"]}")' in source


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="it is not installed")
def test_the_desktops_own_tool_finds_nothing_wrong_with_its_entry(laid: Path) -> None:
    entry = laid / "usr/share/applications/cloister.desktop"
    done = subprocess.run(
        ["desktop-file-validate", entry], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="it is not installed")
def test_systemds_own_tool_finds_nothing_wrong_with_the_kiosks_unit(laid: Path) -> None:
    unit = laid / "usr/lib/systemd/system/cloister-kiosk.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@pytest.mark.parametrize("places", [layout.DEBIAN, layout.ALONE])
def test_the_names_lead_to_the_release_that_is_started(
    tmp_path: Path, places: layout.Places
) -> None:
    layout.lay_around(ROOT, tmp_path, places, release(1))
    for name in layout.NAMES:
        link = tmp_path / places.prefix / "bin" / name
        target = (link.parent / link.readlink()).absolute()
        assert target.resolve() == (tmp_path / places.base / "current" / name).resolve()


@pytest.mark.parametrize("places", [layout.DEBIAN, layout.ALONE])
def test_the_kiosks_unit_starts_what_the_package_brings(
    tmp_path: Path, places: layout.Places
) -> None:
    layout.lay_around(ROOT, tmp_path, places, release(1))
    unit = (tmp_path / places.units / "cloister-kiosk.service").read_text("utf-8")
    started = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert f" /{places.prefix}/bin/cloister --data" in started
    session = started.removeprefix("ExecStart=/bin/sh /").partition(" ")[0]
    assert (tmp_path / session).is_file()
    assert (tmp_path / places.prefix / "bin" / "cloister").is_symlink()
    documented = next(line for line in unit.splitlines() if line.startswith("Documentation=file:"))
    assert (tmp_path / documented.partition("file:/")[2]).is_file()


def test_what_the_kiosks_page_has_it_copies_is_there(laid: Path) -> None:
    folder = laid / "usr/share/cloister/kiosk"
    page = (folder / "README.md").read_text("utf-8")
    named = re.findall(r"(?m)^ *install .* (\S+) /etc/|`([a-z-]+\.(?:conf|xml|toml))`", page)
    files = {first or second for first, second in named}
    assert {"system-kiosk.conf", "logind-kiosk.conf", "openbox.xml"} <= files
    assert [name for name in sorted(files) if not (folder / name).is_file()] == []


def test_every_line_of_the_profile_that_denies_a_network_is_there() -> None:
    """A "deny" of AppArmor holds even where the profile only complains."""
    text = (LINUX / "apparmor").read_text("utf-8")
    for family in ("inet", "inet6", "netlink", "packet", "vsock", "smc", "xdp"):
        assert f"  deny network {family},\n" in text


@pytest.mark.skipif(shutil.which("apparmor_parser") is None, reason="apparmor is not installed")
def test_the_profile_is_understood() -> None:
    done = subprocess.run(
        ["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--skip-read-cache",
         str(LINUX / "apparmor")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["preinst", "postinst", "prerm", "postrm", "run.sh",
                                  "uninstall.sh", "install.sh"])  # fmt: skip
def test_every_script_stands_alone_and_is_plain_shell(name: str) -> None:
    script = scripts.shell(LINUX, name, {"ROOT": "", "BASE": "/x", "RELEASE": "1-1"})
    assert "#RELEASES" not in script
    assert "#MODELS" not in script
    assert script.startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_a_value_that_would_end_its_quotes_makes_no_script() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        scripts.shell(LINUX, "preinst", {"ROOT": '"; rm -rf /; "'})


def test_a_release_is_named_after_its_commit_and_nothing_else() -> None:
    first, second = this_release(ROOT), this_release(ROOT)
    assert first == second
    assert this_release(ROOT, 7).name.endswith("-7")
