"""The evidence of the air gap as a sheet: the same words whatever file it becomes.

Rules kept here: what did not hold stands first and is marked; nothing that was found is left out;
what only the kernel or an administrator could tell is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.paper.sheet import legible
from appliance.values import (
    AirgapEvidence,
    Denied,
    LocalSocket,
    NetworkPart,
    Part,
    PartKind,
    Probe,
    Run,
    Sheet,
)

TITLE = "Air gap: evidence"


def airgap_sheet(evidence: AirgapEvidence) -> Sheet:
    parts = (
        *_summary(evidence),
        *_denied(evidence.denied, evidence.report.guards),
        *_tried(evidence.report.probes),
        *_able(evidence),
        *_local(evidence.local),
        *_limits(),
        *_checking(evidence),
    )
    return Sheet(TITLE, evidence.made, parts)


def _summary(evidence: AirgapEvidence) -> Iterator[Part]:
    report = evidence.report
    yield _part(PartKind.TITLE, TITLE)
    made = f"{evidence.made:%Y-%m-%d %H:%M:%S} UTC"
    yield _part(
        PartKind.SMALL,
        f"Written out of Cloister {evidence.version} on {made}, on {report.platform}.",
    )
    blocked = sum(probe.blocked for probe in report.probes)
    if report.holds:
        yield _part(
            PartKind.TEXT,
            f"The air gap held: all {len(report.probes)} ways out that were tried on this machine "
            f"at {report.tested:%Y-%m-%d %H:%M:%S} UTC were refused by the kernel.",
        )
    else:
        yield _part(
            PartKind.TEXT,
            f"THE AIR GAP DID NOT HOLD: {blocked} of {len(report.probes)} ways out were refused. "
            "Those that stood open are marked below.",
            doubted=True,
        )


def _denied(denied: tuple[Denied, ...], guards: tuple[str, ...]) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "What the kernel refuses")
    yield _part(
        PartKind.TEXT,
        "These guards were put on this process before a document, a model, a key or the log was "
        "opened. They bind every thread and every child and cannot be taken off again.",
    )
    for guard in guards:
        yield _part(PartKind.SOURCE, guard)
    if not guards:
        yield _part(PartKind.SOURCE, "none", doubted=True)
    for one in denied:
        yield _part(PartKind.TEXT, one.what)
        yield _part(PartKind.SMALL, f"{', '.join(one.calls)}: {one.answer}")


def _tried(probes: tuple[Probe, ...]) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "What was tried on this machine")
    yield _part(
        PartKind.TEXT, "Each way out was tried for real, by this program, with the guards on."
    )
    for probe in probes:
        state = "refused" if probe.blocked else "OPEN"
        text = f"{state}: {probe.name}. {probe.detail}"
        yield _part(PartKind.SOURCE, text, doubted=not probe.blocked)


def _able(evidence: AirgapEvidence) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "Parts that were built to use a network, and why they cannot")
    yield _part(
        PartKind.TEXT,
        f"{evidence.looked_at} native files of the program were looked at, as they lie on this "
        f"machine. {len(evidence.network)} of them can make a socket or ask for a name, by what "
        "they take from the C library.",
    )
    for one in evidence.network:
        yield from _part_able(one)
    for path in evidence.unread:
        yield _part(PartKind.SOURCE, f"Nothing could be read out of {path}.", doubted=True)
    if evidence.listed:
        yield _part(PartKind.SMALL, f"SHA-256 of the packaged list of parts (CycloneDX): "
                    f"{evidence.listed}")  # fmt: skip
        if not evidence.unlisted:
            yield _part(PartKind.TEXT, "Every native file is as that list says.")
    for path in evidence.unlisted:
        yield _part(PartKind.SOURCE, f"{path} is not as the packaged list says.", doubted=True)


def _part_able(one: NetworkPart) -> Iterator[Part]:
    name = f"{one.part or 'system'} {one.version}".strip()
    holding = f" Inside: {', '.join(one.inside)}." if one.inside else ""
    yield _part(PartKind.HEADING, f"{name}: {one.path}")
    why = one.why or "Nobody has said why it cannot reach out."
    yield _part(PartKind.TEXT, f"{why}{holding}", doubted=not one.why)
    yield _part(PartKind.SMALL, f"It takes: {', '.join(one.calls)}. SHA-256 {one.sha256}")


def _local(local: tuple[LocalSocket, ...]) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "Local sockets (AF_UNIX) that stay open")
    yield _part(
        PartKind.TEXT,
        "A socket of this family reaches programs of this machine alone. The product uses these "
        "and no others. A program of the same user that listens on one and forwards what it is "
        "given would be outside of what the kernel's filter can see.",
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
        "An import table shows what a file was built to call, not what is called. The kernel's "
        "refusal does not depend on it.",
        "What a person copies, prints, photographs or exports leaves with that person.",
    ):
        yield _part(PartKind.TEXT, text)


def _checking(evidence: AirgapEvidence) -> Iterator[Part]:
    yield _part(PartKind.QUESTION, "To check this file")
    yield _part(
        PartKind.TEXT,
        "The hashes of this file and of the one beside it stand in a record of the log below, "
        "whose checkpoint is signed with Ed25519 and ML-DSA-65. The proof lies beside them "
        "(.proof). Run `cloister airgap verify FILE --key KEY` on any machine; have the key by "
        "another way than this file.",
    )
    yield _part(PartKind.SMALL, f"Log: {evidence.log}")
    yield _part(PartKind.SMALL, f"Public key of the log: {evidence.public_key}")


def _part(kind: PartKind, text: str, *, doubted: bool = False) -> Part:
    return Part(kind, (Run(legible(text), doubted=doubted),))
