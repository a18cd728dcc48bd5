"""The marker of a data folder that came out of a backup: `<data>/restored.json`.

Rules kept here: it is written before the restored vault can be opened and stays for good; it is
authenticated under the vault's key, so it is not made up; that it is not simply taken away shows
in the log, which holds the same number as its value `restored/<vault>`. Whoever certifies seats
reads both: a seat that was certified under a lower number (or before there was any) must be
certified again. Format: docs/formats/backup.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.parcel.reading import NotOrdinary, read_bounded
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_bytes,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.durable import write_atomic
from appliance.vault.errors import Tampered
from appliance.vault.primitives import mac, require_mac

FILE = "restored.json"
SUBKEY = "restored"
"""The purpose of the vault's key that authenticates the marker."""

VALUE = "restored"
"""The kind of the log's value; its identity is the vault's id."""

FORMAT = "cloister-restored"
_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Restored:
    """restorations: how often this vault was restored, this time included. backup: the number in
    its folder of backups (`repository`). created: when that backup was made; restored: when it was
    put back."""

    vault: str
    restorations: int
    repository: str
    backup: int
    created: datetime
    restored: datetime


def write_restored(data: Path, marker: Restored, key: bytes) -> None:
    """Durable on return. key: the vault's key for SUBKEY."""
    members = _members(marker)
    tag = base64_text(mac(key, canonical_json(members)))
    write_atomic(data / FILE, canonical_json({**members, "mac": tag}))


def read_restored(data: Path, key: bytes | None = None) -> Restored | None:
    """None where there is none. Without a key (nobody is logged in) it is taken at its word.
    Raises vault.Tampered where it is not what was written."""
    damaged = Tampered("The marker of a restored backup (restored.json) is damaged.")
    try:
        members = read_json(read_bounded(data / FILE, _LIMIT))
        tag = base64_bytes(str(members.pop("mac", "")))
        marker = _decoded(Fields(members))
    except FileNotFoundError:
        return None
    except (NotOrdinary, Malformed, ValueError):
        raise damaged from None
    if key is not None:
        require_mac(key, canonical_json(members), tag)
    return marker


def _members(marker: Restored) -> dict[str, Json]:
    return {
        "backup": marker.backup,
        "created": _spelled(marker.created),
        "format": FORMAT,
        "repository": marker.repository,
        "restorations": marker.restorations,
        "restored": _spelled(marker.restored),
        "vault": marker.vault,
        "version": 1,
    }


def _decoded(fields: Fields) -> Restored:
    fields.only(*_members(Restored("", 0, "", 0, _EPOCH, _EPOCH)))
    fields.integer("version", 1, 1)
    if fields.text("format") != FORMAT:
        raise Malformed("format")
    return Restored(
        vault=fields.text("vault", 64),
        restorations=fields.integer("restorations", 1),
        repository=fields.text("repository", 64),
        backup=fields.integer("backup", 1),
        created=datetime.fromisoformat(fields.text("created", 40)),
        restored=datetime.fromisoformat(fields.text("restored", 40)),
    )


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
