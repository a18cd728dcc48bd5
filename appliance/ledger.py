"""What is written into the log, for each thing that happens.

Rules kept here: leaves hold ids and hashes, never personal text; a question and its answer are
sealed to the auditors and only their hash is in the leaf; what the policy's log level leaves out is
not sealed either.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from appliance.audit import Detail, Log, Record
from appliance.counting import Meter
from appliance.errors import CloisterError, StoreTampered
from appliance.values import Answer, Outcome, Person, Question, StoreMark, Verdict
from appliance.vault import Context, KeyErased, Session

TEXT_LIMIT = 200_000
TRIAL = "model.trial"
"""What the two records of a message to a model that is being tried begin with."""


class Ledger:
    """The open log, written in one person's name. Safe to call from several threads."""

    def __init__(self, log: Log, session: Session, meter: Meter | None = None) -> None:
        self.log = log
        self._meter = meter or Meter()
        self._session = session
        self._levels: dict[str, str] = {}
        self._lock = threading.Lock()
        self._person = session.person.id
        self.acts_as(session.person)

    def acts_as(self, person: Person) -> None:
        """Their roles, as records name them, may have changed since they logged in."""
        self._role = ",".join(role.value for role in person.roles)

    def note(
        self,
        action: str,
        *,
        object: str = "",
        verdict: Verdict | None = None,
        outcome: str = "",
        code: str = "",
        details: tuple[Detail, ...] = (),
    ) -> int:
        """Anything but an ask or a store's mark; durable on return."""
        return self.log.append(
            Record(
                action,
                person=self._person,
                role=self._role,
                object=object,
                verdict=verdict,
                outcome=outcome,
                code=code,
                details=details,
            )
        )

    def note_outcome(
        self,
        action: str,
        work: Callable[[], None],
        *,
        object: str,
        details: tuple[Detail, ...] = (),
    ) -> int:
        """Does the work and notes what became of it. Raises what it raises."""
        try:
            work()
        except BaseException as error:
            code = error.code if isinstance(error, CloisterError) else "unexpected"
            self.note(action, object=object, outcome="failed", code=code, details=details)
            raise
        return self.note(action, object=object, outcome="done", details=details)

    def note_sealed(
        self, action: str, object: str, text: dict[str, object], details: tuple[Detail, ...] = ()
    ) -> int:
        """As `note`, with text sealed to the auditors; `object` is the id it is bound to."""
        noun, verb = action.rsplit(".", 1)
        payload = self._sealed(verb, object, text, of=noun)
        record = Record(
            action, person=self._person, role=self._role, object=object, details=details
        )
        return self.log.append(record, payload)

    def refused(self, store: str, error: StoreTampered) -> None:
        """A store that is not what this log recorded, and is not used."""
        self.note("store.refused", object=store, outcome="refused", code=error.code)

    def notice(self, collection: str, code: str, _sentence: str) -> None:
        """What was found wrong with a collection's derived files, and set right."""
        self.note("store.mended", object=f"collection/{collection}", outcome="mended", code=code)

    def mark(self, mark: StoreMark) -> None:
        """A store's commit, checkpoint or close, so that a rollback shows."""
        self.log.note_store(mark)

    def open_ask(self, question: Question, verdict: Verdict) -> int:
        level = verdict.obligations.log
        payload = None
        if level != "none":
            payload = self._sealed("opened", question.id, asked(question))
        seq = self.log.open_ask(question, verdict, payload)
        with self._lock:
            self._levels[question.id] = level
        self._meter.opened()
        return seq

    def close_ask(
        self, question: Question, outcome: Outcome, answer: Answer | None, code: str = ""
    ) -> int:
        with self._lock:
            level = self._levels.pop(question.id, "full")
        payload = None
        if level == "full" and answer is not None:
            payload = self._sealed("closed", question.id, said(answer))
        seq = self.log.close_ask(question, outcome, answer, code, payload)
        self._meter.ended(outcome.value, answer.seconds if answer is not None else 0.0)
        return seq

    def open_trial(self, trial: str, model: str, text: str, verdict: Verdict) -> int:
        """A message to a model that is being tried; durable on return."""
        payload = self._sealed("opened", trial, {"message": text}, of=TRIAL)
        return self._trial("opened", trial, model, payload, verdict=verdict)

    def close_trial(
        self, trial: str, model: str, outcome: Outcome, answer: str, code: str = ""
    ) -> int:
        """What was shown of its answer, and how that ended."""
        payload = self._sealed("closed", trial, {"answer": answer}, of=TRIAL)
        return self._trial("closed", trial, model, payload, outcome=outcome.value, code=code)

    def _trial(
        self,
        step: str,
        trial: str,
        model: str,
        payload: bytes,
        *,
        verdict: Verdict | None = None,
        outcome: str = "",
        code: str = "",
    ) -> int:
        record = Record(
            f"{TRIAL}.{step}",
            person=self._person,
            role=self._role,
            object=trial,
            verdict=verdict,
            model=model,
            outcome=outcome,
            code=code,
        )
        return self.log.append(record, payload)

    def payload(self, seq: int) -> str:
        """The sealed text of a record, for an auditor; empty where it has none, or a sentence
        saying that it was erased. Raises vault.NotPermitted, audit errors."""
        record = self.log.records(seq, 1)[0]
        fields = dict(record.fields)
        if not fields.get("payload"):
            return ""
        sealed = self.log.payload(seq)
        context = Context(record.action, fields.get("ask", record.object), 1)
        try:
            return self._session.open_as_auditor(sealed, context).decode("utf-8")
        except KeyErased as error:
            return error.sentence

    def _sealed(self, step: str, ask: str, text: dict[str, object], of: str = "ask") -> bytes:
        body = json.dumps(text, ensure_ascii=False, sort_keys=True).encode()
        if len(body) > TEXT_LIMIT:
            raise AnswerTooLong("The answer is longer than the log takes.")
        return self._session.seal_to_auditors(body, Context(f"{of}.{step}", ask, 1))


class AnswerTooLong(CloisterError):
    code = "answer_too_long"
    hint = "Ask a narrower question."


def asked(question: Question) -> dict[str, object]:
    """What was asked, for the sealed payload."""
    text: dict[str, object] = {"question": question.text, "reason": question.reason}
    if question.before:
        text["before"] = list(question.before)
    if question.schema:
        text["schema"] = question.schema
    return text


def said(answer: Answer) -> dict[str, object]:
    """What was shown, and where it stands, for the sealed payload."""
    shaped = {"data": answer.data, "chosen": list(answer.chosen)} if answer.data else {}
    return {
        **shaped,
        "answer": [
            {"text": s.text, "citations": list(s.citations), "supported": s.supported}
            for s in answer.sentences
        ],
        "citations": [
            {
                "number": c.number,
                "collection": c.passage.collection,
                "document": c.passage.document,
                "passage": c.passage.key,
                "place": c.place,
                "start": c.start,
                "end": c.end,
            }
            for c in answer.citations
        ],
        "evidence": round(answer.evidence, 6),
        "threshold": round(answer.threshold, 6),
        "model": answer.model,
    }
