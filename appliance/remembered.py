"""A person's conversations, as that person finds them, keeps them in order and takes them along.

Rules kept here: what is judged, deleted or leaves is in the log, by id and hash; how a person
orders their own conversations is nobody's business; a reason that is given for a judgement is
sealed to the auditors where the policy has answers kept, and is in no leaf; a judgement changes
nothing of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from appliance.asking import require_turn
from appliance.cancellation import Cancellation
from appliance.conversations import kept
from appliance.desk import Desk
from appliance.errors import UsageError
from appliance.exporting import Into, Typeset, export, let_copy, require_outside, write_new
from appliance.memory.errors import RecordUnreadable, TurnUnknown
from appliance.policy import Action
from appliance.removal import forget_conversation
from appliance.values import (
    Answer,
    Conversation,
    CopyForm,
    DocumentInfo,
    Exported,
    ExportForm,
    ImportEvent,
    Judgement,
    Question,
    Recalled,
    Retained,
    Turn,
    Why,
    Wording,
)
from appliance.why import opening_of, own_record, why

EXCERPT: Final = 240
REASON: Final = 2_000
MOST: Final = 50
"""Conversations that a search shows."""

_KEPT: Final = ("none", "question", "full")


class ReasonTooLong(UsageError):
    code = "reason_too_long"
    hint = f"Say it in {REASON:,} characters."


class Remembered:
    """Made by `Appliance.remembered`. A turn is named by its closing record."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --- finding -----------------------------------------------------------------------------

    def search(self, text: str) -> tuple[Recalled, ...]:
        """The conversations whose title, words or meaning fit, best first, as far as they are taken
        up (`unsearched`). Raises NotAllowed, EngineFailed, StorageFull."""
        desk = self._desk
        desk.require(Action.READ_HISTORY)
        wanted = " ".join(text.split())
        if not wanted:
            return ()
        known = {one.id: one for one in desk.history.conversations()}
        history, best = kept(desk.history), dict[str, Recalled]()
        for place in history.find(wanted, desk.engine.encode):
            if place.conversation not in known or place.conversation in best:
                continue
            with suppress(TurnUnknown, RecordUnreadable):  # gone meanwhile, or damaged since
                turn = history.turn(place.conversation, place.number)
                best[place.conversation] = _recalled(
                    known[place.conversation], turn, wanted, place.similarity, worded=place.worded
                )
        titled = [
            best.pop(one.id) if one.id in best else Recalled(one, "", "", -1, 0.0, worded=True)
            for one in known.values()
            if wanted.casefold() in one.title.casefold()
        ]
        return tuple([*titled, *best.values()][:MOST])

    def unsearched(self) -> int:
        """How many questions `search` does not look at yet, but by the conversation's title: it
        takes some of them up each time. Raises NotAllowed."""
        self._desk.require(Action.READ_HISTORY)
        return kept(self._desk.history).unsearched()

    # --- keeping in order --------------------------------------------------------------------

    def rename(self, conversation: str, title: str) -> None:
        """Raises ConversationUnknown, TitleUnusable, StorageFull, StorageReadOnly."""
        kept(self._desk.history).rename(conversation, title)

    def pin(self, conversation: str, *, pinned: bool) -> None:
        """Raises ConversationUnknown, StorageFull, StorageReadOnly."""
        kept(self._desk.history).pin(conversation, pinned=pinned)

    def put(self, conversation: str, folder: str) -> None:
        """Into a folder; out of any for "". Raises as `rename`."""
        kept(self._desk.history).put(conversation, folder)

    def retained(self, conversation: str) -> Retained:
        """What the log keeps when this is deleted. Raises ConversationUnknown, LogTampered."""
        desk = self._desk
        turns = [turn for turn in desk.history.turns(conversation) if turn.record >= 0]
        levels = {"none"}
        for turn in turns:
            opening = opening_of(desk, own_record(desk, turn.record))
            levels.add(dict(opening.fields).get("details.log", "full"))
        logged = max(levels, key=_KEPT.index)
        usual = desk.policy.decide(Question("", "", desk.person, desk.now()))
        days = usual.obligations.retention_days
        newest = max((turn.asked for turn in turns), default=None)
        until = newest + timedelta(days=days) if newest is not None and days else None
        return Retained(2 * len(turns), logged, days, until)

    def forget(self, conversation: str) -> None:
        """Out of the person's own store; the log keeps that it took place. Raises
        ConversationUnknown, StorageFull, StorageReadOnly."""
        forget_conversation(self._desk, conversation)

    # --- documents beside a conversation -----------------------------------------------------

    def attached(self, conversation: str) -> tuple[DocumentInfo, ...]:
        """Those that only this conversation's questions are looked up in as well."""
        return self._desk.attached.documents(conversation)

    def attach(
        self, conversation: str, paths: Sequence[Path], stop: Cancellation
    ) -> Iterator[ImportEvent]:
        """What was reported ADDED is durable. The conversation may be one in which nothing was
        asked yet. Raises NotAllowed, TooManyAttached, NothingToImport."""
        yield from self._desk.attached.attach(conversation, paths, lambda: stop.cancelled)

    def detach(self, conversation: str, document: str) -> None:
        """Raises DocumentUnknown, StorageFull, StorageReadOnly."""
        self._desk.attached.remove(conversation, document)

    # --- an answer ---------------------------------------------------------------------------

    def judge(self, conversation: str, turn: int, *, good: bool, reason: str = "") -> Judgement:
        """Durable on return, in the log first. Raises TurnUnknown, ConversationUnknown,
        ReasonTooLong, LogUnwritable, StorageFull."""
        if len(reason) > REASON:
            raise ReasonTooLong(f"The reason has {len(reason):,} characters; {REASON:,} fit.")
        desk = self._desk
        require_turn(desk, conversation, turn)
        opening = opening_of(desk, own_record(desk, turn))
        said = reason.strip()
        details = (("good", good), ("record", turn))
        if said and dict(opening.fields).get("details.log") == "full":
            desk.ledger.note_sealed("answer.judged", str(turn), {"reason": said}, details)
        else:
            desk.ledger.note("answer.judged", object=str(turn), details=details)
        judgement = Judgement(good, said, desk.now())
        kept(desk.history).judge(conversation, turn, judgement)
        return judgement

    def why(self, conversation: str, turn: int) -> Why:
        """Raises NotAllowed, TurnUnknown, NoRecord, LogTampered, LogUnwritable."""
        return why(self._desk, conversation, turn)

    def let_copy(self, conversation: str, turn: int, form: CopyForm, size: int) -> None:
        """Before text of an answer, `size` characters, goes to the clipboard. Raises NotAllowed,
        TurnUnknown, ConversationUnknown, LogUnwritable: then it does not."""
        let_copy(self._desk, conversation, turn, form, size)

    def export(
        self,
        conversation: str,
        form: ExportForm,
        into: Path | Into,
        *,
        turns: Sequence[int] = (),
        wording: Wording | None = None,
        typeset: Typeset | None = None,
    ) -> Exported:
        """Writes it out: all turns, or those named. into: a file that is not there yet, or what
        takes the bytes. typeset: makes a PDF of a sheet. Raises NotAllowed, FileExists, what
        `exporting.export` raises."""
        if isinstance(into, Path):
            require_outside(self._desk.place.data, into)
        written = into if callable(into) else lambda content: write_new(into, content)
        return export(
            self._desk,
            conversation,
            turns,
            form,
            written,
            wording=wording or Wording(),
            typeset=typeset,
        )


def _recalled(
    conversation: Conversation, turn: Turn, wanted: str, similarity: float, *, worded: bool
) -> Recalled:
    excerpt = _excerpt(turn.answer, wanted)
    return Recalled(conversation, turn.question, excerpt, turn.record, similarity, worded)


def _excerpt(answer: Answer | None, wanted: str) -> str:
    """The sentence that shares most words with what was looked for."""
    if answer is None or not answer.found:
        return ""
    words = set(wanted.casefold().split())
    best = max(
        answer.sentences, key=lambda sentence: len(words & set(sentence.text.casefold().split()))
    )
    return " ".join(best.text.split())[:EXCERPT]
