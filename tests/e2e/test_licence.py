"""Licence, seat and authority from the terminal, with the real vault, log and guards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.licensing.codes import texts_of
from appliance.licensing.licence import licence_bytes
from appliance.licensing.signed import Kind, key_in, self_signed
from tests.e2e.terminal import PASSPHRASE, ROOT, Said, cloister, read_said, require
from tests.unit.licensing.world import VENDOR, licence_for

QUESTION = "When may apixaban be restarted after surgery?"


@dataclass(frozen=True)
class Release:
    """The program with a vendor's key, on one data folder, and the authority beside it."""

    data: Path
    folder: Path

    def __call__(self, *arguments: str, stdin: str = "", status: int = 0) -> Said:
        passphrase = self.folder / "passphrase"
        passphrase.write_text(f"{PASSPHRASE}\n")
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.licensed_program", str(self.keys), "--json",
             "--data", str(self.data), "--passphrase-file", str(passphrase), *arguments],
            capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, input=stdin,
            env={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
        )  # fmt: skip
        return require(read_said(done), status)

    @property
    def keys(self) -> Path:
        path, public = self.folder / "vendor.json", VENDOR.public("vendor")
        keys = {"ed25519": public.ed25519, "ml-dsa-65": public.ml_dsa_65}
        path.write_text(json.dumps({name: b64encode(key).decode() for name, key in keys.items()}))
        return path

    def authority(self, *arguments: str, status: int = 0) -> Said:
        return self(*("authority", *arguments, "--authority", str(self.folder / "office")),
                    status=status)  # fmt: skip


@pytest.fixture
def release(vault: Path, tmp_path: Path) -> Release:
    """The authority is made and certified, the licence lies in `licence`."""
    release = Release(vault, tmp_path)
    release.authority("init", "--institution", "St. Anne", "--out", str(tmp_path / "key"))
    body = self_signed(Kind.AUTHORITY, (tmp_path / "key").read_bytes()).body
    now = datetime.now(UTC).replace(microsecond=0)
    licence = replace(
        licence_for(key_in(body, "key")), issued=now, start=now - timedelta(days=1),
        end=now + timedelta(days=365), seats=1,
    )  # fmt: skip
    (tmp_path / "licence").write_bytes(licence_bytes(licence, VENDOR))
    release.authority("licence", str(tmp_path / "licence"))
    return release


def test_a_seat_is_given_used_revoked_and_takes_nothing_but_answers(
    release: Release, tmp_path: Path
) -> None:
    requests, given = tmp_path / "requests", tmp_path / "given"
    requests.mkdir()
    release("licence", "install", str(tmp_path / "licence"))
    release("seat", "request", "--label", "Ward 9", "--out", str(requests / "ward-9"))
    approved = release.authority(
        "approve", str(requests), "--out", str(given), "--accept-indistinct"
    )
    assert approved.find("seat") == 1
    certificate = (given / "0001-Ward_9.seat").read_bytes()
    scanned = "\n".join(reversed(texts_of(certificate)))
    said = release("seat", "activate", "--scan", stdin=f"{scanned}\n")
    assert (said.find("state"), said.find("seat")) == ("active", 1)
    release("ask", QUESTION)
    release.authority("revoke", "Ward 9", "--out", str(tmp_path / "list"))
    assert release("licence", "install", str(tmp_path / "list")).find("state") == "revoked"
    refused = release("ask", QUESTION, status=3)
    assert "revoked" in str(refused.find("sentence"))
    assert refused.find("hint")
    release("log", "export", str(tmp_path / "copy"))
    lines = (tmp_path / "copy" / "leaves.jsonl").read_text("utf-8").splitlines()
    leaves = [json.loads(line) for line in lines]
    closed = [leaf for leaf in leaves if leaf["action"] == "ask.closed"]
    assert [leaf["code"] for leaf in closed] == ["", "", "seat_revoked"]
    assert [bool(leaf["seat"]) for leaf in closed] == [False, True, True]


def test_a_program_without_a_vendors_key_says_that_it_is_for_evaluation(vault: Path) -> None:
    said = require(cloister(vault, "licence", "show"))
    assert (said.find("state"), said.find("answers")) == ("evaluation", True)
    assert "without a vendor's key" in str(said.find("sentence"))
