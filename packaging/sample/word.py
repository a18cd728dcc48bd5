"""Sets a source as DOCX with real headings, lists, tables, header, footer and page fields.

Rule kept here: the package's members are the same on every run: dates are fixed by the source and
the ZIP entries carry 1980-01-01. (The compressed bytes may differ by machine; the members do not.)
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO

from docx import Document
from docx.document import Document as Package
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell as Cell
from docx.text.paragraph import Paragraph as Text

from .markup import runs
from .source import (
    INSTITUTIONS,
    Block,
    Heading,
    ItemList,
    Note,
    Paragraph,
    Source,
    Table,
    control_rows,
    marking,
)

_STRONG = {
    INSTITUTIONS["hospital"]: ("0B5A6B", "E4F0F2"),
    INSTITUTIONS["bank"]: ("23355C", "E6EAF3"),
}
_TEXT_MM = 166


def docx(source: Source) -> bytes:
    """The document as a DOCX package."""
    document = Document()
    strong, pale = _STRONG[source.institution]
    _settle(document, source, strong)
    _furniture(document, source)
    kind = document.add_paragraph()
    run = kind.add_run(source.kind)
    run.bold = True
    run.font.color.rgb = RGBColor.from_string(strong)
    document.add_paragraph(source.title, style="Title")
    _grid(document, control_rows(source), (26, 60, 24, 56), label_shade=pale)
    for block in source.blocks:
        _block(document, block, pale)
    out = BytesIO()
    document.save(out)
    return _dated(out.getvalue())


def _settle(document: Package, source: Source, strong: str) -> None:
    """Page, fonts and the properties that would otherwise carry the day of the build."""
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:  # a picture of the empty template
            package.rels.pop(key)
    core = document.core_properties
    core.title, core.subject = source.title, f"{source.kind} {source.number}"
    core.author = core.last_modified_by = source.institution
    core.category, core.keywords = source.kind, marking(source.institution)
    core.comments, core.version, core.revision = "", source.version, 1
    core.created = core.modified = datetime.fromisoformat(source.effective)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin, section.bottom_margin = Mm(26), Mm(24)
    styles = document.styles
    for name, size in (("Normal", 10), ("Title", 20), ("Heading 1", 13), ("Heading 2", 11)):
        font = styles[name].font
        font.name, font.size = "Arial", Pt(size)
        # The template's headings name a theme font, which would win over the name.
        fonts = styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        if name != "Normal":
            font.color.rgb = RGBColor.from_string(strong)
    styles["Normal"].paragraph_format.space_after = Pt(6)


def _furniture(document: Package, source: Source) -> None:
    section = document.sections[0]
    for part in (section.header, section.footer):
        stops = part.paragraphs[0].paragraph_format.tab_stops
        stops.add_tab_stop(Mm(_TEXT_MM), WD_TAB_ALIGNMENT.RIGHT)
        part.paragraphs[0].style = document.styles["Normal"]
    head = section.header.paragraphs[0]
    head.add_run(source.institution).bold = True
    head.add_run(f"\t{source.number}   Version {source.version}")
    foot = section.footer.paragraphs[0]
    foot.add_run(f"{marking(source.institution)}\tPage ")
    _field(foot, "PAGE")
    foot.add_run(" of ")
    _field(foot, "NUMPAGES")
    for run in (*head.runs, *foot.runs):
        run.font.size = Pt(8)


def _field(paragraph: Text, instruction: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    paragraph._p.append(field)


def _block(document: Package, block: Block, pale: str) -> None:
    if isinstance(block, Heading):
        document.add_paragraph(block.text, style=f"Heading {block.level}")
    elif isinstance(block, Paragraph):
        paragraph = document.add_paragraph()
        if block.number:
            paragraph.paragraph_format.left_indent = Mm(11)
            paragraph.paragraph_format.first_line_indent = Mm(-11)
            paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(11))
            paragraph.add_run(f"{block.number}\t")
        _write(paragraph, block.text)
    elif isinstance(block, ItemList):
        for at, item in enumerate(block.items, 1):
            # Numbers are typed out: an automatic list would go on counting from the one before.
            paragraph = document.add_paragraph(style=None if block.ordered else "List Bullet")
            if block.ordered:
                paragraph.paragraph_format.left_indent = Mm(12)
                paragraph.paragraph_format.first_line_indent = Mm(-6)
                paragraph.add_run(f"{at}. ")
            paragraph.paragraph_format.space_after = Pt(3)
            _write(paragraph, item)
    elif isinstance(block, Note):
        grid = document.add_table(rows=1, cols=1)
        grid.style = "Table Grid"
        _shade(grid.cell(0, 0), pale)
        paragraph = grid.cell(0, 0).paragraphs[0]
        paragraph.add_run(f"{block.label}: ").bold = True
        _write(paragraph, block.text)
        document.add_paragraph().paragraph_format.space_after = Pt(2)
    else:
        _table(document, block, pale)


def _write(paragraph: Text, text: str) -> None:
    for part in runs(text):
        run = paragraph.add_run(part.text)
        run.bold, run.italic = part.bold or None, part.italic or None


def _table(document: Package, table: Table, pale: str) -> None:
    if table.caption:
        caption = document.add_paragraph()
        caption.paragraph_format.keep_with_next = True
        caption.add_run(table.caption).bold = True
    whole = sum(table.widths)
    widths = tuple(round(_TEXT_MM * part / whole) for part in table.widths)
    _grid(document, (table.header, *table.rows), widths, header_shade=pale)


def _grid(
    document: Package,
    rows: tuple[tuple[str, ...], ...],
    widths: tuple[int, ...],
    *,
    header_shade: str = "",
    label_shade: str = "",
) -> None:
    grid = document.add_table(rows=len(rows), cols=len(widths))
    grid.style = "Table Grid"
    grid.autofit = False
    for row, cells in zip(grid.rows, rows, strict=True):
        for at, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
            cell.width = Mm(widths[at])
            _write(cell.paragraphs[0], text)
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(9)
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
            if header_shade and cells is rows[0]:
                _shade(cell, header_shade)
                for run in cell.paragraphs[0].runs:
                    run.bold = True
            elif label_shade and at % 2 == 0:
                _shade(cell, label_shade)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _shade(cell: Cell, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _dated(package: bytes) -> bytes:
    """The same members, each dated 1980-01-01 (the earliest a ZIP entry can be)."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(package)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()
