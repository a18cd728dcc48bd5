"""Small documents made when a test runs; nothing binary lies in the repository."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from docx import Document
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 420.0, 595.0


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    title: str = "",
    password: str | None = None,
    header: str = "",
    footer: str = "",
    leading: float = 14.0,
) -> bytes:
    """A PDF with these lines on its pages. "# " before a line sets it as a heading, "" leaves a
    gap. `header` and `footer` may hold {page}."""
    holder = io.BytesIO()
    encryption = StandardEncryption(password, canPrint=0) if password is not None else None
    canvas = Canvas(holder, pagesize=(WIDTH, HEIGHT), encrypt=encryption)
    canvas.setTitle(title)
    for number, lines in enumerate(pages, 1):
        y = HEIGHT - 80
        canvas.setFont("Helvetica", 8)
        if header:
            canvas.drawString(40, HEIGHT - 30, header.format(page=number))
        for line in lines:
            heading = line.startswith("# ")
            canvas.setFont("Helvetica-Bold" if heading else "Helvetica", 16 if heading else 10)
            canvas.drawString(40, y, line.removeprefix("# "))
            y -= leading * (2 if heading else 1)
        canvas.setFont("Helvetica", 8)
        if footer:
            canvas.drawString(200, 30, footer.format(page=number))
        canvas.showPage()
    canvas.save()
    return holder.getvalue()


def scanned_pdf(pages: int = 1) -> bytes:
    """Pages with something drawn on them and no text."""
    holder = io.BytesIO()
    canvas = Canvas(holder, pagesize=(WIDTH, HEIGHT))
    for _ in range(pages):
        canvas.rect(50, 50, 200, 300, fill=1)
        canvas.showPage()
    canvas.save()
    return holder.getvalue()


def text_then_scan() -> bytes:
    """A page of words, then one with something drawn on it and no text."""
    holder = io.BytesIO()
    canvas = Canvas(holder)
    canvas.drawString(50, 500, "words")
    canvas.showPage()
    canvas.rect(50, 50, 100, 100, fill=1)
    canvas.save()
    return holder.getvalue()


def many_pages_pdf(count: int) -> bytes:
    """A PDF of `count` pages that are one and the same object's children; small on disk."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    parts = [b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"]
    parts.append(b"2 0 obj\n<< /Type /Pages /Count %d /Kids [%b] >>\nendobj\n" % (count, kids))
    parts += [
        b"%d 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>\nendobj\n" % number
        for number in range(3, 3 + count)
    ]
    return b"".join(parts) + b"trailer\n<< /Root 1 0 R /Size %d >>\n" % (count + 3)


def docx() -> bytes:
    """Title, headings, paragraphs, a list, a table."""
    document = Document()
    document.core_properties.title = "Ward handbook"
    document.add_heading("Hand hygiene", level=1)
    document.add_paragraph("Wash hands for 20 seconds. Dry them well.")
    document.add_heading("Gloves", level=2)
    document.add_paragraph("Change gloves between patients.", style="List Bullet")
    document.add_paragraph("Throw used gloves away.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, cells in enumerate((("Drug", "Dose"), ("Heparin", "5000 IU"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    document.sections[0].header.paragraphs[0].text = "RUNNING HEADER"
    holder = io.BytesIO()
    document.save(holder)
    return holder.getvalue()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx_of(body: str, prolog: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """A bare DOCX with this body XML."""
    holder = io.BytesIO()
    with zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml",
            f'{prolog}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        )
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return holder.getvalue()
