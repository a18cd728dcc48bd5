"""`cloister model …`: built, verified, installed, listed and removed, and all of it in the log."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.__main__ import main
from appliance.engine.bundles.trust import parse_signers, read_key, signers_bytes
from appliance.engine.compile import bundle
from appliance.engine.mlc.index import read_index
from appliance.errors import CloisterError
from appliance.vault.canonical import canonical_json
from tests.e2e.terminal import cloister, require
from tests.unit.engine.bundles.folders import (
    TRUSTED,
    built,
    compilers,
    unsigned,
    write_huggingface,
)


@pytest.fixture(autouse=True)
def signers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of those trusted on this machine, empty of anybody's own settings."""
    folder = tmp_path / "config" / "cloister"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder.parent))
    path = folder / "model-signers.json"
    path.write_bytes(signers_bytes(TRUSTED))
    return path


def actions(data: Path) -> list[tuple[object, object, object]]:
    said = require(cloister(data, "log", "show", "--count", "60"))
    return [
        (line["action"], line["object"], line["outcome"])
        for line in said.lines
        if str(line["action"]).startswith("model.")
    ]


def test_a_model_comes_and_goes_and_the_log_says_so(vault: Path, tmp_path: Path) -> None:
    folder = built(tmp_path)
    assert require(cloister(vault, "model", "verify", str(folder))).find("signer") == (
        "The institution"
    )
    assert require(cloister(vault, "model", "install", str(folder))).find("installed") == "tiny@1"
    listed = require(cloister(vault, "model", "list")).lines[0]
    assert (listed["model"], listed["format"], listed["targets"]) == ("tiny@1", "q4f16_1", ["cpu"])
    assert require(cloister(vault, "model", "remove", "tiny")).find("removed") == "tiny@1"
    assert require(cloister(vault, "model", "list")).lines == ()
    assert actions(vault) == [
        ("model.installing", "", ""),
        ("model.installed", "tiny@1", ""),
        ("model.removing", "tiny@1", ""),
        ("model.removed", "tiny@1", ""),
    ]


def test_an_unsigned_model_is_taken_only_when_somebody_says_so(vault: Path, tmp_path: Path) -> None:
    folder = unsigned(tmp_path)
    refused = cloister(vault, "model", "install", str(folder))
    assert (refused.status, refused.find("error")) == (1, "bundle_untrusted")
    taken = require(
        cloister(vault, "model", "install", str(folder), "--trust-unsigned", "--as", "foreign")
    )
    assert (taken.find("installed"), taken.find("signer")) == ("foreign@1", "")
    manifest = json.loads((vault / "models" / "foreign@1" / "manifest.json").read_text())
    assert manifest["accepted"]["by"]
    assert "Anna" not in json.dumps(manifest)  # who that is stands in the vault
    refusal = ("model.refused", "", "refused")
    assert refusal in actions(vault)


