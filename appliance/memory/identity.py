"""The row that says which store this is, authenticated under the store's key.

Rules kept here: kind, id, format and generation are bound together by HMAC-SHA256; the row is
rewritten in every transaction, so its generation is that of the newest change that is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from appliance.errors import StoreTampered
from appliance.memory.database import Row
from appliance.memory.errors import StoreDamaged, StoreSwapped
from appliance.vault.errors import Tampered
from appliance.vault.primitives import mac, require_mac

if TYPE_CHECKING:
    import duckdb

FORMAT: Final = 1

_TABLE = (
    "CREATE TABLE identity (kind VARCHAR NOT NULL, id VARCHAR NOT NULL, format INTEGER NOT NULL, "
    "generation BIGINT NOT NULL, tag BLOB NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """kind is "collection" or "person"; generation counts transactions, from 1."""

    kind: str
    id: str
    generation: int

    def raised(self) -> Identity:
        return replace(self, generation=self.generation + 1)

    def encoded(self) -> bytes:
        """Canonical bytes for the tag."""
        fields = ["cloister/store/identity", FORMAT, self.kind, self.id, self.generation]
        return json.dumps(fields, separators=(",", ":")).encode()


def write_identity(
    connection: duckdb.DuckDBPyConnection, identity: Identity, key: bytes, *, fresh: bool = False
) -> None:
    """Writes the row, in a fresh store with its table. Raises duckdb.Error."""
    tag = mac(key, identity.encoded())
    if fresh:
        connection.execute(_TABLE)
        connection.execute(
            "INSERT INTO identity VALUES (?, ?, ?, ?, ?)",
            [identity.kind, identity.id, FORMAT, identity.generation, tag],
        )
    else:
        connection.execute(
            "UPDATE identity SET generation = ?, tag = ?", [identity.generation, tag]
        )


def read_identity(
    connection: duckdb.DuckDBPyConnection, expected: Identity, key: bytes
) -> Identity:
    """The identity in force. Raises StoreSwapped for another store's, StoreDamaged for none."""
    import duckdb

    try:
        rows = connection.execute("SELECT kind, id, format, generation, tag FROM identity")
        found = _parsed(rows.fetchall(), key)
    except duckdb.Error:
        raise StoreDamaged("A store does not say what it is, and is not used.") from None
    if (found.kind, found.id) != (expected.kind, expected.id):
        raise StoreSwapped("A store belongs to another collection or person.")
    return found


def _parsed(rows: list[Row], key: bytes) -> Identity:
    if len(rows) != 1:
        raise StoreDamaged("A store does not say what it is, and is not used.")
    kind, name, version, generation, tag = rows[0]
    if not (
        isinstance(kind, str)
        and isinstance(name, str)
        and isinstance(generation, int)
        and isinstance(tag, bytes)
    ):
        raise StoreDamaged("A store does not say what it is, and is not used.")
    if version != FORMAT:
        raise StoreTampered(
            "A store has a format this version does not know.",
            hint="Install the version of Cloister that wrote it, or a newer one.",
        )
    identity = Identity(kind, name, generation)
    try:
        require_mac(key, identity.encoded(), tag)
    except Tampered:
        raise StoreDamaged("A store's identity is not authentic, and it is not used.") from None
    return identity
