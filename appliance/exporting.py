"""An answer, or a conversation, as a file that leaves.

Rules kept here: the policy is asked for every collection that the file quotes, and a collection
whose key the person does not hold any more is not quoted; the file's hash is durable in the log
before a byte of it is written, and that it was written after; it is made in memory and written
once, where the person said, so that no temporary file holds it; it takes no file's place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from appliance.audit import Detail
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, UsageError
from appliance.memory.errors import TurnUnknown
from appliance.paper import as_markdown, as_word, sheet_of
from appliance.policy import Action
from appliance.values import Exported, ExportForm, Sheet, Turn, Verdict, Wording, replaced
from appliance.vault.durable import storage_error, sync_folder

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
    known = desk.history.turns(conversation)
    chosen = _chosen(known, turns)
    verdict = require_exportable(desk, chosen, conversation)
    titles = {one.id: one.title for one in desk.history.conversations()}
    sheet = sheet_of(
        titles.get(conversation, ""),
        chosen,
        desk.ledger.log.inclusions([turn.record for turn in chosen if turn.record >= 0]),
        desk.now(),
        wording,
        replaced=replaced(known),
    )
    content = _written(sheet, form, typeset)
    digest = sha256(content).hexdigest()
    records = " ".join(str(turn.record) for turn in chosen if turn.record >= 0)
    details: tuple[Detail, ...] = (
        ("form", form.value),
        ("records", records),
        ("sha256", digest),
        ("size", len(content)),
    )
    ledger = desk.ledger
    ledger.note("answer.exporting", object=conversation, verdict=verdict, details=details)
    try:
        into(content)
    except CloisterError as error:
        ledger.note(
            "answer.exported", object=conversation, outcome="failed", code=error.code,
            details=details,
        )  # fmt: skip
        raise
    record = ledger.note("answer.exported", object=conversation, outcome="done", details=details)
    return Exported(digest, len(content), record)


def require_exportable(desk: Desk, turns: Sequence[Turn], conversation: str) -> Verdict:
    """The verdict of the last collection asked for. Raises NotAllowed, logged. What is behind
    broken glass is read here and not taken away: its key is not the person's."""
    cited = sorted(
        {
            citation.passage.collection
            for turn in turns
            if turn.answer is not None
            for citation in turn.answer.citations
        }
    )
    held = {identifier for identifier, _ in desk.session.collections()}
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
    return verdicts[-1]


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
    """Raises UsageError: nothing lies in the clear in the data folder."""
    if path.resolve().is_relative_to(data.resolve()):
        raise UsageError("What lies in the data folder is sealed.", hint="Name another place.")


def write_new(path: Path, content: bytes) -> None:
    """A new file, readable by this user alone, durable on return. A crash leaves nothing or all of
    it where the file system can make a file that has no name yet, else a part under the name the
    person gave. Raises FileExists, StorageFull, StorageReadOnly, StorageFailed."""
    try:
        if not _linked(path, content):
            _created(path, content)
        sync_folder(path.parent)
    except FileExistsError:
        raise FileExists(f"There is a file {path.name} already.") from None
    except OSError as error:
        raise storage_error(error, f"{path.name} was not written") from error


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
    except OSError:
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
