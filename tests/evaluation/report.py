"""Tables for people and for machines.

Rules kept here: every table says what it was measured on, with which options, when and on which
machine; what could not be measured is a dash and why, never a zero.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | float
"""Shares and means are floats, shown with three places; NaN is shown as a dash."""


@dataclass(frozen=True, slots=True)
class Table:
    """about: sentences under the title. Each row has as many cells as there are columns, or two: a
    name and why there is nothing more."""

    title: str
    about: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def text_of(table: Table) -> str:
    cells = [[shown(cell) for cell in row] for row in table.rows]
    full = [row for row in cells if len(row) == len(table.columns)]
    widths = [max(len(row[n]) for row in (table.columns, *full))
              for n in range(len(table.columns))]  # fmt: skip
    widths[0] = max([widths[0], *(len(row[0]) for row in cells)])
    lines = [table.title, *(f"  {sentence}" for sentence in table.about)]
    lines.append(f"  {_line(table.columns, widths)}")
    for row in cells:
        lines.append(
            f"  {_line(row, widths) if row in full else f'{row[0]:{widths[0]}}  {row[1]}'}"
        )
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = f"{cells[0]:{widths[0]}}"
    return "  ".join([first, *(f"{c:>{w}}" for c, w in zip(cells[1:], widths[1:], strict=True))])


def shown(cell: Cell) -> str:
    if isinstance(cell, float):
        return "–" if math.isnan(cell) else f"{cell:.3f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def json_of(tables: Sequence[Table], machine: str, date: str) -> str:
    """Cells by column; NaN becomes null."""
    listed = [
        {
            "title": table.title,
            "about": list(table.about),
            "rows": [
                {
                    column: None if isinstance(cell, float) and math.isnan(cell) else cell
                    for column, cell in zip(table.columns, row, strict=False)
                }
                for row in table.rows
            ],
        }
        for table in tables
    ]
    content = {"date": date, "machine": machine, "tables": listed}
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
