"""Where sentences end.

Rules kept here: pure; the sentences of a text cover every character of it that is not white space,
in order, none overlapping; an abbreviation, an initial, a list number or a decimal ends none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from appliance.documents.limits import always

# Never the end of a sentence: something always follows them.
_ALWAYS_GO_ON = frozenset(
    (
        "dr mr mrs ms prof st rev hon gen col lt sgt capt e.g i.e cf viz no nos nr p pp fig figs "
        "sec secs § art arts ch chs vol vols para paras par pt pts app eq eqs ref refs ed eds "
        "tab approx ca c.f vs v resp incl excl ext max min avg temp tel fax op dept mt ft jan "
        "feb mar apr jun jul aug sep sept oct nov dec stat fed reg regs cir supp subpt subch cl "
        "bzw z.b nr abs ziff u.s.c c.f.r phd ph d.o bros messrs mme"
    ).split()
)
# The end only where what follows begins like a sentence.
_MAY_END = frozenset(
    (
        "etc inc ltd co corp u.s u.k u.n e.u a.m p.m jr sr al m.d b.sc m.sc i.v i.m p.o b.i.d "
        "t.i.d q.i.d p.r.n s.c d.c n.a ibid"
    ).split()
)
_STARTERS = frozenset(
    (
        "the this that these those a an it its in if when while where for from to at on as by "
        "with after before during he she they we you i his her their our your there here however "
        "but and or so also no not all any each some most do does did is are was were what which "
        "who how why patients creditors use see give take check call see note once until unless "
        "because since"
    ).split()
)
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)")
_NEXT = re.compile(r"\s+([\"'“‘«(\[]*)(\S+)")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]+$")
_LIST_NUMBER = re.compile(r"[\s(\[\-–•*]*(?:\d{1,3}|[A-Za-z]|[ivxlc]{1,5}|[IVXLC]{1,5})$")
_LONGEST_LIST_NUMBER = 200  # with its bullets; each full stop looks back no further
_CLAUSE = re.compile(r"(?<=[;:])\s+|(?<=,)\s+|(?<=\S)\s+(?=[-–—•]\s)")


def sentences(text: str, go_on: Callable[[], None] = always) -> list[tuple[int, int]]:
    """The [start, end) of each sentence, without white space at its ends. `go_on` is called at each
    full stop; what it raises comes out."""
    found: list[tuple[int, int]] = []
    start = _skip(text, 0)
    for match in _END.finditer(text):
        go_on()
        if match.end() > start and _ends(text, start, match):
            found.append((start, match.end()))
            start = _skip(text, match.end())
    end = len(text.rstrip())
    if end > start:
        found.append((start, end))
    return found


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    following = _NEXT.match(text, match.end())
    if following is None:
        return True
    opening, word = following[1], following[2]
    if match[0][0] in "!?":
        return not word[0].islower()
    if not opening and word[0].islower():
        return False
    short = match.start() - start <= _LONGEST_LIST_NUMBER
    if short and _LIST_NUMBER.fullmatch(text, start, match.start()):
        return False
    last = _LAST_WORD.search(text, max(start, match.start() - 40), match.start())
    if match[0] != "." or last is None:  # '."' ends a sentence whatever stands before it
        return True
    return _ends_after(last[0], word)


def _ends_after(last: str, word: str) -> bool:
    """Whether the full stop after the word `last`, before `word`, ends a sentence."""
    if last.lower() in _ALWAYS_GO_ON:
        return False
    begins = word[0].isupper() and re.sub(r"\W+$", "", word).lower() in _STARTERS
    initial = len(last) == 1 and last.isupper()
    return begins if initial or last.lower() in _MAY_END else True


def clauses(text: str, start: int, end: int, fits: int) -> list[tuple[int, int]]:
    """[start, end) in parts of at most `fits` characters, cut at clauses, else at words."""
    parts: list[tuple[int, int]] = []
    while end - start > fits:
        window = start + fits
        cut = 0
        for match in _CLAUSE.finditer(text, start, window):
            if match.end() - start > fits // 3:
                cut = match.end()
        if not cut:
            space = max(text.rfind(" ", start + 1, window), text.rfind("\n", start + 1, window))
            cut = space + 1 if space > start else window
        stop = start + len(text[start:cut].rstrip())
        parts.append((start, stop))
        start = _skip(text, cut)
    if end > start:
        parts.append((start, end))
    return parts
