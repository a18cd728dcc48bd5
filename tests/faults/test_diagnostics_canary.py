"""Whatever people, documents and folders are called: the diagnostics bundle does not know."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.terminal import cloister, managed, require
from tests.faults.canary import SECRETS, documents, text_forms
from tests.faults.canary_session import MEMO, PAGE, PAPER
from tests.faults.test_tampering import flip

PERSON, COLLECTION = SECRETS["person"], SECRETS["collection"]
HOME, MODEL, STRAY = "Theodora-Quillfeather", "tangerinewombat", "juniperaxolotl"
WANTED, MONITORING = "saffronpangolin", "cobaltmarmoset"
REASON = "violetcassowary"
NEEDLES = {
    **{name: text for name, text in SECRETS.items() if name != "the prompt"},
    "home": HOME,
    "model": MODEL,
    "stray file": STRAY,
    "model in the settings": WANTED,
    "folder in the settings": MONITORING,
    "reason": REASON,
}


def forms(text: str) -> list[bytes]:
    """In the clear in any case, UTF-16, base64 at each offset and base32, and hexadecimal."""
    raw = text.encode()
    found = text_forms(text)
    for spelled in (raw, raw.lower(), raw.upper()):
        found += [spelled.hex().encode(), spelled.hex().upper().encode(), base64.b32encode(spelled)]
    return found


@dataclass(frozen=True)
class Bundles:
    """By how they were made: everything in the zip file, and its members."""

    raw: dict[str, bytes]
    code: str

    def member(self, made: str, name: str) -> object:
        with zipfile.ZipFile(io.BytesIO(self.raw[made])) as archive:
            return json.loads(archive.read(name))


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    base = tmp_path_factory.mktemp("diagnosed") / HOME
    data = base / "data"
    base.mkdir()
    documents(base / "documents", PAGE, PAPER, MEMO)
    code = base / "code"
    require(
        cloister(data, "init", "--name", PERSON, "--collection", COLLECTION,
                 "--recovery-file", str(code))
    )  # fmt: skip
    require(cloister(data, "add", str(base / "documents")))
    question = f"Where may the {SECRETS['question']} be kept?"
    cloister(data, "ask", "--reason", REASON, question)
    (data / "models").mkdir(exist_ok=True)
    (data / "models" / f"{MODEL}@1").mkdir()
    (data / STRAY).write_text(PERSON)
    made = {
        "closed": _made(data, base / "closed.zip", closed=True),
        "open": _made(data, base / "o"),
    }
    flip(next(data.glob("collections/*/store.duckdb")), 20_000)
    made["damaged"] = _made(data, base / "damaged.zip")
    return Bundles(made, code.read_text().strip())


def _made(data: Path, file: Path, *, closed: bool = False) -> bytes:
    passphrase = f"not {PERSON} at all" if closed else SECRETS["passphrase"]
    settings = file.parent / "managed.toml"
    health = file.parent / MONITORING / f"{WANTED}.prom"
    settings.write_text(f'model = "{WANTED}@1"\nhealth_file = "{health}"\n')
    health.parent.mkdir(exist_ok=True)
    program = managed(settings)
    require(cloister(data, "diagnostics", str(file), passphrase=passphrase, program=program))
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_bytes()


@pytest.mark.parametrize("made", ["closed", "open", "damaged"])
def test_nothing_personal_is_in_a_bundle(bundles: Bundles, made: str) -> None:
    content = bundles.raw[made]
    for name, text in {**NEEDLES, "recovery code": bundles.code}.items():
        for form in forms(text):
            assert form not in content, f"{name} stands in it"


def test_the_bundle_still_says_what_is_wrong(bundles: Bundles) -> None:
    def states(made: str) -> dict[str, tuple[str, str]]:
        told = bundles.member(made, "doctor.json")
        assert isinstance(told, list)
        return {line["check"]: (line["state"], line["code"]) for line in told}

    assert states("closed")["log-in"] == ("failed", "wrong_passphrase")
    assert states("open")["stores"] == ("ok", "")
    assert states("open")["language model"][0] == "failed"
    assert states("open")["health file"] == ("ok", "")
    assert states("open")["models"] == ("failed", "model_damaged")
    assert states("damaged")["stores"] == ("failed", "store_damaged")
    for made in bundles.raw:
        assert "other" not in states(made), "a check is missing in bundle.NAMES"


def test_the_bundle_counts_what_lies_there_and_what_happened(bundles: Bundles) -> None:
    shapes = bundles.member("open", "shapes.json")
    assert isinstance(shapes, dict)
    assert shapes["kinds"]["originals"]["files"] == 3
    assert shapes["kinds"]["other"]["files"] == 1
    (collection,) = shapes["collections"]
    assert collection["originals_files"] == 3
    assert shapes["documents"][0][0] == 3
    log = bundles.member("open", "log.json")
    assert isinstance(log, dict)
    assert log["actions"]["document.added"] == 3
    assert bundles.member("closed", "log.json") == {"missing": "nobody_logged_in_who_may"}
    damaged = bundles.member("damaged", "errors.json")
    assert isinstance(damaged, list)
    assert damaged[0]["code"] == "store_damaged"


def test_a_bundle_is_read_as_it_is(bundles: Bundles) -> None:
    """Stored, not compressed: what one looks for in the file is found, if it is there."""
    assert b'"cloister-diagnostics"' in bundles.raw["open"]
    assert all(form in b"." + form for form in forms(PERSON))
