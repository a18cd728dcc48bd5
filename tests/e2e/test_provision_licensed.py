"""`cloister provision` with a licence from the vendor's tool and a token from a real authority, cut
off at each of the seat's steps; and what support is given of that machine."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import util
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT, Said, read_said, require
from tests.faults.canary import text_forms

IDA, ANNA = "seven lanterns over quiet water", "nine copper kettles by the window"
INSTITUTION, LABEL = "Saint Wisteria Infirmary", "Ward Marzipan, desk 2"
TEXT = f"""\
format = "cloister-provision"
version = 1
[administrator]
name = "Ida Quillfeather"
passphrase_file = "ida"
codes = "codes"
[[people]]
name = "Anna Thistlewood"
roles = ["member"]
passphrase_file = "anna"
[[collections]]
title = "Ward 9"
members = ["Anna Thistlewood"]
[policies]
packs = ["baseline", "api@1"]
folder = "{ROOT / "policies"}"
[licence]
files = ["licence", "token"]
[seat]
label = "{LABEL}"
request_file = "request"
"""


@dataclass(frozen=True)
class Stick:
    """What IT prepared, and the program that trusts the vendor's key."""

    folder: Path

    def run(self, *arguments: str, module: str = "tests.e2e.licensed_program") -> Said:
        """Nobody is asked anything; `--json` where the arguments say so."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], capture_output=True, text=True,
            check=False, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=240,
            env={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
        )  # fmt: skip
        return read_said(done) if "--json" in arguments else Said(
            done.returncode, ({"text": done.stdout},), done.stderr
        )  # fmt: skip

    def cloister(self, data: Path, *arguments: str) -> Said:
        return self.run(str(self.folder / "keys"), "--json", "--data", str(data), *arguments)

    def provision(self, data: Path, *more: str) -> Said:
        return self.cloister(data, "provision", str(self.folder / "machine.toml"), *more)

    def killed(self, where: str, data: Path) -> int:
        file, keys = self.folder / "machine.toml", self.folder / "keys"
        return self.run(
            where, str(data), str(file), str(keys), module="tests.faults.provision_kills"
        ).status


def private(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Stick:
    folder = tmp_path_factory.mktemp("stick")
    made = Stick(folder)
    (folder / "codes").mkdir(mode=0o700)
    for name, text in (("ida", IDA), ("anna", ANNA), ("machine.toml", TEXT)):
        private(folder / name, text)
    secret = private(folder / "office.pass", "four quiet vendor words")
    tool = str(ROOT / "packaging" / "vendor" / "vendor.py")
    signing = ("--passphrase-file", str(secret))

    def vendor(*arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, tool, *arguments, *signing], capture_output=True, text=True,
            check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def authority(*arguments: str) -> None:
        office = ("--authority", str(folder / "office"), *signing)
        require(made.cloister(folder / "none", "authority", *arguments, *office))

    vendor("new-key", str(folder / "vendor.key"))
    (folder / "keys").write_text(_public(tool, folder / "vendor.key"))
    authority("init", "--institution", INSTITUTION, "--out", str(folder / "key"))
    vendor("issue", "--authority", str(folder / "key"), "--seats", "3", "--end", "2099-01-01",
           "--key", str(folder / "vendor.key"), "--out", str(folder / "licence"))  # fmt: skip
    authority("licence", str(folder / "licence"))
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    authority("enrol", "--count", "2", "--until", until, "--out", str(folder / "token"))
    return made


def _public(tool: str, key: Path) -> str:
    spec = util.spec_from_file_location("vendor", tool)
    assert spec is not None
    assert spec.loader is not None
    vendor = util.module_from_spec(spec)
    spec.loader.exec_module(vendor)
    public = vendor.read_key(key, "four quiet vendor words").public("vendor")
    halves = {"ed25519": public.ed25519, "ml-dsa-65": public.ml_dsa_65}
    return json.dumps({name: b64encode(half).decode() for name, half in halves.items()})


def outcomes(said: Said) -> list[tuple[str, str]]:
    return [(str(x["step"]), str(x["outcome"])) for x in said.lines if "step" in x]


KILLS = ("a seat's second note", "a seat's second note")
"""When the token is taken in, and when the request is written, and the log does not know it yet."""


@pytest.fixture(scope="module")
def provisioned(stick: Stick, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut off twice, then gone on with to the end."""
    data = tmp_path_factory.mktemp("machine") / "data"
    for where in KILLS:
        assert stick.killed(where, data) == -signal.SIGKILL, where
    assert outcomes(require(stick.provision(data))) == [("seat", "done")]
    return data


