"""The vault's keys where there is no vault yet: from the institution's recovery code alone.

Rules kept here: an envelope holds the recovery key's slot and its wrap of the vault key, nothing
of what the vault holds; only the custodian's code opens it; what it opens to is believed because
the wrap is bound to the vault and to the recovery key it names. Its version is that of the vault
the entry stood in. Format: docs/formats/backup.md.
"""

from __future__ import annotations

from appliance.vault import contexts
from appliance.vault.canonical import Fields, Malformed, canonical_json, read_json
from appliance.vault.decoding import VERSION, read_recovery
from appliance.vault.document import Document
from appliance.vault.encoding import recovery_json
from appliance.vault.errors import Tampered, WrongPassphrase, WrongRecoveryCode
from appliance.vault.primitives import hkdf
from appliance.vault.recovery import read_code, secret_for
from appliance.vault.slots import open_slot
from appliance.vault.suites import public_of
from appliance.vault.wraps import unwrap

FORMAT = "cloister-recovery"
MAXIMUM_ENVELOPE = 32_768


class RecoveredVault:
    """The key that every person of a vault has part in. `close` overwrites it."""

    def __init__(self, vault: str, key: bytes) -> None:
        self.vault = vault
        self._key = bytearray(key)

    def subkey(self, purpose: str) -> bytes:
        """32 bytes, the same as `Session.vault_subkey` gives."""
        return hkdf(self._key, f"cloister/vault/{purpose}/v1")

    def close(self) -> None:
        self._key[:] = bytes(len(self._key))


def recovery_envelope(document: Document) -> bytes:
    """Canonical JSON (RFC 8785)."""
    return canonical_json(
        {
            "format": FORMAT,
            "recovery": recovery_json(document.recovery),
            "vault": document.id,
            "version": VERSION,
        }
    )


def recovered_vault(untrusted: bytes, recovery_code: str) -> RecoveredVault:
    """Opens an envelope. Raises RecoveryCodeMistyped (before the slow derivation),
    WrongRecoveryCode, Tampered. Takes one slow derivation (about 0.13 s)."""
    secret = secret_for(read_code(recovery_code), "institution")
    sentence = "The envelope of the recovery key is damaged."
    try:
        fields = Fields(read_json(untrusted)).only("format", "recovery", "vault", "version")
        if fields.text("format") != FORMAT or len(untrusted) > MAXIMUM_ENVELOPE:
            raise Tampered(sentence)
        version = fields.integer("version", 1, VERSION)
        vault = fields.text("vault", 64)
        recovery = read_recovery(fields.fields("recovery"), version)
    except Malformed:
        raise Tampered(sentence) from None
    try:
        private = open_slot(recovery.slot, secret, contexts.slot_owner(vault, recovery.id))
    except WrongPassphrase:
        raise WrongRecoveryCode("This recovery code does not open the backup.") from None
    if public_of(private) != recovery.public:
        raise Tampered(sentence)
    key = unwrap(private, recovery.vault_key, contexts.vault_key(vault, recovery.id))
    return RecoveredVault(vault, key)
