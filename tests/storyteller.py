"""stories260K as a bundle, built, installed and run as an institution would.

A signed one's code is what the program itself brings for processors: the same compiler has made it
from the same kernels, byte for byte.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.engine.bundles.libraries import (
    levels_in,
    program_libraries,
    verified_library,
)
from appliance.engine.bundles.manifest import SIGNATURE, Signed
from appliance.engine.bundles.store import install
from appliance.engine.bundles.trust import SIGNERS, signers_bytes
from appliance.engine.chat.client import ChatHost
from appliance.engine.compile.bundle import Compilers, Origin, build_bundle
from appliance.engine.decoding.request import Finished, Message, Piece, Sampling
from appliance.engine.errors import ModelMissing
from appliance.engine.models.architecture import Architecture, Format
from tests.chat_engine import ROOT
from tests.stories260k import SHARED, write_huggingface
from tests.unit.engine.bundles.folders import KEY, TRUSTED

NAME = "stories"
BEGIN = "Once upon a time"
MOST = 512
"""Tokens of context that the model was trained with."""

# The child's import path begins with this checkout, wherever the environment was installed from.
HOST = (
    sys.executable,
    "-I",
    "-c",
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from appliance.engine.chat.host import main; main()",
)


def require_there() -> None:
    """Skips where the weights or the program's kernels are missing."""
    if not SHARED.is_dir():
        pytest.skip("the documents beside the checkout are missing")
    try:
        program_libraries()
    except ModelMissing:
        pytest.skip("the kernels of chat models are not built")


def compilers() -> Compilers:
    program = program_libraries()

    def cpu(level: str, path: Path) -> None:
        shutil.copyfile(verified_library(program, level), path)

    return Compilers(cpu, _no_gpu, levels_in(program))


def _no_gpu(_a: Architecture, _format: Format, target: str, _path: Path) -> None:
    raise AssertionError(f"nothing is compiled for {target} here")


def _no_cpu(level: str, _path: Path) -> None:
    raise AssertionError(f"nothing is compiled for {level} here")


def build(folder: Path, form: Format = Format.Q0F32, *, context: int = MOST) -> Path:
    """folder/stories. context: may exceed what the model was trained with; it then babbles."""
    source = folder / "huggingface"
    if not source.is_dir():
        source.mkdir(parents=True)
        write_huggingface(source)
        path = source / "config.json"
        config = json.loads(path.read_text("utf-8")) | {"max_position_embeddings": context}
        path.write_text(json.dumps(config), "utf-8")
    out = folder / NAME
    origin = Origin(NAME, "1", "MIT", "llama2.c", "2026-11-25T12:00:00+00:00")
    build_bundle(
        source, out, format=form, targets=("cpu",), origin=origin, key=KEY, compilers=compilers()
    )
    return out


def write_unsigned(folder: Path, template: str = "") -> Path:
    """`folder`, which is not there yet, as others publish a model: without code and signature.
    template: Jinja, if not the family's."""
    source = folder.with_name(f"{folder.name}-huggingface")
    source.mkdir(parents=True)
    write_huggingface(source)
    if template:
        config = source / "tokenizer_config.json"
        config.write_text(json.dumps(json.loads(config.read_bytes()) | {"chat_template": template}))
    origin = Origin(folder.name, "1", "MIT", "llama2.c", "2026-11-25T12:00:00+00:00")
    build_bundle(
        source,
        folder,
        format=Format.Q0F32,
        targets=(),
        origin=origin,
        key=KEY,
        compilers=Compilers(_no_cpu, _no_gpu, ()),
    )
    (folder / SIGNATURE).unlink()
    return folder


def trust(configuration: Path) -> None:
    """Writes who may sign, in a folder that XDG_CONFIG_HOME is then to name."""
    path = configuration / "cloister" / SIGNERS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(signers_bytes(TRUSTED))


@dataclass(frozen=True)
class Installed:
    folder: Path
    signed: Signed


def installed(bundle: Path, models: Path) -> Installed:
    signed = install(bundle, models, TRUSTED)
    return Installed(models / signed.manifest.id, signed)


def told(chat: ChatHost, messages: Sequence[Message], sampling: Sampling) -> tuple[str, Finished]:
    text = ""
    for report in chat.generate(messages, sampling, lambda: None):
        if isinstance(report, Piece):
            text += report.text
        else:
            return text, report
    raise AssertionError("an answer without its end")
