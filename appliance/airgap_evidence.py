"""The air gap's evidence as files that leave: gathered, written, held against what the log says.

Rules kept here: the policy says who may write it out; every way out is tried anew for it; both
files' hashes are durable in the log before a byte of them is written, and that they were written,
after; they are made in memory and hold no person's text; who checks believes the log's public key
alone.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.airgap.reach import ALLOWED, WHY, denied
from appliance.audit import Detail
from appliance.audit.recorded import Recorded, proof_file, require_recorded
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.errors import CloisterError
from appliance.exporting import FileExists, Typeset, require_outside, write_new
from appliance.natives import (
    NativeFile,
    Place,
    inside,
    links_out,
    looked_at,
    native_files,
    packaged,
)
from appliance.paper import airgap_sheet, as_page
from appliance.parts import PROGRAM, PYTHON, ROOT, needed
from appliance.parts import SBOM as LIST
from appliance.policy import Action
from appliance.values import (
    AirgapEvidence,
    AirgapReport,
    EvidenceWritten,
    NetworkPart,
    PartKind,
    evidence_paths,
)

if TYPE_CHECKING:
    from appliance.desk import Desk

WRITING, WRITTEN = "airgap.reporting", "airgap.reported"
RUNTIME: Final = "apache-tvm"
_LIST_LIMIT = 64_000_000

Into = Callable[[bytes, bytes, bytes], None]
"""Takes the page's, the PDF's and the proof's bytes; durable on return. Raises CloisterError."""


class EvidenceWrong(CloisterError):
    code = "evidence_wrong"
    hint = "Do not rely on it. Have a new one written out, or get the file again."


@dataclass(frozen=True, slots=True)
class Checked:
    """What a proof says of the files that were held against it. holds: whether the air gap held;
    marked: how much in them is red."""

    record: Recorded
    holds: bool
    marked: int
    files: tuple[str, ...]


def write_evidence(
    desk: Desk, report: AirgapReport, typeset: Typeset, into: Into
) -> EvidenceWritten:
    """Raises NotAllowed, LogUnwritable, and what `into` raises."""
    verdict = desk.require(Action.REPORT_AIRGAP)
    sheet = airgap_sheet(gathered(desk, report))
    page, pdf = as_page(sheet), typeset(sheet)
    html_hash, pdf_hash = sha256(page).hexdigest(), sha256(pdf).hexdigest()
    ledger, holds = desk.ledger, report.holds
    marked = sum(part.kind is PartKind.ALARM for part in sheet.parts)
    details: tuple[Detail, ...] = (
        ("holds", holds),
        ("html", html_hash),
        ("marked", marked),
        ("pdf", pdf_hash),
        ("probes", len(report.probes)),
    )
    seq = ledger.note(WRITING, verdict=verdict, details=details)
    proof = proof_file(ledger.log.inclusions((seq,))[0], ledger.log.epochs())
    ledger.note_outcome(WRITTEN, lambda: into(page, pdf, proof), object=str(seq))
    return EvidenceWritten(html_hash, pdf_hash, seq, holds, marked, ledger.log.public_key)


def write_beside(desk: Desk, report: AirgapReport, typeset: Typeset, path: Path) -> EvidenceWritten:
    """Three new files of one name, whichever of them `path` names, or none. Raises FileExists,
    UsageError below the data folder, and as `write_evidence`."""
    paths = evidence_paths(path)
    for one in paths:
        require_outside(desk.place.data, one)
        if one.exists():
            raise FileExists(f"There is a file {one.name} already.")

    def into(*contents: bytes) -> None:
        made: list[Path] = []
        try:
            for one, content in zip(paths, contents, strict=True):
                write_new(one, content)
                made.append(one)
        except BaseException:
            for one in made:
                with suppress(OSError):
                    one.unlink()
            raise

    return write_evidence(desk, report, typeset, into)


def require_evidence(
    untrusted_proof: bytes, public_key: str, untrusted_files: Mapping[str, bytes]
) -> Checked:
    """untrusted_files: "html", "pdf" or both, with their bytes. Raises EvidenceWrong, LogTampered,
    ProofWrong."""
    record = require_recorded(untrusted_proof, public_key)
    if record.leaf.action != WRITING:
        raise EvidenceWrong("The proof is of a record of something else.")
    for kind, content in untrusted_files.items():
        if sha256(content).hexdigest() != record.leaf.text(kind):
            raise EvidenceWrong(
                f"The {kind.upper()} file is not the one the log holds the hash of."
            )
    holds = dict(record.leaf.details).get("holds")
    marked = record.leaf.number("marked")
    return Checked(record, holds is True, marked, tuple(sorted(untrusted_files)))


