"""What an auditor is told of the air gap: what the kernel refuses, what was tried, what could have
reached out, and which local sockets stay open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.values.checks import AirgapReport


@dataclass(frozen=True, slots=True)
class Denied:
    """calls: system calls, by name; answer: what they get instead; what: in plain words."""

    calls: tuple[str, ...]
    answer: str
    what: str


@dataclass(frozen=True, slots=True)
class LocalSocket:
    """An AF_UNIX socket that a process of the product may use. path: a pattern as of a shell, ""
    for a pair without a name. who: which process; when: under what condition."""

    path: str
    who: str
    what: str
    when: str


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """A native file that was built to make sockets or to ask for names. inside: libraries compiled
    into it, with the version where the file states one; why: why it cannot reach out here, ""
    where nobody has said."""

    part: str
    version: str
    path: str
    sha256: str
    calls: tuple[str, ...]
    inside: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class AirgapEvidence:
    """machine: the name it gives itself. looked_at: native files in all; unread: those nothing
    could be read out of. listed: the hash of the packaged list of parts, "" where none is beside
    the program, and `unlisted`: files that are not as it says."""

    made: datetime
    version: str
    log: str
    public_key: str
    machine: str
    report: AirgapReport
    denied: tuple[Denied, ...]
    local: tuple[LocalSocket, ...]
    network: tuple[NetworkPart, ...]
    looked_at: int
    unread: tuple[str, ...]
    listed: str
    unlisted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceWritten:
    """What left: both files' SHA-256, the record that holds them, and the proof of that. marked:
    how much in them is red."""

    html: str
    pdf: str
    record: int
    holds: bool
    marked: int
    public_key: str


_ENDINGS = (".html", ".pdf", ".proof")


def evidence_paths(path: Path) -> tuple[Path, Path, Path]:
    """The page, the PDF and the proof that go by one name, whichever of them `path` names, or by
    the name alone."""
    name = path.with_suffix("") if path.suffix in _ENDINGS else path
    html, pdf, proof = (path.with_name(name.name + ending) for ending in _ENDINGS)
    return html, pdf, proof
