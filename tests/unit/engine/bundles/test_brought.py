"""Chat models that came on the medium are found where the installers lay them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.engine.bundles.brought import brought, brought_folder
from tests.e2e.terminal import ROOT

INSTALLER = ROOT / "packaging" / "installer"


def test_only_bundles_are_found_and_none_is_no_mistake(tmp_path: Path) -> None:
    for name in ("b@1", "a@2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mlc-chat-config.json").write_text("{}")
    (tmp_path / ".coming").mkdir()  # being copied
    (tmp_path / ".coming" / "mlc-chat-config.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").touch()
    assert [path.name for path in brought(tmp_path)] == ["a@2", "b@1"]
    assert brought(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    ("platform", "script"),
    [("linux", "linux/models.sh"), ("darwin", "macos/scripts/postinstall")],
)
def test_the_program_looks_where_the_installer_puts_them(platform: str, script: str) -> None:
    text = (INSTALLER / script).read_text("utf-8")
    assert f"{brought_folder(platform)}" in re.sub(r"\$(?:ROOT|3)", "", text)


def test_on_windows_it_is_where_administrators_alone_may_write(tmp_path: Path) -> None:
    """Beside the program's folder, below Program Files; below ProgramData everybody may."""
    program = tmp_path / "Cloister" / "program" / "cloister.exe"
    assert brought_folder("win32", str(program)) == tmp_path / "Cloister" / "models"
    script = (INSTALLER / "windows" / "cloister.nsi").read_text("utf-8")
    assert '"$EXEDIR\\models\\*.*" "$INSTDIR\\models"' in script
    assert '"$INSTDIR\\program\\cloister.exe"' in script
