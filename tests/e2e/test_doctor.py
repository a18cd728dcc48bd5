"""`cloister doctor` looks, changes nothing, and goes on where one thing fails."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.e2e.terminal import PASSPHRASE, ROOT, Said, cloister, require


def _states(said: Said) -> dict[str, str]:
    return {str(x["check"]): str(x["state"]) for x in said.lines if "check" in x}


def test_looking_at_a_missing_folder_makes_none(tmp_path: Path) -> None:
    said = require(cloister(tmp_path / "missing", "doctor"))
    assert not (tmp_path / "missing").exists()
    assert _states(said)["data folder"] == "warning"
    assert _states(said)["encoder"] == "ok"


def test_looking_at_an_empty_folder_leaves_it_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    require(cloister(tmp_path / "empty", "doctor"))
    assert not list((tmp_path / "empty").iterdir())


def test_a_data_folder_that_is_a_file_is_a_failed_check(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    said = cloister(tmp_path / "file" / "data", "doctor")
    assert _states(said)["data folder"] == "failed"
    assert _states(said)["policy"] == "ok"


def test_with_a_passphrase_the_vault_the_stores_and_the_log_are_looked_at(vault: Path) -> None:
    said = require(cloister(vault, "doctor"))
    sentences = {str(x["check"]): str(x["sentence"]) for x in said.lines if "check" in x}
    assert "1 person" in sentences["vault"]
    assert "3 documents" in sentences["stores"]
    assert "The log verifies" in sentences["log"]


def test_a_missing_original_is_a_failed_check(vault: Path) -> None:
    next(path for path in vault.glob("collections/*/files/*")).unlink()
    said = require(cloister(vault, "doctor"), 1)
    assert _states(said)["stores"] == "failed"
    assert _states(said)["log"] == "ok"


def test_a_log_in_that_fails_is_a_failed_check_among_the_others(vault: Path) -> None:
    said = require(cloister(vault, "doctor", passphrase="not this one at all"), 1)
    assert _states(said)["log-in"] == "failed"
    assert _states(said)["log"] == "warning"
    assert _states(said)["air gap"] == "ok"
    assert _states(said)["encoder"] == "ok"


def test_a_kernel_without_the_guard_is_a_failed_check_among_the_others(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from appliance.airgap import errors, guard\n"
        "def refused(*_): raise errors.GuardUnavailable('This kernel has no guard.')\n"
        "guard._engage = refused\n"
        "from appliance.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--json", "--data", str(tmp_path), "doctor"],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    said = Said(1, tuple(json.loads(line) for line in done.stdout.splitlines()), done.stderr)
    assert _states(said)["guard"] == "failed"
    assert _states(said)["air gap"] == "failed"
    assert _states(said)["encoder"] == "ok"
    assert _states(said)["policy"] == "ok"


def test_every_check_that_is_not_good_has_a_next_step(vault: Path) -> None:
    (vault / "collections" / "stray").write_text("x")
    vault.chmod(0o755)
    (vault / "vault.json").chmod(0o644)
    for passphrase in ("not this one at all", PASSPHRASE):
        said = cloister(vault, "doctor", passphrase=passphrase)
        checks = [line for line in said.lines if "check" in line]
        assert {"keys", "swap", "disk", "clock", "licence", "models", "gpu", "hardware"} <= {
            str(line["check"]) for line in checks
        }
        assert all(line["hint"] for line in checks if line["state"] != "ok")
        assert sum(line["state"] == "warning" for line in checks) == said.find("warning")
        assert _states(said)["data folder"] == "warning"


BROKEN = """
import shutil, sys
from datetime import UTC, datetime
from appliance import clock, health
from appliance.cli import doctor
for module in (clock, health, doctor):
    module.now = lambda: datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
usage = shutil.disk_usage("/")
shutil.disk_usage = lambda _: usage._replace(free=4096)
def crashes(): raise RuntimeError("Anna Berg's machine")
health.this_machine = crashes
from appliance.engine.encoder import bundle
bundle.default_encoder_folder = lambda: bundle.Path("/nonexistent")
from appliance import settings
from appliance.managed import TomlFile
institution = TomlFile(settings.Path(sys.argv[1]), None)
settings.managed_source = lambda: institution
from appliance.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
"""A machine of 1970 with a full disk and no encoder, on which a look crashes."""


