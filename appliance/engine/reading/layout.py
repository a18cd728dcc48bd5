"""The reader's shape, and how its parameters lie in `reader.bin`.

Rules kept here: the exporter, the compiler and the appliance share this file, so that they cannot
disagree. Numbers are little-endian and row-major; each tensor begins at a multiple of ALIGNMENT
bytes (the kernels load whole vectors). The four matrices of a layer are int8 with one float32
scale an output column: weight = scale * code, code in -127..127. They lie in panels of PANEL output
columns, [N/PANEL][K/QUAD][PANEL][QUAD], so that one vector holds four products of each of its
columns. Query, key and value are one matrix of 3 HIDDEN columns. Word embeddings are the encoder's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from appliance.engine.encoder.layout import ALIGNMENT, HIDDEN, INNER, LAYERS, PANEL

FORMAT = "cloister-reader/1"
MAX_TOKENS = 384  # of a row: question, place and passage
MAX_QUESTION = 64  # word pieces
MAX_PLACE = 32
EXIT = 2  # layers every row goes through; the chosen ones go on
SPAN = 40  # word pieces the words that answer may have
BREVITY = 0.05
"""What each further piece costs the words that answer, in log-odds: of 0.02 to 0.2 the best on
articles the reader was not trained on (F1 72.1 without, 72.8 with it), measured on others."""
QUAD = 4
SMALLEST = 1e-30  # rows that are smaller throughout are rounded to zero
HEADS_OUT = ("relevance", "start", "end", "evidence")
"""The rows of `heads.w`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A parameter: `offset` bytes into reader.bin; dtype "float32" or "int8"."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    offset: int

    @property
    def size(self) -> int:
        return prod(self.shape) * (4 if self.dtype == "float32" else 1)


def tensors() -> tuple[Tensor, ...]:
    """Every parameter in the order of the file."""
    floats: list[tuple[str, tuple[int, ...]]] = [
        ("positions", (MAX_TOKENS, HIDDEN)),
        ("types", (2, HIDDEN)),
        *_norm("norm"),
        ("exit.w", (1, HIDDEN)),
        ("exit.b", (1,)),
        ("heads.w", (len(HEADS_OUT), HIDDEN)),
        ("heads.b", (len(HEADS_OUT),)),
    ]
    entries = [(name, shape, "float32") for name, shape in floats]
    for layer in range(LAYERS):
        entries += _linear(f"{layer}.qkv", 3 * HIDDEN, HIDDEN)
        entries += _linear(f"{layer}.out", HIDDEN, HIDDEN)
        entries += [(name, shape, "float32") for name, shape in _norm(f"{layer}.norm1")]
        entries += _linear(f"{layer}.up", INNER, HIDDEN)
        entries += _linear(f"{layer}.down", HIDDEN, INNER)
        entries += [(name, shape, "float32") for name, shape in _norm(f"{layer}.norm2")]
    placed, offset = [], 0
    for name, shape, dtype in entries:
        placed.append(Tensor(name, shape, dtype, offset))
        offset += -(-placed[-1].size // ALIGNMENT) * ALIGNMENT
    return tuple(placed)


def weights_size() -> int:
    """Bytes of reader.bin."""
    last = tensors()[-1]
    return last.offset + -(-last.size // ALIGNMENT) * ALIGNMENT


def _linear(name: str, n: int, k: int) -> list[tuple[str, tuple[int, ...], str]]:
    """The codes, the scale of each output column, the bias."""
    return [
        (f"{name}.w", (n // PANEL, k // QUAD, PANEL * QUAD), "int8"),
        (f"{name}.s", (n,), "float32"),
        (f"{name}.b", (n,), "float32"),
    ]


def _norm(name: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{name}.g", (HIDDEN,)), (f"{name}.b", (HIDDEN,))]
