"""`cloister add` and `cloister library`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

from appliance.app import Appliance, Cancellation
from appliance.cli.arguments import Arguments
from appliance.cli.opening import (
    UnknownCollection,
    collection_named,
    following,
    note_nothing_to_ask,
    unlocked,
)
from appliance.cli.output import Output
from appliance.errors import UsageError
from appliance.values import (
    Collection,
    ImportEvent,
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    ImportWorking,
)


def add(arguments: Arguments, output: Output) -> int:
    paths = arguments.paths("paths")
    if not paths and not arguments.flag("resume"):
        raise UsageError("Nothing to add was named.", hint="Name files or folders, or --resume.")
    cancellation = Cancellation()
    with unlocked(arguments) as appliance:
        # only now: at the prompt for the passphrase, Ctrl-C must end the command
        signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
        if arguments.flag("resume"):
            if not appliance.unfinished_imports():
                output.note("No import waits to be finished.")
        else:
            note_unfinished(appliance, output)
        failed = False
        for events in _imports(appliance, arguments, paths, cancellation):
            with following(events):
                failed |= _follow(events, output)
    return 130 if cancellation.cancelled else int(failed)


def note_unfinished(appliance: Appliance, output: Output) -> None:
    """Says of each import that stopped before its end that it waits."""
    for job in appliance.unfinished_imports():
        output.note(
            f"An import of {job.total} file(s) is unfinished, {job.remaining} to go: "
            "`cloister add --resume` goes on with it."
        )


def _imports(
    appliance: Appliance, arguments: Arguments, paths: tuple[Path, ...], cancellation: Cancellation
) -> Iterator[Iterator[ImportEvent]]:
    if arguments.flag("resume"):
        for job in appliance.unfinished_imports():
            yield appliance.resume_import(job.job, cancellation)
    if paths:
        yield appliance.add(_target(appliance, arguments.text("to")).id, paths, cancellation)


def _target(appliance: Appliance, title: str) -> Collection:
    """The named collection, made where it does not exist yet."""
    try:
        return collection_named(appliance, title, "--to")
    except UnknownCollection:
        if not title:
            raise
        return appliance.create_collection(title)


def _follow(events: Iterator[ImportEvent], output: Output) -> bool:
    """Prints an import as it goes; returns whether a file failed."""
    failed = False
    for event in events:
        if isinstance(event, ImportStarted):
            output.data(job=event.job, files=event.total)
        elif isinstance(event, ImportWorking):
            output.progress(working(event))
        elif isinstance(event, ImportProgress):
            failed |= event.state is ImportState.FAILED
            _file(event, output)
        elif isinstance(event, ImportFinished):
            _finished(event, output)
    return failed


def working(event: ImportWorking) -> str:
    """How far a document is that takes long."""
    what = (
        f"{event.passages} of {event.passages_total} passages"
        if event.passages_total
        else "reading"
    )
    return f"[{event.done + 1}/{event.total}] {Path(event.path).name}: {what}"


def _file(event: ImportProgress, output: Output) -> None:
    output.data(
        path=event.path,
        state=event.state.value,
        pages=event.pages,
        passages=event.passages,
        code=event.code,
        sentence=event.sentence,
        hint=event.hint,
        failures=[{"page": f.page, "code": f.code, "why": f.sentence} for f in event.failures],
    )
    counted = f"[{event.done}/{event.total}]"
    name = Path(event.path).name
    if event.state is ImportState.FAILED:
        output.line(f"{counted} {name}: not added. {event.sentence} {event.hint}")
    elif event.state is ImportState.UNCHANGED:
        output.line(f"{counted} {name}: already there")
    else:
        output.line(f"{counted} {name}: {event.pages} page(s), {event.passages} passages")
        for failure in event.failures:
            output.line(f"      page {failure.page}: {failure.sentence}")


def _finished(event: ImportFinished, output: Output) -> None:
    output.data(
        finished=not event.cancelled,
        added=event.added,
        unchanged=event.unchanged,
        failed=event.failed,
        pages=event.pages,
        seconds=round(event.seconds, 3),
    )
    rate = f", {event.pages / event.seconds:.1f} pages a second" if event.seconds > 0 else ""
    output.line(
        f"{event.added} added, {event.unchanged} already there, {event.failed} failed; "
        f"{event.pages} pages in {event.seconds:.1f} s{rate}"
    )
    if event.cancelled:
        output.line("Stopped. `cloister add --resume` goes on where it stopped.")


def show(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance:
        remove = arguments.text("remove")
        if remove:
            return _remove(appliance, remove, output)
        note_unfinished(appliance, output)
        note_nothing_to_ask(appliance, output)
        status = 0
        for collection in appliance.collections():
            output.data(
                collection=collection.id,
                title=collection.title,
                documents=collection.documents,
                passages=collection.passages,
                problem=collection.problem,
            )
            if collection.problem:
                status = 1
                output.line(f"NOT USED: {collection.problem}")
                continue
            output.line(
                f"{collection.title}  ({collection.documents} documents, "
                f"{collection.passages} passages)"
            )
            for document in appliance.documents(collection.id):
                output.data(
                    document=document.id,
                    collection=collection.id,
                    title=document.title,
                    kind=document.kind.value,
                    pages=document.pages,
                    passages=document.passages,
                    sha256=document.sha256,
                    added=document.added.isoformat(),
                )
                output.line(
                    f"  {document.id}  {document.kind.value:8}  {document.pages:4} p.  "
                    f"{document.title}"
                )
    return status


def _remove(appliance: Appliance, document: str, output: Output) -> int:
    usable = [collection for collection in appliance.collections() if not collection.problem]
    for collection in usable:
        for info in appliance.documents(collection.id):
            if info.id == document:
                appliance.remove_document(collection.id, document)
                output.data(removed=document)
                output.line(f"“{info.title}” is removed from “{collection.title}”.")
                return 0
    raise UsageError(f"There is no document {document}.", hint="`cloister library` lists them.")
