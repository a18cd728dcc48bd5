"""The signing command: a fresh key, a changed pack, a failing case, and nothing secret left."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as signing needs."""
    for name in ("appliance", "policies"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "packaging").mkdir()
    shutil.copy(ROOT / "packaging" / "sign_pack.py", tmp_path / "packaging")
    return tmp_path


def sign(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "packaging/sign_pack.py", *arguments],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def loads(checkout: Path) -> str:
    """The label of the baseline pack as that checkout's own code loads it, or the error."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from appliance.policy import *\nfrom appliance.errors import CloisterError\n"
            "try: print(load(shipped_folder() / 'baseline').label)\n"
            "except CloisterError as error: print(error.code)",
        ],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_changed_pack_is_used_again_once_signed_with_a_new_key(checkout: Path) -> None:
    told = checkout / "policies" / "baseline" / "pack.toml"
    told.write_text(told.read_text().replace("serial = 6\n", "serial = 7\n"))
    assert loads(checkout) == "pack_altered"
    assert "There is no key" in sign(checkout).stderr
    done = sign(checkout, "--new-key")
    assert done.returncode == 0, done.stderr
    assert loads(checkout) == "baseline@7"
    key = checkout / ".cache" / "keys" / "policy.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    told.write_text(told.read_text().replace("serial = 7\n", "serial = 8\n"))
    assert sign(checkout).returncode == 0  # the key that is kept signs again
    assert loads(checkout) == "baseline@8"


def test_a_pack_whose_cases_fail_is_not_signed_and_no_key_is_made(checkout: Path) -> None:
    policies = checkout / "policies" / "baseline" / "baseline.cedar"
    policies.write_text(policies.read_text().replace('@log("full")', '@log("none")'))
    done = sign(checkout, "--new-key")
    assert done.returncode != 0
    assert "not signed" in done.stderr
    assert "other obligations" in done.stdout
    assert not (checkout / ".cache").exists()
    assert loads(checkout) == "pack_altered"


def test_checking_signs_nothing(checkout: Path) -> None:
    signature = checkout / "policies" / "baseline" / "pack.sig"
    before = signature.read_bytes()
    done = sign(checkout, "--check")
    assert done.returncode == 0
    assert "cases hold" in done.stdout
    assert signature.read_bytes() == before


def test_the_private_key_is_nowhere_but_in_the_ignored_folder(checkout: Path) -> None:
    assert sign(checkout, "--new-key").returncode == 0
    seeds = json.loads((checkout / ".cache" / "keys" / "policy.json").read_text()).values()
    forms = [form for seed in seeds for form in (seed.encode(), b64encode(bytes.fromhex(seed)))]
    assert len(forms) == 4
    for path in checkout.rglob("*"):
        if path.is_file() and ".cache" not in path.relative_to(checkout).parts:
            content = path.read_bytes()
            assert not any(form in content for form in forms), path
    assert ".cache/" in (ROOT / ".gitignore").read_text().splitlines()
