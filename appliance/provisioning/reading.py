"""From the bytes of a provisioning file to a plan, or all that is wrong with them.

Rules kept here: a pure function of the bytes; an unknown key is a mistake, since one that is
silently passed over is a person without a role or a policy without force; what the vault would
refuse of a name, a title or a role is refused here, before there is a vault.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from appliance.errors import CloisterError
from appliance.provisioning.consistency import inconsistencies
from appliance.provisioning.lines import Unfollowed, lines
from appliance.provisioning.mistakes import Mistake, ProvisionMistaken, require_none
from appliance.provisioning.plan import (
    Administrator,
    CollectionAsked,
    FileNamed,
    KioskAsked,
    ModelAsked,
    PersonAsked,
    Plan,
    SeatAsked,
    Written,
)
from appliance.provisioning.tables import Notes, Table
from appliance.values import Role
from appliance.vault.holdings import MAXIMUM_TITLE
from appliance.vault.people import plain_name, showable

FORMAT = "cloister-provision"
VERSION = 1
LARGEST = 1 << 20  # bytes of a file

MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}@[A-Za-z0-9][A-Za-z0-9._+-]{0,31}")
PACK = re.compile(r"[a-z][a-z0-9-]{0,39}(@[0-9]{1,9})?")
NOWHERE = FileNamed(Path(), 0)
"""Stands for a path that a mistake was noted for."""


def read_plan(untrusted: bytes, folder: Path) -> Plan:
    """folder: where the file lies; paths in it are named from there. Raises ProvisionMistaken with
    every mistake that the file itself shows."""
    notes, top = _parsed(untrusted, folder)
    plan = _plan(top, notes, hashlib.sha256(untrusted).hexdigest())
    require_none(notes.mistakes)
    if plan is None:  # noted above in any case
        raise ProvisionMistaken([Mistake(1, "There is no administrator.", "Add the table.")])
    require_none(inconsistencies(plan))
    return plan


def _parsed(untrusted: bytes, folder: Path) -> tuple[Notes, dict[str, object]]:
    if len(untrusted) > LARGEST:
        raise ProvisionMistaken([Mistake(0, "The file is larger than 1 MiB.", "Split it up.")])
    try:
        text = untrusted.decode("utf-8")
    except UnicodeDecodeError as error:
        line = untrusted.count(b"\n", 0, error.start) + 1
        wrong = Mistake(line, "This line is not UTF-8 text.", "Save the file as UTF-8.")
        raise ProvisionMistaken([wrong]) from None
    try:
        top = tomllib.loads(text)
        return Notes(lines(text), folder), top
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))  # the rest may repeat what stands there
        line = int(found.group(1)) if found else text.count("\n") + 1
        wrong = Mistake(line, "This is not TOML.", "See toml.io; texts stand in double quotes.")
        raise ProvisionMistaken([wrong]) from None
    except (RecursionError, Unfollowed, ValueError):
        wrong = Mistake(0, "The file is written in a way nobody can follow.", "Write it plainly.")
        raise ProvisionMistaken([wrong]) from None


def _plan(untrusted: dict[str, object], notes: Notes, sha256: str) -> Plan | None:
    top = Table(untrusted, (), notes)
    _require_format(top, notes)
    administrator = _administrator(top.table("administrator", needed=True), notes)
    people = tuple(_person(table, notes) for table in top.tables("people"))
    collections = tuple(_collection(table, notes) for table in top.tables("collections"))
    packs, source = _packs(top.table("policies"), notes)
    models = tuple(_model(table, notes) for table in top.tables("models"))
    kiosk = _kiosk(top.table("kiosk"))
    licence = _licence(top.table("licence"))
    seat = _seat(top.table("seat"))
    top.finish()
    if administrator is None:
        return None
    return Plan(
        sha256, administrator, people, collections, packs, models, kiosk, licence, seat, source
    )


def _require_format(top: Table, notes: Notes) -> None:
    form, version = top.text("format"), top.number("version")
    if form.text and form.text != FORMAT:
        notes.add(form.line, "This is no provisioning file.", f'Write format = "{FORMAT}".')
    if version is not None and version != VERSION:
        notes.add(
            notes.line(("version",)),
            "The file is of a version that this program does not know.",
            f"Write version = {VERSION}, or bring the program up to date.",
        )


def _administrator(table: Table | None, notes: Notes) -> Administrator | None:
    if table is None:
        return None
    name = _name(table, notes)
    passphrase, codes = table.file("passphrase_file"), table.file("codes")
    table.finish()
    return Administrator(name, passphrase or NOWHERE, codes or NOWHERE)


def _person(table: Table, notes: Notes) -> PersonAsked:
    name, asked = _name(table, notes), table.texts("roles", needed=True)
    roles = []
    known = [role.value for role in Role]
    for role in asked:
        if role.text in known:
            roles.append(Role(role.text))
        else:
            notes.add(role.line, "There is no such role.", f"Roles are {', '.join(known)}.")
    if not asked:
        notes.add(table.line, "A person needs a role.", f"Roles are {', '.join(known)}.")
    if Role.KIOSK in roles and len(set(roles)) > 1:
        notes.add(
            table.line, "Who is a kiosk's visitor can be nothing else.", "Give them one role."
        )
    passphrase = table.file("passphrase_file", needed=False)
    table.finish()
    return PersonAsked(table.line, name, tuple(sorted(set(roles))), passphrase)


def _collection(table: Table, notes: Notes) -> CollectionAsked:
    title = table.text("title", longest=MAXIMUM_TITLE)
    if title.text and not showable(" ".join(title.text.split())):
        notes.add(title.line, "This title cannot be used.", "Use plain characters.")
    members = table.texts("members")
    table.finish()
    return CollectionAsked(table.line, Written(" ".join(title.text.split()), title.line), members)


def _packs(table: Table | None, notes: Notes) -> tuple[tuple[Written, ...], FileNamed | None]:
    if table is None:
        return (), None
    packs, source = table.texts("packs", needed=True), table.file("folder", needed=False)
    table.finish()
    _all(packs, PACK, "This is no policy pack.", "Write NAME or NAME@SERIAL.", notes)
    return packs, source


def _model(table: Table, notes: Notes) -> ModelAsked:
    model = table.text("model")
    if model.text:
        _all((model,), MODEL, "This is no model.", "Write NAME@VERSION.", notes)
    folder, unsigned = table.file("folder"), table.flag("trust_unsigned")
    licence = table.text("licence", needed=False).text or "unknown"
    source = table.text("source", needed=False).text or "unknown"
    table.finish()
    return ModelAsked(table.line, model, folder or NOWHERE, unsigned, licence, source)


def _kiosk(table: Table | None) -> KioskAsked | None:
    if table is None:
        return None
    asked = KioskAsked(table.line, table.text("collection"), table.text("person"))
    table.finish()
    return asked


def _licence(table: Table | None) -> tuple[FileNamed, ...]:
    if table is None:
        return ()
    files = table.files("files", needed=True)
    table.finish()
    return files


def _seat(table: Table | None) -> SeatAsked | None:
    if table is None:
        return None
    label = table.text("label", needed=False, longest=100).text
    request = table.file("request_file")
    table.finish()
    return SeatAsked(table.line, label, request or NOWHERE)


def _name(table: Table, notes: Notes) -> Written:
    name = table.text("name")
    if name.text:
        try:
            return Written(plain_name(name.text), name.line)
        except CloisterError as error:
            notes.add(name.line, error.sentence, error.next_step)
    return name


def _all(
    texts: Iterable[Written], form: re.Pattern[str], sentence: str, step: str, notes: Notes
) -> None:
    for one in texts:
        if not form.fullmatch(one.text):
            notes.add(one.line, sentence, step)
