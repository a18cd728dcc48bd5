"""A policy pack: a signed folder of Cedar policies, topics and cases.

Rules kept here: nothing in a pack is read before its signature held; a pack's serial only rises;
an unknown entry in pack.toml is an error; a pack is refused whole or used whole.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.policy import manifest, topics, trust
from appliance.policy.errors import PackMissing, PackRolledBack, PackUnusable
from appliance.policy.manifest import Verified
from appliance.policy.topics import Catalogue, CatalogueInvalid
from appliance.policy.vocabulary import SCHEMA
from appliance.vault.signers import TrustedKey

PACK_FILE = "pack.toml"
SCHEMA_FILE = "schema.cedarschema"
CASES_FILE = "cases.toml"
TOPICS_FILE = "topics.toml"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}")
_HIGHEST_SERIAL = 2**31


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a regulation that the pack answers, and how."""

    regulation: str
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A verified pack. sha256 is of its signed manifest; cedar is the text of all its policies,
    its files in the order of their names."""

    name: str
    version: str
    serial: int
    author: str
    clauses: tuple[Clause, ...]
    cedar: str
    catalogue: Catalogue
    cases: str
    sha256: str
    signer: str

    @property
    def label(self) -> str:
        """As verdicts and the log name it: "baseline@3"."""
        return f"{self.name}@{self.serial}"


def shipped_folder() -> Path:
    """Where the packs lie that come with the product: beside the appliance."""
    return Path(__file__).resolve().parents[2] / "policies"


def load(folder: Path, trusted: tuple[TrustedKey, ...] = trust.TRUSTED) -> Pack:
    """Verifies and reads one pack. Raises PackError subclasses."""
    return read(manifest.verify(folder, trusted))


def load_packs(
    folders: Iterable[Path],
    *,
    trusted: tuple[TrustedKey, ...] = trust.TRUSTED,
    seen: Iterable[str] = (),
    retired: Iterable[str] = (),
) -> tuple[Pack, ...]:
    """Verifies and reads the packs in force, by name.

    seen: "name@serial" of packs that were in force before, as the log has them. A pack that is
    older now raises PackRolledBack, one that is gone raises PackMissing (unless its name is in
    `retired`): leaving a pack away would lift what it forbids. Other PackErrors as `load`.
    """
    packs = tuple(sorted((load(folder, trusted) for folder in folders), key=lambda p: p.name))
    if not packs:
        raise PackMissing("There is no policy pack, so nothing is allowed.")
    serials = {pack.name: pack.serial for pack in packs}
    if len(serials) != len(packs):
        raise PackUnusable("Two policy packs have the same name.")
    gone = set(retired)
    for label in seen:
        name, serial = _label(label)
        if name not in serials:
            if name not in gone:
                raise PackMissing(f"The policy pack {name} was in force and is no longer there.")
        elif serials[name] < serial:
            raise PackRolledBack(
                f"The policy pack {name} is older ({serials[name]}) than the one in force "
                f"before ({serial})."
            )
    return packs


def _label(label: str) -> tuple[str, int]:
    name, _, serial = label.partition("@")
    if not _NAME.fullmatch(name) or not (serial.isascii() and serial.isdigit()):
        raise PackUnusable("The log names a policy pack in a form this version cannot read.")
    return name, int(serial)


def read(verified: Verified) -> Pack:
    """Reads a verified pack's files. Raises PackUnusable."""
    name = verified.name
    told = _table(name, PACK_FILE, _text(verified, PACK_FILE))
    unknown = set(told) - {"name", "version", "serial", "author", "clause"}
    if unknown:
        raise PackUnusable(f"pack.toml of {name} has unknown entries: {sorted(unknown)[0]}.")
    version, serial, author = told.get("version"), told.get("serial"), told.get("author")
    if not _NAME.fullmatch(name) or told.get("name") != name:
        raise PackUnusable(f"pack.toml of {name} has another name.")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise PackUnusable(f"pack.toml of {name} has no version of the form 1.2.3.")
    if not isinstance(serial, int) or isinstance(serial, bool) or not 0 < serial < _HIGHEST_SERIAL:
        raise PackUnusable(f"pack.toml of {name} has no serial.")
    if not isinstance(author, str) or not 0 < len(author) <= 200:
        raise PackUnusable(f"pack.toml of {name} does not name its author.")
    if (version, serial) != (verified.version, verified.serial):
        raise PackUnusable(f"pack.toml of {name} and its signature name different versions.")
    if _text(verified, SCHEMA_FILE) != SCHEMA:
        raise PackUnusable(f"The policy pack {name} is written in another version's vocabulary.")
    policies = [file for file in sorted(verified.files) if file.endswith(".cedar")]
    if not policies:
        raise PackUnusable(f"The policy pack {name} holds no policies.")
    return Pack(
        name=name,
        version=version,
        serial=serial,
        author=author,
        clauses=_clauses(name, told.get("clause", [])),
        cedar="\n".join(_text(verified, file) for file in policies),
        catalogue=_catalogue(verified),
        cases=_text(verified, CASES_FILE),
        sha256=verified.sha256,
        signer=verified.signer,
    )


def _clauses(name: str, untrusted: object) -> tuple[Clause, ...]:
    if not isinstance(untrusted, list):
        raise PackUnusable(f"The clauses in pack.toml of {name} are not a list of tables.")
    clauses = []
    for row in untrusted:
        values = [row.get(key) for key in ("regulation", "clause", "text")] if isinstance(
            row, dict
        ) and len(row) == 3 else []  # fmt: skip
        texts = [value for value in values if isinstance(value, str) and 0 < len(value) <= 1000]
        if len(texts) != 3:
            raise PackUnusable(f"A clause in pack.toml of {name} is malformed.")
        clauses.append(Clause(*texts))
    return tuple(clauses)


def _catalogue(verified: Verified) -> Catalogue:
    if TOPICS_FILE not in verified.files:
        return Catalogue()
    try:
        return topics.read_catalogue(_text(verified, TOPICS_FILE))
    except CatalogueInvalid as error:
        raise PackUnusable(f"topics.toml of {verified.name} is malformed: {error}.") from None


def _text(verified: Verified, file: str) -> str:
    if file not in verified.files:
        raise PackUnusable(f"The policy pack {verified.name} has no {file}.")
    try:
        return verified.files[file].decode("utf-8")
    except UnicodeDecodeError:
        raise PackUnusable(f"{file} of {verified.name} is not UTF-8 text.") from None


def _table(name: str, file: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise PackUnusable(f"{file} of {name} is not TOML.") from None
