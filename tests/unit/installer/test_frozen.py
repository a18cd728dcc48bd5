"""The frozen program itself, where `make installer` has built it: skipped where it has not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import elf
import freeze
import pytest
from dependencies import OPTIONAL, elf_files, needs

from appliance import processes
from tests.unit.installer.conftest import ROOT

PROGRAM = ROOT / "build" / "installer" / "program" / "cloister"
pytestmark = pytest.mark.skipif(
    not (PROGRAM / "encoder" / "manifest.json").is_file() or sys.platform != "linux",
    reason="the program is not built",
)


def run(*arguments: str, name: str = "cloister") -> subprocess.CompletedProcess[bytes]:
    """With nothing of this environment: there may be no Python where it runs."""
    return subprocess.run(
        [PROGRAM / name, *arguments], capture_output=True, check=False, timeout=240, cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def test_it_works(tmp_path: Path) -> None:
    done = run("self-check")
    assert done.returncode == 0, done.stdout.decode()
    assert b"This installation works." in done.stdout


def test_it_holds_no_compiler_no_framework_no_test_and_no_network_library() -> None:
    freeze.require_clean(PROGRAM)


def test_a_forbidden_part_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "_internal" / "torch").mkdir(parents=True)
    with pytest.raises(SystemExit, match="torch"):
        freeze.require_clean(tmp_path)


def test_what_it_needs_of_the_system_every_desktop_has() -> None:
    found = needs(PROGRAM)
    assert found.libc <= (2, 36)
    named = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libX11.so.6", "libglib-2.0.so.0"}
    assert named <= set(found.libraries)
    for path in elf_files(PROGRAM):
        if not OPTIONAL.search(path.as_posix()):
            assert "libgtk-3.so.0" not in elf.wants(path).needed


def test_its_children_are_itself_and_only_the_listed_ones() -> None:
    probed = run(processes.SOCKET_PROBE, "2", "1", "41", "")
    assert probed.stdout.splitlines()[0].startswith(b"python 2 1 ")
    assert run(processes.GPU_PROBE).returncode == 0
    assert run(processes.SCREEN_CHECK).returncode == 0
    assert run("--no-such-process").returncode == 2


def test_by_its_other_name_it_is_the_window() -> None:
    assert b"cloister-window" in run("--help", name="cloister-window").stdout
    assert b"self-check" in run("--help").stdout


def test_its_parts_say_their_licences() -> None:
    texts = list((PROGRAM / "_internal").glob("*.dist-info"))
    assert len(texts) > 20
    assert all((folder / "RECORD").is_file() for folder in texts)
    assert not list((PROGRAM / "_internal").rglob("direct_url.json"))
