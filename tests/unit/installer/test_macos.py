"""The recipe for macOS as far as it can be read here; it was never run."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.installer.conftest import PACKAGING, ROOT

MACOS = PACKAGING / "installer" / "macos"
SANDBOX, INHERIT = "com.apple.security.app-sandbox", "com.apple.security.inherit"
UNCHECKED = "com.apple.security.cs.disable-library-validation"
ENTITLED = {
    "window.plist": {
        SANDBOX, UNCHECKED, "com.apple.security.files.user-selected.read-write",
        "com.apple.security.print",
    },
    "inherited.plist": {SANDBOX, INHERIT, UNCHECKED},
    "terminal.plist": {UNCHECKED},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ENTITLED))
def test_no_program_asks_for_a_network_or_to_write_code_while_it_runs(name: str) -> None:
    """Each is one of those that are needed: none is for a network, and none for JIT."""
    assert plistlib.loads((MACOS / name).read_bytes()) == dict.fromkeys(ENTITLED[name], True)


def test_every_program_is_signed_with_its_entitlements_and_looked_at() -> None:
    script = (MACOS / "build.sh").read_text("utf-8")
    assert [name for name in ENTITLED if f'--entitlements "$here/{name}"' not in script] == []
    assert "com.apple.security.network" in script.partition("codesign --display")[2]


def test_the_package_is_what_its_pages_call_it() -> None:
    (reference,) = ElementTree.parse(MACOS / "distribution.xml").getroot().findall("pkg-ref")
    (component,) = plistlib.loads((MACOS / "component.plist").read_bytes())
    script = (MACOS / "build.sh").read_text("utf-8")
    assert f"--identifier {reference.get('id')} " in script
    assert f"$work/{reference.text}" in script
    assert f'"$work/payload/{component["RootRelativeBundlePath"]}"' in script
    spec = (ROOT / "packaging" / "freeze" / "cloister.spec").read_text("utf-8")
    assert f'bundle_identifier="{reference.get("id")}"' in spec


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    "script", [MACOS / "build.sh", *sorted((MACOS / "scripts").iterdir())], ids=lambda p: p.name
)
def test_its_scripts_are_read_without_an_error(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
