"""The institution's settings are read where each system keeps them, and only if it wrote them."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.cli.arguments import parse
from appliance.cli.output import Output
from appliance.managed import (
    LARGEST,
    MANAGED,
    MOST_VALUES,
    NO_MORE_ITEMS,
    PREFERENCES,
    REG_DWORD,
    REG_SZ,
    Preferences,
    Registry,
    SettingsUnguarded,
    TomlFile,
    content,
    folders_to,
    guarded_folder,
    managed_source,
    require_guarded,
)
from appliance.settings import NAMES, Settings, SettingsInvalid, Source, read_settings

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "managed"
NOBODY = Path("/nonexistent/settings.toml")


class RegFile:
    """A key of the registry as `reg export` writes it."""

    def __init__(self, text: str, end: int = NO_MORE_ITEMS) -> None:
        self.end = end
        self.values: list[tuple[str, object, int]] = []
        for name, word, number in re.findall(
            r'^"(\w+)"=(?:"(.*)"|dword:([0-9a-f]{8}))$', text, re.MULTILINE
        ):
            if number:
                self.values.append((name, int(number, 16), REG_DWORD))
            else:
                self.values.append((name, word.replace("\\\\", "\\"), REG_SZ))

    def value(self, index: int) -> tuple[str, object, int]:
        if index < len(self.values):
            return self.values[index]
        end = OSError("no more data")
        end.winerror = self.end  # type: ignore[attr-defined]  # only Windows has it
        raise end


def test_the_same_settings_come_from_each_system(monkeypatch: pytest.MonkeyPatch) -> None:
    toml = read_settings(NOBODY, TomlFile(VECTORS / "managed.toml", None))
    plist = read_settings(NOBODY, Preferences(VECTORS / "org.cloister.appliance.plist", None))
    registry = read_settings(NOBODY, Registry(RegFile((VECTORS / "policy.reg").read_text())))
    for found in (toml, plist, registry):
        assert (found.packs, found.file_limit_mb) == ("api", 50)
        assert found.source("packs") is Source.MANAGED
    assert registry.health_file == r"C:\ProgramData\Cloister\health.prom"
    assert dict(registry.places)["packs"] == r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Cloister"
    assert dict(plist.places)["packs"].endswith("org.cloister.appliance.plist")


@pytest.mark.parametrize(
    ("system", "source"),
    [("linux", TomlFile(MANAGED)), ("darwin", Preferences(PREFERENCES))],
)
def test_each_system_has_its_place_and_root_must_have_written_it(
    monkeypatch: pytest.MonkeyPatch, system: str, source: object
) -> None:
    monkeypatch.setattr("sys.platform", system)
    assert managed_source() == source
    assert managed_source().owner == 0  # type: ignore[attr-defined]


def test_no_variable_moves_the_institutions_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor can a person's own file say otherwise than it."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert managed_source() == TomlFile(Path("/etc/cloister/managed.toml"), 0)
    (tmp_path / "cloister").mkdir()
    (tmp_path / "cloister" / "settings.toml").write_text("lock_minutes = 15\n")
    (tmp_path / "managed.toml").write_text("lock_minutes = 3\n")
    found = read_settings(managed=tmp_path / "managed.toml")
    assert (found.lock_minutes, found.source("lock_minutes")) == (3, Source.MANAGED)


def test_where_there_is_no_key_nothing_is_managed() -> None:
    assert read_settings(NOBODY, Registry(None)) == Settings()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([("packs", b"api", 3)], "REG_SZ or REG_DWORD"),
        ([("packs", ["api"], 7)], "REG_SZ or REG_DWORD"),
        ([("pack", "api", REG_SZ)], "does not exist"),
        ([("file_limit_mb", "50", REG_SZ)], "must be a whole number"),
        ([(f"x{n}", "", REG_SZ) for n in range(MOST_VALUES + 1)], "more than"),
    ],
)
def test_a_registry_value_that_makes_no_sense_is_said(
    values: list[tuple[str, object, int]], said: str
) -> None:
    key = RegFile("")
    key.values = values
    with pytest.raises(SettingsInvalid, match=said):
        read_settings(NOBODY, Registry(key))


def test_a_registry_that_cannot_be_read_to_its_end_lifts_no_lock() -> None:
    key = RegFile((VECTORS / "policy.reg").read_text(), end=1018)  # ERROR_KEY_DELETED
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read_settings(NOBODY, Registry(key))


@pytest.mark.parametrize(
    "raw", [b"", b"bplist00\x00", b"<plist><array/></plist>", b"<", b"\x00" * 50]
)
def test_a_property_list_that_is_none_is_said(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "p.plist").write_bytes(raw)
    with pytest.raises(SettingsInvalid, match=r"p\.plist"):
        read_settings(NOBODY, Preferences(tmp_path / "p.plist", None))


def test_a_file_that_somebody_else_could_have_written_is_refused(tmp_path: Path) -> None:
    """With this user in root's place: the file, and every folder it lies in."""
    me = os.getuid()
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    file = folder / "managed.toml"
    file.write_text('packs = "api"\n')
    file.chmod(0o644)
    status = file.stat()
    with pytest.raises(SettingsUnguarded, match="does not belong to root"):
        require_guarded(file, status, me + 1)
    for bad in (0o664, 0o646):
        file.chmod(bad)
        with pytest.raises(SettingsUnguarded, match=r"managed\.toml can be written by others"):
            content(file, me)
    file.chmod(0o644)
    folder.chmod(0o777)
    with pytest.raises(SettingsUnguarded, match="can be written by others"):
        content(file, me)
    folder.chmod(0o755)
    (tmp_path / "link").mkdir(mode=0o777)
    (tmp_path / "link").chmod(0o777)
    (tmp_path / "link" / "managed.toml").symlink_to(file)
    with pytest.raises(SettingsUnguarded, match="link"):
        content(tmp_path / "link" / "managed.toml", me)


