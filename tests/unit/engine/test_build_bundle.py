"""A Hugging Face folder becomes a bundle that is what the folder said, in MLC's layout."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.engine.bundles.opening import verify
from appliance.engine.compile.bundle import Compilers, build_bundle, metal_objects
from appliance.engine.compile.chat_config import chat_config
from appliance.engine.compile.huggingface import Checkpoint, convert, open_checkpoint
from appliance.engine.errors import WeightsUnusable
from appliance.engine.mlc.chat_config import read_chat_config
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_mlc
from appliance.engine.models.quantisation import dequantise
from appliance.engine.models.stored import Packed
from appliance.errors import UsageError
from tests.stories260k import SHARED, safetensors
from tests.stories260k import write_huggingface as write_stories
from tests.unit.engine.bundles.folders import (
    CONFIG,
    KEY,
    ORIGIN,
    TRUSTED,
    built,
    compilers,
    tensors,
    write_huggingface,
)
from tests.unit.engine.models.configurations import HUGGINGFACE

GEMMA = {
    "model_type": "gemma2",
    "head_dim": 16,
    "hidden_activation": "gelu_pytorch_tanh",
    "query_pre_attn_scalar": 16,
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
    "sliding_window": 16,
}


def as_float32(stored: object) -> Any:  # noqa: ANN401
    return dequantise(stored) if isinstance(stored, Packed) else stored


def test_parameters_are_those_of_the_folder(tmp_path: Path) -> None:
    bundle = built(tmp_path, Format.Q0F32)
    chat = read_chat_config(bundle)
    weights = read_weights(bundle, chat.architecture, chat.format).stored
    theirs = tensors(CONFIG)
    qkv = np.concatenate([theirs[f"model.layers.1.self_attn.{p}_proj.weight"] for p in "qkv"])
    assert np.array_equal(as_float32(weights["1.qkv"]), qkv)
    assert np.array_equal(as_float32(weights["embed"]), theirs["model.embed_tokens.weight"])


def test_a_bundle_in_four_bits_is_near_what_it_was(tmp_path: Path) -> None:
    bundle = built(tmp_path)
    chat = read_chat_config(bundle)
    weights = read_weights(bundle, chat.architecture, chat.format).stored
    wanted = tensors(CONFIG)["model.layers.0.mlp.down_proj.weight"]
    assert np.abs(as_float32(weights["0.down"]) - wanted).max() < np.abs(wanted).max() / 13


def test_gemma_s_offset_is_in_the_norms_and_no_longer_in_the_architecture(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_huggingface(tmp_path / "source", **GEMMA))
    theirs = tensors({**CONFIG, **GEMMA})
    written = architecture_from_mlc(chat_config(checkpoint, Format.Q0F32))
    assert (checkpoint.architecture.norm_offset, written.norm_offset) == (1.0, 0.0)
    found = {parameter.name: stored for parameter, stored in convert(checkpoint, Format.Q0F32)}
    norm = theirs["model.layers.0.input_layernorm.weight"]
    assert np.array_equal(as_float32(found["0.attention_norm"]), norm + np.float32(1))


@pytest.mark.parametrize("name", list(HUGGINGFACE))
@pytest.mark.parametrize("context", [0, 512])
def test_what_is_written_of_a_published_model_is_read_back(
    tmp_path: Path, name: str, context: int
) -> None:
    """Both spellings stand in the configuration, and say the same."""
    from appliance.engine.models.families import architecture_from_huggingface

    a = architecture_from_huggingface(HUGGINGFACE[name], context)
    checkpoint = Checkpoint(tmp_path, HUGGINGFACE[name], a, {})
    written = json.loads(json.dumps(chat_config(checkpoint, Format.Q4F16_1)))
    assert architecture_from_mlc(written) == replace(a, norm_offset=0.0)
    assert written["quantization"] == "q4f16_1"


def test_code_is_compiled_for_the_model_as_it_is_stored(tmp_path: Path) -> None:
    asked: list[tuple[Architecture, Format, str]] = []

    def gpu(architecture: Architecture, format: Format, target: str, path: Path) -> None:
        asked.append((architecture, format, target))
        path.write_bytes(b"code")

    out = tmp_path / "bundle"
    build_bundle(
        write_huggingface(tmp_path / "source", **GEMMA), out, format=Format.Q4F16_1,
        targets=("cuda", "metal"), origin=ORIGIN, key=KEY,
        compilers=Compilers(compilers().cpu, gpu, ()),
    )  # fmt: skip
    assert [target for _, _, target in asked] == ["cuda", "metal"]
    assert {a for a, _, _ in asked} == {read_chat_config(out).architecture}
    assert [one.path for one in verify(out, TRUSTED).manifest.libraries] == ["lib/cuda.so"]


def test_metal_s_objects_lie_beside_the_bundle(tmp_path: Path) -> None:
    bundle = built(tmp_path, targets=("metal",))
    assert metal_objects(bundle).read_bytes() == b"llama q4f16_1 metal"
    assert verify(bundle, TRUSTED).manifest.libraries == ()
    assert {path.name for path in tmp_path.iterdir()} == {"source", "bundle", "bundle-metal.tar"}
    shutil.rmtree(bundle)
    with pytest.raises(UsageError, match=r"bundle-metal\.tar exists already"):
        built(tmp_path, targets=("metal",))


def test_where_metal_s_objects_cannot_be_compiled_nothing_is_left(tmp_path: Path) -> None:
    def gpu(_architecture: Architecture, _format: Format, _target: str, path: Path) -> None:
        path.write_bytes(b"half of")
        raise UsageError("No.")

    source, out = write_huggingface(tmp_path / "source"), tmp_path / "bundle"
    with pytest.raises(UsageError, match="No"):
        build_bundle(
            source, out, format=Format.Q0F16, targets=("metal",), origin=ORIGIN, key=KEY,
            compilers=Compilers(compilers().cpu, gpu, ()),
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == [source]


def test_files_of_the_tokenizer_and_the_licence_go_along(tmp_path: Path) -> None:
    source = write_huggingface(tmp_path / "source")
    (source / "LICENSE").write_text("Do what you like.")
    (source / "chat_template.jinja").write_text("{{ messages }}")
    (source / "pytorch_model.bin").write_bytes(b"pickled")
    out = tmp_path / "bundle"
    build_bundle(
        source, out, format=Format.Q0F16, targets=(), origin=ORIGIN, key=KEY, compilers=compilers()
    )
    there = {path.name for path in out.iterdir()}
    assert {"tokenizer.json", "tokenizer_config.json", "LICENSE", "chat_template.jinja"} < there
    assert "pytorch_model.bin" not in there


@pytest.mark.parametrize(
    ("template", "added", "name", "stops"),
    [
        ("<|im_start|>{{x}}<|im_end|>", {"<|im_end|>": 7}, "chatml", [7, 2]),
        ("<|start_header_id|><|eot_id|>", {"<|eot_id|>": 9}, "llama-3", [9, 2]),
        ("<start_of_turn>", {"<end_of_turn>": 5}, "gemma_instruction", [5, 2]),
        ("<|user|>x<|end|><|assistant|>", {"<|end|>": 6}, "phi-3", [6, 2]),
        ("<|user|>\n<|assistant|></s>", {}, "tinyllama_v1_0", [2]),
        ("[INST] x [/INST]", {"</s>": 2}, "mistral_default", [2]),
        ("", {"<|im_start|>": 3, "<|im_end|>": 7}, "chatml", [7, 2]),
        ("", {}, "LM", [2]),
    ],
)
def test_the_conversation_s_template_is_told_from_its_marks(
    tmp_path: Path, template: str, added: dict[str, int], name: str, stops: list[int]
) -> None:
    source = write_huggingface(tmp_path / "source")
    tokens = [{"content": text, "id": number} for text, number in added.items()]
    (source / "tokenizer.json").write_text(json.dumps({"added_tokens": tokens}))
    (source / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    conversation: Any = chat_config(open_checkpoint(source), Format.Q0F32)["conv_template"]
    assert conversation["name"] == name
    assert conversation["stop_token_ids"] == stops


def test_generation_settings_and_ends_are_those_the_folder_names(tmp_path: Path) -> None:
    source = write_huggingface(tmp_path / "source")
    (source / "generation_config.json").write_text(
        json.dumps({"temperature": 0.6, "top_p": 0.9, "eos_token_id": [4, 5], "top_k": "x"})
    )
    written = chat_config(open_checkpoint(source), Format.Q0F32)
    assert (written["temperature"], written["top_p"]) == (0.6, 0.9)
    assert written["eos_token_id"] == [4, 5, 2]


def split(folder: Path, weight_map: dict[str, str] | None = None) -> Path:
    """The folder with its tensors in two files and an index."""
    every = tensors(CONFIG)
    names = sorted(every)
    for n, part in enumerate((names[::2], names[1::2])):
        (folder / f"model-{n}.safetensors").write_bytes(
            safetensors({name: every[name] for name in part})
        )
    index = {name: f"model-{n % 2}.safetensors" for n, name in enumerate(names)}
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": weight_map or index})
    )
    (folder / "model.safetensors").unlink()
    return folder


def test_tensors_in_several_files_are_found(tmp_path: Path) -> None:
    one = open_checkpoint(write_huggingface(tmp_path / "one"))
    two = open_checkpoint(split(write_huggingface(tmp_path / "two")))
    for (a, x), (b, y) in zip(convert(one, Format.Q0F32), convert(two, Format.Q0F32), strict=True):
        assert a == b
        assert np.array_equal(as_float32(x), as_float32(y))


@pytest.mark.parametrize(
    "file", ["../model.safetensors", "/x.safetensors", "model.bin", "", "absent.safetensors"]
)
def test_an_index_that_leads_elsewhere_is_refused(tmp_path: Path, file: str) -> None:
    source = split(write_huggingface(tmp_path / "source"), {"model.norm.weight": file})
    with pytest.raises(WeightsUnusable):
        open_checkpoint(source)


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_half_precision_is_read(tmp_path: Path, kind: str) -> None:
    source = write_huggingface(tmp_path / "source")
    every = tensors(CONFIG)
    data, header = b"", {}
    for name, tensor in every.items():
        if kind == "F16":
            part = tensor.astype("<f2").tobytes()
        else:
            part = (tensor.view("<u4") >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": kind, "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}  # fmt: skip
        data += part
    text = json.dumps(header).encode()
    (source / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    found = {p.name: as_float32(s) for p, s in convert(open_checkpoint(source), Format.Q0F32)}
    wanted = every["model.norm.weight"]
    if kind == "F16":
        assert np.array_equal(found["norm"], wanted.astype(np.float16).astype(np.float32))
    else:
        assert np.array_equal(found["norm"].view("u4"), wanted.view("u4") & 0xFFFF0000)


def refused(source: Path, match: str) -> str:
    with pytest.raises(WeightsUnusable, match=match) as caught:
        list(convert(open_checkpoint(source), Format.Q0F32))
    return caught.value.next_step


def test_what_is_missing_in_a_folder_is_named(tmp_path: Path) -> None:
    source = write_huggingface(tmp_path / "source")
    (source / "model.safetensors").rename(tmp_path / "weights")
    assert "safetensors" in refused(source, "neither")
    lacking = tensors(CONFIG)
    del lacking["model.layers.1.mlp.up_proj.weight"]
    (source / "model.safetensors").write_bytes(safetensors(lacking))
    refused(source, r"no tensor model\.layers\.1\.mlp\.up_proj")
    (source / "tokenizer.json").rename(source / "tokenizer.model")
    assert "save_pretrained" in refused(source, r"tokenizer\.model")
    (source / "tokenizer.model").unlink()
    refused(source, r"no tokenizer\.json")
    (source / "config.json").unlink()
    refused(source, r"no config\.json")
    refused(tmp_path / "absent", "no folder")


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    source = write_huggingface(tmp_path / "source")
    wrong = {**tensors(CONFIG), "model.norm.weight": np.ones(63, np.float32)}
    (source / "model.safetensors").write_bytes(safetensors(wrong))
    refused(source, "norm is of shape")
    wrong = {**tensors(CONFIG), "model.layers.0.self_attn.k_proj.weight": np.ones((32, 63))}
    (source / "model.safetensors").write_bytes(
        safetensors({name: tensor.astype(np.float32) for name, tensor in wrong.items()})
    )
    refused(source, "do not fit together")


@pytest.mark.parametrize(
    ("changed", "match"),
    [({"targets": ("tpu",)}, "tpu"), ({"origin": replace(ORIGIN, name="a b")}, "name"),
     ({"origin": replace(ORIGIN, version="")}, "version"),
     ({"origin": replace(ORIGIN, licence="\ud800")}, "signed")],
)  # fmt: skip
def test_what_cannot_be_built_as_asked_leaves_nothing(
    tmp_path: Path, changed: dict[str, Any], match: str
) -> None:
    source = write_huggingface(tmp_path / "source")
    asked: dict[str, Any] = {"format": Format.Q0F16, "targets": (), "origin": ORIGIN, "key": KEY}
    with pytest.raises(UsageError, match=match):
        build_bundle(source, tmp_path / "out", **asked | changed, compilers=compilers())
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_compiler_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no compiler")

    source = write_huggingface(tmp_path / "source")
    with pytest.raises(RuntimeError, match="no compiler"):
        build_bundle(
            source, tmp_path / "out", format=Format.Q0F16, targets=("cpu",), origin=ORIGIN, key=KEY,
            compilers=Compilers(fails, fails, ("x86-64-v3",)),
        )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.shared
def test_real_weights_are_built_and_tell_the_same_story(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the real weights are not beside this checkout")
    from tests.reference_model import greedy
    from tests.stories260k import read_checkpoint

    source, out = tmp_path / "source", tmp_path / "stories"
    source.mkdir()
    write_stories(source)
    build_bundle(
        source, out, format=Format.Q0F32, targets=(), origin=ORIGIN, key=KEY, compilers=compilers()
    )
    chat = read_chat_config(out)
    weights = read_weights(out, chat.architecture, chat.format)
    stored = {name: as_float32(value) for name, value in weights.stored.items()}
    theirs = read_checkpoint((SHARED / "stories260K.bin").read_bytes()).tensors
    assert np.array_equal(stored["embed"], theirs["model.embed_tokens.weight"])
    tokens = list(greedy(chat.architecture, stored, [1, 403, 407], 20))
    checkpoint = open_checkpoint(source)
    folder = {p.name: as_float32(s) for p, s in convert(checkpoint, Format.Q0F32)}
    assert tokens == list(greedy(checkpoint.architecture, folder, [1, 403, 407], 20))
