"""Nothing of a bundle is loaded that is not exactly what its manifest names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.encoder import bundle
from appliance.engine.encoder.bundle import LEVELS, open_bundle, read_manifest, read_tokenizer
from appliance.engine.errors import BundleDamaged, BundleMissing, MachineUnsupported
from appliance.errors import EngineFailed

V4, V3 = (sorted(features) for _, features in LEVELS)


def test_a_whole_bundle_opens_and_names_its_weights(bundle_folder: Path) -> None:
    opened = open_bundle(bundle_folder)
    name, _, prefix = opened.manifest.model.partition("@")
    assert name == "all-MiniLM-L6-v2"
    assert len(prefix) == 12
    assert opened.manifest.weights.startswith(prefix)


def test_the_best_library_the_processor_can_run_is_chosen(bundle_folder: Path) -> None:
    assert open_bundle(bundle_folder, V4).level == "x86-64-v4"
    assert open_bundle(bundle_folder, V3).level == "x86-64-v3"
    assert open_bundle(bundle_folder, [*V3, "avx512f"]).level == "x86-64-v3"


def test_a_processor_without_avx2_is_told_so(bundle_folder: Path) -> None:
    with pytest.raises(MachineUnsupported, match="lacks: avx2 fma") as caught:
        open_bundle(bundle_folder, [f for f in V3 if f not in ("avx2", "fma")])
    assert "AVX2" in caught.value.next_step
    assert isinstance(caught.value, EngineFailed)


def damaged(folder: Path, name: str) -> None:
    with pytest.raises(BundleDamaged, match=name):
        open_bundle(folder)


@pytest.mark.parametrize(
    "name", ["params.bin", "tokenizer.json", "lib/x86-64-v3.so", "runtime/libtvm_runtime.so"]
)
def test_a_changed_byte_is_found(linked_bundle: Path, name: str) -> None:
    path = linked_bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    damaged(linked_bundle, name)


def test_a_file_cut_short_is_found(linked_bundle: Path) -> None:
    path = linked_bundle / "lib/x86-64-v4.so"
    content = path.read_bytes()[:-1]
    path.unlink()
    path.write_bytes(content)
    damaged(linked_bundle, "x86-64-v4.so")


def test_a_missing_file_is_found(linked_bundle: Path) -> None:
    (linked_bundle / "lib/x86-64-v4.so").unlink()
    damaged(linked_bundle, "x86-64-v4.so")


def test_a_file_too_many_is_found(linked_bundle: Path) -> None:
    (linked_bundle / "lib" / "extra.so").write_bytes(b"\x7fELF")
    damaged(linked_bundle, "does not name: lib/extra.so")


def test_two_swapped_libraries_are_found(linked_bundle: Path) -> None:
    v3, v4 = (linked_bundle / "lib" / f"x86-64-{v}.so" for v in ("v3", "v4"))
    target = v3.readlink()
    v3.unlink()
    v3.symlink_to(v4.readlink())
    v4.unlink()
    v4.symlink_to(target)
    damaged(linked_bundle, "x86-64-v3.so")


def test_a_folder_without_manifest_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        open_bundle(tmp_path)


def rewritten(folder: Path, **changes: object) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes()) | changes
    path.unlink()
    path.write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "", "a\\b"])
def test_a_manifest_that_leads_out_of_the_bundle_is_refused(linked_bundle: Path, path: str) -> None:
    entry = {"path": path, "size": 1, "sha256": "0" * 64}
    with pytest.raises(BundleDamaged, match="not in order"):
        open_bundle(rewritten(linked_bundle, files=[entry]))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "cloister-encoder/2"},
        {"name": 3},
        {"files": []},
        {"files": [{"path": "a"}]},
        {"files": [{"path": "a", "size": -1, "sha256": "0" * 64}]},
        {"files": [{"path": "a", "size": 1, "sha256": "0" * 64}] * 2},
        {"files": 7},
        {"weights": "0" * 300},
    ],
)
def test_a_manifest_of_another_form_is_refused(
    linked_bundle: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(BundleDamaged):
        open_bundle(rewritten(linked_bundle, **changes))


def test_a_manifest_that_forgets_the_runtime_is_refused(linked_bundle: Path) -> None:
    files = json.loads((linked_bundle / "manifest.json").read_bytes())["files"]
    kept = [f for f in files if not f["path"].startswith("runtime")]
    with pytest.raises(BundleDamaged, match="does not name runtime"):
        open_bundle(rewritten(linked_bundle, files=kept))


@given(content=st.binary(max_size=300) | st.just(b"[" * 100_000) | st.just(b" " * 1_000_002))
def test_any_bytes_for_a_manifest_give_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleDamaged):
        read_manifest(folder)


def test_a_changed_vocabulary_is_not_read(linked_bundle: Path) -> None:
    path = linked_bundle / "tokenizer.json"
    content = path.read_bytes().replace(b"warf", b"warg", 1)
    path.unlink()
    path.write_bytes(content + b" ")
    with pytest.raises(BundleDamaged):
        read_tokenizer(linked_bundle)


def test_a_packaged_program_brings_its_encoder_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "manifest.json").write_text("{}")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "cloister"))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert bundle.default_encoder_folder() == tmp_path / "encoder"
