"""`cloister ask`."""

from __future__ import annotations

import codecs
import signal
import sys
from collections.abc import Iterable

from appliance.app import Appliance, Cancellation
from appliance.assistant import NOT_FOUND
from appliance.cli.arguments import Arguments
from appliance.cli.opening import (
    collection_named,
    following,
    note_nothing_to_ask,
    unlocked,
)
from appliance.cli.output import Output
from appliance.errors import QuestionUnusable, UsageError
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    Cancelled,
    Event,
    Failed,
    Opened,
    Refused,
    Token,
)

STDIN_LIMIT = 1_000_000  # bytes
TAIL = 72
"""Characters of what is being written that are shown."""


class UnknownConversation(UsageError):
    code = "unknown_conversation"
    hint = "Leave --continue out to begin a new one; `ask --json` prints each one's id."


def ask(arguments: Arguments, output: Output) -> int:
    text = arguments.text("question")
    if text == "-":
        text = read_question(output)
    cancellation = Cancellation()
    with unlocked(arguments) as appliance:
        # only now: at the prompt for the passphrase, Ctrl-C must end the command
        signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
        chosen = [
            collection_named(appliance, title, "--in").id
            for title in arguments.texts("collections")
        ]
        conversation = arguments.text("conversation")
        if conversation:
            require_conversation(appliance, conversation)
        asked = appliance.ask(
            text,
            conversation=conversation,
            collections=chosen,
            reason=arguments.text("reason"),
            cancellation=cancellation,
        )
        with following(asked) as events:
            status = follow(events, output)
        note_nothing_to_ask(appliance, output)
        stands = appliance.writing()
        if stands.allowed and stands.note:
            output.note(stands.note)
        seat = appliance.standing()
        if seat.answers and seat.sentence:
            output.note(f"{seat.sentence} {seat.next_step}")
        return status


def follow(events: Iterable[Event], output: Output) -> int:
    """Shows an ask as it goes; returns its exit status. What is being written is shown on a
    terminal in a line that goes away: only the checked answer stays."""
    status = 1
    written = ""
    for event in events:
        if isinstance(event, Token):
            written = (written + event.text)[-TAIL:]
            output.progress(written)
        else:
            status = show_event(event, output)
    return status


def read_question(output: Output) -> str:
    """From stdin: one line where somebody types it, else all of it. Raises QuestionUnusable."""
    if sys.stdin is None:
        return ""
    typed = sys.stdin.isatty()
    if typed:
        output.prompt("Question: ")
    stream = sys.stdin.buffer
    untrusted = stream.readline(STDIN_LIMIT) if typed else stream.read(STDIN_LIMIT)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(untrusted, final=len(untrusted) < STDIN_LIMIT)
    except UnicodeDecodeError as error:
        raise QuestionUnusable(
            "The question is not UTF-8 text.", hint="Save it as UTF-8 and ask again."
        ) from error
    return text.rstrip("\n")


def require_conversation(appliance: Appliance, conversation: str) -> None:
    """Raises UnknownConversation: a slip of the pen must not begin a new one in silence."""
    if conversation not in {known.id for known in appliance.conversations()}:
        raise UnknownConversation(f"There is no conversation {conversation}.")


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
        mode=answer.mode.value,
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
    if answer.mode is AnswerMode.GENERATE:
        output.line(f"  Written by {answer.model}, each sentence checked against its source.")
    else:
        sure = f"evidence {answer.evidence:.0%}, {answer.threshold:.0%} needed"
        output.line(f"  Quoted word for word, chosen by {answer.model} ({sure}).")
    for citation in answer.citations:
        output.line(f"  [{citation.number}] {citation.passage.title}, {citation.place}")