def test_a_machine_has_a_seat_and_a_second_run_changes_nothing_and_says_so(
    stick: Stick, provisioned: Path
) -> None:
    secret = ("--passphrase-file", str(stick.folder / "anna"), "--name", "Anna Thistlewood")
    shown = require(stick.cloister(provisioned, "licence", "show", *secret))
    assert (shown.find("state"), shown.find("code")) == ("active", "enrolled")
    before = {path: path.read_bytes() for path in _unlogged(provisioned)}
    again = stick.run(
        str(stick.folder / "keys"), "--data", str(provisioned), "provision",
        str(stick.folder / "machine.toml"),
    )  # fmt: skip
    text = str(require(again).find("text"))
    assert text.startswith("Everything is as the file wants it; nothing was changed.\n")
    assert "Passphrase files that this machine needs no more (line 10): delete them." in text
    assert "2 code(s) lie in the folder for codes" in text
    assert {path: path.read_bytes() for path in _unlogged(provisioned)} == before
    assert len(list((provisioned / "packs").glob("api@*/api/pack.sig"))) == 1
    for word in ("Anna", "Quillfeather", "Ward", "Wisteria", "lanterns", "kettles"):
        assert word not in text + again.errors


def _unlogged(data: Path) -> list[Path]:
    """What a run that does nothing leaves as it is, to the byte: all but the log and the stores,
    which note who logged in."""
    return [data / "vault.json", *sorted((data / "licence").iterdir())]


def test_the_request_is_approved_and_the_certificate_is_brought_in_by_the_same_file(
    stick: Stick, provisioned: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(provisioned, tmp_path / "data"))
    given = stick.folder / "given"
    require(
        stick.cloister(stick.folder / "none", "authority", "approve",
                       str(stick.folder / "request"), "--out", str(given), "--accept-indistinct",
                       "--authority", str(stick.folder / "office"),
                       "--passphrase-file", str(stick.folder / "office.pass"))
    )  # fmt: skip
    (certificate,) = given.iterdir()
    files = f'files = ["licence", "token", "given/{certificate.name}"]'
    text = TEXT.replace('files = ["licence", "token"]', files)
    file = private(stick.folder / "second.toml", text)
    said = require(stick.cloister(data, "provision", str(file)))
    assert outcomes(said) == [("licence", "done")]
    secret = ("--passphrase-file", str(stick.folder / "anna"), "--name", "Anna Thistlewood")
    shown = require(stick.cloister(data, "licence", "show", *secret))
    assert (shown.find("state"), shown.find("seat")) == ("active", 1)


def test_support_learns_nothing_of_whose_machine_it_is(
    stick: Stick, provisioned: Path, tmp_path: Path
) -> None:
    """With the licence's names, the seat's and the machine's own."""
    secret = ("--passphrase-file", str(stick.folder / "ida"), "--name", "Ida Quillfeather")
    require(stick.cloister(provisioned, "diagnostics", str(tmp_path / "b.zip"), *secret))
    content = (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = json.loads(archive.read("doctor.json"))
        members = [name for name in archive.namelist() if name != "README.txt"]
        text = b"".join(archive.read(name) for name in members)
    (licence,) = (line for line in told if line["check"] == "licence")
    assert licence["facts"]["state"] == "active"
    body = json.loads((provisioned / "licence" / "licence.json").read_bytes())["body"]
    needles = [INSTITUTION, LABEL, "Wisteria", "Marzipan", "Quillfeather", body["id"]]
    needles += [str(stick.folder), str(provisioned), "Thistlewood"]
    for needle in needles:
        assert not any(form in content for form in text_forms(needle)), needle
    for needle in (*_addresses(), *_machine_id(), "Ward"):
        assert needle.encode() not in text, needle
    for short in (socket.gethostname(), getpass.getuser()):  # may be part of another word
        assert re.search(rf"(?<![a-z_]){re.escape(short)}(?![a-z_])", text.decode()) is None, short


def _addresses() -> list[str]:
    files = Path("/sys/class/net").glob("*/address")
    found = {path.read_text().strip() for path in files} - {"", "00:00:00:00:00:00"}
    return sorted(found | {address.replace(":", "") for address in found})


def _machine_id() -> list[str]:
    try:
        return [line for line in Path("/etc/machine-id").read_text().split() if line]
    except OSError:
        return []


def test_a_request_is_written_over_nothing(stick: Stick, tmp_path: Path) -> None:
    """A slip of the pen must not cost a vault, nor the file itself."""
    data = tmp_path / "data"
    (tmp_path / "fresh").mkdir(mode=0o700)
    fresh = TEXT.replace('codes = "codes"', f'codes = "{tmp_path / "fresh"}"')
    for target in ("machine.toml", "ida", str(data / "vault.json"), "codes"):
        text = fresh.replace('request_file = "request"', f'request_file = "{target}"')
        file = private(stick.folder / "slip.toml", text)
        before = (stick.folder / "ida").read_bytes()
        said = require(stick.cloister(data, "provision", str(file)), 1)
        (line,) = {x["line"] for x in said.lines if "mistake" in x}
        assert line == 21, target
        assert (stick.folder / "ida").read_bytes() == before
    assert not data.exists()
