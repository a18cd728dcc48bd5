"""The figures' table, and its part of docs/benchmarks.md.

Rules kept here: the engine's part stands between two markers; whoever writes the rest of the page
keeps it (`kept_part`), and writing the part keeps the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- engine: written by make bench-engine -->"
END = "<!-- engine: end -->"
HEADER = ("| work | ours | peer | ratio | aim | holds? |", "|---|---|---|---|---|---|")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. ours and peer in `unit`; ratio: how many times better ours is, as measured round by
    round (0: there is none); peer 0: there is none. least: the ratio promised (0: nothing is);
    aim: other promises, in words, and whether they hold (None: nothing was promised). digits: how
    many of a number matter."""

    work: str
    ours: float
    unit: str
    peer: float = 0.0
    ratio: float = 0.0
    least: float = 0.0
    aim: str = ""
    holds: bool | None = None
    digits: int = 3

    @property
    def kept(self) -> bool | None:
        """Whether all that was promised holds; None where nothing was."""
        said = [] if self.holds is None else [self.holds]
        if self.least:
            said.append(self.ratio >= self.least)
        return all(said) if said else None

    def row(self) -> str:
        aims = [f"at least {self.least:g} ×"] if self.least else []
        aims += [self.aim] if self.aim else []
        kept = self.kept
        cells = (
            self.work,
            f"{number(self.ours, self.digits)} {self.unit}".rstrip(),
            f"{number(self.peer, self.digits)} {self.unit}".rstrip() if self.peer else "",
            f"{self.ratio:.{self.digits - 1}f}" if self.ratio else "",
            "; ".join(aims),
            "" if kept is None else "yes" if kept else "**no**",
        )
        return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the figures under it and what must be known to read them."""

    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def number(value: float, digits: int = 3) -> str:
    """Whole from 100 on, else with so many digits that matter."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.{digits}g}".rstrip(".")


def part(facts: Sequence[str], sections: Sequence[Section]) -> str:
    """The engine's part of the page, markers included."""
    lines = [BEGIN, "", "# Engine", ""]
    lines += [f"- {fact}" for fact in facts]
    for section in sections:
        lines += ["", f"## {section.title}", ""]
        if section.figures:
            lines += [*HEADER, *(figure.row() for figure in section.figures)]
        if section.notes:
            lines += ["", *(f"- {note}" for note in section.notes)]
    return "\n".join([*lines, "", END])


def kept_part(page: str) -> str:
    """The engine's part of a page, or nothing."""
    _, found, rest = page.partition(BEGIN)
    inside, ended, _ = rest.partition(END)
    return f"{BEGIN}{inside}{END}" if found and ended else ""


def with_part(page: str, new: str) -> str:
    """The page with its engine's part replaced, or added at the end."""
    old = kept_part(page)
    return page.replace(old, new) if old else f"{page.rstrip()}\n\n{new}\n"


def write_part(path: Path, new: str) -> None:
    page = path.read_text("utf-8") if path.exists() else "# Benchmarks\n"
    path.write_text(with_part(page, new), encoding="utf-8")
