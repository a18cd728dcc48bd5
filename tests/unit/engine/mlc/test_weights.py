"""Parameters written in MLC's layout come back as they were; nothing unverified is handed out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.engine.arena import aligned
from appliance.engine.errors import MemoryShort, ModelDamaged
from appliance.engine.mlc import writing
from appliance.engine.mlc.chat_config import read_chat_config
from appliance.engine.mlc.index import read_index
from appliance.engine.mlc.weights import read_weights, write_weights
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.models.parameters import Parameter, parameters
from appliance.engine.models.quantisation import store
from appliance.engine.models.stored import Packed, Stored
from tests.model_vectors import vector
from tests.unit.engine.bundles.folders import CONFIG

FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3")
SMOLLM2 = (
    Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "model" / "smollm2-135m-mlc"
)
TINY = architecture_from_huggingface(CONFIG)


def random_parameters(a: Architecture, format: Format) -> list[tuple[Parameter, Stored]]:
    random = np.random.default_rng(5)
    return [
        (p, store(p, random.normal(size=p.shape).astype(np.float32), format)) for p in parameters(a)
    ]


def same(a: Stored, b: Stored) -> bool:
    if isinstance(a, Packed) and isinstance(b, Packed):
        return a.columns == b.columns and same(a.words, b.words) and same(a.scales, b.scales)
    if isinstance(a, Packed) or isinstance(b, Packed):
        return False
    return a.dtype == b.dtype and np.array_equal(a, b)


def arrays(stored: Stored) -> tuple[np.ndarray[Any, Any], ...]:
    return (stored.words, stored.scales) if isinstance(stored, Packed) else (stored,)


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_written_is_read(
    tmp_path: Path, family: str, format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SHARD", 10_000)  # several shards
    a = vector(family).architecture
    written = random_parameters(a, format)
    write_weights(tmp_path, a, written)
    weights = read_weights(tmp_path, a, format)
    assert len(read_index(tmp_path).shards) > 1
    assert list(weights.stored) == [parameter.name for parameter, _ in written]
    for parameter, stored in written:
        read = weights.stored[parameter.name]
        assert same(read, stored)
        assert all(array.ctypes.data % 64 == 0 for array in arrays(read))
        assert not any(array.flags.writeable for array in arrays(read))


def test_rows_have_whole_groups_on_disk_as_mlc_packs_them(tmp_path: Path) -> None:
    write_weights(tmp_path, TINY, random_parameters(TINY, Format.Q4F16_1))
    tensors = {t.name: t for shard in read_index(tmp_path).shards for t in shard.tensors}
    assert tensors["model.layers.0.mlp.down_proj.q_weight"].shape == (64, 8)  # 44 columns
    assert tensors["model.layers.0.mlp.down_proj.q_scale"].shape == (64, 2)
    assert tensors["model.embed_tokens.q_weight"].dtype == "uint32"
    assert tensors["model.norm.weight"].dtype == "float16"


def test_shards_hold_about_32_megabytes(tmp_path: Path) -> None:
    parts = [(f"t{n}", np.zeros(5 << 20, np.uint32)) for n in range(4)]  # 20 MB each
    writing.write_tensors(tmp_path, [*parts, ("last", np.zeros(3, np.uint32))], 1)
    sizes = [shard.size for shard in read_index(tmp_path).shards]
    assert sizes == [20 << 20, 20 << 20, 20 << 20, (20 << 20) + 64]


def foreign(folder: Path, format: Format, halved: bool) -> Architecture:
    """As MLC's own writer does it: no gaps between tensors, float32 cut to bfloat16."""
    write_weights(folder, TINY, random_parameters(TINY, format))
    shards = read_index(folder).shards
    data, records = b"", []
    for shard in shards:
        content = (folder / shard.file).read_bytes()
        for tensor in shard.tensors:
            part = content[tensor.offset : tensor.offset + tensor.size]
            if halved and tensor.dtype == "float32":
                part = (np.frombuffer(part, "<u4") >> 16).astype("<u2").tobytes()
            records.append(
                {"name": tensor.name, "shape": tensor.shape, "dtype": tensor.dtype,
                 "format": "f32-to-bf16" if halved else "raw", "nbytes": len(part),
                 "byteOffset": len(data)}
            )  # fmt: skip
            data += part
        (folder / shard.file).unlink()
    (folder / "params_shard_0.bin").write_bytes(data)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    shard_record = {"dataPath": "params_shard_0.bin", "format": "raw-shard", "nbytes": len(data),
                    "md5sum": md5, "records": records}  # fmt: skip
    (folder / "tensor-cache.json").write_text(json.dumps({"records": [shard_record]}))
    return TINY


