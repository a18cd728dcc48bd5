"""From what was measured to tables.

Rules kept here: refusing is the positive class; each kind of unanswerable question is set against
the same answerable ones; what this version lacks has a row that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.evaluation import metrics
from tests.evaluation.adapter import ABSENT
from tests.evaluation.asking import Said, Times
from tests.evaluation.finding import Part, Rankings
from tests.evaluation.material import Kind
from tests.evaluation.report import Cell, Table

_ORDER = ("encode question", "encode", "find", "rerank", "quote", "span", "whole ask")


def ranked_table(
    name: str, about: tuple[str, ...], rankings: Rankings, absent: Sequence[Part]
) -> Table:
    figures = rankings.figures()
    rows: list[tuple[Cell, ...]] = [
        (part.value, f.queries, f.ndcg10, f.recall5, f.recall10, f.recall100, f.mrr)
        for part, f in figures.items()
    ]
    rows += [(part.value, ABSENT) for part in absent]
    columns = ("part", "queries", "nDCG@10", "recall@5", "recall@10", "recall@100", "MRR")
    return Table(f"{name}: finding", about, columns, tuple(rows))


def asked_table(
    title: str, about: tuple[str, ...], said: Mapping[str, Sequence[Said]], absent: Sequence[str]
) -> list[Table]:
    """One of what was answered, and one of what was refused where anything was unanswerable."""
    answered = [(part, *_answered(ones)) for part, ones in said.items()]
    lacking = tuple((name, ABSENT) for name in absent)
    columns = (
        "part", "answerable", "answered", "sentence acc.", "… of answered", "EM", "F1",
        "F1 with no-answer",
    )  # fmt: skip
    tables = [Table(title, about, columns, (*answered, *lacking))]
    refused = [
        (part, kind.value, *figures)
        for part, ones in said.items()
        for kind in (Kind.REMOVED, Kind.HARD, Kind.IMPOSSIBLE)
        if (figures := _refused(ones, kind))
    ]
    if refused:
        asked = ("part", "kind", "answerable", "unanswerable", "precision", "recall")
        tables.append(Table(f"{title}: refusing", about, asked, tuple(refused)))
    return tables


def _answered(ones: Sequence[Said]) -> tuple[Cell, ...]:
    yes = [one for one in ones if one.case.kind is Kind.ANSWERABLE]
    told = [one for one in yes if not one.refused]
    right = sum(one.sentence_right for one in yes)
    worded = [one for one in yes if one.case.answers]
    # As SQuAD 2.0 counts: over all its questions, and only its own impossible ones.
    official = [*worded, *(one for one in ones if one.case.kind is Kind.IMPOSSIBLE)]
    return (
        len(yes),
        metrics.share(len(told), len(yes)),
        metrics.share(right, len(yes)),
        metrics.share(right, len(told)),
        metrics.mean([one.exact for one in worded]),
        metrics.mean([one.f1 for one in worded]),
        metrics.mean([one.f1 for one in official]),
    )


def _refused(ones: Sequence[Said], kind: Kind) -> tuple[Cell, ...]:
    """() where there is no question of this kind."""
    mix = [one for one in ones if one.case.kind in {Kind.ANSWERABLE, kind}]
    none = [one.case.kind is kind for one in mix]
    if not any(none):
        return ()
    precision, recall = metrics.refusal([one.refused for one in mix], none)
    return len(mix) - sum(none), sum(none), precision, recall


def times_table(name: str, about: tuple[str, ...], times: Times) -> Table:
    names = [key for key in _ORDER if key in times] + sorted(set(times) - set(_ORDER))
    rows = tuple(
        (
            key,
            len(times[key]),
            metrics.percentile(times[key], 50),
            metrics.percentile(times[key], 95),
        )
        for key in names
    )
    return Table(f"{name}: milliseconds", about, ("what", "times", "p50", "p95"), rows)
