"""`cloister demo`: the whole product in a throwaway vault, and exit status 0 only if all holds.

What it shows is checked, not only printed: the citation against the page expected, the refusals
against the kind expected, the log by a fresh process that has nothing but the exported copy and
the public key, the air gap by its probes.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance import processes
from appliance.airgap import guard
from appliance.app import Appliance, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.ask import show_event
from appliance.cli.opening import following
from appliance.cli.output import Output
from appliance.errors import UsageError
from appliance.sample import SAMPLE_NAMES, QuestionKind, sample_folder, sample_questions
from appliance.values import Answered, Event, ImportFinished, ImportProgress, ImportState, Refused

OFF_TOPIC = "Which gate does the last ferry to Reykjavik leave from on Sundays?"
AGAINST_POLICY = "How can I delete my searches from the audit log?"


@dataclass(frozen=True, slots=True)
class Planned:
    """A question and what must come of it: "answer", "not_found" or "refused"; "open" where only
    the documents know (an answer with its citation, or "not in your documents"). `title`, `place`
    ("p. 2", or the heading where there are no pages) and `phrase` say what must be cited, where
    that is known."""

    text: str
    kind: str
    title: str = ""
    place: str = ""
    phrase: str = ""


def demo(arguments: Arguments, output: Output) -> int:
    """Makes the throwaway folder and runs the demonstration in a child: once a process has its
    guards on, it can write inside that folder, but no longer remove it. This one's lets it write to
    the folder around that."""
    inside = arguments.text("inside")
    if inside:
        return demonstrate(Path(inside), arguments, output)
    with throwaway() as folder:
        guard.engage((folder.parent,), screen=False, required=False)  # the child insists
        command = [*processes.command(processes.TERMINAL), *arguments.given]
        command += ["--inside", str(folder)]
        return subprocess.run(command, check=False).returncode


def demonstrate(folder: Path, arguments: Arguments, output: Output) -> int:
    library = arguments.text("library")
    started = time.monotonic()
    appliance = open_appliance(folder / "data", writable=(folder,))
    try:
        problems = list(_show(appliance, Path(library) if library else None, arguments, output))
        problems += _verify(appliance, folder, output)
    finally:
        appliance.close()
    problems += _airgap(appliance, output)
    for problem in problems:
        output.line(f"DOES NOT HOLD: {problem}")
    seconds = time.monotonic() - started
    output.data(holds=not problems, problems=problems, seconds=round(seconds, 2))
    output.line(
        f"\nAll of it in {seconds:.1f} s. "
        + ("Everything held." if not problems else f"{len(problems)} thing(s) did not hold.")
    )
    return int(bool(problems))


@contextmanager
def throwaway() -> Iterator[Path]:
    """A folder only this user can read, gone afterwards whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="cloister-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _show(
    appliance: Appliance, library: Path | None, arguments: Arguments, output: Output
) -> Iterator[str]:
    """Imports and asks; yields what did not hold."""
    appliance.create("Demo", secrets.token_urlsafe(24))
    output.line("1. A throwaway vault is made; everything in it is encrypted.")
    output.line("\n2. Importing documents, parsed in a sandbox without network, files or children:")
    sources = (
        [(library.name or "Library", library)]
        if library
        else [(name.title(), sample_folder(name)) for name in SAMPLE_NAMES]
    )
    for title, source in sources:
        yield from _import(appliance, title, source, output, strict=library is None)
    planned = _planned(appliance, library, arguments.texts("questions"))
    output.line(f"\n3. Asking {len(planned)} questions:")
    for plan in planned:
        yield from _ask(appliance, plan, output)
    turns = [t for c in appliance.conversations() for t in appliance.turns(c.id)]
    if not any(turn.answer is not None and turn.answer.found for turn in turns):
        yield "no question was answered from these documents"


def _import(
    appliance: Appliance, title: str, source: Path, output: Output, *, strict: bool
) -> Iterator[str]:
    if not source.is_dir():
        raise UsageError(f"{source} is not a folder.", hint="Name a folder with documents.")
    collection = appliance.create_collection(title)
    with following(appliance.add(collection.id, (source,))) as events:
        for event in events:
            if isinstance(event, ImportProgress) and event.state is ImportState.FAILED:
                output.line(f"   {Path(event.path).name}: not added. {event.sentence}")
                if strict:
                    yield f"{Path(event.path).name} could not be added"
            elif isinstance(event, ImportFinished):
                rate = event.pages / event.seconds if event.seconds > 0 else 0.0
                output.data(
                    collection=title, added=event.added, failed=event.failed, pages=event.pages,
                    seconds=round(event.seconds, 2), pages_per_second=round(rate, 1),
                )  # fmt: skip
                output.line(
                    f"   {title}: {event.added} documents, {event.pages} pages in "
                    f"{event.seconds:.1f} s ({rate:.1f} pages a second)"
                )
                if not event.added:
                    yield f"nothing was added from {source.name}"


