"""The parameters of an architecture under Cloister's own names, whatever family and format.

Rules kept here: names and shapes follow from the architecture alone. Readers of bundles translate
the family's MLC names into these; everything that runs a model knows only these.

    embed                    (vocabulary, hidden)
    {n}.attention_norm       (hidden,)          before attention
    {n}.qkv                  (qkv_rows, hidden) query, key, value rows one after another
    {n}.qkv_bias             (qkv_rows,)        only with qkv_bias
    {n}.q_norm, {n}.k_norm   (head_dim,)        only with qk_norm
    {n}.out                  (hidden, heads * head_dim)
    {n}.attention_post_norm  (hidden,)          only with post_norms
    {n}.mlp_norm             (hidden,)          before the feed-forward
    {n}.gate_up              (2 * inner, hidden) gate rows, then up rows
    {n}.down                 (hidden, inner)
    {n}.mlp_post_norm        (hidden,)          only with post_norms
    norm                     (hidden,)
    head                     (vocabulary, hidden) unless tied

The two-dimensional ones are matrices: in a q4 format they are stored packed (quantisation.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.engine.models.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Parameter:
    """shape is the logical one, (rows, columns) for a matrix."""

    name: str
    shape: tuple[int, ...]

    @property
    def is_matrix(self) -> bool:
        return len(self.shape) == 2


def parameters(a: Architecture) -> tuple[Parameter, ...]:
    """Every parameter of the architecture, in the order of a forward pass."""
    found = [Parameter("embed", (a.vocabulary, a.hidden))]
    for n in range(len(a.layers)):
        found += _attention(a, n) + _feed_forward(a, n)
    found.append(Parameter("norm", (a.hidden,)))
    if not a.tied:
        found.append(Parameter("head", (a.vocabulary, a.hidden)))
    return tuple(found)


def _attention(a: Architecture, n: int) -> list[Parameter]:
    found = [
        Parameter(f"{n}.attention_norm", (a.hidden,)),
        Parameter(f"{n}.qkv", (a.qkv_rows, a.hidden)),
    ]
    if a.qkv_bias:
        found.append(Parameter(f"{n}.qkv_bias", (a.qkv_rows,)))
    if a.qk_norm:
        found += [Parameter(f"{n}.{part}_norm", (a.head_dim,)) for part in ("q", "k")]
    found.append(Parameter(f"{n}.out", (a.hidden, a.heads * a.head_dim)))
    if a.post_norms:
        found.append(Parameter(f"{n}.attention_post_norm", (a.hidden,)))
    return found


def _feed_forward(a: Architecture, n: int) -> list[Parameter]:
    found = [
        Parameter(f"{n}.mlp_norm", (a.hidden,)),
        Parameter(f"{n}.gate_up", (2 * a.inner, a.hidden)),
        Parameter(f"{n}.down", (a.hidden, a.inner)),
    ]
    if a.post_norms:
        found.append(Parameter(f"{n}.mlp_post_norm", (a.hidden,)))
    return found
