"""A decoder on the small honest model, asked and listened to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.request import Finished, Piece, Rejected, Reply, Sampling
from appliance.engine.decoding.scheduler import Pace
from tests.engine_model import HashModel
from tests.unit.engine.decoding import tiny_tokenizers

LETTERS = tiny_tokenizers.letters()
END = tiny_tokenizers.end_of(LETTERS)
FREE = Sampling(max_tokens=8, temperature=1.0)
SMALL = Pace(chunk=5, together=4, reserve=3, donors=4)


def decoder(
    model: HashModel | None = None, *, pace: Pace = SMALL, ends: frozenset[int] = frozenset({END})
) -> Decoder:
    return Decoder(model or HashModel(), LETTERS, end_tokens=ends, pace=pace)


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    last: Finished | Rejected


def run(decoding: Decoder, *, steps: int = 2000) -> dict[int, Said]:
    """Until nothing is left to do. Each request has one last word, and nothing after it."""
    return collect([reply for _ in range(steps) if decoding.busy for reply in decoding.step()])


def collect(replies: Sequence[Reply]) -> dict[int, Said]:
    texts: dict[int, str] = defaultdict(str)
    said: dict[int, Said] = {}
    for reply in replies:
        assert reply.request not in said
        if isinstance(reply, Piece):
            assert reply.text
            texts[reply.request] += reply.text
        else:
            said[reply.request] = Said(texts[reply.request], reply)
    return said


def ask(prompt: Sequence[int], sampling: Sampling = FREE, model: HashModel | None = None) -> Said:
    """One request, all by itself."""
    decoding = decoder(model)
    decoding.submit(0, prompt, sampling)
    return run(decoding)[0]


def finished(said: Said) -> Finished:
    assert isinstance(said.last, Finished), said
    return said.last


def lengths(model: HashModel) -> list[list[int]]:
    """Of each pass, how many tokens each sequence got."""
    return [[len(append.tokens) for append in each] for each in model.passes]
