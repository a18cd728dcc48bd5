"""What travels between this program and a reader process, and the door on our side.

Rules kept here: everything a reader process sends is untrusted: type, range, order and size of
each value are checked before it becomes one of ours, and anything odd raises `FrameInvalid`. The
process names errors by code; sentences are made on our side. Characters that are no text become
spaces, one for one, so that offsets stay true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from appliance.airgap.sandbox import ALL_GUARDS, Sandbox
from appliance.documents.errors import BY_CODE, PAGE_SENTENCES
from appliance.documents.frames import FrameInvalid, Value
from appliance.documents.limits import ReaderLimits
from appliance.documents.stretches import NOT_TEXT
from appliance.errors import DocumentError
from appliance.values import Block, BlockKind, Box, DocumentKind, Page, PageFailure, PageImage

VERSION = 1


@dataclass(frozen=True, slots=True)
class ParseRequest:
    """first: the page to begin with (PDF alone; a page before it took a reader down)."""

    name: str
    first: int


@dataclass(frozen=True, slots=True)
class RenderRequest:
    page: int
    ranges: tuple[tuple[int, int], ...]
    scale: float


@dataclass(frozen=True, slots=True)
class Header:
    """count is the number of pages of a PDF, 0 where there are none."""

    kind: DocumentKind
    title: str
    paged: bool
    count: int


@dataclass(slots=True)
class Gathered:
    """What has come of a document so far, over one or several reader processes."""

    header: Header | None = None
    pages: list[Page] = field(default_factory=list)
    failures: list[PageFailure] = field(default_factory=list)
    characters: int = 0
    last: int = 0
    complete: bool = False


class ReaderSaysNo(Exception):
    """The reader process names a reason why the document cannot be read."""

    def __init__(self, kind: type[DocumentError]) -> None:
        super().__init__(kind.code)
        self.kind = kind


# --- the reader's side ----------------------------------------------------------------------------


def hello(sandbox: Sandbox) -> Value:
    return [
        "hello",
        VERSION,
        sandbox.platform,
        list(sandbox.guards),
        list(sandbox.missing),
        sandbox.landlock,
    ]


def header_frame(header: Header) -> Value:
    return ["document", header.kind.value, header.title[:1000], header.paged, header.count]


def page_frame(page: Page) -> Value:
    blocks: list[Value] = [[b.kind.value, b.start, b.end, b.level] for b in page.blocks]
    return ["page", page.number, page.text, blocks, page.width, page.height]


def image_frame(image: PageImage) -> Value:
    boxes: list[Value] = [[b.left, b.top, b.right, b.bottom] for b in image.boxes]
    size: list[Value] = [image.number, image.count, image.width, image.height]
    return ["image", size, image.pixels, boxes, image.text]


def request_frame(request: ParseRequest | RenderRequest) -> Value:
    if isinstance(request, ParseRequest):
        return ["parse", request.name, request.first]
    ranges: list[Value] = [[start, end] for start, end in request.ranges]
    return ["render", request.page, ranges, request.scale]


def request_from(value: Value) -> ParseRequest | RenderRequest:
    """Our own request, read in the reader process."""
    match value:
        case ["parse", str(name), int(first)]:
            return ParseRequest(name, first)
        case ["render", int(page), list(ranges), float(scale)]:
            return RenderRequest(page, tuple(_range(item) for item in ranges), scale)
    raise FrameInvalid("not a request")


def _range(value: Value) -> tuple[int, int]:
    match value:
        case [int(start), int(end)] if 0 <= start <= end:
            return start, end
    raise FrameInvalid("not a range")


# --- the door -------------------------------------------------------------------------------------


def sandbox_from(untrusted: Value) -> Sandbox:
    """The report a child sends before it gets the document. Raises FrameInvalid."""
    match untrusted:
        case ["hello", int(version), str(platform), list(guards), list(missing), int(landlock)]:
            if version != VERSION or len(platform) > 64 or not 0 <= landlock < 1000:
                raise FrameInvalid("not our reader")
            return Sandbox(platform, _guards(guards), _guards(missing), landlock)
    raise FrameInvalid("not a greeting")


def _guards(untrusted: list[Value]) -> tuple[str, ...]:
    names = tuple(item for item in untrusted if isinstance(item, str) and item in ALL_GUARDS)
    if len(names) != len(untrusted):
        raise FrameInvalid("an unknown guard")
    return names


def take(gathered: Gathered, untrusted: Value, limits: ReaderLimits) -> None:
    """Adds one frame of a parse to what is gathered.

    Raises FrameInvalid for what no honest reader sends, ReaderSaysNo for a named reason."""
    match untrusted:
        case ["error", str(code)]:
            raise ReaderSaysNo(_known(code))
        case ["document", str(kind), str(title), bool(paged), int(count)]:
            _take_header(gathered, _header(kind, title, paged, count, limits))
        case ["page", int(number), str(text), list(blocks), float(width), float(height)]:
            _require_next(gathered, number, limits)
            page = Page(
                number, _page_text(text, limits), _blocks(blocks, text, limits), width, height
            )
            _require_page_size(page, limits)
            gathered.characters += len(text)
            if gathered.characters > limits.total_characters:
                raise ReaderSaysNo(BY_CODE["document_too_large"])
            gathered.pages.append(page)
            gathered.last = number
        case ["failed", int(number), str(code)] if code in PAGE_SENTENCES:
            _require_next(gathered, number, limits)
            gathered.failures.append(PageFailure(number, code, PAGE_SENTENCES[code]))
            gathered.last = number
        case ["end"] if gathered.header is not None:
            gathered.complete = True
        case _:
            raise FrameInvalid("not an answer to a parse")


def image_from(untrusted: Value, title: str, page: int, limits: ReaderLimits) -> PageImage:
    """The rendered page. Raises FrameInvalid, or ReaderSaysNo for a named reason."""
    match untrusted:
        case ["error", str(code)]:
            raise ReaderSaysNo(_known(code))
        case [
            "image",
            [int(number), int(count), int(wide), int(high)],
            bytes(pixels),
            list(boxes),
            str(text),
        ]:
            if number != page or not number <= count <= limits.pages:
                raise FrameInvalid("another page")
            if (
                wide < 1
                or high < 1
                or wide * high > limits.pixels
                or len(pixels) != 3 * wide * high
            ):
                raise FrameInvalid("the picture's size")
            if len(boxes) > limits.blocks_of_page or len(text) > 2 * limits.page_characters:
                raise FrameInvalid("too much on one page")
            shown = tuple(_box(box, wide, high) for box in boxes)
            return PageImage(title, number, count, wide, high, pixels, shown, _as_text(text))
    raise FrameInvalid("not an answer to a render")


def _known(untrusted_code: str) -> type[DocumentError]:
    if untrusted_code not in BY_CODE:
        raise FrameInvalid("an unknown reason")
    return BY_CODE[untrusted_code]


def _header(kind: str, title: str, paged: bool, count: int, limits: ReaderLimits) -> Header:
    if kind not in _DOCUMENT_KINDS or not 0 <= count <= limits.pages:
        raise FrameInvalid("the document's header")
    if paged is not (kind == DocumentKind.PDF.value) or paged is not (count > 0):
        raise FrameInvalid("the document's pages")
    line = " ".join(_as_text(title).split())[: limits.name_characters]
    return Header(DocumentKind(kind), line, paged, count)


def _take_header(gathered: Gathered, header: Header) -> None:
    if gathered.header is None:
        gathered.header = header
    elif gathered.header != header:
        raise FrameInvalid("another document")


def _require_next(gathered: Gathered, number: int, limits: ReaderLimits) -> None:
    header = gathered.header
    if header is None or number != gathered.last + 1:
        raise FrameInvalid("a page out of order")
    if number > (header.count if header.paged else limits.pages):
        raise FrameInvalid("a page too many")


def _page_text(untrusted: str, limits: ReaderLimits) -> str:
    if len(untrusted) > 2 * limits.page_characters:
        raise FrameInvalid("too much on one page")
    return _as_text(untrusted)


def _require_page_size(page: Page, limits: ReaderLimits) -> None:
    for side in (page.width, page.height):
        if not math.isfinite(side) or not 0 <= side <= limits.page_points:
            raise FrameInvalid("the page's size")


def _blocks(untrusted: list[Value], text: str, limits: ReaderLimits) -> tuple[Block, ...]:
    """In order, none overlapping, none outside the text."""
    if len(untrusted) > limits.blocks_of_page:
        raise FrameInvalid("too much on one page")
    checked: list[Block] = []
    position = 0
    for block in untrusted:
        checked.append(_block(block, position, len(text)))
        position = checked[-1].end
    return tuple(checked)


def _block(untrusted: Value, least: int, most: int) -> Block:
    match untrusted:
        case [str(kind), int(start), int(end), int(level)]:
            if kind in _BLOCK_KINDS and least <= start < end <= most and 0 <= level <= 6:
                return Block(BlockKind(kind), start, end, level)
    raise FrameInvalid("a block")


_DOCUMENT_KINDS = frozenset(kind.value for kind in DocumentKind)
_BLOCK_KINDS = frozenset(kind.value for kind in BlockKind)


def _box(untrusted: Value, width: int, height: int) -> Box:
    """A box, cut to the picture."""
    match untrusted:
        case [float(left), float(top), float(right), float(bottom)]:
            if all(math.isfinite(edge) for edge in (left, top, right, bottom)):
                across = sorted(min(max(edge, 0.0), float(width)) for edge in (left, right))
                down = sorted(min(max(edge, 0.0), float(height)) for edge in (top, bottom))
                return Box(across[0], down[0], across[1], down[1])
    raise FrameInvalid("a box")


def _as_text(untrusted: str) -> str:
    return NOT_TEXT.sub(" ", untrusted).replace("\r", " ")
