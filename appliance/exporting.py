"""An answer, or a conversation, as a file that leaves.

Rules kept here: the policy is asked for every collection that what leaves quotes, and a collection
whose key the person does not hold any more is not quoted; the file's hash is durable in the log
before a byte of it is written, and what became of it after; it is made in memory and written
once, where the person said, so that no temporary file holds it; it takes no file's place. What
goes to the clipboard is asked for and logged as well, before it is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from errno import ENAMETOOLONG
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from appliance.asking import require_turn
from appliance.audit import Detail
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, StorageFull, StorageReadOnly, UsageError
from appliance.memory.errors import TurnUnknown
from appliance.paper import as_markdown, as_word, sheet_of
from appliance.policy import Action
from appliance.values import (
    CopyForm,
    Exported,
    ExportForm,
    Sheet,
    Turn,
    Verdict,
    Wording,
    replaced,
)
from appliance.vault.durable import storage_error, sync_folder
from appliance.why import decided

if TYPE_CHECKING:
    from appliance.desk import Desk

Typeset: TypeAlias = Callable[[Sheet], bytes]
"""Makes a PDF. Letters are drawn by whoever has a screen's fonts."""

Into: TypeAlias = Callable[[bytes], None]
"""Takes the file's bytes; durable on return. Raises CloisterError."""

MOST: Final = 500
"""Turns of one file."""


class FileExists(UsageError):
    code = "file_exists"
    hint = "Choose another name: an export takes no file's place."


class NoPlace(UsageError):
    code = "no_such_place"
    hint = "Choose a folder that is there, and a shorter or simpler name."


class NothingToCopy(UsageError):
    code = "nothing_to_copy"
    hint = "Ask again and let it end."


class NoTypesetter(UsageError):
    code = "no_typesetter"
    hint = "Export a PDF from the window, or choose md or docx."


class ExportTooLong(UsageError):
    code = "export_too_long"
    hint = "Export the answers you need one by one."


def export(
    desk: Desk,
    conversation: str,
    turns: Sequence[int],
    form: ExportForm,
    into: Into,
    *,
    wording: Wording,
    typeset: Typeset | None = None,
) -> Exported:
    """turns: their records; none for all of the conversation. Raises NotAllowed, TurnUnknown,
    ConversationUnknown, NoTypesetter, ExportTooLong, LogUnwritable, and what `into` raises."""
    desk.require(Action.READ_HISTORY)
    known = desk.history.turns(conversation)
    chosen = _chosen(known, turns)
    verdict = require_exportable(desk, chosen, conversation)
    titles = {one.id: one.title for one in desk.history.conversations()}
    logged = [turn.record for turn in chosen if turn.record >= 0]
    sheet = sheet_of(
        titles.get(conversation, ""),
        chosen,
        desk.ledger.log.inclusions(logged),
        desk.now(),
        wording,
        replaced=replaced(known),
        decided={record: decided(desk, record) for record in logged},
        beside=conversation,
    )
    content = _written(sheet, form, typeset)
    digest = sha256(content).hexdigest()
    records = " ".join(map(str, logged))
    details: tuple[Detail, ...] = (
        ("form", form.value),
        ("records", records),
        ("sha256", digest),
        ("size", len(content)),
    )
    ledger = desk.ledger
    ledger.note("answer.exporting", object=conversation, verdict=verdict, details=details)
    record = ledger.note_outcome(
        "answer.exported", lambda: into(content), object=conversation, details=details
    )
    return Exported(digest, len(content), record)


def let_copy(desk: Desk, conversation: str, record: int, form: CopyForm, size: int) -> None:
    """On return an answer's text may go to the clipboard, and the log says that it did: as what,
    and how many characters. Not their hash: of so few words it would tell what they are. Raises
    NotAllowed, TurnUnknown, ConversationUnknown, NothingToCopy, LogUnwritable."""
    desk.require(Action.READ_HISTORY)
    turn = require_turn(desk, conversation, record)
    if turn.answer is None:
        raise NothingToCopy("What was written before it was stopped is no answer.")
    verdict = require_exportable(desk, (turn,), conversation)
    details: tuple[Detail, ...] = (
        ("form", form.value),
        ("records", str(record)),
        ("size", size),
    )
    desk.ledger.note("answer.copied", object=conversation, verdict=verdict, details=details)


