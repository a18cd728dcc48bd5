"""What stands on a sheet that leaves the program, whatever kind of file it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PartKind(StrEnum):
    """What a part of a sheet is. ALARM: what must not be overlooked."""

    TITLE = "title"
    QUESTION = "question"
    TEXT = "text"
    ALARM = "alarm"
    HEADING = "heading"
    SOURCE = "source"
    SMALL = "small"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one look. doubted: no passage supports it."""

    text: str
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph. Of CODE every run is a line."""

    kind: PartKind
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return ("\n" if self.kind is PartKind.CODE else "").join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Sheet:
    """made: when, in UTC."""

    title: str
    made: datetime
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What the log says was decided before a turn was answered. opened: the record that says so.
    policies and packs: as in a Verdict."""

    opened: int
    policies: tuple[str, ...]
    packs: tuple[str, ...]
    pack_hash: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The sheet's own words, so that a window can give them in the person's language."""

    written_out: str = "Written out of Cloister on {when} (UTC)."
    sources: str = "Sources"
    unsupported: str = "(no passage supports this)"
    own: str = "(a document of the person who asked, not of the library)"
    nothing: str = "Not in your documents."
    refused: str = "Refused."
    failed: str = "There was no answer."
    stopped: str = "Stopped. Nothing was answered."
    replaced: str = "Asked again later; record {record} replaces this answer."
    quoted: str = "Quoted word for word, chosen by {model}."
    written: str = "Written by {model}; what no passage supports is marked."
    asked: str = "Asked on {when} (UTC). Log record {record}."
    unlogged: str = "Asked on {when} (UTC). The log holds no record of it."
    decided: str = (
        "Decided by {policies}, in the policy packs {packs} with the hash {hash}. "
        "Log record {record}, written before anything was shown."
    )
    proof: str = "To check it"
    checkable: str = (
        "The log {log} holds the record of each ask. Below is the proof, in the form "
        "c2sp.org/tlog-proof. Its checkpoint is signed with the key of epoch {epoch}, to which an "
        "exported copy of the log leads from the public key; have that key by another way than "
        "this file. What was said is in no record in the clear: where the policy has it kept, it "
        "is sealed to the institution's auditors. The hash of this file is in the record of its "
        "export."
    )
    command: str = (
        "Whether this file is as it left is told by “cloister log check FILE”, for an auditor, or "
        "with an exported copy of the log and its public key for anybody."
    )
    key: str = "Public key of the log"
    epoch: str = "Key of epoch {epoch}"
    leaf: str = "Hash of record {record}"
    checkpoint: str = "The checkpoint, which follows each of these after an empty line"
