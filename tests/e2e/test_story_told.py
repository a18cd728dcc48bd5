"""Real weights from a Hugging Face folder to told tokens, as a person at a terminal would do it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from tokenizers import Tokenizer

from appliance.engine.bundles.opening import ChatBundle, open_chat_bundle
from appliance.engine.compile.safetensors import read_floats
from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.model import Append, Model
from appliance.engine.decoding.request import Finished, Piece, Sampling
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.running.processor_model import ProcessorModel
from tests import reference_model, storyteller
from tests.e2e.terminal import cloister, require
from tests.model_vectors import assembled
from tests.storyteller import BEGIN
from tests.unit.engine.bundles.folders import TRUSTED
from tests.unit.engine.running.levels import runtime_library

pytestmark = pytest.mark.shared
COUNT = 300
"""Tokens that the story goes on for; its context holds 512."""
SHORT = 40


@pytest.fixture(scope="module", autouse=True)
def _there() -> None:
    storyteller.require_there()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Hugging Face folder, and stories/ built of it in f32."""
    folder = tmp_path_factory.mktemp("stories")
    storyteller.build(folder)
    return folder


class Reference(NamedTuple):
    """The independent forward pass."""

    architecture: Architecture
    weights: dict[str, npt.NDArray[Any]]
    tokenizer: Tokenizer
    prompt: list[int]

    def greedy(self, told: list[int]) -> list[int]:
        """The likeliest token at every place of `told`. It is what reference_model.greedy says,
        token for token, if and only if it is `told`: no token of it sees a later one."""
        tokens = [*self.prompt, *told]
        rows = reference_model.logits(self.architecture, self.weights, tokens)
        likeliest: list[int] = rows.argmax(axis=-1).tolist()
        return likeliest[len(self.prompt) - 1 : -1]


@pytest.fixture(scope="module")
def reference(made: Path) -> Reference:
    source = made / "huggingface"
    a = architecture_from_huggingface(json.loads((source / "config.json").read_text("utf-8")))
    weights = assembled(a, read_floats((source / "model.safetensors").read_bytes()))
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    return Reference(a, weights, tokenizer, tokenizer.encode(BEGIN).ids)


def loaded(bundle: ChatBundle) -> ProcessorModel:
    """As the host loads it, on the runtime library that this process has already."""
    hashes = {file.path: file.sha256 for file in bundle.manifest.files}
    return ProcessorModel(
        read_weights(bundle.folder, bundle.architecture, bundle.format, hashes),
        bundle.library,
        runtime_library(),
        identity="0" * 64,
        cache_tokens=1024,
    )


def continued(model: Model, prompt: list[int], count: int) -> list[int]:
    sequence, tokens = model.add(), prompt
    told: list[int] = []
    while len(told) < count:
        told.append(int(np.argmax(model.forward([Append(sequence, tokens)])[0])))
        tokens = told[-1:]
    return told


def test_a_story_built_verified_and_installed_goes_on_as_the_reference_tells_it(
    made: Path,
    reference: Reference,
    vault: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    storyteller.trust(tmp_path / "config")
    bundle = made / storyteller.NAME
    require(cloister(vault, "model", "verify", str(bundle)))
    assert require(cloister(vault, "model", "install", str(bundle))).find("installed") == (
        "stories@1"
    )
    opened = open_chat_bundle(vault / "models" / "stories@1")
    assert opened.library.parent.name == "lib"  # the bundle's own code
    model = loaded(opened)
    story = continued(model, reference.prompt, COUNT)
    assert story == reference.greedy(story)
    short = reference_model.greedy(
        reference.architecture, reference.weights, reference.prompt, SHORT
    )
    assert story[:SHORT] == short  # the same, computed from nothing for each token

    decoder = Decoder(model, reference.tokenizer, end_tokens=frozenset(opened.chat.ends))
    decoder.submit(7, reference.prompt, Sampling(max_tokens=COUNT))
    text, finished = "", None
    while decoder.busy:
        for reply in decoder.step():
            if isinstance(reply, Piece):
                text += reply.text
            else:
                finished = reply
    assert isinstance(finished, Finished)
    before = reference.tokenizer.decode(reference.prompt)
    whole = reference.tokenizer.decode([*reference.prompt, *story])
    assert finished.new_tokens == COUNT
    assert before + text == whole


def test_in_four_bits_it_is_built_too_and_still_tells_in_words(made: Path, tmp_path: Path) -> None:
    source = tmp_path / "huggingface"
    shutil.copytree(made / "huggingface", source)
    bundle = storyteller.build(tmp_path, Format.Q4F16_1)
    place = storyteller.installed(bundle, tmp_path / "models")
    opened = open_chat_bundle(place.folder, trusted=TRUSTED)
    assert opened.format is Format.Q4F16_1
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    text = tokenizer.decode(continued(loaded(opened), tokenizer.encode(BEGIN).ids, 120))
    words = "".join(c if c.isalpha() else " " for c in text).lower().split()
    assert len(words) > 40
    assert len(set(words) & set(COMMON)) >= 8, text


COMMON = (
    "there was a the she he to and in of it her his had with said mom big they you "
    "park play day little girl boy named lily loved saw happy"
).split()
