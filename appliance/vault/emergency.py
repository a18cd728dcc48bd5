"""Breaking the glass, as far as keys go: who may come to a collection they are no member of.

Rules kept here: a member of the collection says beforehand who may, and nobody else can, whatever
their role; what such a person holds is wrapped apart from membership and opens as nothing else.
That a reason is written and auditors are told before it is used is the caller's to see to
(appliance/glass.py); the key itself cannot enforce it.
"""

from __future__ import annotations

from appliance.vault import holdings
from appliance.vault.errors import NotAMember
from appliance.vault.opened import OpenVault
from appliance.vault.proofs import require_chain


class Emergency:
    """Of an open vault, in one person's name. Raises what a session raises."""

    def __init__(self, opened: OpenVault) -> None:
        self._open = opened

    def prepare(self, collection: str, person: str) -> None:
        """The person may break the glass of the collection. Raises NotAMember (this person is
        none), PersonUnknown, UsageError (they have not enrolled)."""
        keyring = self._open.keyring
        self._require_member(collection)
        self._open.change(lambda old: holdings.with_emergency(old, collection, person, keyring))

    def withdraw(self, collection: str, person: str) -> None:
        """They may not any more; the collection is due for a new key. Raises NotAMember."""
        self._require_member(collection)
        self._open.change(lambda old: holdings.without_emergency(old, collection, person))

    def holders(self, collection: str) -> tuple[str, ...]:
        """Ids of those who may break the glass. Raises NotAMember."""
        with self._open.lock:
            document = self._open.current()
            entry = holdings.collection_by_id(document, collection)
            key = self._open.keyring.collection_key(entry.id, entry.keys[-1])
            return holdings.emergency_of(document, entry, key)

    def collections(self) -> tuple[tuple[str, str], ...]:
        """(id, title) of those whose glass is this person's to break; their members' own not."""
        with self._open.lock:
            document = self._open.current()
            found = []
            for entry in document.collections:
                if holdings.holds(entry.keys[-1].wraps, self._open.keyring.holder):
                    continue
                try:
                    title = holdings.emergency_title(document, entry, self._open.keyring)
                except NotAMember:
                    continue
                found.append((entry.id, title))
            return tuple(found)

    def keys(self, collection: str) -> tuple[bytes, ...]:
        """Newest first, as `Session.collection_keys`. Raises NotAMember."""
        with self._open.lock:
            document, keyring = self._open.current(), self._open.keyring
            entry = holdings.collection_by_id(document, collection)
            keyring.emergency_key(entry.id, entry.keys[-1])
            held = [
                (key, keyring.emergency_key(entry.id, key))
                for key in entry.keys
                if holdings.holds(key.emergency, keyring.holder)
            ]
            require_chain(document.id, entry.id, held)
            return tuple(secret for _, secret in reversed(held))

    def _require_member(self, collection: str) -> None:
        with self._open.lock:
            entry = holdings.collection_by_id(self._open.current(), collection)
            self._open.keyring.collection_key(entry.id, entry.keys[-1])
