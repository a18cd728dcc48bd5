"""The keys of a vault's backups, all derived from one that every person of the vault has part in.

Rules kept here: a chunk's name is a keyed hash of its content, so that equal content is kept once
and a name tells nothing to whoever has no key; what is sealed is bound to its name, its backup and
its folder; the signing key comes from the vault's key, so that whoever holds the recovery code
knows which signature to demand without having seen the data folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from appliance.vault.primitives import hkdf, mac
from appliance.vault.sealed import Context, seal, seal_repeatably, unseal
from appliance.vault.signers import SignerKey, TrustedKey

NAME_SIZE = 32
SUBKEY = "backup"
"""The purpose under which the vault derives what `BackupKeys.of` takes."""


@dataclass(frozen=True, slots=True)
class BackupKeys:
    """Holding this is holding the keys."""

    naming: bytes = field(repr=False)
    chunks: bytes = field(repr=False)
    index: bytes = field(repr=False)
    signer: SignerKey = field(repr=False)

    @staticmethod
    def of(subkey: bytes) -> BackupKeys:
        """subkey: 32 bytes, the vault's key for SUBKEY."""

        def derived(purpose: str) -> bytes:
            return hkdf(subkey, f"cloister/backup/{purpose}/v1")

        return BackupKeys(
            naming=derived("names"),
            chunks=derived("chunks"),
            index=derived("index"),
            signer=SignerKey.from_seeds(derived("sign/ed25519"), derived("sign/ml-dsa-65")),
        )

    @property
    def public(self) -> TrustedKey:
        return self.signer.public("backup")

    def name_of(self, content: bytes) -> bytes:
        """32 bytes."""
        return mac(self.naming, content)

    def sealed_chunk(self, name: bytes, content: bytes) -> bytes:
        """The same bytes each time, so that a damaged chunk can be written anew for all backups."""
        return seal_repeatably(self.chunks, content, _chunk(name))

    def opened_chunk(self, name: bytes, untrusted: bytes) -> bytes:
        """Raises Tampered."""
        return unseal(self.chunks, untrusted, _chunk(name))

    def sealed_index(self, repository: str, number: int, content: bytes) -> bytes:
        return seal(self.index, content, _index(repository, number))

    def opened_index(self, repository: str, number: int, untrusted: bytes) -> bytes:
        """Raises Tampered."""
        return unseal(self.index, untrusted, _index(repository, number))


def fingerprint(key: TrustedKey) -> str:
    """64 hexadecimal digits over both public keys: what a person compares, and what `--key` is."""
    return hashlib.sha256(key.ed25519 + key.ml_dsa_65).hexdigest()


def _chunk(name: bytes) -> Context:
    return Context("backup-chunk", name.hex())


def _index(repository: str, number: int) -> Context:
    return Context("backup-index", repository, number)
