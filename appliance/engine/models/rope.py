"""Frequencies of rotary position embeddings: plain, and scaled for longer contexts.

Rules kept here: scaling is decided once, when a model is loaded, never while it runs. What would
have to change with the length of the text (dynamic NTK) or is not known here (YaRN) is refused.

Sources: Su et al. 2021 (RoFormer), section 3.2.2; Chen et al. 2023 (position interpolation) for
"linear"; Ding et al. 2024 (LongRoPE) for "longrope"; Llama 3.1's reference code for "llama3".
"""

from __future__ import annotations

import math

from appliance.engine.errors import ConfigurationInvalid, FamilyUnsupported
from appliance.engine.models.architecture import Rope
from appliance.engine.models.configuration import Fields

MAX_CONTEXT = 1 << 24
MAX_THETA = 1e12
MAX_FACTOR = 1e6


def plain(theta: float, dimensions: int) -> Rope:
    """Pair i of `dimensions` turns by theta ** (-2 i / dimensions) a token."""
    return Rope(tuple(theta ** (-i / dimensions) for i in range(0, dimensions, 2)))


def scaled(config: Fields, scaling: Fields, theta: float, dimensions: int, context: int) -> Rope:
    """The rope that `scaling` (`rope_scaling` or `rope_parameters`) asks for.

    context: tokens a sequence will hold at most; it chooses between LongRoPE's two lists. Raises
    FamilyUnsupported for kinds of scaling that are not known, ConfigurationInvalid.
    """
    untouched = plain(theta, dimensions)
    # "type" is the older spelling; where both stand, "rope_type" counts.
    kind = scaling.word("rope_type", scaling.word("type", "default"))
    if kind == "default":
        return untouched
    if kind == "linear":
        factor = scaling.number("factor", 1.0, MAX_FACTOR)
        return Rope(tuple(f / factor for f in untouched.inverse_frequencies))
    if kind == "llama3":
        return _llama3(scaling, untouched)
    if kind in ("longrope", "su"):
        return _longrope(config, scaling, untouched, context)
    raise FamilyUnsupported(
        f"The model scales its positions by “{kind}”, which Cloister does not know. "
        "It knows linear, llama3 and longrope."
    )


def _llama3(scaling: Fields, untouched: Rope) -> Rope:
    """Slow pairs are slowed by `factor`, fast ones kept, those between are blended."""
    factor = scaling.number("factor", 1.0, MAX_FACTOR)
    low = scaling.number("low_freq_factor", 1e-3, MAX_FACTOR)
    high = scaling.number("high_freq_factor", 1e-3, MAX_FACTOR)
    original = scaling.count("original_max_position_embeddings", MAX_CONTEXT)
    if high <= low:
        raise ConfigurationInvalid("`high_freq_factor` is not above `low_freq_factor`.")

    def slowed(frequency: float) -> float:
        turns = original * frequency / (2 * math.pi)
        kept = min(max((turns - low) / (high - low), 0.0), 1.0)
        return kept * frequency + (1 - kept) * frequency / factor

    return Rope(tuple(slowed(f) for f in untouched.inverse_frequencies))


def _longrope(config: Fields, scaling: Fields, untouched: Rope, context: int) -> Rope:
    """One list of factors up to the context the model was first trained on, another beyond.

    The choice is made by what a sequence may come to, not by what it holds: keys in the cache are
    not turned again. So a model loaded for a long context uses the long list from the first token.
    """
    trained = config.count("max_position_embeddings", MAX_CONTEXT, context)
    at_top = config.has("original_max_position_embeddings")
    original = (config if at_top else scaling).count("original_max_position_embeddings", trained)
    growth = trained / original
    if growth > 1 and original > 1:
        usual = math.sqrt(1 + math.log(growth) / math.log(original))
    else:
        usual = 1.0
    magnitude = scaling.number("attention_factor", 1e-3, 1e3, usual)
    pairs = len(untouched.inverse_frequencies)
    factors = {
        name: scaling.numbers(name, pairs, 1e-3, MAX_FACTOR)
        for name in ("short_factor", "long_factor")
    }
    chosen = factors["long_factor" if context > original else "short_factor"]
    inverse = zip(untouched.inverse_frequencies, chosen, strict=True)
    return Rope(tuple(f / factor for f, factor in inverse), magnitude)
