"""What the air gap's evidence says in each case: red where it did not hold, nothing claimed that
was not found, and nothing of others' as markup."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from appliance.airgap.reach import ALLOWED, WHY, denied
from appliance.paper import airgap_sheet, as_page
from appliance.values import (
    AirgapEvidence,
    AirgapReport,
    NetworkPart,
    Part,
    PartKind,
    Probe,
    Run,
    Sheet,
)
from tests.page_elements import elements

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
GUARDS = ("seccomp: sockets, io_uring, namespaces, tracing", "no_new_privs", "landlock 6: writes")
HELD = AirgapReport("Linux", GUARDS, (Probe("sockets by Python", True, "all refused"),), NOON)
LIBRARY = NetworkPart("duckdb", "1", "lib.so", "ab" * 32, ("socket",), (), WHY["duckdb"])
SOUND = AirgapEvidence(
    NOON, "0.1.0", "log", "key", "ward-9", HELD, denied(), ALLOWED, (LIBRARY,), 9, (), "cd" * 32, ()
)
HOSTILE = '</p><img src="http://x/y" onerror=z>\u202e<script>'


def alarms(evidence: AirgapEvidence) -> list[str]:
    return [part.text for part in airgap_sheet(evidence).parts if part.kind is PartKind.ALARM]


def text(evidence: AirgapEvidence) -> str:
    return "\n".join(part.text for part in airgap_sheet(evidence).parts)


def test_where_all_held_nothing_is_red() -> None:
    assert alarms(SOUND) == []
    for words in ("The air gap held: all 1 ways", "“ward-9”", "io_uring_setup", "api.sock",
                  "Every native file is as the packaged list"):  # fmt: skip
        assert words in text(SOUND)


def test_what_did_not_hold_stands_first_and_is_red() -> None:
    report = replace(HELD, probes=(*HELD.probes, Probe("bpf", False, "opened")))
    part = replace(LIBRARY, part="new", why="")
    evidence = replace(
        SOUND, report=report, network=(part,), unread=("odd.so",), unlisted=("x.so",)
    )
    red = alarms(evidence)
    assert airgap_sheet(evidence).parts[2].text == red[0]
    assert red[0].startswith("THE AIR GAP DID NOT HOLD at 2026-05-04 12:00:00 UTC: 1 of 2")
    for words in ("OPEN: bpf", "They do not count", "Nobody has said why", "out of odd.so",
                  "x.so is not what"):  # fmt: skip
        assert any(words in one for one in red), words
    assert "The air gap held" not in text(evidence)
    assert "Every native file is as" not in text(evidence)


@pytest.mark.parametrize("platform", ["Linux 4.4 mips", "win32", "darwin"])
def test_without_a_guard_nothing_is_claimed_of_the_kernel(platform: str) -> None:
    report = AirgapReport(platform, (), (Probe("platform", False, "No guard is known."),), NOON)
    evidence = replace(SOUND, report=report)
    red = alarms(evidence)
    assert red[0].startswith("THE AIR GAP DID NOT HOLD")
    assert red[1].startswith("NO GUARD WAS ON")
    said = text(evidence)
    assert "with no guard on" in said
    for claim in ("were put on this process", "io_uring_setup", "EACCES", "The air gap held"):
        assert claim not in said


def test_a_kernel_without_landlock_is_said_in_red() -> None:
    evidence = replace(SOUND, report=replace(HELD, guards=GUARDS[:2]))
    first, red = alarms(evidence)
    assert first == "Look into what is red below as well: 1 in all."
    assert red.startswith("No Landlock")


def test_where_no_list_is_packaged_no_comparison_is_claimed() -> None:
    evidence = replace(SOUND, listed="")
    _, red = alarms(evidence)
    assert red.startswith("No packaged list of parts")
    assert "Every native file is as" not in text(evidence)


def test_hostile_names_stay_text() -> None:
    part = replace(LIBRARY, part=HOSTILE, path=HOSTILE, version=HOSTILE, inside=(HOSTILE,), why="")
    evidence = replace(
        SOUND, machine=HOSTILE, network=(part,), unread=(HOSTILE,), unlisted=(HOSTILE,),
        report=replace(HELD, platform=HOSTILE, probes=(Probe(HOSTILE, False, HOSTILE),)),
    )  # fmt: skip
    page = as_page(airgap_sheet(evidence))
    found = elements(page)
    assert set(found.names) <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "strong"
    }  # fmt: skip
    assert found.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert "<img" in found.text
    assert "\u202e" not in page.decode()


def test_a_page_holds_no_markup_of_others_in_its_title() -> None:
    found = elements(as_page(Sheet("</title><script>", NOON, (Part(PartKind.TEXT, (Run("x"),)),))))
    assert "script" not in found.names


def test_a_page_can_be_read_by_whoever_reads_with_a_program() -> None:
    """A language, one title, headings without a gap, and red that is said in words as well."""
    page = as_page(airgap_sheet(SOUND))
    assert b'<html lang="en">' in page
    levels = [int(name[1]) for name in elements(page).names if name in ("h1", "h2", "h3")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert _contrast("8c0f1a", "fdecec") > 7  # as in paper/page.py
    assert _contrast("454f5d", "ffffff") > 7


def _contrast(*colours: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted(_luminance(colour) for colour in colours)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
