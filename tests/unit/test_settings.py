from __future__ import annotations

from pathlib import Path

import pytest

from appliance.settings import SettingsInvalid, Source, read_settings


def test_managed_wins_over_user_and_each_value_knows_its_source(tmp_path: Path) -> None:
    user, managed = tmp_path / "user.toml", tmp_path / "managed.toml"
    user.write_text('profile = "standard"\nfile_limit_mb = 50\n')
    managed.write_text('airgap = "warn"\nprofile = "fips"\n')
    settings = read_settings(user, managed)
    assert (settings.airgap, settings.profile) == ("warn", "fips")
    assert settings.source("airgap") is Source.MANAGED
    assert settings.source("profile") is Source.MANAGED
    assert settings.file_limit_mb == 50
    assert settings.source("file_limit_mb") is Source.USER
    assert settings.source("page_limit") is Source.BUILT_IN


def test_only_the_institution_can_lower_the_air_gap(tmp_path: Path) -> None:
    user = tmp_path / "user.toml"
    user.write_text('airgap = "warn"\n')
    with pytest.raises(SettingsInvalid, match=r"user\.toml.*institution"):
        read_settings(user, tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text",
    [
        "airgap = ",
        'airgap = "of"',
        "airgap = 1",
        'airgapp = "warn"',
        "file_limit_mb = true",
        "file_limit_mb = -1",
        "file_limit_mb = 201",
        "page_limit = 5001",
        'file_limit_mb = "5"',
        "sources = []",
    ],
)
def test_a_setting_that_makes_no_sense_is_said_with_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "user.toml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match=r"user\.toml"):
        read_settings(path, tmp_path / "none.toml")


def test_no_files_means_the_built_in_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "a", tmp_path / "b").airgap == "required"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('gpu = "on"', "must be one of off, auto"),
        ("gpu = true", "must be a text, in quotes"),
        ("context_tokens = 2047", "at least 2,048"),
        ("context_tokens = 1000001", "at most 1,000,000"),
    ],
)
def test_how_the_model_runs_is_bounded(tmp_path: Path, text: str, wrong: str) -> None:
    managed = tmp_path / "managed.toml"
    managed.write_text(text)
    with pytest.raises(SettingsInvalid, match=wrong):
        read_settings(tmp_path / "none.toml", managed)


@pytest.mark.parametrize("text", ['gpu = "auto"', "context_tokens = 4096"])
def test_how_the_model_runs_is_for_the_institution_to_say(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match="institution"):
        read_settings(path, tmp_path / "none.toml")
    settings = read_settings(tmp_path / "none.toml", path)
    assert text.split(" = ")[1].strip('"') in (settings.gpu, str(settings.context_tokens))
    assert (read_settings(tmp_path / "a", tmp_path / "b").gpu, Source.BUILT_IN) == (
        "off",
        settings.source("model"),
    )
