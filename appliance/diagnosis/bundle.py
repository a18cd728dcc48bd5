"""The diagnostics bundle: what support needs to know of an installation, and nothing of people.

Rules kept here: nothing goes in because it was cleaned; what goes in is made of numbers, and of
words that stand in this program. No sentence of a check, no path, title, name, id or text of a
person, a document or a question has a way in. A part that cannot be had names the error's code and
keeps none of the others out. The file is a zip whose members are stored as they are, so that its
owner can read and search it before it is given away. docs/diagnostics.md says what is in it.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from appliance.diagnosis.logged import RECORDS, errors, happened
from appliance.diagnosis.machine import ELSEWHERE, LOCAL, PASSING, WITHOUT_OWNERS
from appliance.diagnosis.shapes import shapes
from appliance.diagnosis.versions import PLATFORMS, PROCESSORS, number, versions
from appliance.errors import CloisterError
from appliance.licensing.standing import State
from appliance.settings import CHOICES, Settings, Source
from appliance.values import AirgapReport, Check, LogRecord

if TYPE_CHECKING:
    from appliance.desk import Desk

FORMAT = "cloister-diagnostics"
VERSION = 1

NAMES = frozenset(
    {
        *("air gap", "clock", "core dumps", "data folder", "disk", "encoder", "gpu", "guard"),
        *("health file",),
        *("hardware", "imports", "keys", "language model", "licence", "log", "log-in", "models"),
        *("policy", "program", "settings", "stores", "swap", "vault"),
    }
)
"""The doctor's checks. One that is not listed here is called "other": its name might be a title."""

NOT_ALLOWED = {"missing": "nobody_logged_in_who_may"}
STATES = ("ok", "warning", "failed")
_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
"""The times a zip can hold (APPNOTE 4.4.6); a clock that is wrong is no reason for no bundle."""
WORDS = frozenset(
    {
        *("other", "unknown", "off", "auto", "x86-64-v3", "x86-64-v4"),
        *(*PROCESSORS, *PLATFORMS, *LOCAL, *ELSEWHERE, *PASSING, *WITHOUT_OWNERS),
        *State,
    }
)
"""What a fact may say that is no number: a word that is not listed here might be a name."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")

README = """\
Cloister diagnostics, for your IT department and for support.

What is in here: versions of the program and of what it is built on; each check of `cloister
doctor` with its state, the code of the error and figures; settings that are numbers or a choice,
and who set them; counts and sizes of what lies in the data folder; how often what happened
according to the log, and the codes of the newest errors.

What is not: names of people, collections, documents, models or machines; questions, answers and
texts; paths; keys; identifiers. The members of this file are not compressed: look for anything you
would not give away before you give it away.
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a bundle is made of. records: the newest of the log, None where nobody is logged in who
    may have it verified; size: how many it has in all. documents: of each collection, in the order
    of ids, documents and passages."""

    data: Path
    settings: Settings
    airgap: AirgapReport
    checks: tuple[Check, ...]
    made: datetime
    records: tuple[LogRecord, ...] | None = None
    size: int = 0
    documents: tuple[tuple[int, int], ...] = ()


def bundle(looked: Looked) -> bytes:
    """The zip. Raises nothing for a part that cannot be had."""
    kept = io.BytesIO()
    moment = min(max(looked.made.timetuple()[:6], _FIRST), _LAST)
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _members(looked):
            about = zipfile.ZipInfo(name, date_time=moment)
            about.external_attr = 0o600 << 16
            archive.writestr(about, content)
    return kept.getvalue()


class Installation(Protocol):
    """Whatever knows where the data is and how this process was started."""

    @property
    def data(self) -> Path: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def airgap(self) -> AirgapReport: ...


def looked_at(
    at: Installation, checks: tuple[Check, ...], made: datetime, desk: Desk | None
) -> Looked:
    """With what an open desk adds, if this person may have the log verified; that a bundle is made
    is in the log then."""
    looked = Looked(at.data, at.settings, at.airgap, checks, made)
    if desk is None:
        return looked
    from appliance.desk import NotAllowed
    from appliance.policy import Action

    records: tuple[LogRecord, ...] | None = None
    log = desk.ledger.log
    desk.ledger.note("diagnostics.made")
    try:
        desk.require(Action.VERIFY_LOG)
        records = log.records(max(log.size - RECORDS, 0), RECORDS)
    except NotAllowed:
        records = None
    except CloisterError:
        records = ()  # what is wrong with the log stands among the checks
    held = sorted(desk.library.open_collections())
    counts = tuple(desk.library.counts(identifier) for identifier in held)
    return replace(looked, records=records, size=log.size, documents=counts)


def _members(looked: Looked) -> Sequence[tuple[str, str]]:
    records = looked.records
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("about", lambda: {"format": FORMAT, "version": VERSION, "made": _minute(looked.made)}),
        ("versions", versions),
        ("doctor", lambda: doctor(looked.checks)),
        ("air-gap", lambda: air_gap(looked.airgap)),
        ("settings", lambda: settings(looked.settings)),
        ("shapes", lambda: {**shapes(looked.data), "documents": list(looked.documents)}),
        ("log", lambda: NOT_ALLOWED if records is None else happened(records, looked.size)),
        ("errors", lambda: NOT_ALLOWED if records is None else errors(records)),
    )
    return (("README.txt", README), *((f"{name}.json", _part(make)) for name, make in parts))


def _part(make: Callable[[], object]) -> str:
    try:
        made = make()
    except CloisterError as error:
        made = {"missing": error.code}
    except OSError as error:
        made = {"missing": f"errno_{error.errno or 0}"}
    except Exception as error:  # noqa: BLE001  made where things are broken: one part is missing
        made = {"missing": type(error).__name__}
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def doctor(checks: Sequence[Check]) -> list[dict[str, object]]:
    """Of each check what nobody can be told by."""
    return [
        {
            "check": check.name if check.name in NAMES else "other",
            "state": check.state if check.state in STATES else "failed",
            "code": check.code if _NAME.fullmatch(check.code) else "",
            "facts": {name: _value(value) for name, value in check.facts if _NAME.fullmatch(name)},
        }
        for check in checks
    ]


def air_gap(report: AirgapReport) -> dict[str, object]:
    return {
        "holds": report.holds,
        "guards": len(report.guards),
        "probes": len(report.probes),
        "open": [probe.name for probe in report.probes if not probe.blocked],
    }


def settings(read: Settings) -> dict[str, object]:
    """Each setting: who set it, and its value, if that is a number or one of a choice. Of a free
    text only its length: a model may be named after its maker, a path after a person."""
    shown: dict[str, object] = {}
    for field in fields(Settings):
        value = getattr(read, field.name)
        if not isinstance(value, str | int):
            continue  # where the values come from, which `source` says
        source = read.source(field.name)
        said: dict[str, object] = {"source": Source(source).value}
        if isinstance(value, int) or value in CHOICES.get(field.name, ()):
            said["value"] = value
        else:
            said["characters"] = len(value)
        shown[field.name] = said
    return shown


def _value(value: str | int) -> str | int:
    if isinstance(value, str) and value not in WORDS:
        return number(value) or "other"
    return value


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"
