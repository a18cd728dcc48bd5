"""The doctor's look at keys, models and the licence."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.diagnosis.graphics import gpu
from appliance.diagnosis.keys import Holders, keys, keys_at_rest
from appliance.diagnosis.licence import licence
from appliance.diagnosis.models import models
from appliance.engine.bundles.manifest import BundleFile, Manifest, manifest_bytes
from appliance.engine.chat.preflight import Gpu, NoGpu
from appliance.settings import Settings
from appliance.values import SeatView

SOUND = Holders(people=3, administrators=1, auditors=1, collections=2, alone=0, rotating=0)


def test_sound_keys_are_good() -> None:
    assert keys(SOUND).state == "ok"
    assert keys(replace(SOUND, people=1, alone=2)).state == "ok"  # who else should be a member?


@pytest.mark.parametrize(
    ("holders", "words"),
    [
        (replace(SOUND, auditors=0), "Nobody is an auditor"),
        (replace(SOUND, administrators=0), "Nobody is an administrator"),
        (replace(SOUND, rotating=1), "unfinished"),
        (replace(SOUND, alone=1), "open to you alone"),
    ],
)
def test_keys_that_could_be_lost_are_said_with_a_next_step(holders: Holders, words: str) -> None:
    check = keys(holders)
    assert check.state == "warning"
    assert words in check.sentence
    assert check.hint


def test_keys_that_others_can_read_are_said(tmp_path: Path) -> None:
    assert keys_at_rest(tmp_path).state == "ok"
    (tmp_path / "vault.json").write_text("{}")
    (tmp_path / "vault.json").chmod(0o644)
    assert keys_at_rest(tmp_path).state == "warning"
    (tmp_path / "vault.json").chmod(0o600)
    assert keys_at_rest(tmp_path).state == "ok"


def installed(folder: Path, *, size: int = 5) -> str:
    """An unsigned model with one file; returns its manifest's hash."""
    home = folder / "small@1"
    home.mkdir()
    (home / "params_shard_0.bin").write_bytes(b"12345")
    manifest = Manifest(
        name="small", version="1", family="llama", quantisation="q0f32", context=64, parameters=1,
        licence="unknown", source="unknown", created="2026-11-28T09:00:00+00:00",
        files=(BundleFile("params_shard_0.bin", size, sha256(b"12345").hexdigest()),),
        accepted_by="7" * 32, accepted_on="2026-11-28T09:00:00+00:00",
    )  # fmt: skip
    raw = manifest_bytes(manifest)
    (home / "manifest.json").write_bytes(raw)
    return sha256(raw).hexdigest()


def test_an_installed_model_that_the_log_knows_is_good(tmp_path: Path) -> None:
    known = installed(tmp_path)
    check = models(tmp_path, {"small@1": known})
    assert check.state == "ok", check.sentence
    assert dict(check.facts) == {"installed": 1, "bytes": 5, "unusable": 0}
    assert models(tmp_path, None).state == "ok"


def test_an_unsigned_model_that_was_not_accepted_fails(tmp_path: Path) -> None:
    installed(tmp_path)
    assert models(tmp_path, {"small@1": "0" * 64}).state == "failed"
    assert models(tmp_path, {}).state == "failed"


@pytest.mark.parametrize("harm", ["cut", "missing", "no manifest"])
def test_a_model_that_is_not_whole_fails(tmp_path: Path, harm: str) -> None:
    known = installed(tmp_path, size=6 if harm == "cut" else 5)
    home = tmp_path / "small@1"
    if harm != "cut":
        (home / ("manifest.json" if harm == "no manifest" else "params_shard_0.bin")).unlink()
    check = models(tmp_path, {"small@1": known})
    assert check.state == "failed"
    assert check.hint
    assert dict(check.facts)["unusable"] == 1


def test_the_licence_is_as_licensing_says(tmp_path: Path) -> None:
    assert licence(tmp_path, None).state == "ok"
    assert licence(tmp_path, SeatView("active", "", answers=True)).state == "ok"
    ends = SeatView("grace", "in_grace", True, "It ends soon.", "Renew it.", institution="Mercy")
    grace = licence(tmp_path, replace(ends, seat=3))
    assert "Mercy, seat 3." in grace.sentence
    assert "Mercy" not in str(grace.facts)
    assert (grace.state, grace.hint) == ("warning", "Renew it.")
    ended = licence(tmp_path, SeatView("expired", "licence_ended", False, "It has ended."))
    assert ended.state == "failed"
    assert ended.hint
    assert json.loads(json.dumps(dict(ended.facts))) == {"state": "expired", "answers": 0}


def test_licence_files_nobody_looked_into_are_counted(tmp_path: Path) -> None:
    (tmp_path / "licence").mkdir()
    (tmp_path / "licence" / "licence.json").write_text("{}")
    check = licence(tmp_path, None)
    assert check.state == "ok"
    assert dict(check.facts) == {"files": 1}


def test_a_gpu_is_looked_for_only_where_the_settings_say_so() -> None:
    def touched() -> Gpu:
        raise AssertionError("the driver was touched")

    assert gpu(Settings(), touched).state == "ok"
    auto = Settings(gpu="auto")
    assert gpu(auto, lambda: Gpu("H100")).state == "ok"
    assert gpu(auto, NoGpu).state == "ok"
    broken = gpu(auto, lambda: NoGpu("the driver crashes, SIGSEGV"))
    assert broken.state == "warning"
    assert broken.hint
