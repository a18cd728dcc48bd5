"""Writes the reader's weights: a fine-tuned model's tensors to reader.bin and reader.json.

    .venv/bin/python packaging/models/reader/export.py TENSORS.npz FOLDER [FACTS.json]

Rules kept here: only numpy. The same tensors and facts give the same bytes. reader.bin is complete
before reader.json names it, so that a break in between leaves a pair that is refused, never one
that is wrong.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from appliance.engine.compile.reading.weights import lay_out
from appliance.engine.reading.layout import FORMAT
from appliance.engine.reading.weights import FACTS, WEIGHTS


def export(
    arrays: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, object], folder: Path
) -> None:
    """Writes both files into a folder that is there. arrays: under Hugging Face's names, matrices
    (outputs, inputs) in floats; facts: what reader.json says besides, plain JSON values.

    Raises WeightsInvalid where a tensor is missing, misshapen or not finite."""
    image = lay_out(arrays)
    described = {
        "format": FORMAT,
        "sha256": hashlib.sha256(image).hexdigest(),
        "size": len(image),
    }
    if clash := set(described) & set(facts):
        raise ValueError(f"these are written here and cannot be given: {sorted(clash)}")
    (folder / WEIGHTS).write_bytes(image)
    text = json.dumps({**described, **facts}, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / FACTS).write_text(text + "\n", "utf-8")


def main() -> None:
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    with np.load(sys.argv[1]) as tensors:
        arrays = {name: tensors[name] for name in tensors.files}
    facts = json.loads(Path(sys.argv[3]).read_bytes()) if len(sys.argv) == 4 else {}
    export(arrays, facts, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
