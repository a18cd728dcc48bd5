"""The reader process: a template that never sees a document, and one fork of it for each document.

Rules kept here:
- The template imports the parsers and then only forks; it reads one byte and two descriptors at a
  time from its control socket, and that comes from our own program.
- The fork enters the sandbox, says so, and only then reads the first byte of the document, which
  comes through its pipe, never by a path. It serves one document and ends. So what a document does
  to a reader ends with that document, and no reader has ever held an earlier one.
- Whatever goes wrong is answered by a code; nothing is printed.

Started by `template.py` with an empty environment. argv: control descriptor, limits as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

from appliance.airgap.sandbox import SandboxLimits, SandboxUnavailable, enter_sandbox
from appliance.documents import docx, encodings, errors, html, markdown, pdf, plain, sniff
from appliance.documents.errors import Unreadable
from appliance.documents.frames import HEADER, Value, pack, read_frame
from appliance.documents.limits import ReaderLimits
from appliance.documents.stretches import Piece, stretches
from appliance.documents.wire import (
    Header,
    ParseRequest,
    RenderRequest,
    header_frame,
    hello,
    image_frame,
    page_frame,
    request_from,
)
from appliance.values import DocumentKind, Page

STATUS = struct.Struct("<i")
READY = b"R"
REQUEST_BYTES = 4 << 20
_RESERVE = 8 << 20
"""Bytes that are kept back, to say with that there is no memory left."""
_PR_SET_PDEATHSIG = 1
_INPUT, _OUTPUT = 0, 1

Work: TypeAlias = Callable[[ParseRequest | RenderRequest, bytes, ReaderLimits], Iterator[Value]]


def work(
    request: ParseRequest | RenderRequest, untrusted: bytes, limits: ReaderLimits
) -> Iterator[Value]:
    """The answer's frames. Raises Unreadable for what cannot be read."""
    if isinstance(request, RenderRequest):
        if sniff.sniff_binary(untrusted) is not DocumentKind.PDF:
            raise Unreadable(errors.DocumentUnsupported)
        document = pdf.open_pdf(untrusted, limits)
        yield image_frame(pdf.render(document, request.page, request.ranges, request.scale, limits))
        return
    kind = sniff.sniff_binary(untrusted)
    if kind is DocumentKind.PDF:
        yield from _parse_pdf(untrusted, request.first, limits)
    else:
        yield from _parse_flow(kind, untrusted, request.name, limits)
    yield ["end"]


def _parse_pdf(untrusted: bytes, first: int, limits: ReaderLimits) -> Iterator[Value]:
    document = pdf.open_pdf(untrusted, limits)
    sizes, title = pdf.sample(document, limits)
    yield header_frame(Header(DocumentKind.PDF, title, True, len(document)))
    for outcome in pdf.read_pages(document, sizes, limits, first):
        if isinstance(outcome, Page):
            yield page_frame(outcome)
        else:
            yield ["failed", *outcome]


def _parse_flow(
    kind: DocumentKind | None, untrusted: bytes, name: str, limits: ReaderLimits
) -> Iterator[Value]:
    """Formats without pages."""
    pieces: Iterator[Piece]
    if kind is DocumentKind.DOCX:
        title, pieces = docx.read_docx(untrusted, limits)
    else:
        text = encodings.decode(untrusted, markup=b"<" in untrusted[:1024])
        if len(text) > 2 * limits.total_characters:
            raise Unreadable(errors.DocumentTooLarge)
        kind = sniff.sniff_text(text, name)
        read = {
            DocumentKind.HTML: html.read_html,
            DocumentKind.MARKDOWN: markdown.read_markdown,
            DocumentKind.TEXT: plain.read_text,
        }[kind]
        title, pieces = read(text)
    yield header_frame(Header(kind, title, False, 0))
    for page in stretches(pieces, limits):
        yield page_frame(page)


def serve(limits: ReaderLimits, do: Work) -> None:
    """One document, from inside the sandbox, over descriptors 0 and 1."""
    try:
        sandbox = enter_sandbox(SandboxLimits(limits.memory_bytes, limits.cpu_seconds))
    except SandboxUnavailable as error:
        _write(["unguarded", error.sentence])
        return
    _write(hello(sandbox))
    request = request_from(read_frame(_read_exactly, REQUEST_BYTES))
    (length,) = HEADER.unpack(_read_exactly(HEADER.size))
    reserve = bytearray(_RESERVE)
    try:
        untrusted = _read_exactly(length)
        for frame in do(request, untrusted, limits):
            _write(frame)
    except Unreadable as error:
        _write(["error", error.kind.code])
    except MemoryError:
        del reserve  # what was read is still held, by the frames that the error came through
        _write(["error", errors.ReadingOutOfMemory.code])
    except BrokenPipeError:
        return
    except Exception:  # noqa: BLE001 - parsers raise anything; the parent is told which document
        _write(["error", errors.DocumentDamaged.code])


def _write(frame: Value) -> None:
    left = memoryview(pack(frame))
    while left:
        left = left[os.write(_OUTPUT, left) :]


def _read_exactly(size: int) -> bytes:
    """Raises EOFError when the parent is gone."""
    data = bytearray(size)
    view = memoryview(data)
    have = 0
    while have < size:
        part = os.readv(_INPUT, [view[have : have + (1 << 20)]])
        if part == 0:
            raise EOFError
        have += part
    view.release()
    return bytes(data)


def warm() -> None:
    """Loads what is loaded late, while files can still be opened, by reading a little of each."""
    encodings.load_codecs()
    sample = "# A\n\n- b\n\n|c|d|\n|-|-|\n|e|f|\n\n`g` <b>h</b>\n\n<p>i</p>"
    for read in (markdown.read_markdown, html.read_html, plain.read_text):
        list(stretches(read(sample)[1], ReaderLimits()))
    for broken in (b"%PDF-1.4", b"PK\x03\x04"):
        try:
            list(work(ParseRequest("", 1), broken, ReaderLimits()))
        except Unreadable:
            continue
    docx.warm()
    pdf.warm(ReaderLimits())


def main(do: Work = work) -> None:
    """The template's life: ready, then a fork for each pair of pipes that comes in."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits = ReaderLimits(**json.loads(sys.argv[2]))
    warm()
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages
    control.sendall(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message or len(descriptors) != 2:
            return
        template = os.getpid()
        child = os.fork()
        if child == 0:
            _be_the_reader(control, descriptors, template, limits, do)
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        control.sendall(STATUS.pack(status))


def _be_the_reader(
    control: socket.socket, descriptors: list[int], template: int, limits: ReaderLimits, do: Work
) -> None:
    """Never returns: a reader back in the template's loop would be a second template."""
    status = 1
    try:
        control.close()
        if sys.platform == "linux":  # dies with the template, by which the parent stops it
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != template:
                os._exit(1)
        os.dup2(descriptors[0], _INPUT)
        os.dup2(descriptors[1], _OUTPUT)
        os.closerange(3, 1024)
        serve(limits, do)
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
