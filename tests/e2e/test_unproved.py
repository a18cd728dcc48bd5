"""Where the institution lets the program open without the proof, every command says so."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from appliance.app import Appliance
from appliance.cli import opening
from appliance.cli.arguments import Arguments
from appliance.cli.doctor import doctor
from appliance.errors import CloisterError
from appliance.settings import Settings, Source
from appliance.values import AirgapReport
from tests.unit.memory.material import NOON


def test_a_command_warns_where_the_air_gap_is_not_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vault.json").write_text("{}")
    settings = Settings(airgap="warn", sources=(("airgap", Source.MANAGED),))
    unproved = Appliance(tmp_path, settings, AirgapReport("linux", (), (), NOON))
    monkeypatch.setattr(opening, "open_appliance", lambda *_, **__: unproved)
    arguments = Arguments(doctor, tmp_path, False, "", None, None, Namespace())
    with pytest.raises(CloisterError), opening.unlocked(arguments, passphrase="x"):
        raise AssertionError("a vault that is none was opened")
    assert "not proved" in capsys.readouterr().err
