"""The secrets of one unlocked person, and nothing that is not secret.

Rules kept here: secrets rest in bytearrays that `close` overwrites. The limit, said plainly:
Python and OpenSSL make short-lived copies that cannot be overwritten; they last until their memory
is used again. Core dumps are off and memory is closed to other processes (process.py) for that.
"""

from __future__ import annotations

from appliance.vault import contexts
from appliance.vault.document import Document, KeyEntry, PayloadEntry, PersonEntry, Wrapped
from appliance.vault.errors import NotAMember, SessionClosed
from appliance.vault.primitives import KEY_SIZE, hkdf
from appliance.vault.sealed import Context, seal, unseal
from appliance.vault.suites import PrivateKey
from appliance.vault.wraps import unwrap


class Keyring:
    """`holder` is the person's id. Unwrapped keys are kept until `close`."""

    def __init__(
        self, vault: str, holder: str, private: PrivateKey, vault_key: bytes, store_key: bytes
    ) -> None:
        self.vault = vault
        self.holder = holder
        self._kem = private.kem
        self._private = bytearray(private.raw)
        self._vault_key = bytearray(vault_key)
        self._store_key = bytearray(store_key)
        self._unwrapped: dict[str, bytearray] = {}
        self._closed = False

    @property
    def vault_key(self) -> bytes:
        self._require_open()
        return bytes(self._vault_key)

    def private(self) -> PrivateKey:
        self._require_open()
        return PrivateKey(self._kem, bytes(self._private))

    def vault_subkey(self, purpose: str) -> bytes:
        self._require_open()
        return hkdf(self._vault_key, f"cloister/vault/{purpose}/v1")

    def person_key(self, purpose: str) -> bytes:
        self._require_open()
        return hkdf(self._store_key, f"cloister/person/{purpose}/v1")

    def collection_key(self, collection: str, entry: KeyEntry) -> bytes:
        """Raises NotAMember if the key is not wrapped to this person."""
        context = contexts.collection_key(self.vault, collection, entry.id, self.holder)
        return self._held(f"collection/{entry.id}", entry.wraps, context)

    def emergency_key(self, collection: str, entry: KeyEntry) -> bytes:
        """Raises NotAMember if the glass is not this person's to break."""
        context = contexts.emergency_key(self.vault, collection, entry.id, self.holder)
        return self._held(f"emergency/{entry.id}", entry.emergency, context)

    def payload_key(self, entry: PayloadEntry) -> bytes:
        """Raises NotAMember if the key is not wrapped to this person."""
        context = contexts.payload_key(self.vault, entry.id, entry.person, self.holder)
        return self._held(f"payload/{entry.id}", entry.wraps, context)

    def sealed_payload(self, entry: PayloadEntry, key: bytes, serial: int) -> bytes:
        """A payload key for this person alone, with the roster's length when they made it."""
        context = contexts.own_payload(self.vault, entry.id, self.holder)
        return seal(self._own("payload"), key + serial.to_bytes(8, "big"), context)

    def own_payload(self, entry: PayloadEntry) -> tuple[bytes, int]:
        """What `sealed_payload` sealed. Raises Tampered for what this person did not make."""
        context = contexts.own_payload(self.vault, entry.id, self.holder)
        text = unseal(self._own("payload"), entry.own, context)
        return text[:KEY_SIZE], int.from_bytes(text[KEY_SIZE:], "big")

    def close(self) -> None:
        for secret in (self._private, self._vault_key, self._store_key, *self._unwrapped.values()):
            secret[:] = bytes(len(secret))
        self._unwrapped.clear()
        self._closed = True

    def _held(self, key_id: str, wraps: tuple[Wrapped, ...], context: Context) -> bytes:
        """The document decides who holds a key; what was unwrapped before only saves the work."""
        self._require_open()
        own = next((item.wrap for item in wraps if item.holder == self.holder), None)
        if own is None:
            raise NotAMember("This key is not held by the person who is logged in.")
        kept = self._unwrapped.get(key_id)
        if kept is None:
            kept = self._unwrapped[key_id] = bytearray(unwrap(self.private(), own, context))
        return bytes(kept)

    def _own(self, purpose: str) -> bytes:
        self._require_open()
        return hkdf(self._private, f"cloister/person/{purpose}/v1")

    def _require_open(self) -> None:
        if self._closed:
            raise SessionClosed("The vault is locked.")


def opened_keyring(document: Document, person: PersonEntry, private: PrivateKey) -> Keyring:
    """Unwraps the person's own two keys. Raises Tampered."""
    vault_key = unwrap(private, person.vault_key, contexts.vault_key(document.id, person.id))
    store_key = unwrap(private, person.store_key, contexts.store_key(document.id, person.id))
    return Keyring(document.id, person.id, private, vault_key, store_key)
