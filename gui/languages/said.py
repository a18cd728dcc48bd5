"""The appliance's own sentences in the person's language.

The appliance speaks English and knows no screen: an error carries its sentence and its next step
ready-made. A catalogue holds those that people meet in the window; one with something filled in is
recognised by its words, and what was filled in is put into the translation.

Rules kept here: what is not known is shown in English, as it is; of several sentences together all
are translated or none, so that no text is half in one language and half in another; and what would
be filled in at the beginning and reads like the beginning of another sentence is none of ours. What
was filled in is translated where it is one of the catalogue's own words; it is untrusted and never
looked at for placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from gui.languages.catalogue import Catalogue

_HOLE = re.compile(r"\{([0-9]|[a-z]{1,20})\}")
_END = re.compile(r"(?<=[.!?]) (?=[A-Z“`])")
BEGINNINGS = ("The", "A", "An", "This", "These", "Your", "You", "There", "No", "It")
"""First words of a sentence that no file, model or person is called."""

_LONGEST = 2_000
_MOST_SENTENCES = 8


class Sayings:
    """The sentences of one catalogue."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._whole = {known: text for known, text in texts.items() if not _HOLE.search(known)}
        # The one with the most words of its own comes first: it says most surely what was meant.
        shaped = sorted(
            texts.keys() - self._whole.keys(), key=lambda k: (-len(_HOLE.sub("", k)), k)
        )
        self._shaped = [(_longest(known), known, texts[known]) for known in shaped]

    def said(self, english: str) -> str:
        if not english or len(english) > _LONGEST or not (self._whole or self._shaped):
            return english
        found = self._one(english)
        if found is not None:
            return found
        parts = _END.split(english, _MOST_SENTENCES)
        if len(parts) == 1:
            return english
        known = [self._one(part) for part in parts]
        return " ".join(part for part in known if part) if all(known) else english

    def _one(self, english: str) -> str | None:
        whole = self._whole.get(english)
        if whole is not None:
            return whole
        begins = english.partition(" ")[0] in BEGINNINGS
        for words, known, text in self._shaped:
            match = _pattern(known).fullmatch(english) if words in english else None
            if match is None or (begins and match.start(1) == 0 and match[1] not in self._whole):
                continue
            parts = (self._whole.get(part, part) for part in match.groups())
            return _filled(text, dict(zip(_HOLE.findall(known), parts, strict=True)))
        return None


def _filled(text: str, parts: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: parts[hole[1]], text)


def _longest(known: str) -> str:
    """The longest words between two holes: where they are not, nothing needs to be matched."""
    return max(_HOLE.split(known)[::2], key=len)


@cache
def _pattern(known: str) -> re.Pattern[str]:
    parts = _HOLE.split(known)  # words, number, words, number, words
    return re.compile(
        "".join("(.{1,400}?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    )


_current = Sayings({})


def speak(texts: Catalogue) -> None:
    """From now on `said` answers in this language."""
    global _current  # noqa: PLW0603  one language a program, as Qt's translators are
    _current = Sayings(texts.said)


def said(english: str) -> str:
    return _current.said(english)
