"""A folder of pages whose headings are questions: the heading asks, the text below it answers.

Rules kept here: pages are read by the product's own sandboxed reader and cut as it cuts them; each
section is an entry of its own, with the passages it has in the whole page; a section counts as an
answer to a question when its heading is that question, in whatever page it stands. A page that
cannot be read is left out, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.documents import SandboxedReader
from appliance.engine.quoting.words import STOP_WORDS, split_words, stem
from appliance.errors import DocumentError
from appliance.values import ParsedDocument, PassageDraft
from tests.evaluation.errors import DataUnusable
from tests.evaluation.lines import unreadable
from tests.evaluation.material import Case, Entry, Gold, Notices

LARGEST_PAGE = 20_000_000
PATTERNS = ("*.html", "*.htm")


@dataclass(frozen=True, slots=True)
class _Section:
    entry: str
    topic: str
    stem: str
    question: str


class QuestionPages:
    """Implements material.DataSet. `asked` says of which pages, by file stem, questions are asked.
    with_headings=False takes the headings that ask out of the library, so that only the text below
    them is there to be found."""

    asks = True

    def __init__(self, folder: Path, asked: Callable[[str], bool], *, with_headings: bool) -> None:
        self._folder = folder
        self._asked = asked
        self._with_headings = with_headings
        self._sections: list[_Section] = []
        self.notices = Notices()
        self._topics: dict[str, frozenset[str]] = {}

    @property
    def name(self) -> str:
        suffix = "" if self._with_headings else ", headings taken out"
        return f"headings of {self._folder.resolve().name}{suffix}"

    def entries(self) -> Iterator[Entry]:
        paths = sorted(path for pattern in PATTERNS for path in self._folder.glob(pattern))
        if not paths:
            raise DataUnusable(
                f"There is no *.html in {self._folder}.",
                hint="Name a folder of HTML pages whose headings are questions.",
            )
        reader = SandboxedReader()
        try:
            for path in paths:
                yield from self._page(path, reader)
        finally:
            reader.close()

    def _page(self, path: Path, reader: SandboxedReader) -> Iterator[Entry]:
        try:
            if path.stat().st_size > LARGEST_PAGE:
                self.notices.add("a page that is too large, left out")
                return
            document = reader.parse(path.read_bytes(), path.name)
        except OSError as error:
            raise unreadable(path, error) from error
        except DocumentError:
            self.notices.add("a page that cannot be read, left out")
            return
        sections: dict[tuple[str, ...], list[PassageDraft]] = {}
        for passage in reader.chunk(document):
            sections.setdefault(passage.headings, []).append(passage)
        for number, (headings, passages) in enumerate(sections.items(), start=1):
            name = f"{path.stem}#{number}"
            yield self._section(name, document, headings, passages, path.stem)

    def _section(
        self,
        name: str,
        document: ParsedDocument,
        headings: tuple[str, ...],
        passages: Sequence[PassageDraft],
        file: str,
    ) -> Entry:
        question = _question(headings[-1]) if headings else ""
        self._sections.append(_Section(name, document.title, file, question))
        if question and not self._with_headings:
            passages = [replace(passage, headings=headings[:-1]) for passage in passages]
        pages = {span.page for passage in passages for span in passage.spans}
        return Entry(
            name,
            document.title,
            tuple(page for page in document.pages if page.number in pages),
            tuple(passages),
        )

    def cases(self) -> list[Case]:
        asked: dict[str, list[_Section]] = {}
        for section in self._sections:
            if section.question:
                asked.setdefault(section.question.casefold(), []).append(section)
        cases = [
            _case(section, asked[section.question.casefold()])
            for section in self._sections
            if section.question
            and self._asked(section.stem)
            and asked[section.question.casefold()][0] is section
        ]
        if not cases:
            raise DataUnusable(
                f"No heading in {self._folder} that is asked ends with a question mark.",
                hint="Name a folder of HTML pages whose headings are questions.",
            )
        return cases

    def left_out(self, case: Case) -> frozenset[str]:
        """The sections of every page that speaks of the same topic, and of no other: "Asthma"
        takes "Childhood Asthma" with it."""
        own = _stems(case.group)
        if not self._topics:
            self._topics = {s.topic: _stems(s.topic) for s in self._sections}
        akin = {
            topic
            for topic, stems in self._topics.items()
            if topic == case.group or (stems and own and (stems <= own or own <= stems))
        }
        return frozenset(s.entry for s in self._sections if s.topic in akin)

    def nearby(self, case: Case) -> frozenset[str]:
        file = case.home.rpartition("#")[0]
        return frozenset(section.entry for section in self._sections if section.stem == file)


def _case(section: _Section, same: Sequence[_Section]) -> Case:
    return Case(
        id=section.entry,
        question=section.question,
        group=section.topic,
        grades=tuple((other.entry, 1) for other in same),
        golds=tuple(Gold(other.entry) for other in same),
        home=section.entry,
    )


def _question(heading: str) -> str:
    """The heading as a person would type it ("… ?" and "…? ?" end in one mark), "" for no
    question."""
    text = " ".join(heading.split())
    return f"{text.rstrip(' ?')}?" if text.endswith("?") and text.strip(" ?") else ""


def _stems(title: str) -> frozenset[str]:
    return frozenset(stem(w) for w in split_words(title) if w.casefold() not in STOP_WORDS)
