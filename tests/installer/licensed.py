"""The same program as a vendor releases it, with a licence key that it trusts: the test's own.

Rules kept here: nothing is patched: it is frozen a second time, from a copy of the checkout whose
appliance/licensing/trust.py names the key, as `packaging/vendor/vendor.py new-key --trust` writes
it. Only the executable differs, for all of the product's own code is in it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from tests.installer.room import ROOT, WORK
from tests.unit.licensing.world import VENDOR

COPIED = ("appliance", "gui", "policies", "packaging", "docs", "pyproject.toml")


def executable() -> Path:
    """Frozen anew where the checkout's product has changed since."""
    folder = WORK / "licensed"
    made = folder / "build" / "installer" / "program" / "cloister" / "cloister"
    program = ROOT / "build" / "installer" / "program" / "cloister" / "cloister"
    if made.is_file() and made.stat().st_mtime > program.stat().st_mtime:
        return made
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)
    (folder / ".cache").symlink_to(ROOT / ".cache")
    (folder / "appliance" / "licensing" / "trust.py").write_text(_trusting(), "utf-8")
    python = ROOT / "build" / "installer" / "venv" / "bin" / "python"
    subprocess.run(
        [python, folder / "packaging" / "freeze" / "freeze.py"],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    return made


def _trusting() -> str:
    """By the vendor's own tool."""
    path = ROOT / "packaging" / "vendor" / "vendor.py"
    spec = importlib.util.spec_from_file_location("vendor_tool", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return str(tool.trust_source(VENDOR.public("test")))
