"""The one place that knows how the product loads a chat model on the processor."""

from __future__ import annotations

import importlib
from pathlib import Path

from appliance.engine.decoding.model import Model
from appliance.engine.models.stored import Weights

TOKENS = 4096
"""What the key-value cache has room for."""


def load_model(weights: Weights, threads: int, *, exact: bool = False) -> Model:
    """A model ready for its first token; exact: no activation is rounded to int8."""
    processor = importlib.import_module("appliance.engine.running.processor")
    model: Model = processor.load_processor_model(
        weights, tokens=TOKENS, threads=threads, exact=exact
    )
    return model


def load_bundle(folder: Path, threads: int) -> Model:
    """The same from a bundle on disk, every hash checked."""
    bundles = importlib.import_module("appliance.engine.bundles.bundle")
    return load_model(bundles.read_weights(folder), threads)
