"""How parameters and the key-value cache lie in memory for the processor's kernels.

Rules kept here: the compiler and the appliance share this file, so that they cannot disagree.
"""

from __future__ import annotations

BLOCK = 16
"""Rows of a matrix that lie side by side."""
GROUP = 32
"""Columns that share a scale; widths are multiples of it."""
OCTETS = GROUP // 8
PAGE = 16
"""Tokens of one page of the cache."""
HEAD_DIMS = (32, 64, 96, 128, 256)
"""Dimensions a head can have; another is padded to the next."""


def padded(count: int, to: int) -> int:
    """The next multiple of `to`."""
    return -(-count // to) * to