def test_what_is_no_plain_file_or_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(SettingsInvalid, match="larger"):
        content(tmp_path / "large", None)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        content(tmp_path, None)
    with pytest.raises(SettingsUnguarded, match="not a plain file"):
        content(Path("/dev/null"), 0)
    assert content(Path("/none/none"), 0) is None
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsUnguarded, match="not a plain file"):
        content(tmp_path / "pipe", 0)  # nobody waits for it


def test_that_a_file_is_missing_is_believed_only_where_nobody_else_could_take_it_away(
    tmp_path: Path,
) -> None:
    """Whoever may empty the folder would lift every lock; and a link to nowhere is no absence."""
    with pytest.raises(SettingsUnguarded, match="can be written by others than root"):
        content(tmp_path / "managed.toml", os.getuid())  # below /tmp, where everybody may write
    with pytest.raises(SettingsUnguarded, match="does not belong to root"):
        content(tmp_path / "managed.toml", os.getuid() + 1)
    assert content(tmp_path / "managed.toml", None) is None
    for place in ("managed.toml", "etc"):
        (tmp_path / place).symlink_to(tmp_path / "gone")
    for path in (tmp_path / "managed.toml", tmp_path / "etc" / "managed.toml"):
        with pytest.raises(SettingsUnguarded, match="leads nowhere"):
            content(path, 0)


def test_every_folder_on_the_way_through_links_is_looked_at(tmp_path: Path) -> None:
    """The middle one of two links decides as much as the first: who may turn it, may lock."""
    for name in ("first", "middle", "last"):
        (tmp_path / name).mkdir()
    (tmp_path / "last" / "file").write_text("")
    (tmp_path / "middle" / "link").symlink_to("../last/file")
    (tmp_path / "first" / "link").symlink_to(tmp_path / "middle" / "link")
    seen = folders_to(tmp_path / "first" / "link")
    assert {tmp_path / name for name in ("first", "middle", "last")} | {Path("/")} <= set(seen)
    assert seen[-1] == Path("/")
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(SettingsUnguarded, match="without an end"):
        folders_to(tmp_path / "round")


