"""Ordinary English as an automaton over bytes: words of the closed list, blanks, punctuation.

Rules kept here: no digit, no unit, no name and no sign that says something about a number can be
written here; those come out of the evidence alone (evidence.py), which is joined at the states
that have `entry`. What may follow depends on what stands before (Before): behind a number only a
linking word, or a sign; behind such a word or a comma any word but no number. A state is a number;
those inside words are numbered by their place in the tree of words.
Only bytes of `alphabet` are used, those that the vocabulary can write one by one: hence from every
state that is not complete there is a way on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files

from appliance.engine.decoding.bound.closed import AFTER_APOSTROPHE, LINKS
from appliance.engine.decoding.bound.tries import Trie


class Before(IntEnum):
    """What stands before the place where something may begin. FRESH: nothing, a line's start or a
    sentence's end; AFRESH: the end of a sentence whose last word was a number. NAME: a word of the
    evidence with a capital."""

    FRESH = 0
    AFRESH = 1
    WORD = 2
    LINK = 3
    NUMBER = 4
    NAME = 5


class _At(IntEnum):
    """Where between two words the text is."""

    END = 0
    GAP = 1
    GAP_2 = 2
    LINE = 3
    LINE_2 = 4
    INDENT = 5
    INDENT_2 = 6
    OPENED = 7
    TIGHT = 8
    DASH = 9
    HYPHEN = 10
    APOSTROPHE = 11


HYPHENED = len(Before)
"""The entry behind a hyphen; those below are where something may begin, by what stands before."""
MARKED = HYPHENED + 1
"""The first of the entries right behind a word or sign, where only a mark may stand."""
ENTRIES = MARKED + len(Before)
_STOPS = ".!?…"
_PAUSES = ",;:"
_OPENING = "(\"'“‘«*•`"
_CLOSING = ")”’»"
_BEHIND_NUMBERS = ")”»*"
_DASHES = "-–—"
_APOSTROPHES = "'’"
_ORDINARY, _LINK = 1, 2
_PLAIN, _LINKED = 0, 1
_LOOSE = (Before.FRESH, Before.WORD, Before.NAME)
"""Where no number stands before."""
_I = b"am can cannot could did do don found have know suggest think was will would".split()
# Alone it could be a Roman one: stage I.
_FIRST_PERSON = (*(b"I " + verb for verb in _I), b"I'm", b"I've", "I’m".encode(), "I’ve".encode())


@lru_cache(maxsize=1)
def ordinary_words() -> tuple[str, ...]:
    """The closed list; packaging/models/ordinary_words.py makes it. Read once."""
    text = files(__package__).joinpath("ordinary_words.txt").read_text("ascii")
    return tuple(text.split())


def state_at_end(before: Before) -> int:
    """A word or number has just ended."""
    return _At.END * len(Before) + before


def before_of(state: int) -> Before:
    """Of a state between words."""
    return Before(state % len(Before))


def state_in_gap(before: Before) -> int:
    """Behind a blank."""
    return _At.GAP * len(Before) + before


def state_tight(before: Before) -> int:
    """Behind a sign that no word may follow without a blank."""
    return _At.TIGHT * len(Before) + before


def usual_states() -> Iterator[int]:
    """Those between words that most answers come to."""
    yield START
    for before in Before:
        yield from (_state(at, before) for at in (_At.END, _At.GAP, _At.TIGHT))


START = _At.LINE * len(Before) + Before.FRESH
_SMALL = len(_At) * len(Before)
WORDS = 1 << 12
"""States from here on are inside words; those below lie between words and are few."""


class Prose:
    """`next` is the whole automaton; -1 is where there is no way."""

    def __init__(
        self, words: Iterable[str], alphabet: frozenset[int], *, structured: bool = False
    ) -> None:
        """structured: for answers in JSON, with its brackets; a quotation mark ends a string."""
        self.alphabet = alphabet
        self._structured = structured
        self._opening = _OPENING + ("[{" if structured else "")
        self._closing = _CLOSING + ("]}" if structured else "")
        self._behind_numbers = _BEHIND_NUMBERS + (']}"' if structured else "")
        linking = {word.encode() for word in LINKS}
        spelled = {word.encode(): _ORDINARY for word in words if word != "i"}
        spelled |= dict.fromkeys(_FIRST_PERSON, _ORDINARY)
        spelled |= dict.fromkeys(linking, _LINK)
        # Trees in one: all words, linking words alone, what may follow an apostrophe, and words
        # with a capital. May is a month.
        strings = [(b"\0" + word, value) for word, value in spelled.items()]
        strings += [(b"\1" + word, _LINK) for word in linking]
        strings += [(b"\2" + word.encode(), _ORDINARY) for word in AFTER_APOSTROPHE]
        strings += [
            (b"\3" + word[:1].upper() + word[1:], value)
            for word, value in spelled.items()
            if word != b"may"
        ]
        self._trie = Trie((word, value) for word, value in strings if alphabet.issuperset(word[1:]))
        self._roots = [self._trie.child(0, tree) for tree in range(4)]
        self._steps: list[dict[int, int]] = [{} for _ in range(_SMALL)]
        for before in Before:
            self._lay(before)
            for sign in '"[{' if structured else "":  # {"dose":"5 mg"}
                self._put(_state(_At.TIGHT, before), sign, _state(_At.OPENED, before))
        self._entries = [self._entry_of(state) for state in range(len(self._steps))]

    def next(self, state: int, byte: int) -> int:
        """Where the byte leads from the state, or -1."""
        after = self.inner(state, byte)
        if after >= 0 or state < WORDS:
            return after
        end = self.end_of(state)
        return -1 if end < 0 else self._steps[end].get(byte, -1)

    def inner(self, state: int, byte: int) -> int:
        """The same, without what may follow a word that ends here."""
        if state < WORDS:
            return self._steps[state].get(byte, -1)
        node, mode = divmod(state - WORDS, 2)
        child = self._trie.child(node, byte)
        return -1 if child < 0 else WORDS + 2 * child + mode

    def end_of(self, state: int) -> int:
        """Of a state inside a word: the state after it, if the word may end here, else -1."""
        node, mode = divmod(state - WORDS, 2)
        value = self._trie.values[node]
        if value < 0:
            return -1
        linked = mode == _LINKED and value == _LINK
        return state_at_end(Before.LINK if linked else Before.WORD)

    def complete(self, state: int) -> bool:
        """Whether a text may end here."""
        if state < WORDS:
            return state < _SMALL
        return self.end_of(state) >= 0

    def entry_at(self, state: int) -> int:
        """Which of the evidence's entries are open here, or -1."""
        if state >= WORDS:
            state = self.end_of(state)
        return self._entries[state] if state >= 0 else -1

    def _entry_of(self, state: int) -> int:
        at, before = divmod(state, len(Before))
        if state >= _SMALL or at in (_At.DASH, _At.APOSTROPHE):
            return -1
        if at in (_At.END, _At.TIGHT):
            return MARKED + before
        return HYPHENED if at == _At.HYPHEN else before

    def _lay(self, before: Before) -> None:
        """All transitions of the states with `before`."""
        gap, opened = _state(_At.GAP, before), _state(_At.OPENED, before)
        aside = _state(_At.OPENED, _apart(before))
        wary = _state(_At.GAP, _behind_dash(before))
        blanks = {_At.END: gap, _At.TIGHT: gap, _At.DASH: gap, _At.HYPHEN: wary,
                  _At.APOSTROPHE: gap, _At.OPENED: gap, _At.GAP: _state(_At.GAP_2, before),
                  _At.LINE: _state(_At.INDENT, before), _At.LINE_2: _state(_At.INDENT, before),
                  _At.INDENT: _state(_At.INDENT_2, before)}  # fmt: skip
        for at in _At:
            state = _state(at, before)
            if at in blanks:
                self._put(state, " ", blanks[at])
            if at is _At.LINE:
                self._put(state, "\n", _state(_At.LINE_2, Before.FRESH))
            elif at not in (_At.LINE_2, _At.INDENT, _At.INDENT_2):
                self._put(state, "\n", _state(_At.LINE, Before.FRESH))
            self._lay_signs(at, before)
            if at not in (_At.END, _At.TIGHT, _At.DASH, _At.APOSTROPHE):
                self._open_words(state, before, hyphened=at is _At.HYPHEN)
                if at is not _At.HYPHEN:
                    for sign in self._opening:
                        self._put(state, sign, aside if sign == "(" else opened)
        if self._roots[2] >= 0:
            self._open(_state(_At.APOSTROPHE, before), self._roots[2], _PLAIN)

    def _lay_signs(self, at: _At, before: Before) -> None:
        state = _state(at, before)
        # 5' and 5" are minutes and inches; in JSON, a stop behind a number begins its decimals.
        unlike = at is _At.END and before is Before.NUMBER
        for sign in _STOPS[1:] if unlike and self._structured else _STOPS:
            self._put(state, sign, state_tight(_after_stop(before)))
        # A cell of a table ends here, or begins.
        self._put(state, "|", _state(_At.OPENED, Before.FRESH))
        for sign in _PAUSES:
            self._put(state, sign, state_tight(_after_pause(before, sign)))
        for sign in self._behind_numbers if unlike else self._closing + self._opening:
            self._put(state, sign, state_tight(before))
        if at in (_At.END, _At.TIGHT, _At.APOSTROPHE, _At.HYPHEN):
            # A dash that touches a number would make another number of it.
            if at is _At.END and before is not Before.NUMBER:
                for sign in _DASHES:
                    self._put(state, sign, _state(_At.HYPHEN, before))
                for sign in _APOSTROPHES:
                    self._put(state, sign, _state(_At.APOSTROPHE, before))
            return
        item = at in (_At.LINE, _At.LINE_2, _At.INDENT, _At.INDENT_2)  # of a list
        behind = _apart(before) if item else _behind_dash(before)
        for sign in _DASHES[1:] if self._structured else _DASHES:  # - would begin a number
            self._put(state, sign, _state(_At.DASH, behind))

    def _open_words(self, state: int, before: Before, *, hyphened: bool) -> None:
        if before is Before.NUMBER:
            self._open(state, self._roots[1], _LINKED)
            return
        mode = _PLAIN if before in _LOOSE else _LINKED
        self._open(state, self._roots[0], mode)
        if before in (Before.FRESH, Before.AFRESH) and not hyphened:
            self._open(state, self._roots[3], mode)

    def _open(self, state: int, root: int, mode: int) -> None:
        if root < 0:
            return
        for node in range(self._trie.first[root], self._trie.first[root + 1]):
            self._steps[state][self._trie.labels[node]] = WORDS + 2 * node + mode

    def _put(self, state: int, sign: str, target: int) -> None:
        """The sign leads there; through states of its own, where it has several bytes."""
        spelled = sign.encode()
        if not self.alphabet.issuperset(spelled):
            return
        for byte in spelled[:-1]:
            known = self._steps[state].get(byte)
            if known is None:
                known = len(self._steps)
                self._steps[state][byte] = known
                self._steps.append({})
            state = known
        self._steps[state][spelled[-1]] = target


def _state(at: _At, before: Before) -> int:
    return at * len(Before) + before


def _apart(before: Before) -> Before:
    """Behind a dash or in brackets nothing goes on with a name."""
    return Before.WORD if before is Before.NAME else before


def _behind_dash(before: Before) -> Before:
    """A number behind "at – " would be read as one below zero."""
    return Before.LINK if before in _LOOSE else before


def _after_stop(before: Before) -> Before:
    """A number right behind "5." could be read as its decimals."""
    return Before.FRESH if before in _LOOSE else Before.AFRESH


def _after_pause(before: Before, sign: str) -> Before:
    if before in _LOOSE:
        return Before.WORD if sign == "," else Before.FRESH
    return Before.AFRESH if before is Before.AFRESH and sign != "," else Before.LINK
