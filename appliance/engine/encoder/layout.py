"""The encoder's shape, and how its parameters lie in `params.bin`.

Rules kept here: the compiler and the appliance share this file, so that they cannot disagree. All
parameters are float32, little-endian, row-major; each begins at a multiple of ALIGNMENT bytes
(the kernels load whole vectors). Weight matrices lie in panels of PANEL output columns,
[N/PANEL][K][PANEL]; query, key and value are one matrix of 3 HIDDEN columns; the one token type is
added into the positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

HIDDEN, INNER, HEADS, HEAD, LAYERS = 384, 1536, 12, 32, 6
VOCABULARY = 30522
MAX_TOKENS = 256  # the length the model was trained to read; longer texts are cut there
PANEL = 16
ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Tensor:
    """A parameter: `offset` bytes into params.bin."""

    name: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        return 4 * prod(self.shape)


def tensors() -> tuple[Tensor, ...]:
    """Every parameter in the order of the file."""
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("words", (VOCABULARY, HIDDEN)),
        ("positions", (MAX_TOKENS, HIDDEN)),
        *_norm("norm"),
    ]
    for layer in range(LAYERS):
        shapes += _linear(f"{layer}.qkv", 3 * HIDDEN, HIDDEN)
        shapes += _linear(f"{layer}.out", HIDDEN, HIDDEN)
        shapes += _norm(f"{layer}.norm1")
        shapes += _linear(f"{layer}.up", INNER, HIDDEN)
        shapes += _linear(f"{layer}.down", HIDDEN, INNER)
        shapes += _norm(f"{layer}.norm2")
    placed, offset = [], 0
    for name, shape in shapes:
        placed.append(Tensor(name, shape, offset))
        offset += -(-placed[-1].size // ALIGNMENT) * ALIGNMENT
    return tuple(placed)


def params_size() -> int:
    """Bytes of params.bin."""
    last = tensors()[-1]
    return last.offset + -(-last.size // ALIGNMENT) * ALIGNMENT


def _linear(name: str, n: int, k: int) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{name}.w", (n // PANEL, k, PANEL)), (f"{name}.b", (n,))]


def _norm(name: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{name}.g", (HIDDEN,)), (f"{name}.b", (HIDDEN,))]
