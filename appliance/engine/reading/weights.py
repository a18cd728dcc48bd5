"""The reader's weights on disk: find them, verify them, hand out the tensors.

Rules kept here: reader.json is untrusted and bounded; no number of reader.bin is used before its
SHA-256 and size have been compared with what reader.json says, and every float is finite and every
code in -127..127 (the integer kernels are exact only there).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.engine.encoder.layout import ALIGNMENT
from appliance.engine.errors import BundleDamaged, BundleMissing
from appliance.engine.reading.layout import FORMAT, tensors, weights_size

WEIGHTS = "reader.bin"
FACTS = "reader.json"
MAX_FACTS = 1_000_000
GIVEN = ("format", "sha256", "size")
"""What reader.json always says; the rest is what training wrote down."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What reader.json says: the weights' SHA-256 in hex, and what else training wrote down."""

    sha256: str
    more: Mapping[str, object]

    @property
    def model(self) -> str:
        """For the log: a name and the beginning of the weights' hash."""
        return f"reader@{self.sha256[:12]}"


def default_reader_folder() -> Path:
    """Where the weights that come with the program are."""
    return Path(__file__).resolve().parent / "weights"


def read_facts(folder: Path) -> Facts:
    """reader.json, checked for form alone. Raises BundleMissing or BundleDamaged."""
    try:
        with (folder / FACTS).open("rb") as file:
            untrusted = file.read(MAX_FACTS + 1)
    except OSError as error:
        raise BundleMissing("The reader's weights are not installed.") from error
    try:
        return _facts(json.loads(untrusted if len(untrusted) <= MAX_FACTS else b""))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleDamaged("The reader's description is not in order.") from error


def _facts(untrusted: object) -> Facts:
    if not isinstance(untrusted, dict) or untrusted["format"] != FORMAT:
        raise ValueError("not a description of this format")
    sha256 = untrusted["sha256"]
    if not isinstance(sha256, str) or re.fullmatch("[0-9a-f]{64}", sha256) is None:
        raise ValueError("not a hash")
    if untrusted["size"] != weights_size():
        raise ValueError("not of this shape")
    more = {key: value for key, value in untrusted.items() if key not in GIVEN}
    return Facts(sha256, more)


def are_there(folder: Path) -> bool:
    """Whether weights are there in their size; the hash is compared when they are loaded."""
    try:
        read_facts(folder)
        return (folder / WEIGHTS).stat().st_size == weights_size()
    except (BundleMissing, BundleDamaged, OSError):
        return False


def open_weights(folder: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Every tensor of layout.py by its name, verified, each 64-byte aligned.

    Raises BundleMissing or BundleDamaged."""
    facts = read_facts(folder)
    size = weights_size()
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    image = raw[-raw.ctypes.data % ALIGNMENT :][:size]
    try:
        with (folder / WEIGHTS).open("rb", buffering=0) as file:
            whole = file.readinto(image.data) == size and not file.read(1)
    except FileNotFoundError as error:
        raise BundleMissing("The reader's weights are not installed.") from error
    except OSError as error:
        raise BundleDamaged("The reader's weights cannot be read.") from error
    if not whole or hashlib.sha256(image.data).hexdigest() != facts.sha256:
        raise BundleDamaged("The reader's weights are not the file they should be.")
    found: dict[str, npt.NDArray[np.generic]] = {}
    for tensor in tensors():
        part = image[tensor.offset : tensor.offset + tensor.size]
        array = part.view(tensor.dtype).reshape(tensor.shape)
        if tensor.dtype == "int8" and (array == -128).any():
            raise BundleDamaged("The reader's weights hold a code that cannot be.")
        if tensor.dtype == "float32" and not np.isfinite(part.view(np.float32)).all():
            raise BundleDamaged("The reader's weights hold numbers that are not finite.")
        found[tensor.name] = array
    return found
