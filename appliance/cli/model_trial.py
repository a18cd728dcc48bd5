"""`cloister model chat` and `cloister model bench`: an installed model, tried out."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from appliance.app import Cancellation
from appliance.cli.arguments import Arguments
from appliance.cli.opening import following, unlocked
from appliance.cli.output import Output
from appliance.errors import CloisterError, QuestionUnusable

if TYPE_CHECKING:
    from appliance.engine.chat.measuring import Measured
    from appliance.model_trial import Trial

LINE_LIMIT = 64_000  # bytes: more than a message may have
CANCELLED = 130


def chat(arguments: Arguments, output: Output) -> int:
    """One message, or one a line until the input ends. Ctrl-C ends an answer; when none is being
    given, the conversation."""
    once = arguments.text("prompt")
    status = 0
    with (
        unlocked(arguments) as appliance,
        appliance.chat_models() as models,
        models.trial(arguments.text("model")) as trial,
    ):
        for text in (once,) if once else _typed(trial.model, output):
            try:
                status = _turn(trial, text, output)
            except QuestionUnusable as error:
                output.error(error)
                status = 1
            except CloisterError as error:
                if once:
                    raise
                output.error(error)
                status = 1
    return status


def _typed(model: str, output: Output) -> Iterator[str]:
    """The lines of the input. Raises QuestionUnusable for what is no text."""
    if sys.stdin is None:
        return
    typed = sys.stdin.isatty()
    if typed:
        output.note(f"{model}, without your documents. Each message is logged. Ctrl-D ends.")
    while True:
        if typed:
            output.prompt("> ")
        untrusted = sys.stdin.buffer.readline(LINE_LIMIT)
        if not untrusted:
            return
        try:
            text = untrusted.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise QuestionUnusable(
                "The message is not UTF-8 text.", hint="Type it in a UTF-8 terminal."
            ) from error
        if text:
            yield text


def _turn(trial: Trial, text: str, output: Output) -> int:
    from appliance.model_trial import TrialEnded, TrialOpened
    from appliance.values import Outcome

    cancellation = Cancellation()
    before = signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
    answer: list[str] = []
    status = 1
    try:
        with following(trial.say(text, lambda: cancellation.cancelled)) as steps:
            for step in steps:
                match step:
                    case TrialOpened(record):
                        output.data(opened=record, model=trial.model)
                    case TrialEnded(record, outcome, tokens):
                        output.piece("\n")
                        output.data(
                            answer="".join(answer), outcome=outcome.value, tokens=tokens,
                            record=record,
                        )  # fmt: skip
                        status = 0 if outcome is Outcome.ANSWERED else CANCELLED
                    case str():
                        answer.append(step)
                        output.piece(step)
    finally:
        signal.signal(signal.SIGINT, before)
    if trial.note:
        output.note(trial.note)
    return status


def bench(arguments: Arguments, output: Output) -> int:
    cancellation = Cancellation()

    def go_on() -> None:
        if cancellation.cancelled:
            raise KeyboardInterrupt

    most = arguments.number("threads")
    with unlocked(arguments) as appliance, appliance.chat_models() as models:
        signal.signal(signal.SIGINT, lambda *_: cancellation.cancel())
        found = []
        for threads in dict.fromkeys((1, most or models.threads())):
            output.progress(f"measuring {arguments.text('model')} on {threads} thread(s)")
            found.append(models.measured(arguments.text("model"), threads, go_on))
    for one in found:
        output.data(
            threads=one.threads,
            load_seconds=round(one.load, 3),
            first_token_seconds=round(one.first, 4),
            prefill={str(length): _rounded(rate) for length, rate in one.prefill},
            decode=_rounded(one.one),
            decode_together=_rounded(one.together),
        )
    for line in _table(found):
        output.line(line)
    return 0


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 2)


def _table(found: list[Measured]) -> list[str]:
    from appliance.engine.chat.measuring import TOGETHER

    lengths = [length for length, _ in found[0].prefill]
    heads = ["threads", "load s", "first s", *(f"read {length}/s" for length in lengths)]
    heads += ["write/s", f"{TOGETHER} together/s"]
    rows = [heads]
    for one in found:
        rates = [*(rate for _, rate in one.prefill), one.one, one.together]
        rows.append(
            [str(one.threads), f"{one.load:.2f}", f"{one.first:.3f}"]
            + ["-" if rate is None else f"{rate:,.1f}" for rate in rates]
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(heads))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
