"""Where `cloister kiosk` has the secret from that opens the vault with nobody there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.cli.arguments import parse
from appliance.cli.kiosk import CREDENTIAL, SecretOpen, _secret, kiosk
from appliance.cli.opening import NoVault
from appliance.cli.output import Output
from appliance.cli.secrets import PassphraseMissing
from appliance.kiosk import layouts
from appliance.settings import Settings, Source

SECRET = "eleven wooden boats on a lake"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "secret"
    made.write_text(f"{SECRET}\n")
    made.chmod(0o600)
    return made


def test_from_a_file_that_its_owner_alone_can_read(file: Path) -> None:
    arguments = parse(["kiosk", "--passphrase-file", str(file)])
    assert _secret(arguments) == SECRET
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(SecretOpen, match="secret"):
            _secret(arguments)


def test_from_a_descriptor(file: Path) -> None:
    with file.open("rb") as opened:
        assert _secret(parse(["kiosk", "--passphrase-fd", str(opened.fileno())])) == SECRET


def test_from_the_services_own_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    credential = tmp_path / CREDENTIAL
    credential.write_text(f"{SECRET}\nnot this\n")
    assert _secret(parse(["kiosk"])) == SECRET
    credential.write_text("")
    with pytest.raises(PassphraseMissing):
        _secret(parse(["kiosk"]))


def test_from_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with open(os.devnull) as nobody, monkeypatch.context() as patch:  # noqa: PTH123
        patch.setattr("sys.stdin", nobody)
        with pytest.raises(PassphraseMissing):
            _secret(parse(["kiosk"]))
    with pytest.raises(PassphraseMissing):
        _secret(parse(["kiosk", "--passphrase-file", str(tmp_path / "none")]))


def test_the_keyboard_begins_with_the_screens_language_unless_one_was_named() -> None:
    assert layouts(Settings(language="fr")) == ("fr", "en", "de", "es")
    assert layouts(Settings(language="system")) == ("en", "de", "es", "fr")
    named = (("kiosk_layouts", Source.MANAGED),)
    assert layouts(Settings(language="fr", kiosk_layouts="de, fr", sources=named)) == ("de", "fr")


def test_without_a_vault_there_is_no_kiosk(tmp_path: Path, file: Path) -> None:
    arguments = parse(["kiosk", "--data", str(tmp_path), "--passphrase-file", str(file)])
    with pytest.raises(NoVault):
        kiosk(arguments, Output(as_json=False))
