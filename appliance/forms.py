"""An answer as JSON, for a program that asks: the checked answer, put into the form it wants.

Rules kept here: the form is filled from the checked sentences alone, and nobody's word is taken for
that: every text in it is fixed by the schema itself or stands word for word in a sentence of the
answer, every number stands there too; anything else, and there is no answer (promise 6). Where the
policy marks instead of requiring, an answer without support is still given, so a form may be filled
from it; its values are held to it all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from appliance.errors import CloisterError
from appliance.protocols import Answerer
from appliance.values import Answer, Question

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DEEPEST = 40


class FormUnfilled(CloisterError):
    """The answer cannot be given in the form that was asked for."""

    code = "form_unfilled"
    hint = "Ask without a JSON schema, or for fewer and simpler fields."


def filled(
    question: Question, answer: Answer, answerer: Answerer, go_on: Callable[[], None]
) -> Answer:
    """The same answer with `data` in the form of the question's schema, which costs what was
    written for it. Raises FormUnfilled, and
    CannotWrite or EngineFailed where the language model cannot do it."""
    data, tokens = answerer.fill(question.text, answer, question.schema, go_on)
    require_quoted(data, question.schema, answer)
    return replace(answer, data=data, tokens=answer.tokens + tokens)


def require_quoted(untrusted_data: str, schema: str, answer: Answer) -> None:
    """Raises FormUnfilled unless every text and number is the schema's own or the answer's."""
    try:
        untrusted = json.loads(untrusted_data, parse_float=str, parse_int=str)
        fixed = frozenset(_fixed(json.loads(schema, parse_float=str, parse_int=str), 0))
    except (ValueError, RecursionError) as error:
        raise FormUnfilled("The answer could not be put into the form asked for.") from error
    said = _plain(" ".join(sentence.text for sentence in answer.sentences))
    numbers = set(_NUMBER.findall(said))
    for value in _leaves(untrusted, 0):
        text = _plain(value)
        if text in fixed or not text:
            continue
        stands = text in numbers if _NUMBER.fullmatch(text) else _stands(text, said)
        if not stands:
            raise FormUnfilled("A field would hold what the answer does not say.")


def _stands(text: str, said: str) -> bool:
    """Whether it stands there as whole words."""
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said) is not None


def _leaves(untrusted: object, depth: int) -> Iterator[str]:
    """Texts and numbers (as they are spelled); true, false and null say nothing by themselves."""
    if depth > _DEEPEST:
        raise FormUnfilled("The form asked for is nested too deep.")
    if isinstance(untrusted, str):
        yield untrusted
    elif isinstance(untrusted, dict):
        for value in untrusted.values():
            yield from _leaves(value, depth + 1)
    elif isinstance(untrusted, list):
        for value in untrusted:
            yield from _leaves(value, depth + 1)


def _fixed(schema: object, depth: int) -> Iterator[str]:
    """What the schema itself writes: the values of `enum` and `const`."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name in ("enum", "const"):
                yield from (_plain(text) for text in _leaves(value, depth + 1))
            else:
                yield from _fixed(value, depth + 1)
    elif isinstance(schema, list):
        for value in schema:
            yield from _fixed(value, depth + 1)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
