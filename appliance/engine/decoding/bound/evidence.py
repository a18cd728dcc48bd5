"""The evidence of one request as an automaton over bytes: where a copy of it may begin and end.

Rules kept here: pure. A state is a position in the evidence, which means that what was just written
is a copy of what stands before it. Words may begin anywhere, numbers with all that belongs to them
(items.py) only where no number or code stands directly before, a name not right behind another one,
units and signs nowhere: they are reached by going on from what they follow in the evidence. A copy
may end where a word or an item does.
Every position kept leads to such an end by bytes of the alphabet. Evidence, question and citation
marks of one request are one byte string, with zeros between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

from appliance.engine.decoding.bound.closed import FORMS, LINKS, TITLES
from appliance.engine.decoding.bound.items import gap, items
from appliance.engine.decoding.bound.lexing import Kind, Token, is_unit, normal, tokens
from appliance.engine.decoding.bound.prose import (
    ENTRIES,
    HYPHENED,
    MARKED,
    Before,
    before_of,
    state_at_end,
    state_tight,
)
from appliance.engine.decoding.request import Evidence

_WORD_ENTRIES = (*(before for before in Before if before is not Before.NUMBER), HYPHENED)
_NUMBER_ENTRIES = (Before.FRESH, Before.WORD, Before.NAME)
_CAPITAL_ENTRIES = (Before.FRESH, Before.AFRESH)
_LOOSE_GAPS = frozenset((" ", ", ", "; ", ": ", ". ", "? ", "! ", "\n"))
_BLANK = 0x20
_NO_REST = ("", ".")
"""Behind the last token, what can be written without copying it."""


class Source:
    """`entries[entry][byte]`: positions that a copy begun with this byte is at. `ends[position]`:
    the state of the prose that it may end in."""

    def __init__(self, evidence: Evidence, alphabet: frozenset[int]) -> None:
        self.entries: list[dict[int, list[int]]] = [{} for _ in range(ENTRIES)]
        self.ends: dict[int, int] = {}
        self._alphabet = alphabet
        self._content = bytearray()
        self._left: set[int] = set()
        self._spread: set[int] = set()
        self._words: set[str] = set()
        starts: list[tuple[int, int, int]] = []  # entry, first byte, where it leads
        for text in dict.fromkeys(map(normal, evidence.texts)):
            starts += self._add(text)
            self._content.append(0)
        for before in Before:
            for number in range(1, evidence.marks + 1):
                starts += self._add_mark(f"[{number}]".encode(), before)
        self._alive = self._living()
        for entry, byte, position in starts:
            if byte in alphabet and self._alive[position]:
                self.entries[entry].setdefault(byte, []).append(position)

    def step(self, position: int, byte: int) -> int:
        """Where the byte leads from the position, or -1. A line break may be written as a blank,
        and so may the border between a number's cell and its unit's."""
        return position + 1 if byte in self.bytes_at(position) else -1

    def bytes_at(self, position: int) -> tuple[int, ...]:
        """The bytes that lead on from the position."""
        there = self._content[position]
        if not there or not self._alive[position + 1]:
            return ()
        return (there, _BLANK) if position in self._spread else (there,)

    def goes_on(self, position: int) -> bool:
        """Whether a copy that may end here is of use beyond: something follows that could not
        begin by itself."""
        return position not in self._left

    # --- how it is made -----------------------------------------------------------------------

    def _add(self, text: str) -> Iterable[tuple[int, int, int]]:
        found = tokens(text)
        places = _Places(text, len(self._content))
        enter, leave, inner = _borders(found, text)
        self._spread.update(places.blanks(found, inner))
        behind_number = False
        starts: list[tuple[int, int, int]] = []
        for at, token in enumerate(found):
            inside = inner[at]
            word = token.kind is Kind.WORD or token.text.casefold() in FORMS
            is_link = token.kind is Kind.WORD and token.text in LINKS
            number = inside and token.kind is not Kind.CODE
            number = number or (token.kind is Kind.UNIT and not word)
            coded = token.kind is Kind.CODE and token.text[-1].isdecimal()  # CP-014 2024
            behind_number = number or coded or (behind_number and is_link)
            if at in leave if inside else _may_end(found, text, at):
                word_like = Before.NAME if _is_name(token) else Before.WORD
                link = Before.LINK if behind_number else word_like
                before = Before.NUMBER if number else link
                end = places.after(token)
                code = token.kind is Kind.CODE  # with -a behind it, it is another one
                self.ends[end] = state_tight(before) if code else state_at_end(before)
                if before is word_like and _follows_freely(found, text, at, enter, inner):
                    self._left.add(end)
                    if not inside and word and token.text in self._words:
                        continue  # it stands elsewhere, and there is no going on from here
                    self._words.add(token.text)
            free = at in enter if inside else word
            if free or _begins_sentence(found, text, at):
                starts += _starts(token, places, inside=inside, fresh_only=not free)
        self._add_rest(found, places)
        self._content += text.encode()
        return starts

    def _add_rest(self, found: Sequence[Token], places: _Places) -> None:
        """A dash or the like at the text's very end may be copied as well. A stop may be written
        anyhow, where it begins no decimals."""
        last = self.ends.get(places.after(found[-1])) if found else None
        if last is not None and places.rest(found[-1]) not in _NO_REST:
            self.ends[places.end] = state_tight(before_of(last))

    def _add_mark(self, mark: bytes, before: Before) -> Iterable[tuple[int, int, int]]:
        start = len(self._content)
        self._content += mark + b"\0"
        self.ends[start + len(mark)] = state_tight(before)
        self._left.add(start + len(mark))
        return [(entry, mark[0], start + 1) for entry in (before, MARKED + before)]

    def _living(self) -> bytearray:
        """Positions from which an end can be reached."""
        alive = bytearray(len(self._content) + 1)
        barred = bytes(not byte or byte not in self._alphabet for byte in range(256))
        marked, ends = self._content.translate(barred) + b"\1", sorted(self.ends)
        start = 0
        while start < len(marked):
            stop = marked.index(1, start)
            last = bisect_right(ends, stop) - 1
            if last >= 0 and ends[last] >= start:
                alive[start : ends[last] + 1] = b"\1" * (ends[last] + 1 - start)
            start = stop + 1
        return alive


class _Places:
    """From characters of a text to positions in the content."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        sizes = (1 if character.isascii() else len(character.encode()) for character in text)
        self._at = tuple(accumulate(sizes, initial=start))

    @property
    def end(self) -> int:
        return self._at[-1]

    def rest(self, token: Token) -> str:
        return self._text[token.end :]

    def before(self, token: Token) -> int:
        return self._at[token.start]

    def after(self, token: Token) -> int:
        return self._at[token.end]

    def blanks(self, found: Sequence[Token], inner: Sequence[bool]) -> Iterator[int]:
        """Those that may be written as a plain blank."""
        yield from (self._at[at] for at, sign in enumerate(self._text) if sign == "\n")
        for at, (one, other) in enumerate(pairwise(found)):
            tab = self._text[one.end : other.start] == "\t"
            if tab and other.kind is Kind.UNIT and inner[at] and inner[at + 1]:
                yield self._at[one.end]


