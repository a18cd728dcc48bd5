"""Reading documents: each in a sandboxed process of its own, checked at the door.

Rules kept here: this program never parses a document itself; what comes back is bounded and
checked before it becomes a value; a page that takes a reader down is named and the rest is read
by the next one. Safe to call from several threads; each document has one reader to itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from appliance import processes
from appliance.documents import errors
from appliance.documents.chunking import chunk
from appliance.documents.errors import PAGE_SENTENCES, error_of
from appliance.documents.frames import FrameInvalid
from appliance.documents.furniture import without_furniture
from appliance.documents.limits import ReaderLimits, always
from appliance.documents.template import LOOK_SECONDS, ReaderLost, Template
from appliance.documents.wire import (
    Gathered,
    Header,
    ParseRequest,
    ReaderSaysNo,
    RenderRequest,
    image_from,
    take,
)
from appliance.errors import DocumentError
from appliance.values import PageFailure, PageImage, ParsedDocument, PassageDraft

_MOST_RANGES = 500


class SandboxedReader:
    """Implements protocols.Reader.

    A template process with the parsers loaded forks a sandboxed reader for each document, so a
    reader has never seen another document. Templates start when first needed, at most
    `limits.workers` of them, and are replaced after `limits.documents_per_template` documents and
    after anything odd.
    """

    def __init__(
        self,
        limits: ReaderLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        command: Sequence[str] | None = None,
    ) -> None:
        self._limits = limits or ReaderLimits()
        self._clock = clock
        self._command = tuple(command or processes.command(processes.READER))
        self._lock = threading.RLock()
        self._places = threading.BoundedSemaphore(self._limits.workers)
        self._idle: list[Template] = []
        self._closed = False

    def warm(self) -> None:
        """Starts a template ahead of the first document (about 0.2 s). Raises ReaderUnavailable."""
        with self._template():
            pass

    def parse(
        self, untrusted: bytes, name: str, go_on: Callable[[], None] = always
    ) -> ParsedDocument:
        """The document's pages, blocks and failures; pages that fail are listed, the rest kept.

        `go_on` is called ten times a second and more; when it raises, the reader is ended and the
        exception comes out. Raises a DocumentError when nothing of the document can be read,
        SandboxUnavailable or ReaderUnavailable when no document could be."""
        self._require_size(untrusted, name)
        gathered = Gathered()
        lost_pages = 0
        while True:
            try:
                header = self._gather(gathered, untrusted, name, go_on)
                break
            except ReaderSaysNo as no:
                raise error_of(no.kind, name) from None
            except ReaderLost as lost:
                lost_pages += 1
                if lost_pages > self._limits.lost_pages:
                    raise error_of(lost.kind, name) from None
                self._give_up_page(gathered, lost.kind, name)
        return _document(gathered, header, name)

    def chunk(
        self, document: ParsedDocument, go_on: Callable[[], None] = always
    ) -> tuple[PassageDraft, ...]:
        """Raises DocumentTooLarge past the limit of passages, and what `go_on` raises."""
        return chunk(document, go_on, self._limits.passages)

    def render(
        self,
        untrusted: bytes,
        document_title: str,
        page: int,
        ranges: Sequence[tuple[int, int]],
        scale: float,
    ) -> PageImage:
        """Page `page` of a PDF, `scale` pixels a point (less where the page is huge), with boxes
        round the characters [start, end) of its text, one a line.

        Raises PageNotThere, DocumentUnsupported for formats without pages, other DocumentErrors."""
        self._require_size(untrusted, document_title)
        if not 1 <= page <= self._limits.pages:
            raise error_of(errors.PageNotThere, document_title)
        longest = 2 * self._limits.page_characters
        bounded = tuple(
            (min(max(start, 0), longest), min(max(end, start, 0), longest))
            for start, end in ranges[:_MOST_RANGES]
        )
        request = RenderRequest(page, bounded, float(min(max(scale, 0.1), 10.0)))
        try:
            with (
                self._template() as template,
                closing(template.answers(request, untrusted)) as answers,
            ):
                return image_from(next(answers), document_title, page, self._limits)
        except ReaderSaysNo as no:
            raise error_of(no.kind, document_title) from None
        except ReaderLost as lost:
            raise error_of(lost.kind, document_title) from None
        except FrameInvalid:
            raise error_of(errors.ReaderCrashed, document_title) from None

    def close(self) -> None:
        """Ends the idle templates; those at work end with their document."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for template in idle:
            template.stop()

    def _require_size(self, untrusted: bytes, name: str) -> None:
        if not untrusted:
            raise error_of(errors.DocumentEmpty, name)
        if len(untrusted) > self._limits.document_bytes:
            raise error_of(errors.DocumentTooLarge, name)

    def _gather(
        self, gathered: Gathered, untrusted: bytes, name: str, go_on: Callable[[], None]
    ) -> Header:
        """One reader's run over what is left of the document. Raises ReaderLost, ReaderSaysNo."""
        request = ParseRequest(name[-self._limits.name_characters :], gathered.last + 1)
        with self._template(go_on) as template:
            try:
                with closing(template.answers(request, untrusted, go_on)) as answers:
                    while not gathered.complete:
                        take(gathered, next(answers), self._limits)
            except FrameInvalid as error:
                raise ReaderLost(errors.ReaderCrashed) from error
        if gathered.header is None:
            raise ReaderLost(errors.ReaderCrashed)
        return gathered.header

    def _give_up_page(self, gathered: Gathered, kind: type[DocumentError], name: str) -> None:
        """Lists the page a reader was lost on, so that the next one goes on behind it."""
        header = gathered.header
        page = gathered.last + 1
        if header is None or not header.paged or page > header.count:
            raise error_of(kind, name) from None
        gathered.failures.append(PageFailure(page, kind.code, PAGE_SENTENCES[kind.code]))
        gathered.last = page

    @contextmanager
    def _template(self, go_on: Callable[[], None] = always) -> Iterator[Template]:
        """A template to oneself; it goes back only after a reader that ended well."""
        with self._place(go_on):
            with self._lock:
                template = self._idle.pop() if self._idle else None
            template = template or Template(self._command, self._limits, self._clock)
            sound = False
            try:
                yield template
                sound = True
            except ReaderSaysNo:
                sound = True
                raise
            finally:
                self._put_back(template, sound)

    @contextmanager
    def _place(self, go_on: Callable[[], None]) -> Iterator[None]:
        while not self._places.acquire(timeout=LOOK_SECONDS):
            go_on()
        try:
            yield
        finally:
            self._places.release()

    def _put_back(self, template: Template, sound: bool) -> None:
        fresh = template.documents < self._limits.documents_per_template
        sound = sound and fresh and template.finished()
        with self._lock:
            if sound and not self._closed:
                self._idle.append(template)
                return
        template.stop()


def _document(gathered: Gathered, header: Header, name: str) -> ParsedDocument:
    """Raises where there is no page with text."""
    pages = tuple(gathered.pages)
    if not any(page.text.strip() for page in pages):
        codes = {failure.code for failure in gathered.failures}
        for kind in (errors.DocumentWithoutText, errors.DocumentDamaged, errors.DocumentTooLarge):
            if kind.code in codes:
                raise error_of(kind, name)
        raise error_of(errors.DocumentEmpty, name)
    if header.paged:
        pages = without_furniture(pages)
    failures = tuple(sorted(gathered.failures, key=lambda failure: failure.page))
    return ParsedDocument(header.title or _stem(name), header.kind, header.paged, pages, failures)


def _stem(name: str) -> str:
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    return stem.replace("_", " ").strip() or name
