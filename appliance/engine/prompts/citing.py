"""What a model writes, turned into an answer's sentences and citations as it comes.

Rules kept here: the text is untrusted, and so are its marks: a mark [n] counts only if n is a
passage the model was given; any other makes its sentence one without support. A citation is the
statement of the passage that carries the sentence, or, where none does, the nearest one, with the
one before it where it leans on that. Whether a sentence is supported is not decided here:
citations.check decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from appliance import claims
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage

NO_SUCH_PASSAGE = 0
"""The number of a citation that is not there."""
MOST_SENTENCES = 60
_MARK = r"\[\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\]"
_MARKS = re.compile(rf"\s*{_MARK}")
_BEGUN_MARK = re.compile(r"\s*(?:\[[\s\d,;–-]{0,24})?$")
_END = re.compile(
    rf"(?P<stop>[.!?…]+)[\"'”’»)*]*(?:\s*{_MARK})*(?=\s+(?P<next>[^\s\[]))|\n+(?=\s*[^\s\[])"
)
_MARKED_END = re.compile(rf"{_MARK}(?=\s+[^\s\[])")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]+$")
_GO_ON = frozenset("dr mr mrs ms prof st e.g i.e cf vs approx ca incl excl resp".split())
_GO_ON_BEFORE_NUMBERS = frozenset("no nos p pp fig figs sec art par ch vol".split())
_LIST_MARK = re.compile(r"^\s*(?:[-–•*·>#]+|\(?\d{1,2}[.)])\s+")
_DECLINED = re.compile(r"\W*(?:(?:this|that|it|the answer) is )?not in the documents\W*", re.I)


class Draft:
    """An answer in the making, out of the numbered passages (the first is [1])."""

    def __init__(
        self, passages: Sequence[Passage], model: str, ends: Callable[[str], int] | None = None
    ) -> None:
        """ends: where the first sentence of a text ends, 0 while that cannot be told; by full
        stops where None."""
        self._ends = ends or _end
        self._passages = tuple(passages)
        self._statements: dict[int, tuple[claims.Statement, ...]] = {}
        self._model = model
        self._pending = ""
        self._unshown = ""
        self._sentences: list[AnswerSentence] = []
        self._citations: dict[tuple[int, int, int], Citation] = {}

    def add(self, untrusted_text: str) -> Iterator[str | Answer]:
        """What can be shown of the text (marks are held back), and the answer so far each time a
        sentence has ended."""
        self._unshown += untrusted_text
        begun = _BEGUN_MARK.search(self._unshown)
        whole = begun.start() if begun is not None else len(self._unshown)
        ready, self._unshown = self._unshown[:whole], self._unshown[whole:]
        shown = _MARKS.sub("", ready)
        if shown:
            yield shown
        self._pending += untrusted_text
        while (end := self._ends(self._pending)) > 0:
            sentence, self._pending = self._pending[:end], self._pending[end:]
            if self._take(sentence):
                yield self.answer()

    def finish(self) -> Iterator[str | Answer]:
        """The rest of the text, and the answer."""
        rest, self._unshown = _MARKS.sub("", self._unshown).rstrip(), ""
        if rest:
            yield rest
        last, self._pending = self._pending, ""
        self._take(last)
        yield self.answer()

    def answer(self) -> Answer:
        """The answer so far; evidence and threshold are citations.check's to say."""
        return Answer(
            sentences=tuple(self._sentences),
            citations=tuple(sorted(self._citations.values(), key=lambda c: c.number)),
            mode=AnswerMode.GENERATE,
            model=self._model,
            evidence=0.0,
            threshold=claims.WHOLE,
        )

    def _take(self, untrusted_sentence: str) -> bool:
        """Whether the answer has changed by it."""
        if len(self._sentences) >= MOST_SENTENCES:
            return False
        text, marks = clean_sentence(untrusted_sentence)
        if not any(character.isalnum() for character in text):
            if not (marks and self._sentences) or self._sentences[-1].citations:
                return False
            self._add(self._sentences.pop().text, marks)  # marks alone belong to what they follow
            return True
        if not marks and _DECLINED.fullmatch(text):
            return False
        self._add(text, marks)
        return True

    def _add(self, text: str, marks: Sequence[int]) -> None:
        numbers: list[int] = []
        said = claims.sentence_of(text)
        for mark in dict.fromkeys(marks):
            if not 1 <= mark <= len(self._passages):
                numbers.append(NO_SUCH_PASSAGE)
                continue
            passage = self._passages[mark - 1]
            if mark not in self._statements:
                self._statements[mark] = claims.statements(passage)
            if not self._statements[mark]:
                continue
            start, end = place(said, self._statements[mark])
            key = (mark, start, end)
            if key not in self._citations:
                number = len(self._citations) + 1
                self._citations[key] = Citation(number, passage, start, end)
            numbers.append(self._citations[key].number)
        self._sentences.append(AnswerSentence(text, tuple(dict.fromkeys(numbers))))


def clean_sentence(untrusted: str) -> tuple[str, list[int]]:
    """The sentence on one line without its marks, list mark and emphasis; and the marks."""
    marks = [
        int(digits) for mark in re.findall(_MARK, untrusted) for digits in re.findall(r"\d+", mark)
    ]
    text = _LIST_MARK.sub("", _MARKS.sub("", untrusted)).replace("**", "")
    return " ".join(text.split()), marks


def place(said: claims.Said, statements: Sequence[claims.Statement]) -> tuple[int, int]:
    """Where a passage says it: the statement that carries the sentence; where none does, the one
    nearest in words."""
    best = max(statements, key=lambda s: (claims.carried(said, s), claims.likeness(said, s)))
    leans = best.leaning is claims.Leaning.FULLY and best.place > 0
    return statements[best.place - 1].start if leans else best.start, best.end


def at_marks(text: str) -> int:
    """For a model that puts its mark behind each sentence and nowhere else: where the first one
    ends, whatever full stops it holds."""
    found = _MARKED_END.search(text)
    return found.end() if found is not None else 0


def _end(text: str) -> int:
    """Where the first sentence ends, its marks included; 0 while that cannot be told."""
    for match in _END.finditer(text):
        if match["stop"] is None or _ends(text, match):
            return match.end()
    return 0


def _ends(text: str, match: re.Match[str]) -> bool:
    if match["stop"] != ".":
        return True
    before, following = text[: match.start()], match["next"]
    last = _LAST_WORD.search(before)
    word = last[0].casefold() if last is not None else ""
    if word.isdigit() and not before[: len(before) - len(word)].strip():
        return False  # "1. " begins an item of a list
    if following.islower() or word in _GO_ON or (len(word) == 1 and word.isalpha()):
        return False
    return not (word in _GO_ON_BEFORE_NUMBERS and following.isdigit())
