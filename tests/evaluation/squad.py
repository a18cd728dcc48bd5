"""A JSON file in SQuAD's form, 1.1 or 2.0.

Rules kept here: each paragraph is an entry of its own under its article's title; an answer that
does not stand where the file says is looked for in the paragraph, and said; a question marked
impossible, or with no answers at all, has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.evaluation import lines
from tests.evaluation.errors import DataUnusable
from tests.evaluation.lines import Object
from tests.evaluation.material import Case, Entry, Gold, Kind, Notices, entry_of_text


class SquadFile:
    """Implements material.DataSet. `asked` says of which articles, by title as it stands in the
    file, questions are asked; the library holds all."""

    asks = True

    def __init__(self, path: Path, asked: Callable[[str], bool]) -> None:
        self._path = path
        self._asked = asked
        self._cases: list[Case] = []
        self._articles: dict[str, set[str]] = {}
        self._ids: set[str] = set()
        self.notices = Notices()

    @property
    def name(self) -> str:
        return f"SQuAD {self._path.name}"

    def entries(self) -> Iterator[Entry]:
        articles = lines.as_list(lines.whole(self._path).get("data"), f"{self._path.name}, 'data'")
        for number, untrusted in enumerate(articles, start=1):
            where = f"{self._path.name}, article {number}"
            article = lines.as_object(untrusted, where)
            title = lines.text_of(article, "title", where) or f"untitled {number}"
            paragraphs = lines.as_list(article.get("paragraphs"), f"{where}, 'paragraphs'")
            for place, paragraph in enumerate(paragraphs, start=1):
                spot = f"{where}, paragraph {place}"
                entry = self._paragraph(
                    lines.as_object(paragraph, spot), title, f"{number}.{place}", spot
                )
                if entry is not None:
                    yield entry

    def _paragraph(self, untrusted: Object, title: str, name: str, where: str) -> Entry | None:
        context = lines.text_of(untrusted, "context", where)
        entry, begin = entry_of_text(name, title.replace("_", " "), context, self.notices)
        if not context.strip() or not entry.passages:
            self.notices.add("a paragraph without text, left out with its questions")
            return None
        self._articles.setdefault(title, set()).add(name)
        questions = untrusted.get("qas")
        for number, asked in enumerate(
            lines.as_list([] if questions is None else questions, f"{where}, 'qas'"), start=1
        ):
            spot = f"{where}, question {number}"
            if self._asked(title):
                self._question(lines.as_object(asked, spot), title, name, (context, begin), spot)
        return entry

    def _question(
        self, untrusted: Object, title: str, home: str, text: tuple[str, int], where: str
    ) -> None:
        question = " ".join(lines.text_of(untrusted, "question", where).split())
        if not question:
            self.notices.add("a question without text, not asked")
            return
        name = lines.name_of(untrusted.get("id") or where, where)
        if name in self._ids:
            self.notices.add("a question whose id was there before, left out")
            return
        self._ids.add(name)
        stated = untrusted.get("answers")
        found = lines.as_list([] if stated is None else stated, f"{where}, 'answers'")
        answers: list[str] = []
        golds: list[Gold] = []
        if untrusted.get("is_impossible") is not True:
            for answer in found:
                self._answer(lines.as_object(answer, where), text, home, answers, golds, where)
        kind = Kind.ANSWERABLE if answers else Kind.IMPOSSIBLE
        grades = ((home, 1),) if answers else ()
        self._cases.append(
            Case(name, question, title, grades, tuple(golds), tuple(answers), home, kind)
        )

    def _answer(  # noqa: PLR0917 - the two lists are what it fills
        self,
        untrusted: Object,
        text: tuple[str, int],
        home: str,
        answers: list[str],
        golds: list[Gold],
        where: str,
    ) -> None:
        context, begin = text
        answer = lines.text_of(untrusted, "text", where)
        if not answer.strip():
            return
        answers.append(answer)
        start = untrusted.get("answer_start")
        if (
            not isinstance(start, int)
            or start < 0
            or context[start : start + len(answer)] != answer
        ):
            self.notices.add("an answer that does not stand where the file says")
            start = context.find(answer)
        if start >= 0:
            gold = Gold(home, begin + start, begin + start + len(answer))
            if gold not in golds:
                golds.append(gold)

    def cases(self) -> list[Case]:
        if not self._cases:
            raise DataUnusable(
                f"{self._path.name} holds no question that is asked.",
                hint="Check 'data', 'paragraphs' and 'qas', and the options --articles and --fold.",
            )
        return list(self._cases)

    def left_out(self, case: Case) -> frozenset[str]:
        return frozenset(self._articles[case.group])

    def nearby(self, case: Case) -> frozenset[str]:
        return self.left_out(case)