def test_verifying_an_unsigned_model_does_not_vouch_for_its_acceptance(
    vault: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install = ("model", "install", str(unsigned(tmp_path)), "--trust-unsigned", "--as", "foreign")
    require(cloister(vault, *install))
    folder = str(vault / "models" / "foreign@1")
    status, lines = run("model", "verify", folder, capsys=capsys)
    assert (status, lines[0]["signer"], lines[0]["origin_verified"]) == (1, "", False)
    assert main(["model", "verify", "--trust-unsigned", folder]) == 0
    said = capsys.readouterr().out
    assert "unsigned" in said
    assert "checked against the log when it is opened" in said


@pytest.mark.parametrize("option", ["--as", "--version", "--licence", "--source"])
def test_what_a_signed_bundle_says_itself_cannot_be_told_over_it(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before anything else: there is neither a bundle nor a vault."""
    install = ("model", "install", str(tmp_path / "none"), option, "2")
    status, lines = run("--data", str(tmp_path / "data"), *install, capsys=capsys)
    assert (status, lines[0]["error"]) == (1, "usage")
    assert lines[0]["sentence"].startswith(f"{option} can be given for an unsigned bundle only")
    assert "--trust-unsigned" in lines[0]["hint"]


def test_a_manifest_that_says_that_it_was_accepted_brings_no_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = built(tmp_path)
    path = folder / "manifest.json"
    forged = json.loads(path.read_bytes()) | {"accepted": {"by": "Eve", "on": "2026-01-01"}}
    path.write_bytes(canonical_json(forged))
    (folder / "manifest.sig").unlink()
    for trust in ((), ("--trust-unsigned",)):
        status, lines = run("model", "verify", *trust, str(folder), capsys=capsys)
        assert (status, lines[0]["error"]) == (1, "bundle_untrusted")
        assert "brings code that nobody signed" in lines[0]["sentence"]


def test_an_unsigned_model_that_was_removed_cannot_be_put_back_by_hand(
    vault: Path, tmp_path: Path
) -> None:
    install = ("model", "install", str(unsigned(tmp_path)), "--trust-unsigned", "--as", "foreign")
    require(cloister(vault, *install))
    folder = vault / "models" / "foreign@1"
    kept = shutil.copytree(folder, tmp_path / "kept")
    require(cloister(vault, "model", "remove", "foreign"))
    shutil.copytree(kept, folder)
    bench = cloister(vault, "model", "bench", "foreign")
    assert (bench.status, bench.find("error")) == (1, "bundle_untrusted")
    assert "not the one that was accepted" in str(bench.find("sentence"))
    require(cloister(vault, "model", "remove", "foreign"))
    require(cloister(vault, *install))
    assert cloister(vault, "model", "bench", "foreign").find("error") != "bundle_untrusted"


def test_a_damaged_bundle_is_told_in_a_sentence(vault: Path, tmp_path: Path) -> None:
    folder = built(tmp_path)
    path = folder / read_index(folder).shards[0].file
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)
    for command in ("verify", "install"):
        said = cloister(vault, "model", command, str(folder))
        assert (said.status, said.find("error")) == (1, "model_damaged")
        assert path.name in str(said.find("sentence"))
        assert said.find("hint")
    assert not (vault / "models").exists() or list((vault / "models").iterdir()) == []


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    status = main(["--json", *arguments])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_first_build_makes_a_key_and_says_how_to_trust_it(
    tmp_path: Path,
    signers: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bundle, "installed_compilers", compilers)
    source, out = write_huggingface(tmp_path / "hf"), tmp_path / "tiny-q4"
    build = ("model", "build", str(source), "--target", "cpu,cuda", "--licence", "MIT")
    status, lines = run(*build, "--out", str(out), capsys=capsys)
    assert status == 0
    assert lines[-1]["model"] == "tiny-q4@1"
    key = Path(lines[0]["key"])
    assert key.parent == signers.parent
    assert key.stat().st_mode & 0o077 == 0
    status, lines = run("model", "verify", str(out), capsys=capsys)
    assert (status, lines[0]["error"]) == (1, "bundle_untrusted")
    os.replace(key.with_name(f"{key.stem}.public.json"), signers)  # noqa: PTH105
    status, lines = run("model", "verify", str(out), capsys=capsys)
    assert (status, lines[0]["signer"]) == (0, "The builder")
    assert lines[0]["origin_verified"] is True
    again = (
        "--out",
        str(tmp_path / "b"),
        "--as",
        "other",
        "--version",
        "2.1",
        "--quant",
        "q0f16",
    )
    status, lines = run(*build, *again, capsys=capsys)
    assert [line.get("model") for line in lines] == ["other@2.1"]
    status, lines = run(*build, "--out", str(out), capsys=capsys)
    assert (status, lines[0]["error"]) == (1, "usage")


def test_a_key_of_one_s_own_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundle, "installed_compilers", compilers)
    file = tmp_path / "key.json"
    status, lines = run("model", "key", str(file), "--signer", "North Hospital", capsys=capsys)
    (trusted,) = parse_signers(Path(lines[0]["signers"]).read_bytes(), "the list")
    assert (status, trusted) == (0, read_key(file).public("North Hospital"))
    status, lines = run("model", "key", str(file), "--signer", "Again", capsys=capsys)
    assert (status, lines[0]["error"]) == (1, "usage")
    source = write_huggingface(tmp_path / "hf")
    out = tmp_path / "out"
    build = ("model", "build", str(source), "--out", str(out), "--key")
    status, lines = run(*build, str(tmp_path / "none.json"), capsys=capsys)
    assert (status, lines[0]["error"]) == (1, "signing_key_unusable")
    status, _ = run(*build, str(file), capsys=capsys)
    assert status == 0
    assert json.loads((out / "manifest.sig").read_text())["key"] == trusted.id


@pytest.mark.parametrize("asked", [("--quant", "q3f16_1"), ("--target", "tpu"), ("--as", "a/b")])
def test_what_cannot_be_built_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, str],
) -> None:
    monkeypatch.setattr(bundle, "installed_compilers", compilers)
    source = write_huggingface(tmp_path / "hf")
    status, lines = run(
        "model", "build", str(source), "--out", str(tmp_path / "out"), *asked, capsys=capsys
    )
    assert (status, lines[-1]["error"]) == (1, "usage")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"format":"x","signers":[]}', b"\xff", b"[" * 9999]
)
def test_a_list_of_signers_that_is_not_in_order_trusts_nobody(content: bytes) -> None:
    with pytest.raises(CloisterError, match="the list"):
        parse_signers(content, "the list")