def require_exportable(desk: Desk, turns: Sequence[Turn], conversation: str) -> Verdict:
    """One verdict with the policies of every collection asked for. Raises NotAllowed, logged. What
    is behind broken glass is read here and not taken away: its key is not the person's."""
    cited = sorted({collection for turn in turns for collection in _collections(turn)})
    held = {identifier for identifier, _ in desk.session.collections()}
    if desk.attached.is_attached(conversation):
        held.add(conversation)  # what stands beside it is the person's own
    verdicts = [desk.require(Action.EXPORT_ANSWER, one) for one in cited or ("",)]
    for collection in cited:
        if collection not in held:
            desk.ledger.note(
                "action.denied",
                object=collection,
                outcome="refused",
                code=NotAllowed.code,
                details=(("wanted", Action.EXPORT_ANSWER.value),),
            )
            raise NotAllowed(
                "This quotes a collection whose key you do not hold.",
                hint="Ask a curator of that collection, or export another answer.",
            )
    every = {policy for verdict in verdicts for policy in verdict.policies}
    return replace(verdicts[-1], policies=tuple(sorted(every)))


def _collections(turn: Turn) -> set[str]:
    """Those that are quoted; of a sentence that quotes nothing, all that was read for it."""
    if turn.answer is None:
        return set()
    quoted = {citation.passage.collection for citation in turn.answer.citations}
    if all(sentence.citations for sentence in turn.answer.sentences):
        return quoted
    return quoted | {ground.collection for ground in turn.grounds}


def _chosen(turns: Sequence[Turn], wanted: Sequence[int]) -> tuple[Turn, ...]:
    if not set(wanted) <= {turn.record for turn in turns if turn.record >= 0}:
        raise TurnUnknown("There is no such answer in this conversation.")
    chosen = tuple(turn for turn in turns if not wanted or turn.record in wanted)
    if len(chosen) > MOST:
        raise ExportTooLong(f"The conversation has {len(chosen)} answers; a file takes {MOST}.")
    return chosen


def _written(sheet: Sheet, form: ExportForm, typeset: Typeset | None) -> bytes:
    if form is ExportForm.MARKDOWN:
        return as_markdown(sheet)
    if form is ExportForm.WORD:
        return as_word(sheet)
    if typeset is None:
        raise NoTypesetter("A PDF is set in the window alone.")
    return typeset(sheet)


def require_outside(data: Path, path: Path) -> None:
    """Raises UsageError: nothing lies in the clear in the data folder. NoPlace for a name that no
    file can have."""
    if "\0" in str(path):
        raise NoPlace("No file can have that name.")
    if path.resolve().is_relative_to(data.resolve()):
        raise UsageError("What lies in the data folder is sealed.", hint="Name another place.")


def write_new(path: Path, content: bytes) -> None:
    """A new file, readable by this user alone, durable on return. A crash leaves nothing or all of
    it where the file system can make a file that has no name yet, else a part under the name the
    person gave. Raises FileExists, NoPlace, StorageFull, StorageReadOnly, StorageFailed."""
    try:
        if not _linked(path, content):
            _created(path, content)
        sync_folder(path.parent)
    except FileExistsError:
        raise FileExists(f"There is a file {path.name} already.") from None
    except (FileNotFoundError, NotADirectoryError):
        raise NoPlace(f"There is no folder {path.parent.name}.") from None
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise NoPlace("The name is too long.") from None
        raise _told(storage_error(error, f"{path.name} was not written")) from error


def _told(error: CloisterError) -> CloisterError:
    """With a next step for a place that is not the data folder's disk."""
    if isinstance(error, StorageFull):
        return StorageFull(error.sentence, hint="Free some space there, or choose another place.")
    if isinstance(error, StorageReadOnly):
        return StorageReadOnly(error.sentence, hint="Choose another place.")
    return error


def _linked(path: Path, content: bytes) -> bool:
    """Written first, named afterwards (open(2), O_TMPFILE). False where that cannot be done."""
    try:
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        _write(descriptor, content)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=folder)
        except FileExistsError:
            raise
        except OSError:
            return False
        finally:
            os.close(folder)
        return True
    finally:
        os.close(descriptor)


def _created(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        _write(descriptor, content)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)
