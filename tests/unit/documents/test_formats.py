"""HTML, Markdown, plain text and DOCX as pieces; encodings; what a file is."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.documents.docx import read_docx
from appliance.documents.encodings import decode
from appliance.documents.errors import Unreadable
from appliance.documents.html import read_html
from appliance.documents.limits import ReaderLimits
from appliance.documents.markdown import read_markdown
from appliance.documents.plain import read_text
from appliance.documents.sniff import sniff_binary, sniff_text
from appliance.documents.stretches import NOT_TEXT, TARGET, Piece, stretches
from appliance.values import BlockKind, DocumentKind
from tests.unit.documents import samples

LIMITS = ReaderLimits()


def told(pieces: list[Piece]) -> list[tuple[str, str]]:
    return [(p.kind.value + (str(p.level) if p.level else ""), p.text) for p in pieces]


def html(text: str) -> list[tuple[str, str]]:
    return told(list(read_html(text)[1]))


def test_html_gives_headings_paragraphs_lists_and_code_in_order() -> None:
    text = (
        "<title>A &amp; B</title><h1>Top</h1><p>One\n two<br>three</p><ul><li>x<li>y &lt; z</ul>"
        "<pre>  a\n   b</pre>tail"
    )
    assert read_html(text)[0] == "A & B"
    assert html(text) == [
        ("heading1", "Top"),
        ("paragraph", "One two\nthree"),
        ("list_item", "x"),
        ("list_item", "y < z"),
        ("code", "  a\n   b"),
        ("paragraph", "tail"),
    ]


def test_numbered_items_carry_their_number() -> None:
    text = (
        "<ol start=4><li><p>four</p><p>more</p><ul><li>dot</ul><li>five</ol>"
        "<ol><li><ol><li>in</ol></ol>"
    )
    assert [text for _, text in html(text)] == ["4. four", "more", "dot", "5. five", "1. in"]
    _, pieces = read_markdown("3. three\n4. four\n\n   more\n")
    assert [piece.text for piece in pieces] == ["3. three", "4. four", "more"]


def test_html_leaves_scripts_navigation_and_what_is_hidden_out() -> None:
    text = (
        "<nav>n</nav><script>s</script><style>c</style><template><p>t</p></template><!-- c -->"
        "<div hidden>h</div><p style='display: none'>d</p><p aria-hidden=true>a</p>"
        "<div role=navigation>r</div><footer>f</footer><p>seen</p>"
    )
    assert html(text) == [("paragraph", "seen")]


def test_html_table_rows_are_lines_of_cells_and_layout_tables_are_not() -> None:
    text = (
        "<table><caption>Doses</caption><tr><th>Drug<th>Dose<tr><td>A<p>b</p></td><td></td>"
        "<td>5</td></tr></table><table><tr><td><h2>Lay</h2>out</td><td>"
        "<table><tr><td>in</td><td>ner</td></tr></table></td></tr></table>"
    )
    assert html(text) == [
        ("paragraph", "Doses"),
        ("table_row", "Drug\tDose"),
        ("table_row", "A b\t\t5"),
        ("heading2", "Lay"),
        ("paragraph", "out"),
        ("table_row", "in\tner"),
    ]


def test_html_entities_of_control_and_direction_are_dropped() -> None:
    assert html("<p>a&#0;b&#x202e;c&shy;d&nbsp;e&#xd800;</p>") == [
        ("paragraph", "a\ufffdbcd e\ufffd")
    ]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*"<>/ab =\"'&;!-\n", "<p>", "</td>", "<table>", "<li>"])))
def test_html_of_any_shape_is_read_without_an_error(parts: list[str]) -> None:
    assert all(piece.text.strip() for piece in read_html("".join(parts))[1])


def test_deeply_nested_html_costs_no_stack() -> None:
    assert html("<div>" * 5000 + "deep" + "</div>" * 5000) == [("paragraph", "deep")]


def test_markdown_is_read_with_front_matter_tables_code_and_nested_lists() -> None:
    title, pieces = read_markdown(
        '---\ntitle: "The handbook"\n---\n# One\n\ntext *em*\nmore ![alt](x.png)\n\n- a\n  - b\n\n'
        "| h | i |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n  x\n```\n\n<p>html</p>\n\n"
        "> quoted\n\nSet\n===\n"
    )
    assert title == "The handbook"
    assert told(list(pieces)) == [
        ("heading1", "One"),
        ("paragraph", "text em\nmore alt"),
        ("list_item", "a"),
        ("list_item", "b"),
        ("table_row", "h\ti"),
        ("table_row", "1\t2"),
        ("code", "code\n  x"),
        ("paragraph", "html"),
        ("paragraph", "quoted"),
        ("heading1", "Set"),
    ]


def test_plain_text_has_paragraphs_list_items_and_sure_headings() -> None:
    _, pieces = read_text(
        "WARD RULES\r\n\r\nFirst line\nsecond line.\n\n1.2 Hand hygiene\n\n- a\n- b\n\n"
        "Title\n=====\n\n"
        "A short closing line.\n\f\nNew page"
    )
    assert told(list(pieces)) == [
        ("heading2", "WARD RULES"),
        ("paragraph", "First line\nsecond line."),
        ("heading2", "1.2 Hand hygiene"),
        ("list_item", "- a"),
        ("list_item", "- b"),
        ("heading1", "Title"),
        ("paragraph", "A short closing line."),
        ("paragraph", "New page"),
    ]


def test_docx_headings_lists_tables_and_title_but_no_running_header() -> None:
    title, pieces = read_docx(samples.docx(), LIMITS)
    assert title == "Ward handbook"
    assert told(list(pieces)) == [
        ("heading1", "Hand hygiene"),
        ("paragraph", "Wash hands for 20 seconds. Dry them well."),
        ("heading2", "Gloves"),
        ("list_item", "Change gloves between patients."),
        ("list_item", "Throw used gloves away."),
        ("table_row", "Drug\tDose"),
        ("table_row", "Heparin\t5000 IU"),
    ]


def test_docx_leaves_deleted_and_hidden_text_out_and_reads_boxes_and_notes() -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r>"
        "</w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:tab/><w:t>x</w:t>"
        "</w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:p>"
    )
    notes = (
        f'<w:footnotes xmlns:w="{samples.WORD}"><w:footnote w:type="separator"><w:p><w:r><w:t>--'
        '</w:t></w:r></w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>A note.'
        "</w:t></w:r></w:p>"
        "</w:footnote></w:footnotes>"
    )
    data = samples.docx_of(body, extra={"word/footnotes.xml": notes.encode()})
    assert told(list(read_docx(data, LIMITS)[1])) == [
        ("paragraph", "new x"),
        ("paragraph", "boxed"),
        ("paragraph", "A note."),
    ]


def numbered(text: str, level: int, number: str = "7", style: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    reference = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    reference = "" if number == "" else reference
    return f"<w:p><w:pPr>{named}{reference}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_docx_numbers_that_word_computes_become_text() -> None:
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/>'
        f'<w:pStyle w:val="H{n + 1}"/></w:lvl>'
        for n, (form, text) in enumerate(
            [("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("bullet", "•")]
        )
    )
    numbering = (
        f'<w:numbering xmlns:w="{samples.WORD}"><w:abstractNum w:abstractNumId="1">{levels}'
        '</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="8">'
        '<w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>'
        "</w:lvlOverride></w:num></w:numbering>"
    )
    styles = (
        f'<w:styles xmlns:w="{samples.WORD}"><w:style w:styleId="H2"><w:name w:val="heading 2"/>'
        '<w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style></w:styles>'
    )
    body = (
        numbered("Scope", 0)
        + numbered("Who", 0, "", "H2")
        + numbered("one", 2)
        + numbered("two", 2)
        + numbered("dot", 3)
        + numbered("Where", 0, "", "H2")
        + numbered("Next", 0)
        + numbered("Fifth", 0, "8")
        + numbered("Plain", 0, "0")
    )
    extra = {"word/numbering.xml": numbering.encode(), "word/styles.xml": styles.encode()}
    pieces = list(read_docx(samples.docx_of(body, extra=extra), LIMITS)[1])
    assert told(pieces) == [
        ("list_item", "1. Scope"),
        ("heading2", "1.1 Who"),
        ("list_item", "(a) one"),
        ("list_item", "(b) two"),
        ("list_item", "dot"),
        ("heading2", "1.2 Where"),
        ("list_item", "2. Next"),
        ("list_item", "5. Fifth"),
        ("paragraph", "Plain"),
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Größe – 5 µg".encode(), "Größe – 5 µg"),
        ("Größe – 5 µg".encode("cp1252"), "Größe – 5 µg"),
        (codecs.BOM_UTF8 + b"x", "x"),
        (codecs.BOM_UTF16_LE + "xé".encode("utf-16-le"), "xé"),
        (codecs.BOM_UTF16_BE + "xé".encode("utf-16-be"), "xé"),
        (codecs.BOM_UTF32_LE + "xé".encode("utf-32-le"), "xé"),
        ("plain text, wide".encode("utf-16-le"), "plain text, wide"),
        ("plain text, wide".encode("utf-16-be"), "plain text, wide"),
    ],
)
def test_encodings_are_told_by_marks_and_by_content(data: bytes, text: str) -> None:
    assert decode(data) == text


def test_html_and_xml_may_declare_their_encoding_and_not_lie_about_utf_16() -> None:
    cyrillic = '<meta charset="windows-1251"><p>Привет'.encode("cp1251")
    assert decode(cyrillic, markup=True).endswith("Привет")
    declared = '<?xml version="1.0" encoding="iso-8859-1"?><html>“é'.encode("cp1252")
    assert decode(declared, markup=True).endswith("“é")
    assert decode('<meta charset="utf-16"><p>é'.encode(), markup=True).endswith("é")
    assert decode(b'<meta charset="no-such-thing"><p>x', markup=True).endswith("x")
    assert decode(b'<meta charset="zip"><p>x', markup=True).endswith("x")


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x00\x01\x02\x03" * 50, b"\x07" * 100])
def test_what_is_not_text_is_not_read_as_text(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "document_empty"),
        (b" \r\n\x00 \n", "document_empty"),
        (b"\xef\xbb\xbf\n", "document_empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "document_unsupported"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "document_encrypted",
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "document_unsupported"),
        (b"{\\rtf1 hello}", "document_unsupported"),
        (b"%!PS-Adobe", "document_unsupported"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_content(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        sniff_binary(data)
    assert caught.value.kind.code == code


def test_a_kind_is_told_by_content_before_the_name() -> None:
    assert sniff_binary(b"%PDF-1.7 ...") is DocumentKind.PDF
    assert sniff_binary(b"\n junk %PDF-1.7 ...") is DocumentKind.PDF
    assert sniff_binary(b"PK\x03\x04") is DocumentKind.DOCX
    assert sniff_binary(b"hello") is None
    assert sniff_text("<!-- x --> <!DOCTYPE html><p>", "notes.txt") is DocumentKind.HTML
    assert sniff_text("<p>a <b>bold</b>", "a.htm") is DocumentKind.HTML
    assert sniff_text("# a", "README.MD") is DocumentKind.MARKDOWN
    assert sniff_text("# a", "notes") is DocumentKind.TEXT
    for text, name in (("a,b", "a.csv"), ("{}", "a.json"), ("<?xml version='1.0'?><a/>", "a.txt")):
        with pytest.raises(Unreadable):
            sniff_text(text, name)


PIECES = st.builds(
    Piece,
    st.sampled_from(list(BlockKind)),
    st.text(alphabet="ab .\n", max_size=50).map(str.strip)
    | st.integers(1, 15_000).map(lambda n: ("word. " * n)[:n].strip()),
    st.integers(1, 6),
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12))
def test_stretches_hold_every_piece_in_order_and_their_blocks_are_true(pieces: list[Piece]) -> None:
    pages = list(stretches(pieces, LIMITS))
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    given_text = "".join("".join(p.text.split()) for p in pieces if p.text.strip(" \n"))
    assert "".join("".join(page.text.split()) for page in pages) == given_text
    for page in pages:
        assert "\n".join(page.text[b.start : b.end] for b in page.blocks) == page.text
        assert len(page.text) <= 3 * TARGET + 100


def test_a_stretch_begins_at_a_heading_and_never_ends_with_one() -> None:
    text = "Some sentence of the ward. " * 50
    pieces = [Piece(BlockKind.HEADING, f"H{n}", 1) for n in range(2)]
    pages = list(
        stretches(
            [pieces[0], Piece(BlockKind.PARAGRAPH, text), pieces[1], Piece(BlockKind.CODE, "x")],
            LIMITS,
        )
    )
    assert [page.text[:2] for page in pages] == ["H0", "H1"]


def test_more_text_than_allowed_is_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        list(
            stretches([Piece(BlockKind.CODE, "x" * 100)] * 20, ReaderLimits(total_characters=1000))
        )
    assert caught.value.kind.code == "document_too_large"


@given(st.text())
def test_what_is_no_text_is_named_completely(text: str) -> None:
    kept = NOT_TEXT.sub("", text)
    assert not any(c < " " and c not in "\t\n\r" for c in kept)
