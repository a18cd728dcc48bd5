"""The installer for Windows is compiled as it stands; it was never run."""

from __future__ import annotations

import shutil
from pathlib import Path

import nsis
import pytest

from tests.unit.installer.conftest import PACKAGING, ROOT, release

SCRIPT = PACKAGING / "installer" / "windows" / "cloister.nsi"


@pytest.mark.skipif(shutil.which("makensis") is None, reason="nsis is not installed")
def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    program = tmp_path / "program"
    (program / "_internal").mkdir(parents=True)
    (tmp_path / "sign").write_text('echo "$2" >>"$1"\n')
    for name in ("cloister.exe", "cloister-window.exe"):
        (program / name).write_bytes(b"MZ")
    icon = tmp_path / "cloister.ico"
    icon.write_bytes(b"\0\0\1\0\0\0")
    sign = f"sh {tmp_path / 'sign'} {tmp_path / 'signed'}"
    made = nsis.build(ROOT, program, icon, tmp_path / "out", release(3), sign=sign)
    assert (tmp_path / "signed").read_text().count("\n") == 2  # the uninstaller in it, and itself
    assert made.read_bytes()[:2] == b"MZ"
    assert made.stat().st_size > 50_000


def test_the_systems_programs_are_started_by_their_whole_path() -> None:
    """Windows looks beside an installer first, and there may lie anything."""
    lines = [line for line in SCRIPT.read_text("utf-8").splitlines() if "nsExec::" in line]
    assert len(lines) == 5
    assert all("'\"$SYSDIR\\" in line or "'\"$INSTDIR\\" in line for line in lines)


def test_a_release_proves_itself_before_the_one_before_is_touched() -> None:
    text = SCRIPT.read_text("utf-8")
    proved = text.index("cloister.exe\" self-check'")
    assert proved < text.index('Rename "$INSTDIR\\program" "$INSTDIR\\before"')
    assert proved < text.index('Rename "$INSTDIR\\coming" "$INSTDIR\\program"')


def test_data_stay_unless_it_is_told_otherwise() -> None:
    text = SCRIPT.read_text("utf-8")
    assert 'StrCpy $Data "keep"' in text
    assert "MB_DEFBUTTON2" in text