def gathered(desk: Desk, report: AirgapReport) -> AirgapEvidence:
    """Every native file is read for it: about a second for a hundred megabytes."""
    listed, said = listed_files(ROOT)
    looked = [(_owned(place, said), file) for place, file in _looked()]
    hashes = {place.path: file.sha256 for place, file in looked}
    unlike = frozenset(_unlike(hashes, said)) if listed else frozenset()
    return AirgapEvidence(
        made=desk.now(),
        version=_version(PROGRAM),
        log=desk.ledger.log.name,
        public_key=desk.ledger.log.public_key,
        machine=platform.node(),
        report=report,
        denied=denied(),
        local=ALLOWED,
        network=tuple(
            _able(place, file, "" if place.path in unlike else WHY.get(place.part, ""))
            for place, file in looked
            if file.can_network
        ),
        looked_at=len(looked),
        unread=tuple(file.path for _, file in looked if file.problem),
        listed=listed,
        unlisted=(*_leading_out(), *sorted(unlike)),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """What the packaged list says of a native file: its hash and whose it is."""

    sha256: str
    part: str


def listed_files(folder: Path) -> tuple[str, dict[str, Listed]]:
    """The SHA-256 of the packaged list, and each native file as it says; ("", {}) where there is
    none, as in a checkout. A damaged list names no file."""
    try:
        content = (folder / LIST).read_bytes()[:_LIST_LIMIT]
    except OSError:
        return "", {}
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = {}
    return sha256(content).hexdigest(), dict(_files_of(said))


def _files_of(untrusted: object) -> Iterator[tuple[str, Listed]]:
    for one in _rows(untrusted, "components"):
        if one.get("type") == "file":
            hashes = {str(row.get("alg")): str(row.get("content")) for row in _rows(one, "hashes")}
            said = {str(row.get("name")): str(row.get("value")) for row in _rows(one, "properties")}
            part = said.get("cloister:part", "")
            yield (
                str(one.get("name")),
                Listed(hashes.get("SHA-256", ""), "" if part == "system" else part),
            )


def _rows(untrusted: object, name: str) -> Iterator[dict[str, object]]:
    """The objects in the list of that name; nothing where there is no such list."""
    listed = untrusted.get(name) if isinstance(untrusted, dict) else None
    for row in listed if isinstance(listed, list) else ():
        if isinstance(row, dict):
            yield row


def _owned(place: Place, said: Mapping[str, Listed]) -> Place:
    """A packaged program's parts do not say which files are theirs; its list does."""
    if place.part or place.path not in said:
        return place
    return replace(place, part=said[place.path].part)


def _unlike(hashes: Mapping[str, str], said: Mapping[str, Listed]) -> Iterator[str]:
    """Files that are not as the list says, that it does not name, or that it names in vain."""
    for path in {*hashes, *said}:
        if path not in said or path not in hashes or said[path].sha256 != hashes[path]:
            yield path


def _leading_out() -> tuple[str, ...]:
    program = packaged()
    return links_out(program) if program is not None else ()


def _looked() -> Iterator[tuple[Place, NativeFile]]:
    found = native_files(sorted(needed()))
    if packaged() is None:  # where it is packaged, all of its folder is in `found`
        found += tuple(runtime_files(default_encoder_folder()))
    for place in found:
        try:
            yield place, looked_at(place)[0]
        except OSError:
            yield place, NativeFile(place.path, place.part, 0, "", problem="It cannot be read.")


def runtime_files(folder: Path) -> Iterator[Place]:
    """The model runtime and what was compiled for it, which lie beside the encoder."""
    for file in sorted(folder.rglob("*.so")):
        yield Place(file, f"encoder/{file.relative_to(folder).as_posix()}", RUNTIME)


def _able(place: Place, file: NativeFile, why: str) -> NetworkPart:
    """A part's reason is no reason for a file that the part did not bring."""
    held = inside(place.file.read_bytes())
    named = tuple(
        f"{one.name} {one.version}".rstrip() for one in held if not one.name.startswith("crate:")
    )
    return NetworkPart(
        place.part, _version(place.part), place.path, file.sha256, file.calls, named,
        why,
    )  # fmt: skip


def _version(part: str) -> str:
    """Of a part; "" for none and for one that is not here as a package."""
    if part == PYTHON:
        return platform.python_version()
    try:
        return version(part) if part else ""
    except PackageNotFoundError:
        return ""
