"""The models that ship, as the list of parts names them: what each is, under which licence, and the
hash of every file of it.

Rules kept here: names, licences and what they were trained on are read from the model's own facts;
a licence in words is put into SPDX here, and one not known stops the list. Weights are data:
share-alike may be among their licences, with the attribution that the notices give.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.reading.weights import default_reader_folder

from .spdx import LicenceRefused

_SPDX = {
    "Apache-2.0": "Apache-2.0",
    "CC BY-SA 4.0 (trained on SQuAD 1.1)": "CC-BY-SA-4.0",
}
ADDRESSES = {
    "Apache-2.0": "the text stands below",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}


@dataclass(frozen=True, slots=True)
class Model:
    """trained_on: as its facts say. files: each by its name below the program's folder, and its
    SHA-256."""

    name: str
    version: str
    licence: str
    source: str
    trained_on: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def models(root: Path, inner: Path | None = None) -> tuple[Model, ...]:
    """Encoder, reader and composer. inner: of a packaged program, where what is no code lies in
    it; else those of the checkout are looked at. Raises LicenceRefused."""
    encoder, reader = default_encoder_folder(), default_reader_folder()
    below, top = inner or root, (inner or root).parent if inner else root
    if inner is not None:
        encoder, reader = top / "encoder", inner / reader.relative_to(root)
    told = json.loads((encoder / "manifest.json").read_text("utf-8"))
    facts = json.loads((reader / "reader.json").read_text("utf-8"))
    composers = sorted((below / "appliance" / "engine" / "composer").glob("*@*"))
    return (
        Model(
            told["name"],
            told["weights"][:12],
            _licence(told["name"], told["licence"]),
            told["source"],
            (),
            _hashed(encoder, ("params.bin", "tokenizer.json"), "encoder"),
        ),
        Model(
            facts["name"],
            facts["sha256"][:12],
            _licence(facts["name"], facts["licence"]),
            facts["base"],
            tuple(map(str, facts["trained_on"])),
            _hashed(reader, ("reader.bin",), reader.relative_to(top).as_posix()),
        ),
        *(_composer(folder, folder.relative_to(top).as_posix()) for folder in composers),
    )


def _composer(folder: Path, place: str) -> Model:
    said = json.loads((folder / "manifest.json").read_text("utf-8"))
    names = tuple(sorted(path.name for path in folder.iterdir() if path.is_file()))
    name, _, version = folder.name.partition("@")
    licence = _licence(name, said["licence"])
    files = _hashed(folder, names, place)
    return Model(name, version, licence, str(said.get("source", "")), (), files)


def _licence(name: str, stated: str) -> str:
    if stated not in _SPDX:
        raise LicenceRefused(f"The model {name} has a licence that is not known: {stated}")
    return _SPDX[stated]


def _hashed(folder: Path, names: tuple[str, ...], place: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{place}/{name}", sha256((folder / name).read_bytes()).hexdigest()) for name in names
    )
