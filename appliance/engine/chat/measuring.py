"""How fast a chat model is on this machine, as its host serves it.

Rules kept here: figures come from what the host says it computed, not from what was asked: tokens
out of the cache are not counted as read. Every prompt begins differently, so that none finds
another's. What does not fit the model's context is not measured, and None.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from appliance.engine.chat.client import ChatHost
from appliance.engine.decoding.request import Finished, Message, Piece, Sampling

PROMPTS = (128, 512)
"""Tokens of the prompts that are read."""
TOGETHER = 8
ANSWER = 64
"""Tokens that are written, where the model does not end before."""
_WORDS = "the ward keeps a list of what each patient takes and when it was given last".split()


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds (load, first) and tokens a second. first: until the first token of the shortest
    prompt. prefill: prompt tokens read, by the prompt's length. one, together: tokens written for
    one answer, and for TOGETHER at the same time, of all of them."""

    threads: int
    load: float
    first: float
    prefill: tuple[tuple[int, float | None], ...]
    one: float | None
    together: float | None


@dataclass(frozen=True, slots=True)
class Timed:
    """When an answer was asked, its first piece came and it ended."""

    asked: float
    first: float
    ended: float
    finished: Finished

    @property
    def read(self) -> int:
        return self.finished.prompt_tokens - self.finished.cached_tokens


def measure(host: ChatHost, threads: int, go_on: Callable[[], None]) -> Measured:
    """Starts the host. What `go_on`, called several times a second, raises comes out. Raises
    EngineFailed."""
    started = time.monotonic()
    host.wait(go_on)
    load = time.monotonic() - started
    chance = random.Random(7)  # noqa: S311 - words to read, no secret
    _timed(host, _prompt(host, 16, chance), 2, go_on)  # the first pass ever makes its room
    prefill: list[tuple[int, float | None]] = []
    first = 0.0
    for length in PROMPTS:
        if length + ANSWER > host.context:
            prefill.append((length, None))
            continue
        timed = _timed(host, _prompt(host, length, chance), 1, go_on)
        prefill.append((length, timed.read / (timed.ended - timed.asked)))
        first = first or timed.first - timed.asked
    one = _written([_timed(host, _prompt(host, 32, chance), ANSWER, go_on)])
    prompts = [_prompt(host, 32, chance) for _ in range(TOGETHER)]
    with ThreadPoolExecutor(TOGETHER, thread_name_prefix="measuring") as pool:
        all_of_them = list(pool.map(lambda text: _timed(host, text, ANSWER, go_on), prompts))
    return Measured(threads, load, first, tuple(prefill), one, _written(all_of_them))


def _prompt(host: ChatHost, tokens: int, chance: random.Random) -> str:
    """Words of about so many tokens, that begin like no other prompt's."""
    words = [f"{chance.randrange(1_000_000)}", *chance.choices(_WORDS, k=tokens)]
    counts = host.count(words)
    text: list[str] = []
    for word, count in zip(words, counts, strict=True):
        tokens -= count
        if tokens < 0 and text:
            break
        text.append(word)
    return " ".join(text)


def _timed(host: ChatHost, text: str, most: int, go_on: Callable[[], None]) -> Timed:
    asked, first = time.monotonic(), 0.0
    sampling = Sampling(temperature=1.0, seed=len(text), max_tokens=most)
    for reply in host.generate([Message("user", text)], sampling, go_on):
        if isinstance(reply, Piece):
            first = first or time.monotonic()
        else:
            ended = time.monotonic()
            return Timed(asked, first or ended, ended, reply)
    raise RuntimeError("the host's answer has no end")  # it cannot: generate ends with Finished


def _written(answers: Sequence[Timed]) -> float | None:
    """Tokens a second after the first ones; None where the model had nothing more to say."""
    count = sum(answer.finished.new_tokens - 1 for answer in answers)
    seconds = max(a.ended for a in answers) - min(a.first for a in answers)
    return count / seconds if count > 0 and seconds > 0 else None
