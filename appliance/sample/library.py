"""The sample libraries that ship with the product, and what is asked of them.

Rule kept here: everything is read from this folder; an unknown name raises.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from appliance.errors import UsageError

SAMPLE_NAMES = ("hospital", "bank")
_HERE = Path(__file__).resolve().parent


class QuestionKind(StrEnum):
    """How the ask must end."""

    ANSWER = "answer"
    NOT_FOUND = "not_found"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question and what is expected. Only an answerable one names a document (its title), a file
    name, the phrase a quoted sentence must hold, and a page (from 1; PDF) or a heading (else)."""

    kind: QuestionKind
    text: str
    document: str = ""
    file: str = ""
    page: int = 0
    heading: str = ""
    phrase: str = ""


def sample_folder(name: str) -> Path:
    """The folder of the library "hospital" or "bank". Raises UsageError."""
    _require_name(name)
    return _HERE / name


def sample_questions(name: str) -> tuple[SampleQuestion, ...]:
    """The demo's five questions of the library "hospital" or "bank". Raises UsageError."""
    _require_name(name)
    with (_HERE / "questions.toml").open("rb") as file:
        tables = tomllib.load(file)[name]
    return tuple(
        SampleQuestion(**{**table, "kind": QuestionKind(table["kind"])}) for table in tables
    )


def _require_name(name: str) -> None:
    if name not in SAMPLE_NAMES:
        known = " and ".join(SAMPLE_NAMES)
        raise UsageError(f"There is no sample library of that name; there are {known}.")
