"""`cloister ask`."""

from __future__ import annotations

import signal
import sys

from appliance.app import Cancellation
from appliance.assistant import NOT_FOUND
from appliance.cli.arguments import Arguments
from appliance.cli.opening import collection_named, unlocked
from appliance.cli.output import Output
from appliance.values import Answer, Answered, Cancelled, Event, Failed, Opened, Refused

STDIN_LIMIT = 1_000_000


def ask(arguments: Arguments, output: Output) -> int:
    text = arguments.text("question")
    if text == "-":
        text = sys.stdin.read(STDIN_LIMIT)
    cancellation = Cancellation()
    signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
    with unlocked(arguments) as appliance:
        chosen = [collection_named(appliance, t).id for t in arguments.texts("collections")]
        status = 1
        for event in appliance.ask(
            text,
            conversation=arguments.text("conversation"),
            collections=chosen,
            reason=arguments.text("reason"),
            cancellation=cancellation,
        ):
            status = show_event(event, output)
    return status


def show_event(event: Event, output: Output) -> int:
    """Prints what a person wants to see of an event; returns the exit status it would mean."""
    if isinstance(event, Opened):
        output.data(
            opened=event.record,
            conversation=event.conversation,
            policies=list(event.verdict.policies),
            pack_hash=event.verdict.pack_hash,
        )
    elif isinstance(event, Answered):
        show_answer(event.answer, event.record, output)
        if event.warning:
            output.note(event.warning)
        return 0 if event.answer.found else 4
    elif isinstance(event, Refused):
        output.data(
            refused=True, record=event.record, sentence=event.sentence, hint=event.hint,
            policies=list(event.verdict.policies),
        )  # fmt: skip
        output.line(f"Refused: {event.sentence} {event.hint}")
        return 3
    elif isinstance(event, Failed):
        output.data(failed=event.code, sentence=event.sentence, hint=event.hint)
        output.line(f"{event.sentence} {event.hint}")
        return 1
    elif isinstance(event, Cancelled):
        output.data(cancelled=True, record=event.record)
        output.line("Stopped.")
        return 130
    return 1


def show_answer(answer: Answer, record: int, output: Output) -> None:
    output.data(
        answer=[
            {"text": s.text, "citations": list(s.citations), "supported": s.supported}
            for s in answer.sentences
        ],
        citations=[
            {
                "number": c.number,
                "title": c.passage.title,
                "place": c.place,
                "quote": c.quote,
                "document": c.passage.document,
                "collection": c.passage.collection,
            }
            for c in answer.citations
        ],
        found=answer.found,
        evidence=round(answer.evidence, 4),
        threshold=answer.threshold,
        model=answer.model,
        record=record,
        seconds=round(answer.seconds, 3),
    )
    if not answer.found:
        output.line(NOT_FOUND)
        return
    for sentence in answer.sentences:
        marks = "".join(f"[{n}]" for n in sentence.citations)
        doubt = "" if sentence.supported else " (not supported by your documents)"
        output.line(f"{sentence.text} {marks}{doubt}")
    output.line()
    for citation in answer.citations:
        output.line(f"  [{citation.number}] {citation.passage.title}, {citation.place}")
