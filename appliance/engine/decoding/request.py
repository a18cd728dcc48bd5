"""What is asked of a chat model, and what comes back, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. role: "system" (first only), "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer may take its numbers and names from. texts: passages, and the question.
    marks: how many passages [n] can be cited."""

    texts: tuple[str, ...]
    marks: int = 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. temperature 0 takes the likeliest (then seed does not matter). top_k
    0 and top_p 1 leave all. repetition_penalty is CTRL's (Keskar et al. 2019, section 4.1), over
    prompt and answer. stops end the answer and are not part of it. schema: a JSON schema the
    answer must follow, or empty. evidence: what the answer's numbers, units, dates, codes and names
    are bound to, or None for nothing."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    seed: int = 0
    max_tokens: int = 512
    stops: tuple[str, ...] = ()
    schema: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """`id` is the caller's, unique among those running."""

    id: int
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()


class Ending(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that was added to the answer of `request`. Always whole characters."""

    request: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last thing said of a request. cached_tokens of the prompt_tokens were in the cache."""

    request: int
    ending: Ending
    prompt_tokens: int
    cached_tokens: int
    new_tokens: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request could not be carried out, and why. It is over."""

    request: int
    code: str
    sentence: str
    hint: str


Reply: TypeAlias = Piece | Finished | Rejected
