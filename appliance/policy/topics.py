"""What a question is about, as far as policies care: a small, readable catalogue of phrases.

Rules kept here: the catalogue is data (`topics.toml` of a pack, signed with it), so a compliance
officer can read why a question has a topic; every rule names its topic and, under `unless`, the
phrases that take it back within the same sentence; matching takes time linear in the question's
length, whatever is written in it. It is a fence, not a wall: answers only ever come from documents
the person may read.

The phrase language, over words in lower case:
  word            that word                 word*        a word that begins so
  (a|b c|d)       one of these              [a|b]        one of these, or nothing
  <name>          one of the list `name`    ...          up to six words of the same sentence
  ^ and $         the sentence's begin and end
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

_GAP = 6  # words that `...` may stand for
_MOST_GAPS = 3
_LONGEST_PHRASE = 400
_MOST_RULES = 200
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_TOKEN = re.compile(r"\.\.\.|<[a-z-]+>|[()\[\]|^$]|[^\W_]+\*?|\S")
_WORD = re.compile(r"[^\W_]+\*?")
_SPLIT = re.compile(r"[^\W_]+|[.?!;:]+(?=\s)|\n\s*\n")
_TITLES = frozenset("dr mr mrs ms prof st".split())  # a dot after these ends no sentence


class CatalogueInvalid(ValueError):
    """topics.toml does not follow its form; the text says where."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A question has `topic` if a sentence of it matches a phrase and none of `unless`."""

    topic: str
    phrases: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All topics a pack (or several) knows, and the rules that give them."""

    names: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()

    def topics_of(self, untrusted_question: str) -> frozenset[str]:
        """The topics of a question. Never raises."""
        found: set[str] = set()
        for sentence in sentences(untrusted_question):
            for rule in self.rules:
                if rule.topic not in found and _applies(rule, sentence):
                    found.add(rule.topic)
        return frozenset(found)


def joined(catalogues: Iterable[Catalogue]) -> Catalogue:
    """Several packs' catalogues as one: a topic is given if any of them gives it."""
    parts = tuple(catalogues)
    return Catalogue(
        frozenset(name for part in parts for name in part.names),
        tuple(rule for part in parts for rule in part.rules),
    )


def sentences(untrusted_text: str) -> tuple[str, ...]:
    """The words of each sentence, in lower case, each word between single spaces.

    Accents, ligatures, full-width letters and invisible characters are evened out first (NFKD,
    marks and format characters dropped), so that they do not hide a word.
    """
    spread = unicodedata.normalize("NFKD", untrusted_text).casefold()
    plain = "".join(c for c in spread if unicodedata.category(c) not in ("Mn", "Cf"))
    found: list[str] = []
    words: list[str] = []
    for match in _SPLIT.finditer(plain + "\n\n"):
        piece = match.group()
        if piece[0].isalnum():
            words.append(piece)
        elif words and not (piece == "." and words[-1] in _TITLES):
            found.append(" " + " ".join(words) + " ")
            words = []
    return tuple(found)


def _applies(rule: Rule, sentence: str) -> bool:
    return any(phrase.search(sentence) for phrase in rule.phrases) and not any(
        phrase.search(sentence) for phrase in rule.unless
    )


def read_catalogue(untrusted_toml: str) -> Catalogue:
    """Reads topics.toml. Raises CatalogueInvalid."""
    try:
        document = tomllib.loads(untrusted_toml)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueInvalid(f"it is not TOML: {error}") from None
    _only(document, {"lists", "topic"}, "the file")
    lists = _lists(document.get("lists", {}))
    names: set[str] = set()
    rules: list[Rule] = []
    for topic in _tables(document.get("topic"), "topic"):
        _only(topic, {"name", "means", "rule"}, "a topic")
        name, means = topic.get("name"), topic.get("means")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in names:
            raise CatalogueInvalid(f"the topic's name {name!r} is malformed or used twice")
        if not isinstance(means, str) or not means.strip():
            raise CatalogueInvalid(f"topic {name} does not say what it means")
        names.add(name)
        rules += (_rule(name, rule, lists) for rule in _tables(topic.get("rule"), "rule"))
    if len(rules) > _MOST_RULES:
        raise CatalogueInvalid(f"{len(rules)} rules are more than {_MOST_RULES}")
    return Catalogue(frozenset(names), tuple(rules))


