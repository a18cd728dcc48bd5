"""A model is installed whole or not at all, and only if somebody answers for it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from appliance.engine.bundles import copying, store
from appliance.engine.bundles.manifest import Signed
from appliance.engine.bundles.opening import open_chat_bundle, verify
from appliance.engine.bundles.store import Acceptance, install, list_models, remove
from appliance.engine.errors import (
    BundleUntrusted,
    FamilyUnsupported,
    ModelDamaged,
    ModelMissing,
)
from appliance.errors import StorageFull, UsageError
from appliance.vault.signers import SignerKey
from tests.unit.engine.bundles.folders import TRUSTED, V3, built, unsigned

ACCEPTED = Acceptance(by="Ina Iversen", on="2026-11-25T12:00:00+00:00", name="foreign")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("built"))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "stick"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def put(bundle: Path, models: Path, acceptance: Acceptance | None = None) -> Signed:
    return install(bundle, models, TRUSTED, acceptance)


def held(models: Path) -> list[str]:
    return sorted(path.name for path in models.iterdir()) if models.exists() else []


def test_a_signed_bundle_is_installed_under_its_name(bundle: Path, models: Path) -> None:
    signed = put(bundle, models)
    assert (signed.manifest.id, signed.signer) == ("tiny@1", "The institution")
    assert held(models) == ["tiny@1"]
    assert verify(models / "tiny@1", TRUSTED) == signed
    (entry,) = list_models(models)
    assert entry.manifest == signed.manifest


def test_installed_files_belong_to_their_owner_alone(bundle: Path, models: Path) -> None:
    put(bundle, models)
    modes = {path.stat().st_mode & 0o077 for path in models.rglob("*")}
    assert modes == {0}


def test_what_the_manifest_does_not_name_stays_on_the_stick(bundle: Path, models: Path) -> None:
    (bundle / "autorun.inf").write_text("x")
    put(bundle, models)
    assert not (models / "tiny@1" / "autorun.inf").exists()


def test_the_same_version_is_not_installed_over(bundle: Path, models: Path) -> None:
    put(bundle, models)
    with pytest.raises(UsageError, match="installed already"):
        put(bundle, models)


def test_a_stranger_s_bundle_is_refused(bundle: Path, models: Path) -> None:
    with pytest.raises(BundleUntrusted, match="not trusted"):
        install(bundle, models, (SignerKey.generate().public("Somebody"),))
    assert held(models) == []


@pytest.mark.parametrize("name", ["params_shard_0.bin", "tokenizer.json", "lib/x86-64-v3.so"])
def test_a_damaged_bundle_leaves_nothing(bundle: Path, models: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[3] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(ModelDamaged):
        put(bundle, models)
    assert held(models) == []


def test_a_file_cut_short_or_missing_leaves_nothing(bundle: Path, models: Path) -> None:
    path = bundle / "params_shard_0.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelDamaged):
        put(bundle, models)
    path.unlink()
    with pytest.raises(ModelDamaged, match="missing"):
        put(bundle, models)
    assert held(models) == []


def test_a_forged_manifest_is_refused_even_by_who_accepts_unsigned_ones(
    bundle: Path, models: Path
) -> None:
    path = bundle / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"tiny"', b'"tidy"'))
    with pytest.raises(ModelDamaged, match="does not verify"):
        put(bundle, models, ACCEPTED)


def test_a_disk_without_room_is_said_before_anything_is_copied(
    bundle: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(bundle)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=store.SPARE))
    monkeypatch.setattr(store, "copy_verified", None)  # is not called
    with pytest.raises(StorageFull, match="GB; the disk has"):
        put(bundle, models)
    assert held(models) == []


def test_a_disk_that_fills_up_leaves_nothing(
    bundle: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def full(descriptor: int, data: bytes) -> int:
        nonlocal written
        written += len(data)
        if written > 5_000:
            raise OSError(errno.ENOSPC, "full")
        return os.write(descriptor, data)

    monkeypatch.setattr(copying, "_write", lambda d, piece: [full(d, piece[:512]), full(d, piece)])
    with pytest.raises(StorageFull, match="was not installed"):
        put(bundle, models)
    assert held(models) == []


class Killed(BaseException):
    """Stands for a kill: nothing after it runs but the next start."""


def test_what_a_kill_left_is_no_model_and_is_swept_away(
    bundle: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> NoReturn:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(store, "verify", killed)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            put(bundle, models)
    assert held(models)[0].startswith(".incoming-")
    assert list_models(models) == ()
    put(bundle, models)
    assert held(models) == ["tiny@1"]


def test_an_unsigned_bundle_needs_somebody_who_accepts_it(tmp_path: Path, models: Path) -> None:
    folder = unsigned(tmp_path)
    with pytest.raises(BundleUntrusted, match="not signed") as caught:
        put(folder, models)
    assert "--trust-unsigned" in caught.value.next_step
    signed = put(folder, models, ACCEPTED)
    assert signed.signer == ""
    assert signed.manifest.accepted_by == "Ina Iversen"
    installed = models / "foreign@1"
    assert not (installed / "README.md").exists()
    assert not (installed / "manifest.sig").exists()
    verify(installed, TRUSTED, {"foreign@1": signed.sha256})


def test_only_the_manifest_that_was_accepted_is_believed(tmp_path: Path, models: Path) -> None:
    put(unsigned(tmp_path), models, ACCEPTED)
    for known in ({}, {"foreign@1": "0" * 64}):
        with pytest.raises(BundleUntrusted, match="not the one that was accepted"):
            open_chat_bundle(
                models / "foreign@1", V3, 1 << 40, trusted=TRUSTED, accepted=known, shards=False
            )


def test_an_unsigned_bundle_brings_no_code(whole: Path, tmp_path: Path, models: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "stick"))
    (folder / "manifest.sig").unlink()
    signed = put(folder, models, ACCEPTED)
    assert signed.manifest.libraries == ()
    assert not (models / "foreign@1" / "lib").exists()


def test_an_unsigned_bundle_is_checked_by_its_own_hashes(tmp_path: Path, models: Path) -> None:
    folder = unsigned(tmp_path)
    path = folder / "params_shard_0.bin"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelDamaged, match="params_shard_0"):
        put(folder, models, ACCEPTED)
    assert held(models) == []


def test_an_unsigned_bundle_that_cannot_be_run_is_refused_before_it_is_copied(
    tmp_path: Path, models: Path
) -> None:
    folder = unsigned(tmp_path)
    path = folder / "mlc-chat-config.json"
    path.write_text(path.read_text().replace('"llama"', '"mamba"'))
    with pytest.raises(FamilyUnsupported, match="mamba"):
        put(folder, models, ACCEPTED)
    assert held(models) == []


def test_an_unsigned_bundle_without_a_tokenizer_is_refused(tmp_path: Path, models: Path) -> None:
    folder = unsigned(tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelMissing, match=r"tokenizer\.json"):
        put(folder, models, ACCEPTED)


def test_an_unsigned_bundle_s_name_is_bounded(tmp_path: Path, models: Path) -> None:
    with pytest.raises(UsageError, match="cannot be a model's name"):
        put(unsigned(tmp_path), models, Acceptance("Ina", ACCEPTED.on, name="../x"))


def test_a_model_is_removed_by_its_name(bundle: Path, models: Path) -> None:
    put(bundle, models)
    with pytest.raises(ModelMissing, match="installed: tiny@1"):
        remove(models, "other")
    assert remove(models, "tiny") == "tiny@1"
    assert held(models) == []
    with pytest.raises(ModelMissing, match="installed: none"):
        remove(models, "tiny")


def test_a_name_that_two_versions_have_is_not_enough(bundle: Path, models: Path) -> None:
    put(bundle, models)
    (models / "tiny@2").mkdir()
    with pytest.raises(UsageError, match="Several models"):
        remove(models, "tiny")
    assert remove(models, "tiny@1") == "tiny@1"


def test_a_folder_that_is_no_model_is_listed_with_its_problem(bundle: Path, models: Path) -> None:
    put(bundle, models)
    (models / "tiny@1").rename(models / "other@1")
    (models / "empty@1").mkdir()
    problems = {entry.id: entry.problem for entry in list_models(models)}
    assert "missing" in problems["empty@1"]
    assert "tiny@1" in problems["other@1"]


def test_no_folder_is_no_models(models: Path) -> None:
    assert list_models(models) == ()
    with pytest.raises(ModelMissing):
        put(models / "nowhere", models)
