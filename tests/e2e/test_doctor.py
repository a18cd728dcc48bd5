"""`cloister doctor` looks, changes nothing, and goes on where one thing fails."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
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


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_diagnostics_that_cannot_be_written_leave_no_file(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    said = require(cloister(tmp_path / "data", "diagnostics", str(file), before=_no_room), 1)
    assert said.find("error") == "storage_read_only"
    assert not file.exists()
    assert not (tmp_path / "data").exists()


def test_diagnostics_are_not_put_into_the_data_folder_or_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_text("mine")
    (tmp_path / "data").mkdir()
    for place in (tmp_path / "data" / "bundle.zip", tmp_path / "mine.zip"):
        said = require(cloister(tmp_path / "data", "diagnostics", str(place)), 1)
        assert said.find("hint")
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert not list((tmp_path / "data").iterdir())
