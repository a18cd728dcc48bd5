"""An answer as JSON, for a program that asks: the checked answer, put into the form it wants.

Rules kept here: the form is filled from the checked sentences alone, and nobody's word is taken for
that: every text in it, every name of a field and every number is fixed by the schema or stands as
it is in a sentence of the answer; anything else, and there is no answer (promise 6). Where the
schema lets the model choose (one of several words, true or false), no sentence carries the choice:
it is marked as such, and a number is never a matter of choice. Where the policy marks instead of
requiring, an answer without support is still given, so a form may be filled from it; its values are
held to it all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from appliance.errors import CloisterError
from appliance.protocols import Answerer
from appliance.values import Answer, Question

_NUMBER = re.compile(r"(?<!\w)(?<!\d[.,/])-?\d+(?:[.,]\d+)*(?!\w)")
_DIGIT = re.compile(r"\d")
_DEEPEST = 40
_TABLES = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "prefixItems")
_PARTS = ("items", "additionalProperties")


class FormUnfilled(CloisterError):
    """The answer cannot be given in the form that was asked for."""

    code = "form_unfilled"
    hint = "Ask without a JSON schema, or for fewer and simpler fields."


@dataclass(frozen=True, slots=True)
class _Own:
    """What the schema itself writes. names: of fields. fixed: where there is nothing to choose.
    offered: words of which one is chosen."""

    names: frozenset[str]
    fixed: frozenset[str]
    offered: frozenset[str]


def filled(
    question: Question, answer: Answer, answerer: Answerer, go_on: Callable[[], None]
) -> Answer:
    """The same answer with `data` in the form of the question's schema, which costs what was
    written for it. Raises FormUnfilled, and
    CannotWrite or EngineFailed where the language model cannot do it."""
    data, tokens = answerer.fill(question.text, answer, question.schema, go_on)
    chosen = chosen_in(data, question.schema, answer)
    return replace(answer, data=data, chosen=chosen, tokens=answer.tokens + tokens)


def chosen_in(untrusted_data: str, schema: str, answer: Answer) -> tuple[str, ...]:
    """The places (RFC 6901) that hold a choice of the model's. Raises FormUnfilled unless every
    other text, name and number is the schema's own or the answer's."""
    try:
        untrusted = json.loads(
            untrusted_data, parse_float=str, parse_int=str, object_pairs_hook=_once
        )
        own = _own(json.loads(schema, parse_float=str, parse_int=str))
        leaves = list(_leaves(untrusted, "", 0))
    except (ValueError, RecursionError) as error:
        raise FormUnfilled("The answer could not be put into the form asked for.") from error
    said = _plain(" ".join(sentence.text for sentence in answer.sentences))
    numbers = frozenset(_NUMBER.findall(said))
    return tuple(place for place, leaf in leaves if _is_choice(leaf, own, said, numbers))


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    """A name that comes twice would leave one of its values unread. Raises ValueError."""
    table = dict(members)
    if len(table) != len(members):
        raise ValueError("a name comes twice")
    return table


@dataclass(frozen=True, slots=True)
class _Name:
    """The name of a field, which stands among the leaves."""

    text: str


def _is_choice(leaf: str | bool | _Name, own: _Own, said: str, numbers: frozenset[str]) -> bool:
    """Raises FormUnfilled for what neither schema nor answer says."""
    if isinstance(leaf, bool):
        return True
    text = _plain(leaf.text if isinstance(leaf, _Name) else leaf)
    if not text or text in (own.names if isinstance(leaf, _Name) else own.fixed):
        return False
    if text in numbers if _NUMBER.fullmatch(text) else _stands(text, said):
        return False
    if isinstance(leaf, _Name) or text not in own.offered or _DIGIT.search(text):
        raise FormUnfilled("A field would hold what the answer does not say.")
    return True


def _stands(text: str, said: str) -> bool:
    """Whether it stands there as whole words and whole numbers: "5 mg" does not in "2.5 mg"."""
    before = r"(?<!\w)(?<!\d[.,/])(?<![^\w]-)(?<!^-)" if text[0].isdigit() else r"(?<!\w)"
    after = r"(?!\w)(?![.,/]\d)" if text[-1].isdigit() else r"(?!\w)"
    return re.search(f"{before}{re.escape(text)}{after}", said) is not None


def _leaves(untrusted: object, place: str, depth: int) -> Iterator[tuple[str, str | bool | _Name]]:
    """Texts, numbers (as they are spelled), true and false, and names of fields, each with its
    place; null says nothing."""
    if depth > _DEEPEST:
        raise FormUnfilled("The form asked for is nested too deep.")
    if isinstance(untrusted, str | bool):
        yield place, untrusted
    elif isinstance(untrusted, dict):
        for name, value in untrusted.items():
            here = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
            yield here, _Name(name)
            yield from _leaves(value, here, depth + 1)
    elif isinstance(untrusted, list):
        for at, value in enumerate(untrusted):
            yield from _leaves(value, f"{place}/{at}", depth + 1)


def _own(schema: object) -> _Own:
    names: set[str] = set()
    fixed: set[str] = set()
    offered: set[str] = set()
    for part in _parts(schema):
        properties = part.get("properties")
        names.update(map(_plain, properties if isinstance(properties, dict) else ()))
        options = part.get("enum")
        several = isinstance(options, list) and len(options) > 1
        _collect(options, names, offered if several else fixed)
        _collect(part.get("const"), names, fixed)
    return _Own(frozenset(names), frozenset(fixed), frozenset(offered))


def _collect(value: object, names: set[str], texts: set[str]) -> None:
    for _, leaf in _leaves(value, "", 0):
        if isinstance(leaf, _Name):
            names.add(_plain(leaf.text))
        elif isinstance(leaf, str):
            texts.add(_plain(leaf))


def _parts(schema: object) -> Iterator[dict[str, object]]:
    """The schema and every schema inside it, where schemas stand (JSON Schema 2020-12): a field
    that is called "enum" is none."""
    if not isinstance(schema, dict):
        return
    yield schema
    inner: list[object] = [schema.get(name) for name in _PARTS]
    for name in _TABLES:
        table = schema.get(name)
        inner += table.values() if isinstance(table, dict) else ()
    for name in _LISTS:
        listed = schema.get(name)
        inner += listed if isinstance(listed, list) else ()
    for one in inner:
        yield from _parts(one)


def _plain(text: str) -> str:
    return " ".join(text.replace("\u2212", "-").split()).casefold()
