"""The main path: Question - authorise - find - answer - check citations - log - show.

Rules kept here: nothing is yielded before the opening record is durable; every ask that was opened
is closed by exactly one record, also when the caller walks away, and that record holds what was
shown until then; an answer counts, and a quoted one is shown, only after its closing record is
durable; if the log cannot be written, there is no answer. A written answer is shown as it comes:
where the policy says "required", only sentences that passed the check. Where the language model
cannot be started, the answer is quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from appliance import citations, forms
from appliance.errors import CannotWrite, CloisterError, LogUnwritable, QuestionUnusable
from appliance.protocols import Answerer, Audit, Clock, Finder, History, Policy, Seat
from appliance.rewording import joined
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    AnswerSentence,
    Cancelled,
    Citation,
    Event,
    Failed,
    Found,
    Opened,
    Outcome,
    Progress,
    Question,
    Refused,
    Scored,
    Stage,
    Token,
    Turn,
    Verdict,
)

QUESTION_LIMIT = 8_000
DEPTH = 30
"""Passages that are found, and read as far as it takes to see which are worth more."""
PASSAGE_LIMIT = 16
NOT_FOUND = "Not in your documents."
SEARCH = "search"
"""What answers where passages are wanted and no answer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the main path runs on, joined by app.py. `now` gives the time at the edge."""

    policy: Policy
    audit: Audit
    finder: Finder
    answerer: Answerer
    history: History
    now: Clock
    seat: Seat


@dataclass(frozen=True, slots=True)
class Ending:
    """How an ask ends, before it is logged."""

    outcome: Outcome
    answer: Answer | None = None
    code: str = ""
    sentence: str = ""
    hint: str = ""


@dataclass(slots=True)
class Streamed:
    """What of a written answer was shown before its end."""

    texts: list[str] = field(default_factory=list)
    model: str = ""

    def show(self, text: str, citations: tuple[int, ...] = ()) -> Token:
        self.texts.append(text)
        return Token(text, citations)

    def unfinished(self) -> Answer | None:
        """For the log, where nothing better came of it: what was shown, supported by nothing."""
        if not self.texts:
            return None
        shown = AnswerSentence("".join(self.texts), (), supported=False)
        return Answer((shown,), (), AnswerMode.GENERATE, self.model, 0.0, 0.0)


class Stopped(Exception):
    """The person asked to stop. Not an error."""


def ask(
    question: Question, parts: Parts, cancelled: Callable[[], bool]
) -> Generator[Event, None, None]:
    """Runs one ask. The last event is Answered, Refused, Failed or Cancelled.

    Raises QuestionUnusable before anything is opened. Everything after the opening record ends in
    an event and a closing record, or, where the log itself fails, in Failed and no answer.
    """
    require_usable(question)
    verdict = parts.policy.decide(question)
    try:
        record = parts.audit.open_ask(question, verdict)  # durable before anything is shown
    except LogUnwritable as error:
        yield Failed(error.code, error.sentence, error.next_step)
        return
    ending = Ending(Outcome.CANCELLED)  # what it is if the caller walks away
    streamed = Streamed()
    try:
        yield Opened(record, verdict, question.conversation)
        ending = yield from _answer(question, verdict, parts, cancelled, streamed)
    finally:
        final = _close(question, verdict, parts, ending, streamed.unfinished())
    if isinstance(final, Answered) and not streamed.texts:
        yield from (Token(one.text, one.citations) for one in final.answer.sentences)
    yield final


def require_usable(question: Question) -> None:
    if not question.text.strip():
        raise QuestionUnusable("The question is empty.", hint="Type a question, then press Enter.")
    if len(question.text) > QUESTION_LIMIT:
        raise QuestionUnusable(
            f"The question has {len(question.text):,} characters; at most {QUESTION_LIMIT:,} fit.",
            hint="Shorten it, or add the long text to the library as a document and ask about it.",
        )


def _answer(
    question: Question,
    verdict: Verdict,
    parts: Parts,
    cancelled: Callable[[], bool],
    streamed: Streamed,
) -> Generator[Event, None, Ending]:
    """Yields what happens on the way and returns the Ending."""
    refusal = _refusal(question, verdict, parts.seat)
    if refusal is not None:
        return refusal

    def go_on() -> None:
        if cancelled():
            raise Stopped

    try:
        go_on()
        yield Progress(Stage.FINDING)
        vector = parts.answerer.encode([question.text])
        near = parts.finder.find(question.text, vector, question.collections, DEPTH)
        go_on()
        yield Progress(Stage.READING)
        found = parts.answerer.rank(question.text, near)[:PASSAGE_LIMIT]
        go_on()
        yield Found(found)
        if question.passages:
            answer = _passages(found[: question.passages])
        else:
            answer = yield from _answered(question, found, verdict, parts, streamed, go_on)
        go_on()
    except Stopped:
        return Ending(Outcome.CANCELLED)
    except CloisterError as error:
        return Ending(Outcome.FAILED, None, error.code, error.sentence, error.next_step)
    except Exception as error:  # noqa: BLE001 - whatever breaks, the ask is closed as failed
        return Ending(
            Outcome.FAILED,
            code=f"internal:{type(error).__name__}",
            sentence="Something inside Cloister failed; the question was not answered.",
            hint=CloisterError.hint,
        )
    seconds = (parts.now() - question.asked).total_seconds()
    return Ending(Outcome.ANSWERED, replace(answer, seconds=seconds))


def _passages(best: Sequence[Scored]) -> Answer:
    """What was found, each passage quoted and cited whole, for whoever searches."""
    passages = [scored.passage for scored in best]
    return Answer(
        tuple(AnswerSentence(one.text, (number,)) for number, one in enumerate(passages, start=1)),
        tuple(Citation(n, one, 0, len(one.text)) for n, one in enumerate(passages, start=1)),
        AnswerMode.QUOTE,
        SEARCH,
        evidence=max((scored.relevance for scored in best), default=0.0),
        threshold=0.0,
    )


def _answered(  # noqa: PLR0917 - in the order of the main path
    question: Question,
    found: Sequence[Scored],
    verdict: Verdict,
    parts: Parts,
    streamed: Streamed,
    go_on: Callable[[], None],
) -> Generator[Event, None, Answer]:
    """Written where the policy lets it be and it stands, else quoted; checked; put into a form."""
    answer = None
    if verdict.obligations.mode is AnswerMode.GENERATE and parts.answerer.can_generate:
        answer = yield from _write(question, found, verdict, parts, streamed, go_on)
    if answer is None or not _stands(answer):  # nothing that was written stands
        drafted = parts.answerer.quote(question.text, found)
        go_on()
        yield Progress(Stage.CHECKING)
        answer = citations.check(drafted, found, verdict.obligations.cite)
        if not _stands(answer):
            answer = replace(answer, sentences=(), citations=())
    if question.schema and answer.found:
        answer = forms.filled(question, answer, parts.answerer, go_on)
    return answer


def _write(  # noqa: PLR0917 - in the order of the main path
    question: Question,
    found: Sequence[Scored],
    verdict: Verdict,
    parts: Parts,
    streamed: Streamed,
    go_on: Callable[[], None],
) -> Generator[Event, None, Answer | None]:
    """The written answer, checked; shown on the way as the policy's citation rule allows. What is
    joined with a quotation is shown behind its closing record: not all of it may stay."""
    if not found:
        return None
    rule = verdict.obligations.cite
    checker = citations.Checker(found, rule, go_on)
    earlier = parts.history.earlier(question.conversation)
    answer: Answer | None = None
    released = 0
    bound = verdict.obligations.answer == "evidence"
    joins = parts.answerer.rewords
    for step in _steps(question.text, found, earlier, parts.answerer, go_on, bound=bound):
        if isinstance(step, Answer):
            streamed.model = step.model
            answer = checker.check(step)
            if rule != "marked" and not joins:
                for sentence in answer.sentences[released:]:
                    yield streamed.show(f"{sentence.text} ", sentence.citations)
                released = len(answer.sentences)
        elif rule == "marked" and not joins:
            yield streamed.show(step)
        go_on()
    if answer is not None:
        yield Progress(Stage.CHECKING)
        if joins:
            answer = _with_quotations(question, answer, found, parts, checker)
    return answer


def _with_quotations(
    question: Question,
    written: Answer,
    found: Sequence[Scored],
    parts: Parts,
    checker: citations.Checker,
) -> Answer:
    """What was written, with what of the quotation it does not say."""
    quoted = checker.check(parts.answerer.quote(question.text, found))
    return joined(written, quoted, checker) if _stands(quoted) else written


def _stands(answer: Answer) -> bool:
    """Whether anything of it is supported: under "marked" it may be found and say nothing true."""
    return any(sentence.supported for sentence in answer.sentences)


def _steps(
    question: str,
    found: Sequence[Scored],
    earlier: Sequence[Turn],
    answerer: Answerer,
    go_on: Callable[[], None],
    *,
    bound: bool,
) -> Iterator[str | Answer]:
    """What is written; nothing where the model cannot be started, and answers are then quoted."""
    with suppress(CannotWrite):
        yield from answerer.generate(question, found, earlier, go_on, bound=bound)


def _refusal(question: Question, verdict: Verdict, seat: Seat) -> Ending | None:
    """Why this ask may not go on, if so: the policy says no, or obliges what cannot be done, or the
    seat does not answer anything new (promise 7: that is all it can take away)."""
    if not verdict.allowed:
        sentence = verdict.sentence or "Your institution's policy does not allow this question."
        hint = verdict.hint or "Ask your compliance officer if you think it should."
        return Ending(Outcome.REFUSED, None, "policy", sentence, hint)
    if verdict.obligations.reason_required and not question.reason.strip():
        return Ending(
            Outcome.REFUSED,
            code="reason_required",
            sentence="The policy asks for the reason of this question.",
            hint="Give the reason and ask again.",
        )
    if verdict.obligations.redact:
        return Ending(
            Outcome.REFUSED,
            code="redaction_unavailable",
            sentence="The policy obliges redaction, which this version cannot do.",
            hint="Ask your compliance officer for a pack that does not oblige it.",
        )
    unseated = seat.refusal()
    if unseated is not None:
        return Ending(Outcome.REFUSED, None, unseated.code, unseated.sentence, unseated.hint)
    return None


def _close(
    question: Question, verdict: Verdict, parts: Parts, ending: Ending, shown: Answer | None = None
) -> Event:
    """The one closing record, then the memory of it. Returns the last event. shown: what the person
    has seen of an answer that did not come about."""
    answer = _with_shown(ending.answer, shown)
    try:
        record = parts.audit.close_ask(question, ending.outcome, answer, ending.code)
    except LogUnwritable as error:
        return Failed(error.code, error.sentence, error.next_step)
    except CloisterError as error:
        failed = Ending(Outcome.FAILED, None, error.code, error.sentence, error.next_step)
        if answer is None:
            return _last(failed, verdict)
        # The answer could not be sealed for the auditors: then it is not shown either.
        return _close(question, verdict, parts, failed)
    return _last(ending, verdict, record, _remember(question, parts, ending, record))


def _with_shown(answer: Answer | None, shown: Answer | None) -> Answer | None:
    """What the log must hold: the answer, and what was shown before a quoted one took its place."""
    if answer is None or shown is None or answer.mode is AnswerMode.GENERATE:
        return answer or shown
    return replace(answer, sentences=answer.sentences + shown.sentences)


def _last(ending: Ending, verdict: Verdict, record: int = -1, warning: str = "") -> Event:
    """What the person is told. record: -1 where the log holds none."""
    if ending.outcome is Outcome.ANSWERED and ending.answer is not None:
        return Answered(ending.answer, record, warning)
    if ending.outcome is Outcome.REFUSED:
        return Refused(verdict, record, ending.sentence, ending.hint)
    if ending.outcome is Outcome.CANCELLED:
        return Cancelled(record)
    return Failed(ending.code, ending.sentence, ending.hint, record)


def _remember(question: Question, parts: Parts, ending: Ending, record: int) -> str:
    """Saves the turn. A conversation that cannot be saved does not take the answer away: the log
    has it; the person is told."""
    turn = Turn(
        question.text, question.asked, ending.outcome, ending.answer, ending.sentence, record
    )
    try:
        parts.history.save(question.conversation, turn)
    except CloisterError as error:
        return f"This answer is logged but not kept in your conversations. {error.sentence}"
    return ""
