"""XML of a DOCX: no document type, no depth, no encoding of it does anything but be refused."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.docx import read_docx
from appliance.documents.docx_xml import tree_of
from appliance.documents.errors import DocumentDamaged, Unreadable
from appliance.documents.limits import ReaderLimits
from tests.unit.documents import samples

TEXT = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
LAUGHS = "<!ENTITY a0 'lol'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 11)
)


def document(text: str, prolog: str = "", encoding: str = "utf-8") -> bytes:
    body = f'<w:document xmlns:w="{samples.WORD}"><w:body>{TEXT.format(text)}</w:body></w:document>'
    return (prolog + body).encode(encoding)


def docx_with(main: bytes) -> bytes:
    holder = io.BytesIO()
    with zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", main)
    return holder.getvalue()


def texts(main: bytes) -> list[str]:
    return [piece.text for piece in read_docx(docx_with(main), ReaderLimits())[1]]


def require_damaged(main: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        texts(main)
    assert caught.value.kind is DocumentDamaged


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("doctype", "text"),
    [
        ("<!DOCTYPE w [<!ENTITY x 'y'>]>", "&x;"),
        ("<!DOCTYPE w [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "&x;"),
        ("<!DOCTYPE w SYSTEM 'file:///etc/passwd'>", "a"),
        ("<!DOCTYPE w PUBLIC '-//x' 'http://127.0.0.1/x'>", "a"),
        (f"<!DOCTYPE w [{LAUGHS}]>", "&a10;"),
        ("<!DOCTYPE w [<!ENTITY % p '<!ENTITY x \"y\">'> %p;]>", "&x;"),
        ("<!DOCTYPE w [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]>", "a"),
        ("<!DOCTYPE w [<!ATTLIST w a CDATA 'b'>]>", "a"),
        ("<!DOCTYPE w>", "a"),
        ("<!-- > --><?x > ?>\n<!DOCTYPE w>", "a"),
    ],
    ids="internal external subset public laughs parameter remote attlist bare late".split(),
)
def test_a_document_type_is_refused(doctype: str, text: str, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>'
    assert texts(document("a", declared, encoding)) == ["a"]
    require_damaged(document(text, declared + doctype, encoding))


def test_the_parser_itself_refuses_a_document_type_too() -> None:
    from appliance.documents.docx_xml import _Bounded

    parser = ElementTree.XMLParser(target=_Bounded())
    with pytest.raises(Unreadable):
        parser.feed(document("&x;", "<!DOCTYPE w [<!ENTITY x 'y'>]>"))


@pytest.mark.parametrize("wrong", ["&x;", "a\x01b", "&#0;", "<w:t>", "<v:t/>", "<a b='1' b='2'/>"])
def test_what_is_not_well_formed_is_damaged(wrong: str) -> None:
    require_damaged(document(wrong))


@pytest.mark.parametrize("whole", [b"", b" ", b"<a>", document("a") + b"x", document("a") * 2])
def test_what_is_no_single_element_is_damaged(whole: bytes) -> None:
    require_damaged(whole)


@pytest.mark.parametrize(
    "encoding",
    "undefined rot13 zlib base64 hex idna punycode unicode_escape mbcs utf-7 utf-32 shift_jis "
    "gb18030 cp037 no-such ../x".split(),
)
def test_an_encoding_that_nobody_can_read_is_damaged(encoding: str) -> None:
    require_damaged(document("a", f'<?xml version="1.0" encoding="{encoding}"?>'))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-8", "utf-16"])
def test_encodings_that_are_declared_are_read(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    assert texts(document("grüße", declared, encoding)) == ["grüße"]


def test_text_goes_on_behind_a_comment_and_an_instruction() -> None:
    assert texts(document("a<!-- c -->b<?pi x?>c<![CDATA[<&]]>", "<!-- x --><?y z?>")) == ["abc<&"]


def test_depth_is_bounded_at_256() -> None:
    assert len(list(tree_of(b"<a>" * 256 + b"</a>" * 256).iter())) == 256
    for deep in (257, 100_000):
        require_damaged(b"<a>" * deep + b"</a>" * deep)


def test_a_text_is_bounded_whatever_it_is_made_of() -> None:
    part = b"x" * 5_000_000
    assert len(tree_of(b"<a>" + part + b"<!-- -->" + part + b"</a>").text or "") == 10_000_000
    for between in (b"&#65;", b"<!-- -->y", b"<![CDATA[z]]>"):
        with pytest.raises(Unreadable):
            tree_of(b"<a>" + part + between + part + b"</a>")


@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from(["utf-8", "utf-16"]))
def test_whatever_stands_there_nothing_but_unreadable_is_raised(
    junk: bytes, at: int, encoding: str
) -> None:
    whole = document("a", f'<?xml version="1.0" encoding="{encoding}"?>', encoding)
    try:
        tree_of(whole[:at] + junk + whole[at:])
    except Unreadable:
        return


def test_a_docx_is_read_without_lxml() -> None:
    """It is installed where tests run, for python-docx, and nowhere in the product."""
    program = (
        "import sys; sys.modules['lxml'] = None\n"
        "from appliance.documents.docx import read_docx\n"
        "from appliance.documents.limits import ReaderLimits\n"
        "print(list(read_docx(sys.stdin.buffer.read(), ReaderLimits())[1])[0].text)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=docx_with(document("read")),
                          capture_output=True, check=True,
                          cwd=Path(__file__).resolve().parents[3])  # fmt: skip
    assert done.stdout.decode().strip() == "read"
