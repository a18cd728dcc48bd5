"""What must never lie in a file in the clear, and the forms in which it might."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from pathlib import Path

from appliance.audit.keys import read_keys
from appliance.vault import Session, Vault, hkdf, roster
from tests.e2e.terminal import PASSPHRASE
from tests.unit.documents.samples import docx_of, pdf

SECRETS = {
    "a web page's text": "zanzibarquokka",
    "a PDF's text": "saffronpangolin",
    "a Word file's text": "velvetnarwhal",
    "a title": "perihelionwalrus",
    "a file's name": "heliotropeibex",
    "text of the import that was cut": "marzipanokapi",
    "question": "obsidianmarmot",
    "written answer": "cinnabarlemur",
    "the prompt": "from numbered passages of an institution",
    "person": "Wilhelmina-Thistlewood",
    "collection": "quicksilverheron",
    "passphrase": PASSPHRASE,
}
WINDOW = 24
"""Bytes of an original that are looked for in one piece: no chance hit, no long run missed."""


def documents(folder: Path, *words: str) -> list[bytes]:
    """The same few sentences about three words, as a web page, a PDF and a Word file."""
    title, name = SECRETS["a title"], SECRETS["a file's name"]
    page, paper, memo = (
        (f"The {word} may stay for five days.", f"The {word} is kept in room nine.")
        for word in words
    )
    body = "".join(f"<p>{html.escape(line)}</p>" for line in page)
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in memo)
    made = {
        f"{name}.html": f"<title>{title}</title><h1>{title}</h1>{body}".encode(),
        f"{name}.pdf": pdf([[f"# {title}", *paper]], title=title),
        f"{name}.docx": docx_of(paragraphs),
    }
    folder.mkdir()
    for file, content in made.items():
        (folder / file).write_bytes(content)
    return list(made.values())


def text_forms(text: str) -> list[bytes]:
    """A text as it might lie about: plain, any case, UTF-16, base64 at each offset."""
    raw = text.encode()
    return [raw, raw.lower(), raw.upper(), text.encode("utf-16-le"), *_base64(raw)]


def key_forms(key: bytes) -> list[bytes]:
    """A key as it might lie about: raw, hexadecimal in either case, base64 at each offset."""
    return [key, key.hex().encode(), key.hex().upper().encode(), *_base64(key)]


def _base64(raw: bytes) -> Iterator[bytes]:
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + raw)[4:-4]
        yield coded
        yield coded.translate(bytes.maketrans(b"+/", b"-_"))


def pieces(original: bytes) -> list[bytes]:
    """Windows over a whole original; those that say little (padding) are left out."""
    starts = range(0, len(original) - WINDOW, WINDOW)
    found = [original[start : start + WINDOW] for start in starts]
    return [piece for piece in found if len(set(piece)) > 8]


def keys(data: Path) -> dict[str, bytes]:
    """Every secret key that this vault's session leads to, from a session of the test's own."""
    session = Vault(data).unlock(PASSPHRASE)
    try:
        return dict(_keys(session, data))
    finally:
        session.close()


def _keys(session: Session, data: Path) -> Iterator[tuple[str, bytes]]:
    ring = session._keyring  # what no caller is given
    yield "the vault key", ring.vault_key
    yield "the person's store key", bytes(ring._store_key)
    private = ring.private().raw
    yield from ((f"the private key from {at}", private[at : at + 32])
                for at in range(0, len(private) - 31, 32))  # fmt: skip
    yield "the signing seed", roster.signing_key(ring.private()).seed
    yield "the log's key", session.vault_subkey("audit")
    yield "the history's key", session.person_key("history")
    for collection, _ in session.collections():
        key = session.collection_key(collection)
        yield "the collection's key", key
        yield "the snapshot's key", hkdf(key, "cloister/store/vectors/v1")
    signing = read_keys(data / "audit", session.vault_subkey("audit"))
    yield "the log's Ed25519 seed", signing.ed25519.seed
    yield "the log's ML-DSA seed", signing.ml_dsa.seed
    for number, entry in enumerate(session._open.current().payloads):
        yield f"payload key {number}", ring.payload_key(entry)