def _planned(
    appliance: Appliance, library: Path | None, questions: Sequence[str]
) -> tuple[Planned, ...]:
    if library is None:
        return tuple(_sampled())
    own = questions or tuple(
        text for c in appliance.collections() for text in appliance.suggestions(c.id, 3)
    )
    return (
        *(Planned(text, "open") for text in own),
        Planned(OFF_TOPIC, "not_found"),
        Planned(AGAINST_POLICY, "refused"),
    )


def _sampled() -> Iterator[Planned]:
    """One answer out of a PDF, a DOCX and an HTML document, one that is not there, one refused."""
    known = [question for name in SAMPLE_NAMES for question in sample_questions(name)]
    kinds = {kind: [q for q in known if q.kind is kind] for kind in QuestionKind}
    answers = kinds[QuestionKind.ANSWER]
    for suffix, library in ((".pdf", 0), (".docx", 0), (".html", -1)):
        found = [q for q in answers if q.file.endswith(suffix)][library]
        place = f"p. {found.page}" if found.page else found.heading
        yield Planned(found.text, "answer", found.document, place, found.phrase)
    yield Planned(kinds[QuestionKind.NOT_FOUND][0].text, "not_found")
    yield Planned(kinds[QuestionKind.REFUSED][-1].text, "refused")


def _ask(appliance: Appliance, plan: Planned, output: Output) -> Iterator[str]:
    output.line(f"\n   Q: {plan.text}")
    output.data(question=plan.text, expected=plan.kind)
    started = time.monotonic()
    last: Event | None = None
    with following(appliance.ask(plan.text)) as events:
        for last in events:
            show_event(last, output)
    output.line(f"   ({(time.monotonic() - started) * 1000:.0f} ms)")
    yield from judge(plan, last)


def judge(plan: Planned, event: Event | None) -> Iterator[str]:
    """What does not hold of an ask's last event."""
    if plan.kind == "refused":
        if not isinstance(event, Refused):
            yield f"the policy should have refused “{plan.text}”"
        return
    if not isinstance(event, Answered):
        yield f"“{plan.text}” was not answered"
        return
    answer = event.answer
    if plan.kind == "not_found":
        if answer.found:
            yield f"“{plan.text}” has no answer in these documents, yet something was quoted"
        return
    if plan.kind == "open" and not answer.found:
        return
    if not answer.found or not answer.citations:
        yield f"“{plan.text}” should have been answered with a citation"
        return
    matching = [
        c
        for c in answer.citations
        if (not plan.title or c.passage.title == plan.title)
        and (not plan.place or c.place == plan.place)
    ]
    if not matching:
        yield f"“{plan.text}” should cite {plan.title}, {plan.place}"
    said = " ".join(" ".join(s.text.split()) for s in answer.sentences)
    if plan.phrase and plan.phrase.casefold() not in said.casefold():
        yield f"“{plan.text}” should be answered with “{plan.phrase}”"


def _verify(appliance: Appliance, folder: Path, output: Output) -> list[str]:
    """Exports the log and lets a fresh process verify the copy."""
    copy = folder / "log-copy"
    key = appliance.export_log(copy)
    started = time.monotonic()
    child = subprocess.run(
        [*processes.command(processes.TERMINAL), "log", "verify", str(copy), "--key", key],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = (child.stdout + child.stderr).strip()
    output.data(log_verified=child.returncode == 0, said=said)
    output.line(f"\n4. The log, verified by a fresh process from an exported copy and {key}:")
    output.line(f"   {said} ({time.monotonic() - started:.2f} s)")
    return [] if child.returncode == 0 else ["the exported log does not verify"]


def _airgap(appliance: Appliance, output: Output) -> list[str]:
    report = appliance.airgap
    open_probes = [probe.name for probe in report.probes if not probe.blocked]
    output.data(airgap=report.holds, guards=list(report.guards), open=open_probes)
    output.line(f"\n5. Air gap: {len(report.probes)} ways out tried, {len(open_probes)} open.")
    output.line(f"   Guards: {', '.join(report.guards) or 'none'}")
    return [] if report.holds else ["the air gap is not proved: " + ", ".join(open_probes)]
