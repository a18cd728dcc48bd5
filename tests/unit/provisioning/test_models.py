"""Model bundles of a plan are looked into to the last byte before anything is changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.desk import Desk
from appliance.provisioning import models
from appliance.provisioning.carrying_out import Step
from appliance.provisioning.models import model_mistakes
from appliance.provisioning.plan import FileNamed, ModelAsked, Written
from appliance.provisioning.secret_files import Codes
from tests.unit.engine.bundles.folders import TRUSTED, built, unsigned
from tests.unit.provisioning.test_carrying_out import TEXT, carried_out, carrier, planned


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("built"))


@pytest.fixture
def asked(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelAsked:
    monkeypatch.setattr(models, "trusted_signers", lambda: TRUSTED)
    stick = Path(shutil.copytree(whole, tmp_path / "stick"))
    return ModelAsked(20, Written("tiny@1", 21), FileNamed(stick, 22), False, "unknown", "unknown")


def said(asked: ModelAsked, data: Path) -> list[tuple[int, str]]:
    return [(one.line, one.sentence) for one in model_mistakes([asked], data)]


def test_a_whole_signed_bundle_is_no_mistake_and_nothing_is_copied(
    asked: ModelAsked, tmp_path: Path
) -> None:
    (asked.folder.path / "autorun.inf").write_text("x")
    assert said(asked, tmp_path) == []
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("file", ["params_shard_0.bin", "tokenizer.json", "manifest.json"])
def test_one_bit_is_found_before_anything_is_changed(
    asked: ModelAsked, tmp_path: Path, file: str
) -> None:
    path = asked.folder.path / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert [line for line, _ in said(asked, tmp_path)] == [22]


def test_another_model_than_the_plan_names_is_a_mistake(asked: ModelAsked, tmp_path: Path) -> None:
    assert said(replace(asked, model=Written("tiny@2", 21)), tmp_path) == [
        (21, "The bundle named here is tiny@1.")
    ]


def test_a_bundle_that_is_not_there_or_not_signed_is_a_mistake(
    asked: ModelAsked, tmp_path: Path
) -> None:
    (asked.folder.path / "manifest.sig").unlink()
    assert "not signed" in said(asked, tmp_path)[0][1]
    shutil.rmtree(asked.folder.path)
    assert "no folder" in said(asked, tmp_path)[0][1]


def test_a_disk_without_room_is_a_mistake(
    asked: ModelAsked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert [line for line, _ in said(asked, tmp_path)] == [20]


def test_an_unsigned_model_is_installed_once_under_the_name_of_the_plan(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    folder = unsigned(tmp_path)
    more = f'[[models]]\nmodel = "own@3"\nfolder = "{folder}"\ntrust_unsigned = true\n'
    plan = planned(tmp_path, TEXT + more)
    assert not list(model_mistakes(plan.models, desk.place.data))
    assert Step("model", 14) in carried_out(carrier(desk, plan), plan)
    assert (desk.place.data / "models" / "own@3" / "manifest.json").is_file()
    shutil.rmtree(folder)  # the stick is not needed for the next run
    assert carried_out(carrier(desk, plan), plan) == []
