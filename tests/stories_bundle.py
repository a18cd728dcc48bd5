"""stories260K as a bundle that nobody signed, ready to be installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from appliance.engine.bundles.libraries import LEVELS
from appliance.engine.compile.bundle import Compilers, Origin, build_bundle
from appliance.engine.models.architecture import Format
from appliance.vault.signers import SignerKey
from tests.stories260k import write_huggingface


def write_unsigned(folder: Path, template: str = "") -> Path:
    """The bundle in `folder`, which is not there yet. template: Jinja, if not the family's."""
    source = folder.with_name(f"{folder.name}-huggingface")
    source.mkdir(parents=True)
    write_huggingface(source)
    if template:
        config = source / "tokenizer_config.json"
        config.write_text(json.dumps(json.loads(config.read_bytes()) | {"chat_template": template}))
    build_bundle(
        source,
        folder,
        format=Format.Q0F32,
        targets=("cpu",),
        origin=Origin(folder.name, "1", "MIT", "x", "2026-01-01T00:00:00+00:00"),
        key=SignerKey.generate(),
        compilers=Compilers(
            cpu=lambda _level, path: path.touch(), gpu=_no_gpu, levels=tuple(LEVELS)
        ),
    )
    (folder / "manifest.sig").unlink()
    shutil.rmtree(folder / "lib")  # unsigned bundles bring no code
    return folder


def _no_gpu(*_: object) -> None:
    raise AssertionError("nothing is compiled for a GPU here")
