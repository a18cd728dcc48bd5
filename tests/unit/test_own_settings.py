"""A person changes what is theirs to set, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import StorageReadOnly
from appliance.own_settings import OwnSettings, SettingLocked
from appliance.settings import MANAGED_ONLY, Settings, SettingsInvalid, read_settings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnSettings]:
    made = OwnSettings.opened(tmp_path / "cloister" / "settings.toml")
    yield made
    made.close()


def test_a_value_is_set_changed_and_taken_away(own: OwnSettings) -> None:
    own.change("lock_minutes", " 5 ")
    own.change("profile", "fips")
    assert own.path.read_text() == 'lock_minutes = 5\nprofile = "fips"\n'
    own.change("lock_minutes", "12")
    own.change("profile", "")
    assert own.path.read_text() == "lock_minutes = 12\n"
    shown = {one.name: one for one in own.shown(Settings())}
    assert (shown["lock_minutes"].value, shown["lock_minutes"].in_force) == (12, 10)
    assert (shown["lock_minutes"].source, shown["lock_minutes"].most) == ("user", 15)
    assert shown["profile"].choices == ("standard", "fips")
    assert not shown["profile"].locked


def test_what_a_person_typed_beside_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# my own\n\n  \"page_limit\"= 100 # short\nprofile = 'fips'")
    own = OwnSettings.opened(path)
    own.change("page_limit", "99")
    own.change("file_limit_mb", "7")
    own.close()
    assert path.read_text() == "# my own\n\npage_limit = 99\nprofile = 'fips'\nfile_limit_mb = 7\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("lock_minutes", "16", "must be at most 15"),
        ("lock_minutes", "0", "must be above zero"),
        ("lock_minutes", "-3", "must be above zero"),
        ("lock_minutes", "soon", "must be a whole number"),
        ("lock_minutes", "9" * 40, "must be a whole number"),
        ("profile", 'fips"\nairgap = "warn', "must be one of standard, fips"),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence(
    own: OwnSettings, name: str, text: str, said: str
) -> None:
    own.change("page_limit", "100")
    with pytest.raises(SettingsInvalid, match=said) as refused:
        own.change(name, text)
    assert refused.value.next_step == "Give another value; what was set before stays."
    assert own.path.read_text() == "page_limit = 100\n"


@pytest.mark.parametrize("name", [*sorted(MANAGED_ONLY), "no_such_setting", "places"])
def test_what_is_the_institutions_is_refused(own: OwnSettings, name: str) -> None:
    with pytest.raises(SettingLocked):
        own.change(name, "warn")
    assert own.path.read_text() == ""
    assert all(one.locked for one in own.shown(Settings()) if one.name in MANAGED_ONLY)


def test_a_file_that_was_replaced_meanwhile_is_not_written_past(own: OwnSettings) -> None:
    other = own.path.with_name("other")
    other.write_text("page_limit = 3\n")
    other.replace(own.path)
    with pytest.raises(StorageReadOnly, match="was replaced"):
        own.change("page_limit", "4")
    assert own.path.read_text() == "page_limit = 3\n"


def test_a_file_that_cannot_be_opened_is_said_when_something_is_changed(tmp_path: Path) -> None:
    (tmp_path / "cloister").write_text("in the way")
    own = OwnSettings.opened(tmp_path / "cloister" / "settings.toml")
    assert own.path.parent.is_file()
    with pytest.raises((StorageReadOnly, SettingsInvalid)):
        own.change("lock_minutes", "5")


def test_what_is_spread_over_lines_is_left_to_a_text_editor(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = 'profile = """\nfips"""\n'
    path.write_text(text)
    own = OwnSettings.opened(path)
    with pytest.raises(SettingsInvalid, match="not changed here"):
        own.change("profile", "standard")
    own.close()
    assert path.read_text() == text
    assert read_settings(path, tmp_path / "none").profile == "fips"


def test_a_settings_file_is_for_its_owner_alone(own: OwnSettings) -> None:
    assert own.path.stat().st_mode & 0o777 == 0o600
