"""`cloister conversation`: finding, ordering, exporting and deleting what was asked before."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.app import Cancellation
from appliance.cli.arguments import Arguments
from appliance.cli.ask import require_conversation
from appliance.cli.library import follow_import
from appliance.cli.opening import data_folder, following, unlocked
from appliance.cli.output import Output
from appliance.cli.placing import new_file, require_outside, write_durably
from appliance.errors import UsageError
from appliance.values import Conversation, ExportForm, Recalled, Retained, Why

if TYPE_CHECKING:
    from appliance.remembered import Remembered

LOGGED = {
    "full": "what was asked and answered, sealed to the auditors",
    "question": "what was asked, sealed to the auditors",
    "none": "that it took place, and nothing that was said",
}


class NotSaidYes(UsageError):
    code = "not_confirmed"
    hint = "Add --yes once you have read what stays."


def show(arguments: Arguments, output: Output) -> int:
    wanted = arguments.text("search")
    with unlocked(arguments) as appliance:
        if wanted:
            with appliance.remembered() as remembered:
                found = _searched(remembered, wanted)
        else:
            found = tuple(
                Recalled(one, "", "", -1, 0.0, worded=False) for one in appliance.conversations()
            )
    folder = arguments.text("folder") if arguments.given_value("folder") else None
    listed = [one for one in found if folder is None or one.conversation.folder == folder]
    for one in listed:
        _show_one(one, output)
    if not listed:
        output.note("No conversation fits." if wanted else "There is no conversation yet.")
    return 0


def _searched(remembered: Remembered, wanted: str) -> tuple[Recalled, ...]:
    """What fits, once every question is taken up: nobody is shown the rest later. Where nothing can
    be written, as far as that went."""
    found, left = remembered.search(wanted), remembered.unsearched()
    while left:
        found, before = remembered.search(wanted), left
        left = remembered.unsearched()
        if left >= before:
            break
    return found


def _show_one(found: Recalled, output: Output) -> None:
    one = found.conversation
    output.data(
        conversation=one.id,
        title=one.title,
        updated=one.updated.isoformat(),
        turns=one.turns,
        pinned=one.pinned,
        folder=one.folder,
        question=found.question,
        excerpt=found.excerpt,
        record=found.record,
        similarity=round(found.similarity, 4),
        worded=found.worded,
    )
    output.line(f"{one.id}  {_said(one)}")
    if found.excerpt:
        output.line(f"    record {found.record}: {found.excerpt}")


def _said(one: Conversation) -> str:
    marks = f"{'* ' if one.pinned else ''}{f'[{one.folder}] ' if one.folder else ''}"
    return f"{one.updated:%Y-%m-%d %H:%M}  {marks}{one.title}"


def rename(arguments: Arguments, output: Output) -> int:
    del output
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        remembered.rename(arguments.text("conversation"), arguments.text("title"))
    return 0


def pin(arguments: Arguments, output: Output) -> int:
    del output
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        remembered.pin(arguments.text("conversation"), pinned=not arguments.flag("off"))
    return 0


def folder(arguments: Arguments, output: Output) -> int:
    del output
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        remembered.put(arguments.text("conversation"), arguments.text("folder"))
    return 0


def delete(arguments: Arguments, output: Output) -> int:
    conversation = arguments.text("conversation")
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        stays = remembered.retained(conversation)
        output.data(
            conversation=conversation,
            records=stays.records,
            logged=stays.logged,
            until=stays.until.isoformat() if stays.until is not None else None,
        )
        output.line("Backups that were made before still hold it.")
        output.line(kept_words(stays))
        if not arguments.flag("yes"):
            raise NotSaidYes("Nothing was deleted.")
        remembered.forget(conversation)
    output.line("The conversation is deleted.")
    return 0


def kept_words(stays: Retained) -> str:
    """What the log keeps, in a sentence."""
    until = f" until {stays.until:%Y-%m-%d} at least" if stays.until is not None else ""
    return f"The log keeps {stays.records} record(s){until}: {LOGGED[stays.logged]}."


def judge(arguments: Arguments, output: Output) -> int:
    del output
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        remembered.judge(
            arguments.text("conversation"),
            arguments.number("record"),
            good=arguments.text("opinion") == "good",
            reason=arguments.text("reason"),
        )
    return 0


def attach(arguments: Arguments, output: Output) -> int:
    """Searched when this conversation asks, by nobody else, and gone with it."""
    cancellation = Cancellation()
    with unlocked(arguments) as appliance:
        signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
        conversation = arguments.text("conversation")
        require_conversation(appliance, conversation)
        with appliance.remembered(cancellation) as remembered:
            events = remembered.attach(conversation, arguments.paths("paths"), cancellation)
            with following(events) as followed:
                failed = follow_import(followed, output)
    return 130 if cancellation.cancelled else int(failed)


def why(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.remembered() as remembered:
        found = remembered.why(arguments.text("conversation"), arguments.number("record"))
    output.data(
        record=found.record,
        opened=found.opened,
        outcome=found.outcome,
        mode=found.mode,
        model=found.model,
        evidence=round(found.evidence, 4),
        threshold=round(found.threshold, 4),
        allowed=found.allowed,
        policies=list(found.policies),
        packs=list(found.packs),
        pack_hash=found.pack_hash,
        obligations=dict(found.obligations),
        grounds=[
            {
                "title": ground.title,
                "place": ground.place,
                "document": ground.document,
                "collection": ground.collection,
                "similarity": round(ground.similarity, 4),
                "relevance": round(ground.relevance, 4),
                "cited": list(ground.cited),
            }
            for ground in found.grounds
        ],
        public_key=found.inclusion.public_key,
        leaf_hash=found.inclusion.leaf_hash,
        proof=found.inclusion.text,
    )
    _tell_why(found, output)
    return 0


def _tell_why(found: Why, output: Output) -> None:
    output.line(f"{found.question}")
    output.line(f"  {found.outcome}, {found.mode}, by {found.model or 'nothing'}")
    decided = "allowed by" if found.allowed else "refused by"
    policies = ", ".join(found.policies) or "no policy that permits it"
    output.line(f"  {decided} {policies} of {', '.join(found.packs)}")
    output.line(f"  {', '.join(f'{name}={value}' for name, value in found.obligations)}")
    for place, ground in enumerate(found.grounds, start=1):
        cited = "".join(f" [{number}]" for number in ground.cited)
        output.line(
            f"  {place:2}. {ground.title}, {ground.place}{cited} "
            f"(meaning {ground.similarity:.2f}, bears on it {ground.relevance:.0%})"
        )
    output.line(f"  log records {found.opened} and {found.record} of {found.inclusion.size}")
    output.line(f"  hash of record {found.record}: {found.inclusion.leaf_hash}")
    output.line(found.inclusion.text)


def export(arguments: Arguments, output: Output) -> int:
    path = require_outside(Path(arguments.text("file")).absolute(), data_folder(arguments))
    form = form_of(path)
    records = tuple(int(record) for record in arguments.texts("record"))
    with (
        new_file(path) as descriptor,
        unlocked(arguments) as appliance,
        appliance.remembered() as remembered,
    ):
        exported = remembered.export(
            arguments.text("conversation"),
            form,
            lambda content: write_durably(
                descriptor, content, "The export", "Free some space, or name a disk."
            ),
            turns=records,
        )
    output.data(exported=str(path), sha256=exported.sha256, size=exported.size,
                record=exported.record)  # fmt: skip
    output.line(f"Written to {path}. Log record {exported.record} holds its hash.")
    return 0


def form_of(path: Path) -> ExportForm:
    """By the file's ending. Raises UsageError."""
    try:
        return ExportForm(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise UsageError(
            f"{path.name} does not say what to write.", hint="End the name in .md or .docx."
        ) from None
