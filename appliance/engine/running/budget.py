"""How much memory a model takes on the processor, and how long its texts may be in it.

Rules kept here: one function says it, for who decides whether a model can start and for who makes
its cache. Pure arithmetic, at its most rather than at its least.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.engine.errors import FamilyUnsupported
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.running.blocks import GROUP, HEAD_DIMS, PAGE, padded

CHUNK = 512
"""Rows of one pass through the layers; longer prompts take several."""
KEPT_ROWS = 1_024
"""Rows of all workspaces that are kept for the next pass."""
SLOTS = 128
"""Sequences the cache holds at most."""
CONTEXT = 8_192
"""Tokens of one conversation, where neither the model nor the institution wants fewer or more."""
LEAST = 2_048
"""Below this passages, question and answer do not fit any more."""
SEQUENCES = 4
"""Conversations of full length that the cache holds, where there is memory for them."""
SHARE = 4
"""A quarter of what is free beside the parameters is taken for the cache."""
RESERVE = 256 << 20
"""Bytes for the runtime, the tokenizer and grammars."""


@dataclass(frozen=True, slots=True)
class Budget:
    """context: tokens of one sequence. cache_tokens: of all together. memory: bytes needed."""

    context: int
    cache_tokens: int
    memory: int


def budget(
    a: Architecture,
    form: Format,
    *,
    size: int,
    largest: int,
    available: int | None,
    wanted: int = 0,
) -> Budget:
    """size: bytes of the parameters; largest: of those that are in memory twice while they are
    rearranged. available: bytes that are free, None where nobody says. wanted: tokens of context, 0
    for CONTEXT. Where it does not fit, `memory` is above `available`."""
    context = min(a.context, wanted or CONTEXT)
    fixed = size + largest + workspace_bytes(a) + RESERVE
    tokens = SEQUENCES * context
    if available is not None:
        free = max(available - fixed, 0)
        tokens = min(tokens, free // SHARE // token_bytes(a, form))
    tokens = max(tokens, min(context, LEAST))
    tokens = padded(tokens, PAGE)
    return Budget(min(context, tokens), tokens, fixed + tokens * token_bytes(a, form))


def head_dims(a: Architecture) -> int:
    """Dimensions of a head as it lies in the cache: padded to what there are kernels for. Raises
    FamilyUnsupported."""
    for dims in HEAD_DIMS:
        if dims >= a.head_dim:
            return dims
    raise FamilyUnsupported(f"The model has heads of {a.head_dim} numbers; {HEAD_DIMS[-1]} fit.")


def token_bytes(a: Architecture, form: Format) -> int:
    """Of the keys and values of one token, all layers together."""
    number = 2 if form.dtype == "float16" else 4
    return 2 * len(a.layers) * a.kv_heads * head_dims(a) * number


def workspace_bytes(a: Architecture) -> int:
    """What passes need in between at most: rows of KEPT_ROWS and of the pass under way, and the
    logits of every sequence."""
    hidden, inner, heads = (padded(n, GROUP) for n in (a.hidden, a.inner, a.heads * a.head_dim))
    room = 5 + 8 / GROUP  # a float, an eight-bit number, and two scales a group
    floats = hidden + padded(a.qkv_rows, GROUP) + 2 * inner + a.heads * head_dims(a)
    row = 4 * floats + int(room * (hidden + inner + heads))
    return (KEPT_ROWS + CHUNK) * row + 3 * SLOTS * padded(a.vocabulary, GROUP) * 4
