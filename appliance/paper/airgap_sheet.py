"""The evidence of the air gap as a sheet: the same words whatever file it becomes.

Rules kept here: what did not hold stands first and is an alarm; what a guard that is not on would
have refused is not claimed, nor is a comparison that was not made; nothing that was found is left
out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from appliance.paper.sheet import legible
from appliance.values import (
    AirgapEvidence,
    AirgapReport,
    Denied,
    LocalSocket,
    NetworkPart,
    Part,
    PartKind,
    Run,
    Sheet,
)

TITLE = "Air gap: evidence"


def airgap_sheet(evidence: AirgapEvidence) -> Sheet:
    found = (
        *_denied(evidence.denied, evidence.report.guards),
        *_tried(evidence.report),
        *_able(evidence),
        *_local(evidence.local),
        *_limits(),
        *_checking(evidence),
    )
    red = sum(part.kind is PartKind.ALARM for part in found)
    return Sheet(TITLE, evidence.made, (*_summary(evidence, red), *found))


def _summary(evidence: AirgapEvidence, red: int) -> Iterator[Part]:
    report = evidence.report
    yield _part(PartKind.TITLE, TITLE)
    yield _part(
        PartKind.SMALL,
        f"Written out of Cloister {evidence.version} on {_moment(evidence.made)}, on a machine "
        f"that calls itself “{evidence.machine}” ({report.platform}).",
    )
    blocked = sum(probe.blocked for probe in report.probes)
    if report.holds:
        yield _part(
            PartKind.TEXT,
            f"The air gap held: all {len(report.probes)} ways out that were tried on this machine "
            f"at {_moment(report.tested)} were refused by the kernel.",
        )
        if red:
            yield _alarm(f"Look into what is red below as well: {red} in all.")
    else:
        yield _alarm(
            f"THE AIR GAP DID NOT HOLD at {_moment(report.tested)}: {blocked} of "
            f"{len(report.probes)} ways out were refused. Those that stood open are marked below."
        )


def _denied(denied: tuple[Denied, ...], guards: tuple[str, ...]) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "What the kernel refuses")
    if not guards:
        yield _alarm(
            "NO GUARD WAS ON: this kernel has no means for one, or refused it. The kernel refused "
            "nothing on the program's account, and nothing is claimed here."
        )
        return
    yield _part(
        PartKind.TEXT,
        "These guards were put on this process before a document, a model, a key or the log was "
        "opened. They bind every thread and every child and cannot be taken off again.",
    )
    for guard in guards:
        yield _part(PartKind.SOURCE, guard)
    if not any(guard.startswith("landlock") for guard in guards):
        yield _alarm(
            "No Landlock: this kernel has none. It did not refuse files outside of the data "
            "folder, signals or abstract local sockets; it did refuse what follows."
        )
    for one in denied:
        yield _part(PartKind.TEXT, one.what)
        yield _part(PartKind.SMALL, f"{', '.join(one.calls)}: {one.answer}")


def _tried(report: AirgapReport) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "What was tried on this machine")
    state = "with the guards on" if report.guards else "with no guard on"
    yield _part(PartKind.TEXT, f"Each way out was tried for real, by this program, {state}.")
    for probe in report.probes:
        if probe.blocked:
            yield _part(PartKind.SOURCE, f"refused: {probe.name}. {probe.detail}")
        else:
            yield _alarm(f"OPEN: {probe.name}. {probe.detail}")


def _able(evidence: AirgapEvidence) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "Parts that were built to use a network, and why they cannot")
    yield _part(
        PartKind.TEXT,
        f"{evidence.looked_at} native files of the program were looked at, as they lie on this "
        f"machine. {len(evidence.network)} of them can make a socket or ask for a name, by what "
        "they take from the C library.",
    )
    if not evidence.report.holds:
        yield _alarm(
            "The reasons below lean on the kernel's refusal, which did not hold. They do not count."
        )
    yield from _compared(evidence)
    for path in evidence.unread:
        yield _alarm(f"Nothing could be read out of {path}: what it can do is not known.")
    for one in evidence.network:
        yield from _part_able(one)


def _compared(evidence: AirgapEvidence) -> Iterator[Part]:
    """With the list that is packaged beside the files."""
    for path in evidence.unlisted:
        yield _alarm(f"{path} is not what the program was packaged with.")
    if not evidence.listed:
        yield _alarm(
            "No packaged list of parts lies beside this program, as in one that runs from its "
            "source: its files were held against nothing."
        )
        return
    if not evidence.unlisted:
        yield _part(PartKind.TEXT, "Every native file is as the packaged list of parts says.")
    yield _part(
        PartKind.SMALL,
        f"SHA-256 of that list (sbom.cdx.json, CycloneDX): {evidence.listed}. Whether the list is "
        "the vendor's is told by the signed release.",
    )


def _part_able(one: NetworkPart) -> Iterator[Part]:
    nobodys = "system" if one.why else "of no known part"
    name = f"{one.part or nobodys} {one.version}".strip()
    holding = f" Inside (with the version, where it states one): {', '.join(one.inside)}."
    holding = holding if one.inside else ""
    yield _part(PartKind.HEADING, f"{name}: {one.path}")
    if one.why:
        yield _part(PartKind.TEXT, f"{one.why}{holding}")
    else:
        yield _alarm(f"Nobody has said why it cannot reach out.{holding}")
    yield _part(PartKind.SMALL, f"It takes: {', '.join(one.calls)}. SHA-256 {one.sha256}")


def _local(local: tuple[LocalSocket, ...]) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "Local sockets (AF_UNIX) that stay open")
    yield _part(
        PartKind.TEXT,
        "A socket of this family reaches programs of this machine alone. The product uses these "
        "and no others: its tests follow whole journeys, in a terminal and in a window under X11, "
        "by the kernel's trace, and find no other. The kernel does not keep to this list itself. A "
        "program of the same user that listens on a local socket and forwards what it is given is "
        "outside of what its filter can see.",
    )
    for one in local:
        where = one.path or "pairs without a name"
        yield _part(PartKind.SOURCE, f"{where}: {one.what} ({one.who}; {one.when})")


def _limits() -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "What this does not show")
    for text in (
        "It is what this program found on this machine at this time. Somebody who can change the "
        "program, the kernel or the machine can have it say anything; hold the program's files "
        "against the vendor's signed list.",
        "An import table shows what a file was built to call, not what is called, and nothing of "
        "what it would ask the kernel for by itself or find by name as it runs. The kernel's "
        "refusal does not depend on it.",
        "Libraries of the system that the program loads (the C library, the display's, a graphics "
        "driver's) are not listed here. The kernel's refusal binds them as well.",
        "What a person copies, prints, photographs or exports leaves with that person.",
    ):
        yield _part(PartKind.TEXT, text)


def _checking(evidence: AirgapEvidence) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "To check this file")
    yield _part(
        PartKind.TEXT,
        "The hashes of this file and of the one beside it stand in a record of the log below, "
        "whose checkpoint is signed with Ed25519 and ML-DSA-65. The proof lies beside them "
        "(.proof). Run `cloister airgap verify FILE --key KEY` on any machine that Cloister runs "
        "on; it needs no vault. Have the key by another way than this file. The proof's form is "
        "open (docs/formats/airgap-proof.md), so that other programs can check it.",
    )
    yield _part(PartKind.SMALL, f"Log: {evidence.log}")
    yield _part(PartKind.SMALL, f"Public key of the log: {evidence.public_key}")


def _alarm(text: str) -> Part:
    return _part(PartKind.ALARM, text)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _part(kind: PartKind, text: str) -> Part:
    return Part(kind, (Run(legible(text)),))