def _borders(found: Sequence[Token], text: str) -> tuple[set[int], set[int], list[bool]]:
    """Tokens at which items may begin, and end, and which tokens lie inside one."""
    enter, leave, inner = set[int](), set[int](), [False] * len(found)
    for together in items(found, text):
        for place, item in enumerate(together):
            enter |= {item.first, *item.enter}
            if item.unit or not any(later.unit for later in together[place + 1 :]):
                leave |= {item.last, *item.leave}
            elif place + 1 < len(together):
                # Nothing between it and the next item is an end either.
                _mark(inner, item.last, together[place + 1].first)
            _mark(inner, item.first, item.last)
    return enter, leave, inner


def _mark(inner: list[bool], first: int, last: int) -> None:
    for at in range(first, last + 1):
        inner[at] = True


def _starts(
    token: Token, places: _Places, *, inside: bool, fresh_only: bool
) -> Iterable[tuple[int, int, int]]:
    """The entries of a token: as it stands, without its capital, or with one."""
    spelled = token.text.encode()
    # The second byte of a character is only reached through its first.
    position = places.before(token) + 1
    small: Sequence[int] = _NUMBER_ENTRIES if inside else _WORD_ENTRIES
    if not inside and token.text.casefold() in LINKS:
        small = [entry for entry in small if entry not in (Before.AFRESH, Before.LINK)]
    entries = small
    if not inside and _is_name(token):
        entries = [entry for entry in small if entry not in (Before.NAME, HYPHENED)]
    if fresh_only:
        entries = (Before.FRESH,)
    starts = [(entry, spelled[0], position) for entry in entries]
    first, rest = token.text[0], token.text[1:]
    if not first.isascii() or not token.text.isalpha() or token.kind is Kind.UNIT:
        return starts
    if first.isupper() and rest.islower():
        if not is_unit(token.text.lower()):  # Mg is no mg
            starts += [(entry, ord(first.lower()), position) for entry in small]
    elif token.text.islower() and token.text != "may":  # May is a month
        capital = [entry for entry in entries if entry in _CAPITAL_ENTRIES]
        starts += [(entry, ord(first.upper()), position) for entry in capital]
    return starts


def _begins_sentence(found: Sequence[Token], text: str, at: int) -> bool:
    """Whether a unit with a capital, or a sign that is none of a number, begins a sentence here."""
    token = found[at]
    if token.kind is Kind.UNIT and not token.text[0].isupper():
        return False
    if token.kind is Kind.SIGN and token.text[0] not in "→⇒►▪◦□☐#":
        return False
    before = text[: token.start].rstrip(" (\"'“‘«*•-–—`")
    return token.kind in (Kind.UNIT, Kind.SIGN) and (not before or before[-1] in "\n.!?:;…")


def _may_end(found: Sequence[Token], text: str, at: int) -> bool:
    """Outside items: a word or unit; a sign only if nothing it could speak of follows."""
    if found[at].kind is not Kind.SIGN:
        return True
    after = gap(found, text, at)
    return after not in ("", " ") or (found[at].start > 0 and text[found[at].start - 1] != " ")


def _follows_freely(
    found: Sequence[Token], text: str, at: int, enter: set[int], inner: Sequence[bool]
) -> bool:
    """Whether the next token could be begun as well, so that going on is of no use."""
    if at + 1 >= len(found):
        return text[found[at].end :] in _NO_REST
    if gap(found, text, at) not in _LOOSE_GAPS:
        return False
    if _is_name(found[at]) and _is_name(found[at + 1]) and gap(found, text, at) in (" ", "\n"):
        return False
    return at + 1 in enter if inner[at + 1] else found[at + 1].kind is Kind.WORD


def _is_name(token: Token) -> bool:
    """As far as one can see: two of them in a row are not made up."""
    return token.kind is Kind.WORD and token.text[0].isupper() and token.text not in TITLES
