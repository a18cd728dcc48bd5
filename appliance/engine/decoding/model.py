"""What decoding needs of a loaded model: sequences in a key-value cache, and a forward pass.

Rules kept here: the scheduler knows models by this Protocol alone; the CPU's, the GPU's and the
tests' small honest one answer to the same contract suite (tests/contract/test_model.py). Used
from one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from appliance.errors import EngineFailed

Logits: TypeAlias = npt.NDArray[np.float32]


class CacheFull(EngineFailed):
    """The key-value cache has no room for these tokens. Nothing was changed."""

    code = "cache_full"
    hint = "Ask a shorter question, or ask your IT department for more memory for the model."


@dataclass(frozen=True, slots=True)
class Append:
    """New tokens at the end of a sequence, one at least."""

    sequence: int
    tokens: Sequence[int]


class Model(Protocol):
    """A model with its key-value cache. Sequences are numbered by `add` and `fork`; a number is
    not used again while the model lives."""

    @property
    def vocabulary(self) -> int:
        """Entries of a row of logits (may exceed the tokenizer's)."""

    @property
    def context(self) -> int:
        """Tokens a sequence can hold at most."""

    @property
    def fingerprint(self) -> str:
        """Hex; equal only where exported tokens of one model can be adopted by the other."""

    def add(self) -> int:
        """A new, empty sequence. Raises CacheFull when there are too many."""

    def fork(self, sequence: int, length: int) -> int:
        """A new sequence that begins with the first `length` tokens of another (1 at least). They
        are shared, not copied (but for a part of a page). Raises CacheFull."""

    def cut(self, sequence: int, length: int) -> None:
        """Forgets what comes after the first `length` tokens."""

    def remove(self, sequence: int) -> None:
        """Forgets a sequence. What others share stays."""

    def length(self, sequence: int) -> int:
        """Tokens a sequence holds."""

    def free_tokens(self) -> int:
        """Tokens that surely still fit, whichever sequences they go to, counted in whole pages."""

    def forward(self, batch: Sequence[Append]) -> Logits:
        """Appends and computes, shape (len(batch), vocabulary): for each sequence the logits after
        its last new token. Each sequence at most once. What a sequence comes to does not depend on
        the others (to rounding). Raises CacheFull before anything is changed, ValueError for a
        token outside the vocabulary or a sequence that would outgrow the context."""

    def export(self, sequence: int, length: int) -> bytes:
        """The cache of the first `length` tokens, to be given to `adopt` of a model with the same
        fingerprint."""

    def adopt(self, untrusted: bytes) -> int:
        """A new sequence out of exported tokens. Raises EngineFailed for anything that is not an
        export of this model in whole; CacheFull."""