def test_whatever_root_lays_out_is_read_by_the_same_rule(tmp_path: Path) -> None:
    """Model signers, roots of trust and licences lie beside managed.toml."""
    assert not guarded_folder(Path("/none/none"))
    assert guarded_folder(Path("/usr/bin"))
    assert guarded_folder(tmp_path, None)
    with pytest.raises(SettingsUnguarded):
        guarded_folder(tmp_path)


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "[" + "a." * 20_000 + "a]"])
def test_a_file_that_is_nested_too_deeply_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(SettingsInvalid, match=r"m\.toml"):
        read_settings(NOBODY, tmp_path / "m.toml")


def test_no_managed_value_is_weaker_than_the_promise(tmp_path: Path) -> None:
    for text in ("lock_minutes = 600", "glass_minutes = 1440", 'airgap = "off"'):
        (tmp_path / "m.toml").write_text(text)
        with pytest.raises(SettingsInvalid):
            read_settings(NOBODY, tmp_path / "m.toml")


def test_every_setting_names_its_source_and_a_managed_one_is_locked(tmp_path: Path) -> None:
    user = tmp_path / "user.toml"
    user.write_text("file_limit_mb = 20\npage_limit = 9\n")
    found = read_settings(user, TomlFile(VECTORS / "managed.toml", None))
    by_name = {setting.name: setting for setting in found.all}
    assert tuple(by_name) == NAMES
    limit, pages, packs = by_name["file_limit_mb"], by_name["page_limit"], by_name["packs"]
    assert (limit.value, limit.locked, limit.place) == (50, True, str(VECTORS / "managed.toml"))
    assert (pages.value, pages.locked, pages.place) == (9, False, str(user))
    assert (packs.source, packs.locked) == (Source.MANAGED, True)
    assert by_name["profile"].source is Source.BUILT_IN


@pytest.mark.parametrize(
    "text",
    ['packs = "Api"', 'packs = "../x"', 'packs = "a,,b"', 'health_file = "relative"',
     'health_file = ""x', 'health_file = "/top"', 'health_file = "/a/../top"',
     'health_file = "//top"', "health_file = 'C:\\top'",
     "api_calls_per_minute = 0", "api_calls_per_minute = 6001"],
)  # fmt: skip
def test_a_managed_value_that_makes_no_sense_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(SettingsInvalid, match=r"m\.toml"):
        read_settings(NOBODY, tmp_path / "m.toml")


def test_the_packs_are_names_and_the_health_files_folder_may_be_written(tmp_path: Path) -> None:
    assert Settings(packs="api, gdpr").more_packs == ("api", "gdpr")
    assert Settings().more_packs == ()
    assert Settings(health_file=str(tmp_path / "c.prom")).written_folders == (tmp_path,)
    assert Settings(health_file=str(tmp_path / "no" / "c.prom")).written_folders == ()
    assert replace(Settings(), health_file="").written_folders == ()
    assert Settings(health_file="/" + "x" * 300 + "/c.prom").written_folders == ()


def test_the_terminal_shows_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = TomlFile(VECTORS / "managed.toml", None)
    monkeypatch.setattr("appliance.settings.managed_source", lambda: source)
    monkeypatch.setattr("appliance.settings.user_file", lambda: NOBODY)
    arguments = parse(["settings"])
    assert arguments.run(arguments, Output(as_json=False)) == 0
    shown = capsys.readouterr().out
    assert (
        f"packs = api  (managed, {VECTORS / 'managed.toml'}, locked by your institution)" in shown
    )
    assert "page_limit = 5000  (built-in)" in shown
    arguments.run(arguments, Output(as_json=True))
    assert '"setting": "packs", "value": "api", "source": "managed"' in capsys.readouterr().out
