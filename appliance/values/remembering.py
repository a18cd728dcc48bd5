"""Conversations as a person keeps them, what an answer stood on, and what of it leaves."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Conversation:
    """folder: the name of the one it is in, "" for none."""

    id: str
    title: str
    updated: datetime
    turns: int
    pinned: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A conversation that was searched for, and the turn of it that fits best. worded: whether the
    words themselves stand there; else it is near in meaning, by `similarity` (the cosine)."""

    conversation: Conversation
    question: str
    excerpt: str
    record: int
    similarity: float
    worded: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """A passage that was found for a question, where it stands, how it was found (as in Scored),
    and the numbers of the citations that quote it. Its text stays in the library."""

    collection: str
    document: str
    key: int
    title: str
    place: str
    similarity: float
    vector_rank: int
    word_rank: int
    relevance: float
    cited: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person thought of an answer."""

    good: bool
    reason: str
    given: datetime


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a record stands in the log (RFC 9162, 2.1.3). leaf: the record's bytes. proof: the
    hashes from it to the root of the tree of `size` records, which `checkpoint` signs (C2SP
    signed-note) with the key of an epoch, `signed_by`. public_key: the log's first, from which an
    exported copy leads to those of its epochs."""

    log: str
    public_key: str
    signed_by: str
    epoch: int
    record: int
    size: int
    leaf: bytes
    proof: tuple[bytes, ...]
    root: bytes
    checkpoint: str

    @property
    def leaf_hash(self) -> str:
        """Of the record (RFC 9162, 2.1.1), in base64, as the proof begins with it."""
        return b64encode(sha256(b"\x00" + self.leaf).digest()).decode()

    @property
    def path(self) -> str:
        """The lines of the proof before the empty one and the checkpoint (C2SP tlog-proof)."""
        hashes = "".join(f"{b64encode(one).decode()}\n" for one in self.proof)
        return f"c2sp.org/tlog-proof@v1\nindex {self.record}\n{hashes}"

    @property
    def text(self) -> str:
        """The whole proof, as others verify it offline."""
        return f"{self.path}\n{self.checkpoint}"


@dataclass(frozen=True, slots=True)
class Why:
    """Why an answer is what it is: what was decided, what was found, what answered, and that the
    log holds it. opened: the record from before anything was shown. allowed: what the policies
    decided. obligations: as the opening record names them."""

    record: int
    opened: int
    question: str
    asked: datetime
    outcome: str
    mode: str
    model: str
    evidence: float
    threshold: float
    allowed: bool
    policies: tuple[str, ...]
    packs: tuple[str, ...]
    pack_hash: str
    obligations: tuple[tuple[str, str], ...]
    grounds: tuple[Ground, ...]
    inclusion: Inclusion


@dataclass(frozen=True, slots=True)
class Retained:
    """What stays of a conversation after the person has deleted it: its records in the log, with
    what they hold sealed ("full", "question" or "none"), for so many days (0: as long as the log)
    and until then."""

    records: int
    logged: str
    days: int
    until: datetime | None


class ExportForm(StrEnum):
    """What an answer is written out as. The value is the file's ending."""

    MARKDOWN = "md"
    WORD = "docx"
    PDF = "pdf"


class CopyForm(StrEnum):
    """What of an answer goes to the clipboard: its words, with its sources below, or a part."""

    WORDS = "words"
    CITED = "cited"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Exported:
    """What left: its hash, as the log has it under `record`."""

    sha256: str
    size: int
    record: int


@dataclass(frozen=True, slots=True)
class ExportSeen:
    """What the log says of a file that left: the record, who wrote it out, what came of it ("done",
    "failed"; nothing where the program ended before it knew), as what, and the records of the
    answers that stand in it, with a space between."""

    record: int
    time: datetime
    person: str
    outcome: str
    form: str
    records: str
