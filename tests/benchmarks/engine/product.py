"""The one place that knows how the product loads a chat model on the processor."""

from __future__ import annotations

from pathlib import Path

from appliance.engine.bundles.libraries import (
    choose_level,
    levels_in,
    program_libraries,
    verified_library,
)
from appliance.engine.bundles.opening import open_chat_bundle
from appliance.engine.bundles.store import Acceptance, install
from appliance.engine.decoding.model import Model
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.stored import Weights
from appliance.engine.processor import processor_features
from appliance.engine.running.processor_model import ProcessorModel

TOKENS = 4096
"""What the key-value cache has room for."""
ANYONE = "0" * 64
"""The identity of weights that are nobody's."""


def load_model(weights: Weights, *, exact: bool = False) -> Model:
    """A model ready for its first token, on as many threads as TVM_NUM_THREADS says.

    exact: no activation is rounded to int8."""
    folder = program_libraries()
    level = choose_level(levels_in(folder), processor_features())
    return ProcessorModel(
        weights,
        verified_library(folder, level),
        runtime(),
        identity=ANYONE,
        cache_tokens=TOKENS,
        exact=exact,
    )


def installed(source: Path, models: Path) -> Path:
    """A bundle in the MLC layout as an administrator takes it in, copied and verified."""
    there = [path.parent for path in models.glob("*/mlc-chat-config.json")]
    for folder in there:
        if folder.name.startswith(f"{source.name}@"):
            return folder
    accepted = Acceptance(by="bench", on="2026-01-01T00:00:00Z", name=source.name)
    return models / install(source, models, (), accepted).manifest.id


def load_bundle(folder: Path) -> Model:
    """From an installed bundle, every hash checked, to a model ready for its first token."""
    bundle = open_chat_bundle(folder, shards=False)
    hashes = {file.path: file.sha256 for file in bundle.manifest.files}
    weights = read_weights(folder, bundle.architecture, bundle.format, hashes)
    return ProcessorModel(
        weights, bundle.library, runtime(), identity=ANYONE, cache_tokens=TOKENS, consume=True
    )


def runtime() -> Path:
    """TVM's runtime library, which comes with the encoder (whose own files are not looked at: it
    is no part of what is measured)."""
    return default_encoder_folder() / "runtime" / "libtvm_runtime.so"
