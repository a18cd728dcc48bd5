"""The air-gap report as evidence: lines for the log, a line for the doctor.

Rules kept here: everything the self-test found is in the lines, in its order; nothing is judged
here that the report did not judge.
"""

from __future__ import annotations

from appliance.values import AirgapReport, Check


def lines(report: AirgapReport) -> tuple[tuple[str, str], ...]:
    """(name, value) for the log record: the result, the guards, then each probe."""
    return (
        ("holds", "yes" if report.holds else "no"),
        ("platform", report.platform),
        ("tested", report.tested.isoformat()),
        ("guards", "; ".join(report.guards) or "none"),
        *(
            (probe.name, f"{'refused' if probe.blocked else 'OPEN'}: {probe.detail}")
            for probe in report.probes
        ),
    )


def check(report: AirgapReport) -> Check:
    """The doctor's line: how many ways were tried, and which stand open."""
    if report.holds:
        sentence = f"No way out: {len(report.probes)} probes refused by {'; '.join(report.guards)}."
        return Check("air gap", "ok", sentence)
    ways = ", ".join(probe.name for probe in report.probes if not probe.blocked)
    return Check(
        "air gap",
        "failed",
        f"The air gap does not hold: {ways or 'no guard is on'}.",
        "Do not work with real documents here. Give this text to your IT department.",
    )
