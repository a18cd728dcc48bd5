"""The index of shards is not believed: whatever in it does not fit is refused, with one error."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.errors import ModelDamaged, ModelMissing
from appliance.engine.mlc.index import read_index
from appliance.errors import CloisterError

RECORD = {
    "name": "norm", "shape": [4], "dtype": "float16", "format": "f32-to-bf16", "nbytes": 8,
    "byteOffset": 0,
}  # fmt: skip
SECOND = {**RECORD, "name": "head", "shape": [2, 3], "dtype": "float32", "nbytes": 12}
SHARD = {
    "dataPath": "params_shard_0.bin", "format": "raw-shard", "nbytes": 20, "md5sum": "0" * 32,
    "records": [RECORD, {**SECOND, "byteOffset": 8}],
}  # fmt: skip


def written(folder: Path, index: object, name: str = "tensor-cache.json") -> Path:
    (folder / name).write_text(json.dumps(index))
    return folder


def with_record(**changed: object) -> dict[str, Any]:
    return {"records": [{**SHARD, "records": [{**RECORD, **changed}]}]}


def with_shard(**changed: object) -> dict[str, Any]:
    return {"records": [{**SHARD, **changed}]}


@pytest.mark.parametrize("name", ["tensor-cache.json", "ndarray-cache.json"])
def test_both_names_of_the_index_are_read(tmp_path: Path, name: str) -> None:
    (shard,) = read_index(written(tmp_path, with_shard(), name)).shards
    norm, head = shard.tensors
    assert (norm.shape, norm.dtype, norm.bfloat16, norm.offset, norm.size) == (
        *((4,), "float16", False, 0, 8),
    )
    assert head.bfloat16
    assert head.size_in_memory == 24


def test_the_order_of_the_records_does_not_matter(tmp_path: Path) -> None:
    index = with_shard(records=SHARD["records"][::-1])  # type: ignore[index]
    assert len(read_index(written(tmp_path, index)).shards[0].tensors) == 2


def test_a_folder_without_an_index_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"tensor-cache\.json"):
        read_index(tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"records": []},
        {"records": {}},
        {"records": [3]},
        {"records": [SHARD, SHARD]},
        {"records": [SHARD, {**SHARD, "dataPath": "PARAMS_SHARD_0.bin"}]},
        {"records": [SHARD, {**SHARD, "dataPath": "b.bin"}]},
        with_shard(dataPath="../params.bin"),
        with_shard(dataPath="/params.bin"),
        with_shard(dataPath="a/b.bin"),
        with_shard(dataPath=".bin"),
        with_shard(dataPath="manifest.json"),
        with_shard(dataPath="a\n.bin"),
        with_shard(dataPath=["a.bin"]),
        with_shard(format="pickle"),
        with_shard(nbytes=19),
        with_shard(nbytes=-1),
        with_shard(nbytes=20.0),
        with_shard(nbytes=True),
        with_shard(nbytes=1 << 80),
        with_shard(md5sum="x"),
        with_shard(md5sum=None),
        with_shard(records=[]),
        with_shard(records=[RECORD, RECORD]),
        with_shard(records=[RECORD, {**RECORD, "name": "b", "byteOffset": 4}]),
        with_record(name=""),
        with_record(name="a b"),
        with_record(name="a" * 300),
        with_record(name=None),
        with_record(shape=[]),
        with_record(shape=[0]),
        with_record(shape=[-4]),
        with_record(shape=[5]),
        with_record(shape=[4.0]),
        with_record(shape=[True, 4]),
        with_record(shape=[1, 1, 1, 1, 4]),
        with_record(shape=[1 << 40]),
        with_record(shape=4),
        with_record(dtype="float64"),
        with_record(dtype=["float16"]),
        with_record(format="zip"),
        with_record(format=None),
        with_record(nbytes=4),
        with_record(byteOffset=13),
        with_record(byteOffset=-1),
        with_record(byteOffset=None),
    ],
)
def test_an_index_that_lies_is_refused(tmp_path: Path, index: object) -> None:
    with pytest.raises(ModelDamaged, match="not in order"):
        read_index(written(tmp_path, index))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"records": NaN}', '{"records":1,"records":2}', "[" * 100_000, "\udcff"],
)
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tensor-cache.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelDamaged):
        read_index(tmp_path)


def test_a_link_in_place_of_the_index_is_refused(tmp_path: Path) -> None:
    real = written(tmp_path, with_shard()) / "tensor-cache.json"
    (tmp_path / "real.json").write_bytes(real.read_bytes())
    real.unlink()
    real.symlink_to("real.json")
    with pytest.raises(ModelDamaged):
        read_index(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
PLACES = [
    *((0, key) for key in SHARD),
    *((0, "records", n, key) for n in (0, 1) for key in RECORD),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=JSON)
def test_any_damage_to_a_field_is_refused_or_harmless(
    tmp_path: Path, place: tuple[Any, ...], value: object
) -> None:
    index: Any = {"records": [copy.deepcopy(SHARD)]}
    at = index["records"]
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    try:
        read = read_index(written(tmp_path, index))
    except CloisterError:
        return
    for shard in read.shards:
        assert all(t.offset + t.size <= shard.size for t in shard.tensors)
        assert len({tensor.name for tensor in shard.tensors}) == len(shard.tensors)
