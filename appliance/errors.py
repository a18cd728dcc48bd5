"""One error tree: a code for the log, a sentence for the person, a hint for the next step.

Rules kept here: every error the product raises on purpose is a `CloisterError`; its `code` never
changes once released; the sentence holds no document text, no key, no passphrase. Parts define
their own subclasses in their own folder; those shared by several stand here.
"""

from __future__ import annotations

from typing import ClassVar


class CloisterError(Exception):
    """The root. Subclasses set `code` and `hint`; the sentence is given where it is raised."""

    code: ClassVar[str] = "internal"
    hint: ClassVar[str] = "Run `cloister doctor` and give its output to your IT department."

    def __init__(self, sentence: str, *, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = hint if hint is not None else type(self).hint


class UsageError(CloisterError):
    """The caller asked for something that makes no sense as asked."""

    code = "usage"
    hint = "See `cloister --help`."


class QuestionUnusable(CloisterError):
    code = "question_unusable"
    hint = "Ask one question in a sentence or two."


class Locked(CloisterError):
    """Nobody is logged in."""

    code = "locked"
    hint = "Log in first."


class AlreadyRunning(CloisterError):
    code = "already_running"
    hint = "Close the other Cloister window or wait for the other command to end, then try again."


class StorageFull(CloisterError):
    code = "storage_full"
    hint = "Free some space on the disk that holds the data folder, then try again."


class StorageReadOnly(CloisterError):
    code = "storage_read_only"
    hint = "Make the data folder writable for this user, or choose another with --data."


class StoreTampered(CloisterError):
    """A stored thing is damaged, was swapped, cut short or rolled back. It is not used."""

    code = "store_tampered"
    hint = "Do not work on. Restore from a backup and tell your security officer."


class AirgapBroken(CloisterError):
    code = "airgap_broken"
    hint = "Run `cloister doctor`; the vault stays closed until the proof holds."


class LogUnwritable(CloisterError):
    """The compliance log cannot be written, so nothing may be answered."""

    code = "log_unwritable"
    hint = "Check free space and permissions of the data folder. Until then nothing is answered."


class EngineFailed(CloisterError):
    code = "engine_failed"
    hint = "Ask again; the engine has been started anew."


class CannotWrite(EngineFailed):
    """The language model cannot be started or asked: nothing was written, and it can be quoted."""

    code = "cannot_write"


class DocumentError(CloisterError):
    """A document cannot be read as it is. Parts of it, or the rest of an import, go on."""

    code = "document_unreadable"
    hint = "Open the file in its own program; if it opens there, save it anew and add it again."
