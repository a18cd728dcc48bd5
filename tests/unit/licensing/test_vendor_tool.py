"""The vendor's tool: a key, a licence for an authority, its renewal, and what was used."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.licensing.licence import open_licence
from appliance.licensing.usage import open_summary
from tests.unit.licensing.world import World

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the tool needs."""
    for name in ("appliance/licensing", "appliance/vault", "appliance/values"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "appliance/errors.py", tmp_path / "appliance")
    shutil.copy(ROOT / "appliance/__init__.py", tmp_path / "appliance")
    (tmp_path / "packaging/vendor").mkdir(parents=True)
    shutil.copy(ROOT / "packaging/vendor/vendor.py", tmp_path / "packaging/vendor")
    (tmp_path / "passphrase").write_text("four quiet vendor words\n")
    return tmp_path


def vendor(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "packaging/vendor/vendor.py", *arguments],
        cwd=checkout, env={"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def trusted(checkout: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """What that checkout's own program makes of licences."""
    program = (
        "import sys; from pathlib import Path; "
        "from appliance.licensing.licence import open_licence; "
        "[print(one.serial, one.seats, one.institution, one.end) "
        "for one in (open_licence(Path(p).read_bytes()) for p in sys.argv[1:])]"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *files], cwd=checkout, capture_output=True, text=True,
        env={"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
    )  # fmt: skip


def test_a_key_is_made_trusted_and_signs_licences_and_their_renewals(
    checkout: Path, world: World
) -> None:
    with world.authority() as authority:
        (checkout / "anne.authority").write_bytes(authority.key_file("St. Anne"))
    secret = ("--passphrase-file", "passphrase")
    done = vendor(checkout, "new-key", "vendor.key", "--trust", *secret)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((checkout / "vendor.key").stat().st_mode) == 0o600
    signing = ("--key", "vendor.key", *secret)
    for arguments in (
        ("issue", "--authority", "anne.authority", "--seats", "40", "--end", "2031-01-01",
         "--out", "first", *signing),
        ("renew", "first", "--seats", "50", "--out", "second", *signing),
    ):  # fmt: skip
        done = vendor(checkout, *arguments)
        assert done.returncode == 0, done.stderr
    assert trusted(checkout, "first", "second").stdout == (
        "1 40 St. Anne 2031-01-01 23:59:59+00:00\n2 50 St. Anne 2031-01-01 23:59:59+00:00\n"
    )
    with pytest.raises(Exception, match="not genuine"):
        open_licence((checkout / "first").read_bytes())  # this program trusts nobody
    over = vendor(checkout, "renew", "first", "--out", "second", *signing)
    assert over.returncode != 0
    assert "second" in over.stderr


def test_what_makes_no_sense_or_is_no_authoritys_key_is_not_signed(
    checkout: Path, world: World
) -> None:
    with world.authority() as authority:
        (checkout / "key").write_bytes(authority.key_file("St. Anne"))
    (checkout / "forged").write_bytes((checkout / "key").read_bytes().replace(b"Anne", b"Bona"))
    secret = ("--passphrase-file", "passphrase")
    assert vendor(checkout, "new-key", "vendor.key", *secret).returncode == 0
    signing = ("--key", "vendor.key", "--out", "licence", *secret)
    for wrong in (
        ("--authority", "forged", "--end", "2031-01-01"),
        ("--authority", "key"),  # a subscription without an end
        ("--authority", "key", "--end", "2031-01-01", "--tokens", "5"),
        ("--authority", "key", "--end", "01/01/2031"),
    ):
        done = vendor(checkout, "issue", *wrong, *signing)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert not (checkout / "licence").exists()


def test_a_summary_is_listed_once_its_signature_held(checkout: Path, world: World) -> None:
    desk = world.seated("ward-1")
    report = desk.seat.usage()
    with world.authority() as authority:
        summary, _ = authority.summary((report,))
        assert open_summary(summary, authority.public).held == 1
    (checkout / "licence").write_bytes(world.licence_file)
    (checkout / "summary").write_bytes(summary)
    done = vendor(checkout, "usage", "licence", "summary")
    assert done.returncode != 0  # this checkout trusts no vendor's key
    assert "not genuine" in done.stderr
    (checkout / "appliance/licensing/trust.py").write_text(
        "from appliance.vault.signers import SignerKey\n"
        "seed = b'vendor'.ljust(32, b'.')\n"
        "TRUSTED = (SignerKey.from_seeds(seed, seed[::-1]).public('vendor'),)\n"
    )
    done = vendor(checkout, "usage", "licence", "summary")
    assert done.stdout.startswith("St. Anne: 1 of 3 seats held")
    altered = summary.replace(b'"held":1', b'"held":2')
    (checkout / "summary").write_bytes(altered)
    assert "not genuine" in vendor(checkout, "usage", "licence", "summary").stderr
