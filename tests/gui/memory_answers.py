"""How the appliance in memory decides, finds and answers: by word overlap, in the open."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from appliance.errors import CloisterError
from appliance.values import (
    AirgapReport,
    Answer,
    Answered,
    AnswerMode,
    AnswerSentence,
    Citation,
    DocumentInfo,
    DocumentKind,
    Event,
    Failed,
    Obligations,
    Outcome,
    PageFailure,
    PageSpan,
    Passage,
    Probe,
    Refused,
    Scored,
    Verdict,
)

_STOP = frozenset(
    "the a an of to in for is are be may can how what which when who does do after at on it and "
    "with i my must".split()
)
THRESHOLD = 0.34


@dataclass(slots=True)
class Stored:
    info: DocumentInfo
    pages: tuple[tuple[str, ...], ...]
    """Sentences of each page."""


def words(text: str) -> set[str]:
    return {w for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in _STOP}


def overlap(question: str, text: str) -> float:
    asked = words(question)
    return len(asked & words(text)) / len(asked) if asked else 0.0


def decide(text: str, reason: str) -> Verdict:
    digest = hashlib.sha256(b"baseline").hexdigest()
    packs, obligations = ("baseline@1",), Obligations()
    if "delete" in text.lower() and "log" in text.lower():
        return Verdict(
            False, ("baseline.no-tampering",), packs, digest, obligations,
            sentence="This asks for help with changing what the log holds; the policy forbids it.",
            hint="If a record is wrong, tell your compliance officer.",
        )  # fmt: skip
    if "patient record" in text.lower() and not reason:
        return Verdict(
            False, ("baseline.purpose",), packs, digest, replace(obligations, reason_required=True),
            sentence="Questions about patient records need a purpose.",
            hint="Say below what the answer is needed for.",
        )  # fmt: skip
    return Verdict(True, ("baseline.member-may-ask",), packs, digest, obligations)


def quote(question: str, found: tuple[Scored, ...]) -> Answer:
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    best = 0.0
    for scored in found:
        for start, end in scored.passage.sentences:
            weight = overlap(question, scored.passage.text[start:end])
            best = max(best, weight)
            if weight >= max(THRESHOLD, 0.75 * best) and len(citations) < 4:
                number = len(citations) + 1
                citations.append(Citation(number, scored.passage, start, end))
                sentences.append(AnswerSentence(scored.passage.text[start:end], (number,)))
    return Answer(
        tuple(sentences), tuple(citations), AnswerMode.QUOTE, "word overlap", best, THRESHOLD
    )


def written(quoted: Answer, model: str) -> Answer:
    """The quoted sentences said again as if by a model, and one that no document holds."""
    added = AnswerSentence("In doubt, ask the ward pharmacist.", (), supported=False)
    return replace(
        quoted,
        sentences=(*quoted.sentences, added) if quoted.found else (),
        mode=AnswerMode.GENERATE,
        model=model,
    )


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the files in them."""
    found: list[Path] = []
    for path in paths:
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return found


def read(collection: str, file: Path) -> Stored | CloisterError:
    """The document, or why there is none."""
    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return CloisterError(
            "The document is protected by a password.",
            hint="Save it without the password, then add it again.",
        )
    if not text.strip():
        return CloisterError(
            "The document holds no text.", hint="If it is a scan, have it recognised first."
        )
    return store(collection, file.name, text)


def store(collection: str, name: str, text: str) -> Stored:
    """A page is what stands between form feeds; a sentence is a line. "!!" marks a bad page."""
    title, _, body = text.partition("\n")
    pages = tuple(
        tuple(line.strip() for line in page.splitlines() if line.strip())
        for page in body.split("\f")
    )
    failures = tuple(
        PageFailure(number, "page_unreadable", "The page is a picture without text.")
        for number, page in enumerate(pages, 1)
        if page == ("!!",)
    )
    kinds = {".pdf": DocumentKind.PDF, ".html": DocumentKind.HTML, ".docx": DocumentKind.DOCX}
    digest = hashlib.sha256(text.encode()).hexdigest()
    info = DocumentInfo(
        digest[:12], collection, title, kinds.get(Path(name).suffix, DocumentKind.TEXT),
        len(pages), sum(bool(p) and p != ("!!",) for p in pages), len(text.encode()), digest,
        datetime(2026, 11, 23, 8, 0, tzinfo=UTC), failures,
    )  # fmt: skip
    return Stored(info, pages)


def passages_of(stored: Stored) -> Iterator[Passage]:
    """One passage a page; a line that begins with "# " is a heading."""
    heading = ""
    for number, lines in enumerate(stored.pages, 1):
        heading = next((line[2:] for line in lines if line.startswith("# ")), heading)
        said = [line for line in lines if not line.startswith("# ") and line != "!!"]
        bounds, at = [], 0
        for line in said:
            bounds.append((at, at + len(line)))
            at += len(line) + 1
        yield Passage(
            stored.info.collection, stored.info.id, number, stored.info.title, " ".join(said),
            tuple(bounds), (heading,) if heading else (), (PageSpan(0, number, 0, at),),
            paged=stored.info.kind is DocumentKind.PDF,
        )  # fmt: skip


def report(*, holds: bool = True) -> AirgapReport:
    names = (
        "sockets by Python", "sockets by ctypes", "sockets by system call", "socket pairs",
        "sockets in a thread", "sockets in a child", "io_uring_setup", "ptrace", "pidfd_getfd",
        "writes elsewhere", "name resolution",
    )  # fmt: skip
    probes = [Probe(name, blocked=True, detail="144 tried, all refused (EACCES)") for name in names]
    if not holds:
        probes[2] = Probe(names[2], blocked=False, detail="AF_INET opened")
    guards = ("seccomp: sockets, io_uring, namespaces, tracing", "landlock 7: writes, tcp, signals")
    return AirgapReport(
        "Linux 6.1 x86_64", guards, tuple(probes), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    )


def outcome_of(event: Event) -> tuple[Outcome, Answer | None, str]:
    match event:
        case Answered(answer):
            return Outcome.ANSWERED, answer, ""
        case Refused(_, _, sentence):
            return Outcome.REFUSED, None, sentence
        case Failed(_, sentence):
            return Outcome.FAILED, None, sentence
        case _:
            return Outcome.CANCELLED, None, ""


def fields_of(verdict: Verdict | None) -> tuple[tuple[str, str], ...]:
    """What a record holds besides its fixed members."""
    fields = (("seat", "seat-04"), ("role", "member"))
    if verdict is None:
        return fields
    return (
        *fields,
        ("policies", ", ".join(verdict.policies)),
        ("packs", ", ".join(verdict.packs)),
        ("pack_hash", verdict.pack_hash),
    )
