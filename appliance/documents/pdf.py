"""PDF: pages with their text and blocks, and pages as pictures. PDFium does the parsing.

Rules kept here: runs only in the sandboxed reader process; a page that fails is named and the
rest goes on; what PDFium returns goes on to the door like any other untrusted thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pypdfium2 as pdfium
from pypdfium2 import raw

from appliance.documents import errors
from appliance.documents.errors import Unreadable
from appliance.documents.limits import ReaderLimits
from appliance.documents.pdf_blocks import TypeSizes, blocks_of, sizes_of
from appliance.documents.pdf_text import PageContent, boxes_of, placement_of, read_page
from appliance.values import Box, Page, PageImage

_SAMPLE = 8
"""Pages looked at to learn the sizes of the type."""


def open_pdf(untrusted: bytes, limits: ReaderLimits) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(untrusted)
        count = len(document)
    except pdfium.PdfiumError as error:
        locked = raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "password" in str(error)
        kind = errors.DocumentEncrypted if locked else errors.DocumentDamaged
        raise Unreadable(kind) from error
    if count > limits.pages:
        raise Unreadable(errors.DocumentTooLong)
    if count < 1:
        raise Unreadable(errors.DocumentDamaged)
    return document


def title_of(document: pdfium.PdfDocument, sizes: TypeSizes, first: PageContent | None) -> str:
    """The title of the metadata, unless it is a file name; else the largest line of page 1."""
    given = str(document.get_metadata_value("Title")).strip()
    if given and given.lower() not in {"untitled", "(anonymous)", "anonymous", "title"}:
        looks_made = given.lower().endswith((".doc", ".docx", ".pdf", ".indd", ".tex", ".dvi"))
        if not looks_made and not given.startswith("Microsoft Word"):
            return given
    if first is not None and sizes.larger:
        for line in first.lines:
            if line.size >= sizes.larger[0] - 0.3:
                return first.text[line.start : line.end]
    return ""


def sample(document: pdfium.PdfDocument, limits: ReaderLimits) -> tuple[TypeSizes, str]:
    """The sizes of the type and the title, from a few pages."""
    count = len(document)
    numbers = sorted({count * step // _SAMPLE for step in range(_SAMPLE)})
    contents = []
    first = None
    for number in numbers:
        try:
            page = document[number]
            content = read_page(page, limits.page_characters)
        except (pdfium.PdfiumError, OverflowError):
            continue  # reported when its turn comes
        page.close()
        contents.append(content)
        if number == 0:
            first = content
    sizes = sizes_of(contents)
    return sizes, title_of(document, sizes, first)


def read_pages(
    document: pdfium.PdfDocument, sizes: TypeSizes, limits: ReaderLimits, first: int
) -> Iterator[Page | tuple[int, str]]:
    """Pages from number `first` on, or (number, code) for one that cannot be read."""
    for number in range(first, len(document) + 1):
        try:
            yield _page(document, number, sizes, limits)
        except pdfium.PdfiumError:
            yield number, errors.DocumentDamaged.code
        except OverflowError:
            yield number, errors.DocumentTooLarge.code


def _page(
    document: pdfium.PdfDocument, number: int, sizes: TypeSizes, limits: ReaderLimits
) -> Page | tuple[int, str]:
    page = document[number - 1]
    try:
        content = read_page(page, limits.page_characters)
        if not content.text and _has_image(page):
            return number, errors.DocumentWithoutText.code
        placement = placement_of(page)
        blocks = blocks_of(content, sizes)
        return Page(number, content.text, blocks, placement.width, placement.height)
    finally:
        page.close()


def _has_image(page: pdfium.PdfPage) -> bool:
    wanted = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING)
    return any(True for _ in page.get_objects(filter=wanted, max_depth=3))


def render(
    document: pdfium.PdfDocument,
    number: int,
    ranges: Sequence[tuple[int, int]],
    scale: float,
    limits: ReaderLimits,
) -> PageImage:
    """Page `number` as RGB, `scale` pixels a point (less where that would be too many), with boxes
    in pixels round the characters of its text. The title is left to the caller."""
    if not 1 <= number <= len(document):
        raise Unreadable(errors.PageNotThere)
    try:
        page = document[number - 1]
        content = read_page(page, limits.page_characters)
    except pdfium.PdfiumError as error:
        raise Unreadable(errors.DocumentDamaged) from error
    except OverflowError as error:
        raise Unreadable(errors.DocumentTooLarge) from error
    placement = placement_of(page)
    area = max(placement.width * placement.height, 1.0)
    scale = min(scale, (0.98 * limits.pixels / area) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    try:
        pixels = _tight(bitmap)
    finally:
        bitmap.close()
    boxes = tuple(
        Box(*(edge * scale for edge in box))
        for start, end in ranges
        for box in boxes_of(page, content, start, end)
    )
    return PageImage(
        "", number, len(document), bitmap.width, bitmap.height, pixels, boxes, content.text
    )


def _tight(bitmap: pdfium.PdfBitmap) -> bytes:
    """The bitmap as RGB rows without padding."""
    width, height, stride = bitmap.width, bitmap.height, bitmap.stride
    data = bytes(bitmap.buffer)
    if bitmap.n_channels == 1:
        grey = b"".join(data[row * stride : row * stride + width] for row in range(height))
        rgb = bytearray(3 * len(grey))
        rgb[0::3] = rgb[1::3] = rgb[2::3] = grey
        return bytes(rgb)
    if bitmap.n_channels == 4:
        rows = b"".join(data[row * stride : row * stride + 4 * width] for row in range(height))
        rgb = bytearray(3 * width * height)
        for channel in range(3):
            rgb[channel::3] = rows[channel::4]
        return bytes(rgb)
    if stride == 3 * width:
        return data
    return b"".join(data[row * stride : row * stride + 3 * width] for row in range(height))


def warm(limits: ReaderLimits) -> None:
    """Has everything loaded that is loaded late, by reading and drawing a page."""
    drawing = b"BT /F 9 Tf 9 50 Td (1.  A) Tj 0 -12 Td (a word-) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 90] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Bold >>",
    )
    body = b"%PDF-1.4\n"
    for number, content in enumerate(objects, 1):
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    document = open_pdf(body + b"trailer\n<< /Root 1 0 R /Size 6 >>\n", limits)
    sizes, _ = sample(document, limits)
    list(read_pages(document, sizes, limits, 1))
    render(document, 1, [(0, 3)], 1.0, limits)
    document.close()
