"""What `packaging/kiosk` tells an operating system agrees with the program."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from configparser import RawConfigParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from appliance.cli.arguments import Arguments, parse
from appliance.cli.kiosk import CREDENTIAL
from appliance.provisioning.consistency import inconsistencies
from appliance.provisioning.reading import read_plan
from appliance.settings import Source, read_settings

FOLDER = Path(__file__).resolve().parents[2] / "packaging" / "kiosk"


class Unit(RawConfigParser):
    """A systemd unit, of which the last value of a name counts."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit() -> Unit:
    read = Unit(strict=False, comment_prefixes=("#",), delimiters=("=",))
    read.read(FOLDER / "cloister-kiosk.service")
    return read


def require_kiosk(arguments: Arguments) -> None:
    assert arguments.values.module == "kiosk"
    assert arguments.name == "Visitor"
    assert arguments.passphrase_file is None


def test_the_unit_starts_the_kiosk_with_its_credential() -> None:
    service = unit()["Service"]
    compositor, line = service["ExecStart"].split(" -- ")
    assert compositor == "/bin/sh /usr/share/cloister/kiosk/session.sh"
    assert "\ncage -d -- " in (FOLDER / "session.sh").read_text("utf-8")
    program, *words = shlex.split(line)
    assert program == "/usr/bin/cloister"
    require_kiosk(parse(words))
    assert service["ReadWritePaths"].split() == [str(parse(words).data), "/run/user"]
    assert service["LoadCredentialEncrypted"].startswith(f"{CREDENTIAL}:")
    assert (service["Restart"], service["LimitCORE"]) == ("always", "0")


@pytest.mark.skipif(os.name != "posix", reason="systemd is Linux's")
@pytest.mark.parametrize(
    ("kiosk", "cage", "status"),
    [("exit 0", "", 0), ("exit 3", "", 3), ("kill -9 $$", "", 137), ("sleep 9", "exit 0", 1)],
    ids=["an administrator left", "it failed", "it was killed", "the compositor went"],
)
def test_the_session_ends_as_the_kiosk_ended(
    tmp_path: Path, kiosk: str, cage: str, status: int
) -> None:
    """By which systemd knows whether to start it again. cage is Debian 12's here, which ends with
    0 whatever its program did."""
    stand_in = tmp_path / "cage"
    stand_in.write_text(f'#!/bin/sh\n{cage}\nshift 2\n"$@"\nexit 0\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", FOLDER / "session.sh", "--", "sh", "-c", kiosk],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "RUNTIME_DIRECTORY": str(tmp_path)},
        check=False,
    )
    assert done.returncode == status
    assert unit()["Service"]["RestartPreventExitStatus"] == "0"


@pytest.mark.skipif(os.name != "posix", reason="systemd is Linux's")
def test_who_stops_the_session_ends_the_kiosk_and_not_what_shows_it(tmp_path: Path) -> None:
    stand_in = tmp_path / "cage"
    stand_in.write_text('#!/bin/sh\ntrap "exit 9" TERM\nshift 2\n"$@"\n')
    stand_in.chmod(0o755)
    kiosk = "trap 'echo closed >closed; exit 0' TERM; echo open >open; sleep 9 & wait; exit 7"
    session = subprocess.Popen(
        ["/bin/sh", FOLDER / "session.sh", "--", "sh", "-c", kiosk],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "RUNTIME_DIRECTORY": str(tmp_path)},
    )
    while not (tmp_path / "open").exists():
        assert session.poll() is None
        time.sleep(0.02)
    session.terminate()
    assert session.wait(60) == 0
    assert (tmp_path / "closed").exists()


def test_the_unit_takes_nothing_away_that_a_compositor_needs() -> None:
    """systemd.exec(5): what hides /run/user, where its socket lies, or closes /dev/dri."""
    assert not {"ProtectHome", "ProtectClock", "PrivateDevices", "DeviceAllow"} & set(
        unit()["Service"]
    )


def test_the_shell_of_windows_starts_it_too() -> None:
    space = "{http://schemas.microsoft.com/ShellLauncher/2018/Configuration}"
    root = ElementTree.parse(FOLDER / "windows" / "ShellLauncher.xml").getroot()
    shells = [str(one.get("Shell")) for one in root.iter(f"{space}Shell")]
    (line,) = [shell for shell in shells if "cloister" in shell]
    require_kiosk(parse(line.rpartition('"')[2].split()))
    assert [one.get("Action") for one in root.iter(f"{space}DefaultAction")] == ["RestartShell"]


def test_the_managed_settings_are_settings() -> None:
    settings = read_settings(FOLDER / "none.toml", FOLDER / "managed.toml")
    assert (settings.kiosk, settings.more_packs) == ("on", ("kiosk",))
    assert len(settings.kiosk_questions.split("|")) == 3
    assert settings.source("kiosk_title") is Source.MANAGED


def test_the_vault_is_one_that_can_be_provisioned(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir(mode=0o700)
    for name in ("administrator", "curator", "auditor", "visitor"):
        secret = tmp_path / f"{name}.passphrase"
        secret.write_text(f"nine copper kettles by the {name}\n")
        secret.chmod(0o600)
    plan = read_plan((FOLDER / "machine.toml").read_bytes(), tmp_path)
    assert inconsistencies(plan) == ()
    assert plan.kiosk is not None
    assert plan.kiosk.person.text == "Visitor"


def test_openbox_has_no_keys_and_no_menus() -> None:
    space = "{http://openbox.org/3.4/rc}"
    root = ElementTree.parse(FOLDER / "openbox.xml").getroot()
    assert [len(one) for one in root.iter(f"{space}keybind")] == [0]
    assert [action.get("name") for action in root.iter(f"{space}action")] == ["Focus"]
