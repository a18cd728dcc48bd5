"""The reader's weights are those that were written, or nothing is read."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from appliance.engine.compile.reading.weights import lay_out, panelled, rounded
from appliance.engine.compile.safetensors import WeightsInvalid
from appliance.engine.encoder.bundle import Bundle, open_bundle
from appliance.engine.encoder.layout import ALIGNMENT
from appliance.engine.errors import BundleDamaged, BundleMissing, MachineUnsupported
from appliance.engine.processor import X86_64_V3, X86_64_V4
from appliance.engine.reading.layout import tensors, weights_size
from appliance.engine.reading.levels import LEVELS, library_of
from appliance.engine.reading.weights import are_there, open_weights, read_facts
from tests.unit.engine import reading_model

SCRIPT = Path(__file__).resolve().parents[3] / "packaging" / "models" / "reader" / "export.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("export_reader", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(reader_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(reader_folder, tmp_path / "copy"))


def describe(folder: Path, **change: object) -> None:
    content = json.loads((folder / "reader.json").read_bytes())
    (folder / "reader.json").write_text(json.dumps(content | change))


def test_the_file_is_small_enough_to_come_with_the_program() -> None:
    assert weights_size() <= 12_000_000
    assert all(tensor.offset % ALIGNMENT == 0 for tensor in tensors())


def test_every_tensor_comes_back(reader_folder: Path) -> None:
    found = open_weights(reader_folder)
    assert set(found) == {tensor.name for tensor in tensors()}
    assert all(array.ctypes.data % ALIGNMENT == 0 for array in found.values())
    source = reading_model.tensors()
    assert np.array_equal(found["positions"], source["embeddings.position_embeddings.weight"][:384])
    assert np.array_equal(found["heads.w"][1:], source["token.weight"])
    codes, scales = rounded(source["encoder.layer.3.output.dense.weight"])
    assert np.array_equal(found["3.down.w"], panelled(codes))
    assert np.array_equal(found["3.down.s"], scales)


def test_rounding_errs_by_half_a_step_at_most() -> None:
    weight = np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32)
    weight[5] = 0
    codes, scales = rounded(weight)
    assert np.abs(codes).max() == 127
    assert not codes[5].any()
    assert (np.abs(weight - scales[:, None] * codes) <= scales[:, None] * 0.5001).all()


def test_panels_hold_four_products_of_each_of_sixteen_columns() -> None:
    codes = np.random.default_rng(0).integers(-127, 128, (32, 8)).astype(np.int8)
    panels = panelled(codes)
    assert panels.shape == (2, 2, 64)
    assert panels[1, 1, 4 * 3 + 2] == codes[16 + 3, 4 + 2]


def test_missing_weights_are_said_to_be_missing(tmp_path: Path, copy: Path) -> None:
    assert not are_there(tmp_path / "nowhere")
    with pytest.raises(BundleMissing):
        read_facts(tmp_path / "nowhere")
    assert are_there(copy)
    (copy / "reader.bin").unlink()
    assert not are_there(copy)
    with pytest.raises(BundleMissing):
        open_weights(copy)


@pytest.mark.parametrize("place", [0, weights_size() // 2, weights_size() - 1])
def test_one_changed_bit_is_damage(copy: Path, place: int) -> None:
    image = bytearray((copy / "reader.bin").read_bytes())
    image[place] ^= 1
    (copy / "reader.bin").write_bytes(image)
    with pytest.raises(BundleDamaged, match="not the file"):
        open_weights(copy)


@pytest.mark.parametrize("size", [0, weights_size() - 1, weights_size() + 1])
def test_another_length_is_damage(copy: Path, size: int) -> None:
    image = (copy / "reader.bin").read_bytes() + b"\0"
    (copy / "reader.bin").write_bytes(image[:size])
    assert not are_there(copy)
    with pytest.raises(BundleDamaged):
        open_weights(copy)


@pytest.mark.parametrize(
    ("name", "bytes_", "sentence"),
    [("2.up.w", b"\x80", "code"), ("heads.b", b"\0\0\xc0\x7f", "finite")],
)
def test_numbers_no_kernel_may_see_are_damage(
    copy: Path, name: str, bytes_: bytes, sentence: str
) -> None:
    [at] = [tensor.offset for tensor in tensors() if tensor.name == name]
    image = bytearray((copy / "reader.bin").read_bytes())
    image[at : at + len(bytes_)] = bytes_
    (copy / "reader.bin").write_bytes(image)
    describe(copy, sha256=hashlib.sha256(image).hexdigest())
    with pytest.raises(BundleDamaged, match=sentence):
        open_weights(copy)


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "null", "[" * 100_000, '{"format": "cloister-reader/1"}',
        json.dumps({"format": "cloister-reader/1", "size": weights_size(), "sha256": "x" * 64}),
        json.dumps({"format": "cloister-reader/1", "size": weights_size(), "sha256": 64 * ["a"]}),
        json.dumps({"format": "cloister-reader/1", "size": 5, "sha256": "a" * 64}),
        json.dumps({"format": "cloister-reader/2", "size": weights_size(), "sha256": "a" * 64}),
    ],
)  # fmt: skip
def test_a_description_that_is_not_in_order_is_damage(copy: Path, content: str) -> None:
    (copy / "reader.json").write_text(content)
    with pytest.raises(BundleDamaged):
        read_facts(copy)


def test_what_is_exported_is_what_is_opened(
    script: ModuleType, reader_folder: Path, tmp_path: Path
) -> None:
    script.export(reading_model.tensors(), {"threshold": 0.5}, tmp_path)
    assert (tmp_path / "reader.bin").read_bytes() == (reader_folder / "reader.bin").read_bytes()
    facts = read_facts(tmp_path)
    assert dict(facts.more) == {"threshold": 0.5}
    assert facts.model == f"reader@{facts.sha256[:12]}"
    with pytest.raises(ValueError, match="sha256"):
        script.export(reading_model.tensors(), {"sha256": "0"}, tmp_path)


def test_tensors_that_are_missing_misshapen_or_not_finite_are_refused() -> None:
    whole = reading_model.tensors()
    for change in (
        {"relevance.bias": np.zeros(2, np.float32)},
        {"exit.weight": np.full((1, 384), np.nan, np.float32)},
        {"embeddings.position_embeddings.weight": np.zeros((383, 384), np.float32)},
    ):
        with pytest.raises(WeightsInvalid):
            lay_out(whole | change)
    with pytest.raises(WeightsInvalid, match=r"token\.bias"):
        lay_out({name: array for name, array in whole.items() if name != "token.bias"})


# --- levels -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> Bundle:
    return open_bundle(bundle_folder)


def test_the_best_library_a_processor_can_run_is_chosen(bundle: Bundle) -> None:
    for level, needed in LEVELS:
        assert library_of(bundle, needed).name == f"reader-{level}.so"
        assert library_of(bundle, needed | {"more"}).is_file()
    assert library_of(bundle, X86_64_V4 | {"avx_vnni"}).name == "reader-x86-64-v4.so"
    with pytest.raises(MachineUnsupported, match="avx2"):
        library_of(bundle, X86_64_V3 - {"avx2"})
