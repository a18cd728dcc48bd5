"""Why a document could not be read: one error a reason, each with a next step.

Rules kept here: sentences hold no text of the document, only its name where the caller gave one
and counts; a reader process names a reason by its code alone, and the sentence is made here, so
nothing that a hostile document wrote reaches the screen by way of an error.
"""

from __future__ import annotations

from appliance.errors import CloisterError, DocumentError


class Unreadable(Exception):
    """Carries the kind of error out of a parser in the reader process; its code alone travels."""

    def __init__(self, kind: type[DocumentError]) -> None:
        super().__init__(kind.code)
        self.kind = kind


class DocumentEncrypted(DocumentError):
    code = "document_encrypted"
    hint = "Remove the password in the program that made the document, then add it again."


class DocumentEmpty(DocumentError):
    code = "document_empty"
    hint = "Check that the file was copied completely."


class DocumentWithoutText(DocumentError):
    """Pages, but no characters on them: a scan."""

    code = "document_without_text"
    hint = (
        "Run the scan through a text recognition program (OCR) that saves a searchable PDF, then "
        "add that. Cloister cannot recognise text in images yet."
    )


class DocumentDamaged(DocumentError):
    code = "document_damaged"


class DocumentTooLarge(DocumentError):
    """More bytes or more text than the limits allow."""

    code = "document_too_large"
    hint = "Split the document into smaller ones and add those."


class DocumentTooLong(DocumentError):
    """More pages than the limits allow."""

    code = "document_too_long"
    hint = "Split the document into smaller ones and add those."


class DocumentUnsupported(DocumentError):
    code = "document_unsupported"
    hint = "Save it as PDF, DOCX, HTML, Markdown or plain text, then add that."


class ReadingTimedOut(DocumentError):
    code = "reading_timed_out"
    hint = "Split the document, or save it anew in the program that made it."


class ReadingOutOfMemory(DocumentError):
    code = "reading_out_of_memory"
    hint = "Split the document, or save it anew in the program that made it."


class ReaderCrashed(DocumentError):
    """The reader process died on the document or answered nonsense. It may be hostile."""

    code = "reader_crashed"
    hint = "Treat the file with care: ask where it comes from. Nothing of it was taken in."


class PageNotThere(DocumentError):
    code = "page_not_there"
    hint = "The document may have been replaced since; ask again."


class ReaderUnavailable(CloisterError):
    """No reader process can be started on this machine; no fault of any document."""

    code = "reader_unavailable"


SENTENCES: dict[type[DocumentError], str] = {
    DocumentEncrypted: "{name} is protected by a password.",
    DocumentEmpty: "{name} is empty.",
    DocumentWithoutText: "{name} holds no text, only images; it seems to be a scan.",
    DocumentDamaged: "{name} is damaged or incomplete and cannot be read.",
    DocumentTooLarge: "{name} is larger than can be read in one piece.",
    DocumentTooLong: "{name} has more pages than can be read in one piece.",
    DocumentUnsupported: "{name} is of a kind that cannot be read.",
    ReadingTimedOut: "Reading {name} took too long and was stopped.",
    ReadingOutOfMemory: "Reading {name} took more memory than is allowed and was stopped.",
    ReaderCrashed: "The protected reader stopped while it was reading {name}.",
    PageNotThere: "{name} does not have that page.",
}
BY_CODE: dict[str, type[DocumentError]] = {kind.code: kind for kind in SENTENCES}

PAGE_SENTENCES = {
    DocumentWithoutText.code: "This page holds no text, only images.",
    DocumentDamaged.code: "This page is damaged and cannot be read.",
    DocumentTooLarge.code: "This page holds more text than can be read.",
    ReadingTimedOut.code: "Reading this page took too long and was stopped.",
    ReadingOutOfMemory.code: "Reading this page took more memory than is allowed.",
    ReaderCrashed.code: "The protected reader stopped at this page.",
}
"""What may be said of a single page, by code."""


def error_of(kind: type[DocumentError], name: str) -> DocumentError:
    """The error in words. `name` is a file's name or a title, shortened."""
    short = name if len(name) <= 80 else name[:77] + "…"
    return kind(SENTENCES[kind].format(name=f"“{short}”" if short else "The document"))
