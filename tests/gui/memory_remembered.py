"""Conversations as the appliance in memory keeps them in order: honest, small, and as slow as it is
told to be. Exports are written by the product's own code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cancellation import Cancellation
from appliance.errors import CloisterError
from appliance.exporting import write_new
from appliance.memory.errors import ConversationUnknown, TurnUnknown
from appliance.paper import as_markdown, as_word, sheet_of
from appliance.values import (
    Conversation,
    CopyForm,
    Decided,
    DocumentInfo,
    Exported,
    ExportForm,
    ImportEvent,
    ImportProgress,
    ImportStarted,
    ImportState,
    Inclusion,
    Judgement,
    Outcome,
    Recalled,
    Retained,
    Sheet,
    Turn,
    Why,
    Wording,
    replaced,
)
from tests.gui.memory_answers import overlap, read
from tests.gui.memory_state import Pace, State

if TYPE_CHECKING:
    from tests.gui.memory_appliance import MemoryAppliance

WHEN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DECIDED = Decided(16, ("baseline.members-ask",), ("baseline@6",), "ab" * 32)


class NotHere(CloisterError):
    code = "not_allowed"
    hint = "Ask your compliance officer if you think you should be able to."


class MemoryRemembered:
    """What `Appliance.remembered` gives, over the state in memory."""

    def __init__(self, product: MemoryAppliance, state: State, pace: Pace) -> None:
        self._product, self._held, self._pace = product, state, pace

    def search(self, text: str) -> tuple[Recalled, ...]:
        time.sleep(self._pace.stage)
        found = []
        for one in self._product.conversations():
            turns = self._held.turns.get(one.id, [])
            best = max(turns, key=lambda turn: overlap(text, said(turn)), default=None)
            near = overlap(text, said(best)) if best is not None else 0.0
            if best is not None and (near > 0 or text.casefold() in one.title.casefold()):
                found.append(Recalled(one, best.question, said(best)[:80], best.record, near, True))
        return tuple(sorted(found, key=lambda one: -one.similarity))

    def unsearched(self) -> int:
        return 0

    def rename(self, conversation: str, title: str) -> None:
        self._require(conversation)
        self._held.titles[conversation] = (title, self._held.titles[conversation][1])

    def pin(self, conversation: str, *, pinned: bool) -> None:
        self._require(conversation)
        (self._held.pinned.add if pinned else self._held.pinned.discard)(conversation)

    def put(self, conversation: str, folder: str) -> None:
        self._require(conversation)
        self._held.folders[conversation] = folder

    def retained(self, conversation: str) -> Retained:
        self._require(conversation)
        count = 2 * len(self._held.turns[conversation])
        return Retained(count, "full", 2190, WHEN + timedelta(days=2190))

    def forget(self, conversation: str) -> None:
        self._require(conversation)
        self._held.turns.pop(conversation)
        self._held.titles.pop(conversation)

    def attached(self, conversation: str) -> tuple[DocumentInfo, ...]:
        self._product.conversations()
        return tuple(one.info for one in self._held.attached.get(conversation, {}).values())

    def attach(
        self, conversation: str, paths: Sequence[Path], stop: Cancellation
    ) -> Iterator[ImportEvent]:
        self._may()
        yield ImportStarted("a1", len(paths))
        for number, path in enumerate(paths, start=1):
            time.sleep(self._pace.file)
            if stop.cancelled:
                return
            stored = read(conversation, path)
            if isinstance(stored, CloisterError):
                yield ImportProgress(
                    str(path), number, len(paths), ImportState.FAILED,
                    code=stored.code, sentence=stored.sentence, hint=stored.next_step,
                )  # fmt: skip
                continue
            self._held.attached.setdefault(conversation, {})[stored.info.id] = stored
            yield ImportProgress(str(path), number, len(paths), ImportState.ADDED)

    def detach(self, conversation: str, document: str) -> None:
        del self._held.attached[conversation][document]

    def judge(self, conversation: str, turn: int, *, good: bool, reason: str = "") -> Judgement:
        self._may()
        at, found = self._turn(conversation, turn)
        judgement = Judgement(good, reason.strip(), WHEN)
        self._held.turns[conversation][at] = replace(found, judgement=judgement)
        return judgement

    def why(self, conversation: str, turn: int) -> Why:
        self._may()
        _, found = self._turn(conversation, turn)
        answer = found.answer
        return Why(
            turn, turn - 1, found.question, found.asked, found.outcome.value,
            "quote", answer.model if answer is not None else "",
            answer.evidence if answer is not None else 0.0,
            answer.threshold if answer is not None else 0.0,
            found.outcome is not Outcome.REFUSED,
            ("baseline.members-ask",), ("baseline@6",), "ab" * 32,
            (("mode", "quote"), ("cite", "required"), ("log", "full")),
            found.grounds, proof_of(turn),
        )  # fmt: skip

    def let_copy(self, conversation: str, turn: int, form: CopyForm, size: int) -> None:
        self._may()
        self._turn(conversation, turn)
        self._held.copied.append((form, size))

    def export(
        self,
        conversation: str,
        form: ExportForm,
        into: Path | Callable[[bytes], None],
        *,
        turns: Sequence[int] = (),
        wording: Wording | None = None,
        typeset: Callable[[Sheet], bytes] | None = None,
    ) -> Exported:
        self._may()
        self._require(conversation)
        all_ = self._held.turns[conversation]
        chosen = [turn for turn in all_ if not turns or turn.record in turns]
        title = self._held.titles[conversation][0]
        proofs = [proof_of(turn.record) for turn in chosen]
        decided = {turn.record: DECIDED for turn in chosen}
        sheet = sheet_of(
            title, chosen, proofs, WHEN, wording or Wording(), replaced=replaced(all_),
            decided=decided, beside=conversation,
        )  # fmt: skip
        if form is ExportForm.PDF and typeset is not None:
            content = typeset(sheet)
        else:
            content = as_word(sheet) if form is ExportForm.WORD else as_markdown(sheet)
        if isinstance(into, Path):
            write_new(into, content)
        return Exported(sha256(content).hexdigest(), len(content), 99)

    # --- inside ---------------------------------------------------------------------------

    def _may(self) -> None:
        if self._pace.forbids:
            raise NotHere("None of your roles may take answers out of Cloister.")

    def _require(self, conversation: str) -> None:
        self._product.conversations()
        if conversation not in self._held.titles:
            raise ConversationUnknown("There is no such conversation.")

    def _turn(self, conversation: str, record: int) -> tuple[int, Turn]:
        self._require(conversation)
        for at, turn in enumerate(self._held.turns[conversation]):
            if turn.record == record:
                return at, turn
        raise TurnUnknown("There is no such answer in this conversation.")


def ordered(state: State, made: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """With what was pinned first, else the newest."""
    marked = [
        replace(one, pinned=one.id in state.pinned, folder=state.folders.get(one.id, ""))
        for one in made
    ]
    newest = sorted(marked, key=lambda one: one.updated, reverse=True)
    return tuple(sorted(newest, key=lambda one: not one.pinned))


def said(turn: Turn) -> str:
    sentences = turn.answer.sentences if turn.answer is not None else ()
    return " ".join([turn.question, *(sentence.text for sentence in sentences)])


def proof_of(record: int) -> Inclusion:
    checkpoint = "desk-7.hospital.example+5f1c2a9b\n40\nAwMD\n\n\N{EM DASH} desk-7 c2lnbmVk\n"
    return Inclusion(
        "desk-7.hospital.example+5f1c2a9b", "desk-7.hospital.example+5f1c2a9b+11223344+AAAA",
        "desk-7.hospital.example+5f1c2a9b+55667788+BBBB", 0, record, 40, f"{record}".encode(),
        (b"\x01" * 32, b"\x02" * 32, b"\x05" * 32), b"\x03" * 32, checkpoint,
    )  # fmt: skip
