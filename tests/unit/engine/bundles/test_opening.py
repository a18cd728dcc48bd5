"""Whatever is wrong with a model is said before any of it is loaded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.bundles import libraries
from appliance.engine.bundles.manifest import parse_manifest, signature_bytes
from appliance.engine.bundles.opening import ChatBundle, open_chat_bundle, verify
from appliance.engine.errors import (
    BundleUntrusted,
    ConfigurationInvalid,
    FamilyUnsupported,
    FormatUnsupported,
    MachineUnsupported,
    MemoryShort,
    ModelDamaged,
    ModelMissing,
)
from appliance.engine.mlc.index import index_file, read_index
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.architecture import Format
from appliance.engine.running.budget import RESERVE, workspace_bytes
from appliance.errors import CloisterError
from appliance.vault.canonical import canonical_json, read_json
from appliance.vault.signers import SignerKey
from tests.unit.engine.bundles.folders import KEY, TRUSTED, V3, built

PLENTY = 1 << 40
VNNI = (*V3, *"avx512f avx512bw avx512cd avx512dq avx512vl avx512_vnni".split())


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("built"), targets=("cpu", "cuda"))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


def opened(
    folder: Path, features: Sequence[str] = V3, memory: int = PLENTY, *, shards: bool = True
) -> ChatBundle:
    return open_chat_bundle(folder, features, memory, trusted=TRUSTED, shards=shards)


def signed_anew(folder: Path, **changed: object) -> Path:
    """With other words in the manifest, properly signed, and the hashes of the files that are
    there now."""
    path = folder / "manifest.json"
    manifest: Any = read_json(path.read_bytes())
    for entry in manifest["files"]:
        content = (folder / entry["path"]).read_bytes()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    manifest |= changed
    path.write_bytes(canonical_json(manifest))
    (folder / "manifest.sig").write_bytes(signature_bytes(path.read_bytes(), KEY))
    return folder


def configured(folder: Path, **changed: object) -> Path:
    """With another mlc-chat-config.json, properly signed."""
    path = folder / "mlc-chat-config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    return signed_anew(folder)


def test_a_whole_bundle_says_what_it_is(whole: Path) -> None:
    found = opened(whole)
    assert found.manifest.id == "tiny@1"
    assert (found.architecture.family, found.format) == ("llama", Format.Q4F16_1)
    assert found.signer == "The institution"
    assert found.read("tokenizer.json", 10_000) == (whole / "tokenizer.json").read_bytes()
    assert found.read("chat_template.jinja", 10_000) == b""
    assert found.chat.ends == (2,)
    assert found.manifest.licence == "Apache-2.0"
    weights = read_weights(found.folder, found.architecture, found.format, found.manifest.sha256)
    assert "embed" in weights.stored


def test_the_best_library_the_processor_can_run_is_chosen(whole: Path) -> None:
    assert opened(whole).level == "x86-64-v3"
    assert opened(whole, features=VNNI).library == whole / "lib" / "x86-64-v4-vnni.so"
    assert opened(whole, features=VNNI[:-1]).level == "x86-64-v3"
    assert opened(whole, features=("asimd", "asimddp")).level == "aarch64-dotprod"
    assert opened(whole).code_for("cuda").path == whole / "lib" / "cuda.so"


def test_a_device_without_code_in_the_bundle_is_named(whole: Path) -> None:
    with pytest.raises(MachineUnsupported, match="metal"):
        opened(whole).code_for("metal")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    for level in libraries.LEVELS:
        (folder / f"{level}.so").write_text(level)
    libraries.write_hashes(folder, libraries.LEVELS)
    monkeypatch.setattr(libraries, "program_libraries", lambda: folder)
    return folder


def test_a_processor_that_runs_nothing_of_it_is_told_what_it_lacks(
    whole: Path, program: Path
) -> None:
    with pytest.raises(MachineUnsupported, match="lacks: avx2 fma"):
        opened(whole, features=[feature for feature in V3 if feature not in ("avx2", "fma")])


def test_a_bundle_without_code_runs_on_the_programs(tmp_path: Path, program: Path) -> None:
    found = opened(built(tmp_path, targets=()))
    assert found.library == program / "x86-64-v3.so"
    (program / "x86-64-v3.so").write_text("other")
    with pytest.raises(ModelDamaged, match=r"x86-64-v3\.so of the program"):
        opened(found.folder)


@pytest.mark.parametrize(
    ("machine", "levels"),
    [
        ("x86_64", ("x86-64-v4-vnni", "x86-64-v3")),
        ("aarch64", ("aarch64-dotprod",)),
        ("riscv64", ()),
    ],
)
def test_a_build_machine_links_for_its_own_kind(machine: str, levels: tuple[str, ...]) -> None:
    assert libraries.buildable_levels(machine) == levels


def test_too_little_memory_is_said_with_figures(whole: Path) -> None:
    least = opened(whole, memory=opened(whole).memory).memory
    assert opened(whole, memory=least).memory == least
    with pytest.raises(MemoryShort):
        opened(whole, memory=least - 1)
    with pytest.raises(MemoryShort, match=r"needs about 0\.3 GB of memory; 0\.1 GB"):
        opened(whole, memory=100_000_000)


def test_the_estimate_is_what_the_cache_is_made_from(whole: Path) -> None:
    found = opened(whole, memory=1 << 40)
    size = read_index(whole).size_in_memory
    assert (found.budget.context, found.budget.cache_tokens) == (128, 4 * 128)
    cache = 512 * 2 * 2 * 2 * 32 * 2  # tokens, k and v, layers, heads, padded size, bytes
    a = found.architecture
    assert found.memory - cache - workspace_bytes(a) - RESERVE in range(size, 2 * size + 1)


@pytest.mark.parametrize("device", ["", "cuda"])
def test_the_runtime_beside_the_programs_libraries_is_verified(program: Path, device: str) -> None:
    for name in ("libtvm_runtime.so", "libtvm_runtime_cuda.so"):
        (program / name).write_text(name)
    libraries.write_hashes(program, libraries.LEVELS)
    assert libraries.levels_in(program) == tuple(libraries.LEVELS)
    assert libraries.verified_runtime(program, device) == program / "libtvm_runtime.so"
    changed = program / f"libtvm_runtime{'_' if device else ''}{device}.so"
    changed.write_text("other")
    with pytest.raises(ModelDamaged, match=changed.name):
        libraries.verified_runtime(program, device)


def test_without_a_runtime_for_the_device_it_is_said(program: Path) -> None:
    (program / "libtvm_runtime.so").write_text("runtime")
    libraries.write_hashes(program, libraries.LEVELS)
    with pytest.raises(MachineUnsupported, match="no runtime for cuda"):
        libraries.verified_runtime(program, "cuda")


@pytest.mark.parametrize("name", ["params_shard_0.bin", "tokenizer.json", "lib/x86-64-v3.so"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(ModelDamaged, match=name):
        opened(bundle)


@pytest.mark.parametrize("name", ["more.bin", "lib/other.so", ".hidden", "lib/deep/er.so"])
def test_a_file_too_many_is_named(bundle: Path, name: str) -> None:
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_bytes(b"x")
    with pytest.raises(ModelDamaged, match=f"does not name: {name}"):
        opened(bundle)


def test_a_link_in_place_of_a_file_is_refused(bundle: Path) -> None:
    path = bundle / "tokenizer.json"
    path.rename(bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")
    with pytest.raises(ModelDamaged):
        opened(bundle)


def test_shards_may_be_left_to_whoever_reads_them(bundle: Path) -> None:
    path = bundle / "params_shard_0.bin"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelDamaged, match="params_shard_0"):
        opened(bundle)
    found = opened(bundle, shards=False)
    with pytest.raises(ModelDamaged, match="params_shard_0"):
        read_weights(bundle, found.architecture, found.format, found.manifest.sha256)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_file_that_changes_after_it_was_verified_is_not_read(bundle: Path, name: str) -> None:
    found = opened(bundle)
    (bundle / name).write_bytes((bundle / name).read_bytes() + b" ")
    with pytest.raises(ModelDamaged, match=name):
        found.read(name, 10_000)


def test_an_index_that_changes_after_it_was_verified_is_not_read_again(bundle: Path) -> None:
    found = opened(bundle)
    index_file(bundle).write_text("{}")
    sha256 = found.manifest.sha256
    weights = read_weights(bundle, found.architecture, found.format, sha256, found.index)
    assert "embed" in weights.stored


def test_a_signer_who_is_not_trusted_is_refused(whole: Path) -> None:
    stranger = (SignerKey.generate().public("A stranger"),)
    with pytest.raises(BundleUntrusted, match="not trusted"):
        open_chat_bundle(whole, V3, PLENTY, trusted=stranger)


def test_without_a_signature_nothing_is_believed(bundle: Path) -> None:
    (bundle / "manifest.sig").unlink()
    with pytest.raises(BundleUntrusted, match="not signed"):
        opened(bundle)


def test_a_folder_without_a_manifest_is_no_installed_model(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()
    with pytest.raises(BundleUntrusted, match="not signed"):
        opened(bundle)
    with pytest.raises(ModelMissing):
        opened(bundle.parent)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda b: configured(b, model_type="mamba"), FamilyUnsupported),
        (lambda b: configured(b, quantization="q3f16_1"), FormatUnsupported),
        (lambda b: configured(b, quantization=None), FormatUnsupported),
        (lambda b: configured(b, quantization="q4f32_1"), ModelDamaged),
        (lambda b: configured(b, model_config=[]), ConfigurationInvalid),
        (lambda b: configured(b, eos_token_id="two"), ModelDamaged),
        (lambda b: configured(b, temperature="hot"), ModelDamaged),
        (lambda b: configured(b, context_window_size=64), ModelDamaged),
        (lambda b: signed_anew(b, family="qwen2"), ModelDamaged),
        (lambda b: signed_anew(b, name="../x"), ModelDamaged),
        (lambda b: signed_anew(b, version=""), ModelDamaged),
        (lambda b: signed_anew(b, created="yesterday"), ModelDamaged),
        (lambda b: signed_anew(b, format="cloister-model/2"), ModelDamaged),
        (lambda b: signed_anew(b, more=1), ModelDamaged),
        (lambda b: signed_anew(b, files=[]), ModelDamaged),
        (lambda b: signed_anew(b, libraries=[]), ModelDamaged),
        (lambda b: signed_anew(b, accepted={"by": "Eve", "on": "2026-01-01"}), ModelDamaged),
    ],
)
def test_a_signed_bundle_that_makes_no_sense_is_refused(
    bundle: Path, change: Callable[[Path], Path], error: type[CloisterError]
) -> None:
    with pytest.raises(error):
        opened(change(bundle))


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "lib/../x", "lib//x", "a/b", "", "manifest.json", "manifest.sig"]
)
def test_a_manifest_that_leads_out_of_the_bundle_is_refused(whole: Path, path: str) -> None:
    manifest: Any = read_json((whole / "manifest.json").read_bytes())
    manifest["files"][0]["path"] = path
    with pytest.raises(ModelDamaged):
        parse_manifest(canonical_json(manifest))


def test_every_flipped_bit_is_found(whole: Path, tmp_path: Path) -> None:
    """Of every file of the bundle: each byte of the small ones, every 97th of the large ones."""
    verify(whole, TRUSTED)
    for path in sorted(p for p in whole.rglob("*") if p.is_file()):
        content = path.read_bytes()
        linked = tmp_path / f"bundle-{path.name}"
        shutil.copytree(whole, linked, copy_function=os.link)
        target = linked / path.relative_to(whole)
        step = 1 if len(content) < 200 else 97
        for at in range(0, len(content), step):
            changed = bytearray(content)
            changed[at] ^= 1 << (at % 8)
            target.unlink()
            target.write_bytes(changed)
            with pytest.raises(CloisterError):
                verify(linked, TRUSTED)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_any_damage_to_the_manifest_or_its_signature_is_refused(
    whole: Path, data: st.DataObject
) -> None:
    """Cut, lengthened, overwritten: always one of Cloister's own errors."""
    name = data.draw(st.sampled_from(["manifest.json", "manifest.sig"]))
    content = (whole / name).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 40))
    changed = content[:at] + data.draw(st.binary(max_size=40)) + content[at + length :]
    if changed == content:
        return
    folder = whole.parent / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder, copy_function=os.link)
    (folder / name).unlink()
    (folder / name).write_bytes(changed)
    with pytest.raises(CloisterError):
        verify(folder, TRUSTED)


@settings(max_examples=300)
@given(untrusted=st.binary(max_size=200))
def test_any_bytes_for_a_manifest_are_refused_with_the_one_error(untrusted: bytes) -> None:
    with pytest.raises(ModelDamaged):
        parse_manifest(untrusted)
