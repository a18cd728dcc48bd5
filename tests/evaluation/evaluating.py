"""One data set from its files to its tables.

Rules kept here: a library is filled once a data set and asked by every part that is switched on;
the questions are the same for each part; of the cases only figures are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from appliance.engine.answering import Answering
from appliance.engine.chat.client import ChatHost
from appliance.engine.encoder.client import EngineHost
from appliance.protocols import Encoder
from appliance.values import AnswerMode
from tests.evaluation.adapter import Reader, span
from tests.evaluation.asking import PartFinder, Said, Times, judge, put
from tests.evaluation.composing import Composed, Noted, composed, composed_table
from tests.evaluation.errors import DataUnusable
from tests.evaluation.finding import Part, Ranker, Rankings
from tests.evaluation.material import Case, DataSet, Kind, mixed, sample
from tests.evaluation.options import Options
from tests.evaluation.report import Table
from tests.evaluation.shelving import ThrowawayLibrary
from tests.evaluation.tabling import asked_table, ranked_table, times_table

Say = Callable[[str], None]


def say(text: str) -> None:
    """What is being done, beside the tables."""
    print(text, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Evaluation:
    """One data set being evaluated. kept: the encoder for the library's texts; questions go to the
    host itself, so that their times are true."""

    data: DataSet
    options: Options
    host: EngineHost
    kept: Encoder
    reader: Reader | None
    composer: ChatHost | None
    stamp: str
    say: Say = say
    times: Times = field(default_factory=dict)

    @property
    def _quoting(self) -> Answering:
        return Answering(self.host, None)

    def run(self) -> list[Table]:
        """Raises DataUnusable, AskFailed, and what the product raises."""
        with ThrowawayLibrary() as library:
            self.say(f"{self.data.name}: filling the library")
            library.fill(self.data.entries(), self.kept, self._progress)
            chosen = self._chosen()
            about = (
                f"{library.entries:,} entries, {library.passages:,} passages; "
                f"{self.options.words()}",
                self.stamp,
            )
            tables = []
            if self.options.ranking:
                tables.append(ranked_table(self.data.name, about, *self._ranked(library, chosen)))
            if self.data.asks and "quote" in self.options.parts:
                tables += self._asked(library, chosen, about)
            tables.append(times_table(self.data.name, about, self.times))
            notices = tuple(self.data.notices.lines())
            return [*tables, *self._noticed(notices)]

    def _progress(self, entries: int, passages: int) -> None:
        self.say(f"  {entries:,} entries, {passages:,} passages")

    def _chosen(self) -> list[Case]:
        options = self.options
        cases = [case for case in self.data.cases() if options.in_fold(case.id)]
        if not self.data.asks:
            cases = [case for case in cases if options.asks_of(case.id)]
        if not cases:
            raise DataUnusable(
                f"{self.data.name}: the options leave no question to ask.",
                hint="Check --articles, --folds and --fold.",
            )
        return sample(cases, options.queries, options.seed)

    def _noticed(self, notices: tuple[str, ...]) -> list[Table]:
        if not notices:
            return []
        return [Table(f"{self.data.name}: noticed", notices, ("",), ())]

    # --- finding -------------------------------------------------------------------------

    def _ranked(
        self, library: ThrowawayLibrary, cases: Sequence[Case]
    ) -> tuple[Rankings, tuple[Part, ...]]:
        """The rankings, and the parts that this version does not have."""
        parts = self.options.ranking
        rankings = Rankings(parts)
        findable = [case for case in cases if case.grades]
        self.say(f"{self.data.name}: finding, {len(findable):,} questions")
        finder = Ranker(library, self.host, self.reader, self.times)
        for case in findable:
            orders = finder.rank(case.question, parts)
            for part, order in orders.items():
                rankings.add(part, order, case)
        return rankings, () if self.reader else (Part.RERANKED,)

    # --- asking --------------------------------------------------------------------------

    def _asked(
        self, library: ThrowawayLibrary, cases: Sequence[Case], about: tuple[str, ...]
    ) -> list[Table]:
        options = self.options
        put_to = mixed(list(cases), options.mix)
        parts = [part for part in options.ranking if part is not Part.RERANKED] or [Part.FUSED]
        title = f"{self.data.name}: asking"
        said: dict[str, list[Said]] = {}
        for part in parts:
            self.say(f"{title}, {len(put_to):,} questions, {part}")
            times = self.times if part is parts[-1] else {}
            said[part] = [self._say_to(case, library, part, times) for case in put_to]
        tables = asked_table(title, about, said, self._absent())
        if self.composer is not None and "composed" in options.parts:
            tables += self._composed(library, put_to, about, self.composer)
        if options.reading:
            alone = [case for case in cases if case.home]
            self.say(f"{self.data.name}: reading alone, {len(alone):,} questions")
            both = [self._read_alone(case, library) for case in alone]
            title = f"{self.data.name}: reading the right paragraph alone"
            rows = {"quote": [a for a, _ in both], "span, never refusing": [b for _, b in both]}
            tables += asked_table(title, about, rows, self._absent())
        return tables

    def _composed(
        self,
        library: ThrowawayLibrary,
        cases: Sequence[Case],
        about: tuple[str, ...],
        composer: ChatHost,
    ) -> list[Table]:
        """The same questions, the composer writing; and what it wrote of those that are answered.
        What is quoted, since nothing that was written stood, counts among the first."""
        title = f"{self.data.name}: asking, composed"
        self.say(f"{title}, {len(cases):,} questions")
        answerer = Noted(self.host, composer, composes=True)
        said: list[Said] = []
        wrote: list[Composed] = []
        times: Times = {}
        for case in cases:
            only = self._there(case, library)
            finder = PartFinder(library, Part.FUSED, only)
            spent = times if only is None else {}
            answer, found = put(case, finder, answerer, spent, AnswerMode.GENERATE)
            said.append(judge(case, answer, None, library))
            if answer.found:
                wrote.append(composed(case.question, found, answerer, answer))
        self.times["whole ask, composed"] = times.get("whole ask", [])
        return [
            *asked_table(title, about, {"composed": said}, ()),
            composed_table(self.data.name, about, wrote),
        ]

    def _absent(self) -> tuple[str, ...]:
        there = {"reranked": self.reader, "span": self.reader, "composed": self.composer}
        return tuple(
            name for name, model in there.items() if model is None and name in self.options.parts
        )

    def _say_to(self, case: Case, library: ThrowawayLibrary, part: Part, times: Times) -> Said:
        only = self._there(case, library)
        if only is not None:
            times = {}  # a narrowed search is not what a person waits for
        answer, found = put(case, PartFinder(library, part, only), self._quoting, times)
        marked = span(found) if "span" in self.options.parts else None
        return judge(case, answer, marked, library)

    def _read_alone(self, case: Case, library: ThrowawayLibrary) -> tuple[Said, Said]:
        """What is said to a paragraph that answers: as the product does, and never refusing."""
        finder = PartFinder(library, Part.FUSED, frozenset({case.home}))
        answer, found = put(case, finder, self._quoting, {})
        marked = span(found)
        usual = judge(case, answer, marked if "span" in self.options.parts else None, library)
        return usual, judge(case, answer, marked, library, refuses=False)

    def _there(self, case: Case, library: ThrowawayLibrary) -> frozenset[str] | None:
        """The entries the case is asked of; None for all."""
        held: frozenset[str] | None = None
        if self.options.library == "article":
            held = self.data.nearby(case)
        elif self.options.library == "paragraph" and case.home:
            held = frozenset({case.home})
        if case.kind is Kind.REMOVED:
            gone = self.data.left_out(case)
        elif case.kind is Kind.HARD:
            gone = frozenset(name for name, _ in case.grades)
        else:
            return held
        return library.without(gone) if held is None else held - gone
