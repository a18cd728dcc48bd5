"""Who works with the product, and the bodies of documents they work with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may come to do (docs/ARCHITECTURE.md, "Who uses it")."""

    MEMBER = "member"
    CURATOR = "curator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A body of documents behind one key. `documents` and `passages` are counts. `problem` says
    why it is not used, if its store is not what the log recorded."""

    id: str
    title: str
    documents: int = 0
    passages: int = 0
    problem: str = ""
