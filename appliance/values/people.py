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


class Standing(StrEnum):
    """What has become of an account. GONE has no entry any more, its keys are destroyed."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A person as an administrator sees them. `custodian`: their printed recovery code opens the
    institution's recovery key."""

    person: Person
    standing: Standing
    custodian: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """A body of documents behind one key. `documents` and `passages` are counts. `problem` says
    why it is not used, if its store is not what the log recorded."""

    id: str
    title: str
    documents: int = 0
    passages: int = 0
    problem: str = ""