def _rule(topic: str, rule: Mapping[str, object], lists: Mapping[str, str]) -> Rule:
    _only(rule, {"phrases", "unless"}, f"a rule of {topic}")
    phrases = _texts(rule.get("phrases"), f"phrases of {topic}")
    if not phrases:
        raise CatalogueInvalid(f"a rule of {topic} has no phrases")
    unless = _texts(rule.get("unless", []), f"unless of {topic}")
    return Rule(
        topic,
        tuple(compiled(phrase, lists) for phrase in phrases),
        tuple(compiled(phrase, lists) for phrase in unless),
    )


def _lists(untrusted: object) -> dict[str, str]:
    if not isinstance(untrusted, dict):
        raise CatalogueInvalid("lists is not a table")
    made: dict[str, str] = {}
    for name, entries in untrusted.items():
        made[name] = "(?:" + "|".join(
            _plain(entry) for entry in _texts(entries, f"list {name}")
        ) + ")"  # fmt: skip
    return made


def compiled(phrase: str, lists: Mapping[str, str]) -> re.Pattern[str]:
    """A phrase as a regular expression over `sentences`. Raises CatalogueInvalid.

    Every word is matched with the space after it; a match begins after a space.
    """
    if len(phrase) > _LONGEST_PHRASE or phrase.count("...") > _MOST_GAPS:
        raise CatalogueInvalid(f"the phrase {phrase[:40]!r} is too long or has too many gaps")
    parts: list[str] = []
    for token in _TOKEN.findall(phrase):
        if token == "...":  # noqa: S105  a mark of the phrase language
            parts.append(rf"(?:\w+ ){{0,{_GAP}}}")
        elif token[0] == "<" and token[1:-1] in lists:
            parts.append(lists[token[1:-1]])
        elif _WORD.fullmatch(token):
            parts.append(_plain(token))
        elif token in _MARKS:
            parts.append(_MARKS[token])
        else:
            raise CatalogueInvalid(f"the phrase {phrase[:40]!r} holds {token!r}")
    try:
        return re.compile(f"(?<= )(?:{''.join(parts)})")
    except re.error as error:
        raise CatalogueInvalid(f"the phrase {phrase[:40]!r} does not close: {error}") from None


_MARKS = {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|", "^": "(?<=^ )", "$": "$"}


def _plain(words: str) -> str:
    if not words.strip() or words != words.casefold():
        raise CatalogueInvalid(f"{words!r} is empty or not in lower case")
    made = ""
    for word in words.split():
        if not _WORD.fullmatch(word):
            raise CatalogueInvalid(f"{word!r} is not a word")
        made += (re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word)) + " "
    return made


def _tables(untrusted: object, what: str) -> list[Mapping[str, object]]:
    if not isinstance(untrusted, list) or not all(isinstance(item, dict) for item in untrusted):
        raise CatalogueInvalid(f"{what} is missing or not a list of tables")
    return cast("list[Mapping[str, object]]", untrusted)


def _texts(untrusted: object, what: str) -> list[str]:
    if not isinstance(untrusted, list) or not all(isinstance(item, str) for item in untrusted):
        raise CatalogueInvalid(f"{what} is not a list of texts")
    return cast("list[str]", untrusted)


def _only(untrusted: Mapping[str, object], known: set[str], what: str) -> None:
    unknown = set(untrusted) - known
    if unknown:
        raise CatalogueInvalid(f"{what} has unknown entries: {', '.join(sorted(unknown))}")
