"""A Hugging Face folder as published: config.json, safetensors, tokenizer and template.

Rules kept here: every file is untrusted and bounded; parameters are read one at a time, so that a
model larger than the memory can be converted. Only safetensors are read: other forms of weights
are pickles, which run code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.engine.compile.safetensors import Floats, TensorFile, open_tensors
from appliance.engine.errors import WeightsUnusable
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.models.names import huggingface_prefix, huggingface_sources, is_norm
from appliance.engine.models.parameters import Parameter, parameters
from appliance.engine.models.quantisation import store
from appliance.engine.models.stored import Stored

CONFIG = "config.json"
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
MAX_JSON = 100_000_000
MAX_FILES = 2_000

_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\.safetensors")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that can be built from. config: the whole of config.json, untrusted."""

    folder: Path
    config: Mapping[str, object]
    architecture: Architecture
    tensors: Mapping[str, TensorFile]
    """Which file each tensor is in, by the tensor's name."""

    def tensor(self, name: str) -> Floats:
        """Raises WeightsUnusable."""
        if name not in self.tensors:
            raise WeightsUnusable(f"The folder {self.folder.name} has no tensor {name}.")
        return self.tensors[name].read(name)


def open_checkpoint(folder: Path, context: int = 0) -> Checkpoint:
    """context: tokens, in place of what config.json says; 0 leaves that. Raises WeightsUnusable,
    FamilyUnsupported, ConfigurationInvalid."""
    if not folder.is_dir():
        raise WeightsUnusable(f"There is no folder {folder}.")
    config = read_json(folder / CONFIG)
    if config is None:
        raise WeightsUnusable(f"{folder.name} is no Hugging Face folder: it has no {CONFIG}.")
    architecture = architecture_from_huggingface(config, context)
    _require_tokenizer(folder)
    return Checkpoint(folder, config, architecture, _tensors(folder))


def read_json(path: Path) -> dict[str, object] | None:
    """A JSON object; None where there is no such file. Raises WeightsUnusable."""
    try:
        with path.open("rb") as file:
            untrusted = file.read(MAX_JSON + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WeightsUnusable(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        value = json.loads(untrusted) if len(untrusted) <= MAX_JSON else None
    except (ValueError, RecursionError) as error:
        raise WeightsUnusable(f"{path.name} is not JSON.") from error
    if not isinstance(value, dict):
        raise WeightsUnusable(f"{path.name} is not a table of fields.")
    return value


def convert(checkpoint: Checkpoint, format: Format) -> Iterator[tuple[Parameter, Stored]]:
    """Every parameter in a format, in the order of parameters.py, as MLC's layout has it: with the
    offset of Gemma's norms added. Raises WeightsUnusable."""
    a = checkpoint.architecture
    sources = huggingface_sources(a, huggingface_prefix(checkpoint.tensors))
    for parameter in parameters(a):
        parts = [checkpoint.tensor(name) for name in sources[parameter.name]]
        weights = parts[0] if len(parts) == 1 else _stacked(parameter, parts)
        if is_norm(parameter.name) and a.norm_offset:
            weights = weights.astype(np.float32) + np.float32(a.norm_offset)
        yield parameter, store(parameter, weights, format)


def _stacked(parameter: Parameter, parts: list[Floats]) -> Floats:
    try:
        return np.concatenate([part.astype(np.float32, copy=False) for part in parts])
    except ValueError as error:
        raise WeightsUnusable(f"The parts of {parameter.name} do not fit together.") from error


def _require_tokenizer(folder: Path) -> None:
    if (folder / TOKENIZER).is_file():
        return
    if (folder / "tokenizer.model").is_file():
        raise WeightsUnusable(
            f"{folder.name} has only tokenizer.model, a form of tokenizer that is not read here.",
            hint="Make a tokenizer.json of it: with the package transformers, "
            "AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR).",
        )
    raise WeightsUnusable(f"{folder.name} has no {TOKENIZER}.")


def _tensors(folder: Path) -> dict[str, TensorFile]:
    index = read_json(folder / INDEX)
    if index is None:
        if not (folder / SINGLE).is_file():
            raise WeightsUnusable(
                f"{folder.name} has neither {SINGLE} nor {INDEX}.",
                hint="Get the model as safetensors; other forms of weights run code when read.",
            )
        opened = _open(folder / SINGLE)
        return dict.fromkeys(opened.shapes, opened)
    names = _weight_map(index)
    files = {file: _open(folder / file) for file in sorted(set(names.values()))}
    for name, file in names.items():
        if name not in files[file].shapes:
            raise WeightsUnusable(f"{file} has no tensor {name[:80]}, which {INDEX} says it has.")
    return {name: files[file] for name, file in names.items()}


def _weight_map(index: Mapping[str, object]) -> dict[str, str]:
    untrusted = index.get("weight_map")
    if not isinstance(untrusted, dict):
        raise WeightsUnusable(f"{INDEX} has no weight_map.")
    for file in untrusted.values():
        if not isinstance(file, str) or not _FILE.fullmatch(file):
            raise WeightsUnusable(
                f"{INDEX} names a file that is no safetensors file of the folder."
            )
    if len(set(untrusted.values())) > MAX_FILES:
        raise WeightsUnusable(f"{INDEX} names more than {MAX_FILES} files.")
    return untrusted


def _open(path: Path) -> TensorFile:
    try:
        return open_tensors(path)
    except OSError as error:
        raise WeightsUnusable(f"{path.name} cannot be read: {error.strerror}.") from error