def _broken(managed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BROKEN, str(managed), *arguments], capture_output=True, text=True,
        check=False, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def test_where_everything_is_broken_each_check_says_so_with_a_step(
    vault: Path, tmp_path: Path
) -> None:
    managed, secret = tmp_path / "managed.toml", tmp_path / "secret"
    managed.write_text('model = "gone@9"\nhealth_file = "/nonexistent/folder/x.prom"\n')
    secret.write_text(f"{PASSPHRASE}\n")
    (vault / "vault.json").write_bytes((vault / "vault.json").read_bytes()[:-20])
    for path in (vault / "audit").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * 100)
    options = ("--data", str(vault), "--passphrase-file", str(secret))
    done = _broken(managed, "--json", *options, "doctor")
    assert (done.returncode, done.stderr) == (1, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    checks = {str(line["check"]): line for line in lines if "check" in line}
    for name in (
        "hardware", "data folder", "clock", "vault", "encoder", "language model", "log-in",
    ):  # fmt: skip
        assert checks[name]["state"] == "failed", name
    assert checks["health file"]["state"] == "warning"
    for line in checks.values():
        assert line["state"] == "ok" or (line["sentence"] and line["hint"]), line
        assert "cloister doctor" not in line["hint"], line
    assert lines[-1]["needs_log_in"] == 0  # one was given, and failed
    assert checks["log"]["state"] == "warning"
    for word in ("Traceback", "Anna Berg", "lanterns"):
        assert word not in done.stdout

    done = _broken(managed, "--json", *options, "diagnostics", str(tmp_path / "b.zip"))
    assert done.returncode == 0
    assert "says less" in done.stderr
    assert all(word not in done.stderr for word in ("Traceback", "Anna Berg", "lanterns"))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        told = {line["check"]: line for line in json.loads(archive.read("doctor.json"))}
    assert told["hardware"] == {
        "check": "hardware", "state": "failed", "code": "unexpected", "facts": {},
    }  # fmt: skip
    assert told["vault"]["code"] == "vault_damaged"


def test_a_damaged_log_is_said_by_the_log_in_that_fails(vault: Path) -> None:
    for path in (vault / "audit").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * 100)
    said = require(cloister(vault, "doctor"), 1)
    (line,) = (line for line in said.lines if line.get("check") == "log-in")
    assert "log" in str(line["sentence"])
    assert line["hint"]
    assert _states(said)["log"] == "warning"
    assert _states(said)["vault"] == "ok"


UNGUARDED = """
import sys
from appliance import settings
from appliance.managed import TomlFile
institution = TomlFile(settings.Path(sys.argv[1]))
settings.managed_source = lambda: institution
from appliance.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def test_settings_that_others_could_have_written_stop_all_but_the_doctor(tmp_path: Path) -> None:
    """They lie below a folder where everybody may write."""
    (tmp_path / "managed.toml").write_text('airgap = "warn"\n')
    for command in ("settings", "init"):
        done = subprocess.run(
            [sys.executable, "-c", UNGUARDED, str(tmp_path / "managed.toml"), "--json", "--data",
             str(tmp_path / "data"), "--passphrase-fd", "0", command],
            capture_output=True, text=True, check=False, cwd=ROOT, input=f"{PASSPHRASE}\n",
        )  # fmt: skip
        assert done.returncode == 1
        assert json.loads(done.stdout.splitlines()[-1])["error"] == "settings_unguarded"
    done = subprocess.run(
        [sys.executable, "-c", UNGUARDED, str(tmp_path / "managed.toml"), "--json", "--data",
         str(tmp_path / "data"), "doctor"],
        capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (check,) = (line for line in lines if line.get("check") == "settings")
    assert (done.returncode, check["state"], check["code"]) == (1, "failed", "settings_unguarded")
    assert "can be written by others than root" in check["sentence"]
    assert not (tmp_path / "data").exists()


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_diagnostics_whose_log_in_fails_say_that_they_say_less(vault: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "b.zip")
    said = require(cloister(vault, "diagnostics", file, passphrase="not this one at all"))
    assert "says less" in said.errors


def test_diagnostics_that_cannot_be_written_leave_no_file(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    said = require(cloister(tmp_path / "data", "diagnostics", str(file), before=_no_room), 1)
    assert said.find("error") == "storage_read_only"
    assert not file.exists()
    assert not (tmp_path / "data").exists()


def test_diagnostics_are_not_put_into_the_data_folder_or_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_text("mine")
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for place in (
        tmp_path / "data" / "bundle.zip", tmp_path / "link" / "bundle.zip", tmp_path / "mine.zip",
    ):  # fmt: skip
        said = require(cloister(tmp_path / "data", "diagnostics", str(place)), 1)
        assert said.find("hint")
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert not list((tmp_path / "data").iterdir())