@pytest.mark.parametrize("format", list(Format))
def test_tensors_without_gaps_are_aligned_when_read(tmp_path: Path, format: Format) -> None:
    a = foreign(tmp_path, format, halved=False)
    weights = read_weights(tmp_path, a, format)
    for parameter, stored in random_parameters(a, format):
        read = weights.stored[parameter.name]
        assert same(read, stored)
        assert all(array.ctypes.data % 64 == 0 for array in arrays(read))


def test_float32_stored_as_bfloat16_is_widened(tmp_path: Path) -> None:
    a = foreign(tmp_path, Format.Q4F32_1, halved=True)
    weights = read_weights(tmp_path, a, Format.Q4F32_1)
    for parameter, stored in random_parameters(a, Format.Q4F32_1):
        read, wanted = weights.stored[parameter.name], stored
        if isinstance(read, Packed) and isinstance(wanted, Packed):
            assert np.array_equal(read.words, wanted.words)
            read, wanted = read.scales, wanted.scales
        assert not isinstance(read, Packed)
        assert not isinstance(wanted, Packed)
        assert read.dtype == np.float32
        assert np.array_equal(read.view(np.uint32), wanted.view(np.uint32) & 0xFFFF0000)


def damaged(folder: Path, a: Architecture, match: str, **sha256: str) -> None:
    with pytest.raises(ModelDamaged, match=match):
        read_weights(folder, a, Format.Q0F16, sha256 or None)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_weights(tmp_path, TINY, random_parameters(TINY, Format.Q0F16))
    return tmp_path


def test_a_changed_byte_is_found_by_md5(written: Path) -> None:
    shard = written / "params_shard_0.bin"
    content = bytearray(shard.read_bytes())
    content[99] ^= 1
    shard.write_bytes(content)
    damaged(written, TINY, "not the file")


def test_with_a_manifest_its_hash_counts(written: Path) -> None:
    content = (written / "params_shard_0.bin").read_bytes()
    right = hashlib.sha256(content).hexdigest()
    read_weights(written, TINY, Format.Q0F16, {"params_shard_0.bin": right})
    damaged(written, TINY, "not the file", **{"params_shard_0.bin": "0" * 64})
    damaged(written, TINY, "does not name", other=right)


def test_a_missing_shard_a_short_one_and_a_link_are_found(written: Path) -> None:
    shard = written / "params_shard_0.bin"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    damaged(written, TINY, "bytes long")
    shard.unlink()
    damaged(written, TINY, "is missing")
    (written / "elsewhere").write_bytes(content)
    shard.symlink_to("elsewhere")
    damaged(written, TINY, "cannot be read")


def test_a_shard_without_any_hash_is_not_read(written: Path) -> None:
    path = written / "tensor-cache.json"
    index = json.loads(path.read_text())
    for shard in index["records"]:
        del shard["md5sum"]
    path.write_text(json.dumps(index))
    damaged(written, TINY, "no hash")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"inner": 45}, "does not fit|rows"),
        ({"vocabulary": 41}, "rows"),
        ({"tied": False}, "has no lm_head"),
        ({"layers": (*TINY.layers, TINY.layers[0])}, r"has no model\.layers\.2"),
    ],
)
def test_parameters_of_another_architecture_are_refused_before_shards_are_read(
    written: Path, changed: dict[str, Any], match: str
) -> None:
    (written / "params_shard_0.bin").unlink()
    damaged(written, replace(TINY, **changed), match)


def test_another_type_is_refused(written: Path) -> None:
    with pytest.raises(ModelDamaged, match="in float16"):
        read_weights(written, TINY, Format.Q0F32)
    with pytest.raises(ModelDamaged, match="q_weight"):
        read_weights(written, TINY, Format.Q4F16_1)


@pytest.mark.shared
def test_a_published_layout_filled_with_random_numbers_is_read_whole(tmp_path: Path) -> None:
    if not SMOLLM2.is_dir():
        pytest.skip("the published metadata is not beside this checkout")
    index = json.loads((SMOLLM2 / "tensor-cache.json").read_text())
    random = np.random.default_rng(7)
    for shard in index["records"]:
        content = random.integers(0, 0x3C00, shard["nbytes"] // 2, np.uint16).tobytes()
        (tmp_path / shard["dataPath"]).write_bytes(content)
        shard["md5sum"] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (tmp_path / "ndarray-cache.json").write_text(json.dumps(index))
    chat = read_chat_config(SMOLLM2)
    weights = read_weights(tmp_path, chat.architecture, chat.format)
    embed = weights.stored["embed"]
    assert not isinstance(embed, Packed)
    assert embed.shape == (49152, 576)
    first = np.fromfile(tmp_path / "params_shard_0.bin", np.float16, 576)
    assert np.array_equal(embed[0], first)
    assert set(weights.stored) == {parameter.name for parameter in parameters(chat.architecture)}


def test_what_does_not_fit_into_memory_is_a_sentence() -> None:
    with pytest.raises(MemoryShort, match="does not fit"):
        aligned((1 << 62,), np.uint8)
