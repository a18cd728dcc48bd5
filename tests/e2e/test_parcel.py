"""The real program and a stick: looked at without a login, asked about, taken in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, Terminal, cloister, require


def test_nothing_comes_in_from_a_stick_without_a_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, stick, keys = tmp_path / "data", tmp_path / "stick", tmp_path / "keys"
    (tmp_path / "list.json").write_text('{"revoked": [3]}')
    wanted = f"seats@4={tmp_path / 'list.json'}"
    made = require(
        cloister(data, "parcel", "make", str(stick), "--keys", str(keys), "--revocation", wanted)
    )
    assert made.find("items") == ["revocation/seats@4"]
    named = cloister(data, "parcel", "make", str(stick), "--keys", str(keys), "--policy", "hipaa")
    assert "folder" in str(require(named, 1).find("hint"))

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    unknown = require(cloister(data, "parcel", "inspect", str(stick)), 1)
    assert unknown.find("error") == "parcel_origin_unknown"
    roots = tmp_path / "settings" / "cloister" / "parcel-roots"
    roots.mkdir(parents=True)
    shutil.copy(keys / "root.json", roots / "hospital.json")
    seen = require(cloister(data, "parcel", "inspect", str(stick)))
    assert (seen.find("item"), seen.find("here")) == ("revocation/seats@4", False)
    assert seen.find("fingerprint") == made.find("fingerprint")
    assert not data.exists()

    require(cloister(data, "init", "--name", "Anna"))
    silent = require(cloister(data, "parcel", "import", str(stick)), 1)
    assert silent.find("error") == "not_asked"
    other = cloister(data, "parcel", "import", str(stick), "--yes", "--only", "policy/none@1")
    assert "policy/none@1" in str(require(other, 1).find("sentence"))
    (stored,) = (path for path in (stick / "cloister-parcel" / "targets").rglob("*.list.json"))
    content = stored.read_bytes()
    stored.write_bytes(content[:5])
    cut = require(cloister(data, "parcel", "import", str(stick), "--yes"), 1)
    assert (cut.find("item"), cut.find("error")) == ("revocation/seats@4", "parcel_interrupted")
    stored.write_bytes(content)
    received = data / "parcels" / "received" / "revocation" / "seats@4" / "list.json"
    for answer, there in (("n", False), ("y", True)):
        terminal = Terminal("--data", str(data), "parcel", "import", str(stick))
        terminal.wait_for("Passphrase: ")
        terminal.type(f"{PASSPHRASE}\n")
        terminal.wait_for("Take this in?")
        assert "revocation/seats@4" in terminal.shown
        assert not received.exists()
        terminal.type(f"{answer}\n")
        assert terminal.status() == int(not there)
        assert received.exists() is there
