"""Which of the installed language models is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance import language_model
from appliance.audit import Log
from appliance.cli.model import without_one
from appliance.clock import now
from appliance.engine.bundles import store
from appliance.engine.bundles.manifest import MANIFEST, Manifest, manifest_bytes
from appliance.engine.chat import client
from appliance.engine.chat.preflight import NoGpu
from appliance.engine.errors import ModelMissing
from appliance.errors import EngineFailed
from appliance.language_model import chosen, host_of
from appliance.settings import Settings, SettingsInvalid, read_settings


def install(models: Path, name: str, version: str, moment: int) -> Path:
    """What list_models knows a model by; nothing is opened here."""
    manifest = Manifest(
        name, version, "llama", "q4f16_1", 2048, 1, "MIT", "x", "2026-01-01T00:00:00+00:00", ()
    )
    folder = models / manifest.id
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_bytes(manifest_bytes(manifest))
    os.utime(folder, (moment, moment))
    return folder


def test_without_a_model_there_is_none_to_use(tmp_path: Path) -> None:
    assert chosen(tmp_path / "models", "") is None


def test_the_one_installed_last_is_used_unless_another_is_named(tmp_path: Path) -> None:
    older, newer = install(tmp_path, "b", "1", 1000), install(tmp_path, "a", "1", 2000)
    assert [entry.id for entry in store.list_models(tmp_path)] == ["a@1", "b@1"]
    assert chosen(tmp_path, "") == newer
    assert chosen(tmp_path, "b") == chosen(tmp_path, "b@1") == older


def test_one_that_is_named_and_not_there_is_said(tmp_path: Path) -> None:
    install(tmp_path, "a", "1", 1000)
    with pytest.raises(ModelMissing, match="no model c"):
        chosen(tmp_path, "c")


def test_a_model_that_is_not_in_order_is_passed_over(tmp_path: Path) -> None:
    whole, broken = install(tmp_path, "a", "1", 1000), install(tmp_path, "b", "1", 2000)
    (broken / MANIFEST).write_bytes(b"{}")
    os.utime(broken, (2000, 2000))
    assert chosen(tmp_path, "") == whole


def test_only_the_institution_names_the_model(tmp_path: Path) -> None:
    user, managed = tmp_path / "user.toml", tmp_path / "managed.toml"
    managed.write_text('model = "a@1"\n')
    assert read_settings(user, managed).model == "a@1"
    user.write_text('model = "b"\n')
    with pytest.raises(SettingsInvalid, match=r"user\.toml.*institution"):
        read_settings(user, managed)


@pytest.mark.parametrize(("gpu", "looked"), [("off", 0), ("auto", 1)])
def test_a_driver_is_touched_only_where_the_institution_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: str, looked: int
) -> None:
    looks: list[None] = []

    def probe() -> NoGpu:
        looks.append(None)
        return NoGpu("the driver does not answer")

    monkeypatch.setattr(language_model, "probe", probe)
    log = Log.create(tmp_path / "audit", "ward.example/desk", bytes(32), now)
    host = host_of(tmp_path / "none@1", log, Settings(gpu=gpu))
    with pytest.raises(EngineFailed):
        host.wait(lambda: None)
    assert len(looks) == looked
    assert bool(host.note) is bool(looked)
    host.close()
    log.close()


@pytest.mark.parametrize("arithmetic", ["fast", "exact"])
def test_the_institution_s_arithmetic_reaches_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arithmetic: str
) -> None:
    managed = tmp_path / "managed.toml"
    managed.write_text(f'arithmetic = "{arithmetic}"\ncontext_tokens = 4096\n')
    started: list[Sequence[str]] = []

    def noted(command: Sequence[str], *_: object) -> None:
        started.append(command)
        raise EngineFailed("Nothing is started here.")

    monkeypatch.setattr(client, "HostProcess", noted)
    log = Log.create(tmp_path / "audit", "ward.example/desk", bytes(32), now)
    host = host_of(tmp_path / "a@1", log, read_settings(tmp_path / "user.toml", managed))
    with pytest.raises(EngineFailed, match="Nothing is started"):
        host.wait(lambda: None)
    folder = os.fspath(tmp_path / "a@1")
    assert list(started[0][-5:]) == [folder, "cpu", "", "4096", arithmetic]
    host.close()
    log.close()


@pytest.mark.parametrize(
    ("wanted", "said"), [("", "word for word"), ("composer", "writes answers"), ("m@1", "name m@1")]
)
def test_the_list_of_models_says_what_answers_are_like_without_one(wanted: str, said: str) -> None:
    assert said in without_one(wanted)
