"""The models that are measured: their shapes, and what a token costs to read.

Rule kept here: nothing but the standard library, because the product's interpreter and the peers'
both read this file.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUP = 32
GROUP_BYTES = 18
"""32 codes of 4 bits and a 16-bit scale: the same in q4f16_1 and in llama.cpp's Q4_0."""
HEAD = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """A llama of heads of 64; every matrix has a multiple of 32 columns."""

    name: str
    label: str
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool

    @property
    def layer_matrices(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of query, key, value, output, gate, up and down."""
        width, narrow = self.heads * HEAD, self.kv_heads * HEAD
        return (
            (width, self.hidden),
            (narrow, self.hidden),
            (narrow, self.hidden),
            (self.hidden, width),
            (self.inner, self.hidden),
            (self.inner, self.hidden),
            (self.hidden, self.inner),
        )

    @property
    def weights_read(self) -> int:
        """Weights of all matrices a token passes through: the layers' and the head's. Of the
        embedding it reads one row, which is not counted."""
        layer = sum(rows * columns for rows, columns in self.layer_matrices)
        return self.layers * layer + self.vocabulary * self.hidden

    @property
    def bytes_read(self) -> int:
        """Bytes of packed weights a decoded token reads at least."""
        return self.weights_read // GROUP * GROUP_BYTES


SMALL = Shape("smollm2-135m", "135M", 576, 1536, 30, 9, 3, 49152, tied=True)
LARGE = Shape("tinyllama-1.1b", "1.1B", 2048, 5632, 22, 32, 4, 32000, tied=False)
TINY = Shape("tiny", "tiny", 128, 256, 2, 2, 1, 512, tied=True)
"""For trying the machinery."""
SHAPES = {shape.name: shape for shape in (SMALL, LARGE, TINY)}


def tokens(count: int, shape: Shape, seed: int = 1) -> list[int]:
    """Token ids, the same for both sides: a linear congruential sequence past the special ids."""
    found, state = [], seed
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        found.append(300 + (state >> 8) % (shape.vocabulary - 300))
    return found
