"""The kernels with activations of eight bits compute what rounding to eight bits means, no other.

On real weights with heads of eight numbers, the smallest there are. Rounding is chaotic (one number
that falls the other way moves all that come after it), so the reference rounds in float64: in
float32 it would differ from itself as much as from the exact model.
"""

from __future__ import annotations

import numpy as np
import pytest

from appliance.engine.decoding.model import Append
from appliance.engine.models.architecture import Format
from appliance.engine.models.quantisation import dequantise
from appliance.engine.models.stored import Packed, Weights
from tests import model_vectors, reference_model, storyteller
from tests.benchmarks.engine.int8_accuracy import perplexity, perplexity_of
from tests.benchmarks.engine.rounding import Rounded, int8
from tests.benchmarks.engine.stories import Stories, available, read_stories
from tests.unit.engine.running.levels import make_model, stored_as, usable_levels

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not available(), reason="the model is not beside this checkout"),
]
PROMPT = 60


@pytest.fixture(scope="module")
def stories() -> Stories:
    storyteller.require_there()
    return read_stories()


class Wide(Rounded):
    """Rounded, in float64."""

    @property
    def T(self) -> Wide:  # noqa: N802 - numpy's name
        return self

    def __rmatmul__(self, x: np.ndarray) -> np.ndarray:
        product: np.ndarray = int8(x).astype(np.float64) @ self._weight.T
        return product


def reference(weights: Weights, tokens: list[int], *, rounded: bool) -> np.ndarray:
    meant = {
        name: (dequantise(w) if isinstance(w, Packed) else w).astype(np.float64)
        for name, w in weights.stored.items()
    }
    if rounded:
        meant = {name: Wide(w) if w.ndim == 2 else w for name, w in meant.items()}  # type: ignore[arg-type, misc]
    last: np.ndarray = reference_model.logits(weights.architecture, meant, tokens)[-1]
    return last


@pytest.mark.parametrize("level", usable_levels())
def test_rounded_and_exact_kernels_are_each_what_they_say(stories: Stories, level: str) -> None:
    weights = stored_as(stories.architecture, stories.weights, Format.Q4F32_1)
    tokens = stories.heldout[0][:PROMPT]
    wanted = {exact: reference(weights, tokens, rounded=not exact) for exact in (True, False)}
    apart = model_vectors.relative_error(wanted[False], wanted[True])
    assert apart > 5e-3
    for exact in (True, False):
        model = make_model(weights, level, exact=exact)
        got = model.forward([Append(model.add(), tokens)])[0]
        assert model_vectors.relative_error(got, wanted[exact]) < 1e-4
        assert model_vectors.relative_error(got, wanted[not exact]) > apart / 2


def test_four_bits_and_eight_cost_no_more_than_a_quarter_of_the_perplexity(
    stories: Stories,
) -> None:
    """The figures themselves are the benchmark's to report."""
    texts = stories.heldout[:1]
    whole = perplexity(stories, stories.weights, texts)
    level = usable_levels()[0]
    exact, rounded = (
        perplexity_of(make_model(stories.quantised(), level, exact=exact), texts)
        for exact in (True, False)
    )
    assert exact != rounded
    assert whole < exact < 1.25 * whole
    assert abs(rounded / exact - 1) < 0.02
