"""What each sealed or wrapped thing of vault.json is, in one place.

Rules kept here: every context names the vault, so nothing moves between vaults; a wrap also names
its holder, so nothing moves between people; ids are hexadecimal, so "/" only ever separates.
"""

from __future__ import annotations

from appliance.vault.sealed import Context


def slot_owner(vault: str, holder: str) -> str:
    return f"{vault}/{holder}"


def person_name(vault: str, person: str) -> Context:
    return Context("person-name", f"{vault}/{person}")


def vault_key(vault: str, holder: str) -> Context:
    return Context("vault-key", f"{vault}/{holder}")


def store_key(vault: str, person: str) -> Context:
    return Context("person-store-key", f"{vault}/{person}")


def collection_key(vault: str, collection: str, key: str, holder: str) -> Context:
    return Context("collection-key", f"{vault}/{collection}/{key}/{holder}")


def collection_title(vault: str, collection: str, key: str) -> Context:
    return Context("collection-title", f"{vault}/{collection}/{key}")


def next_key(vault: str, collection: str, old: str, new: str) -> Context:
    return Context("collection-next-key", f"{vault}/{collection}/{old}/{new}")


def payload_key(vault: str, payload: str, person: str, holder: str) -> Context:
    return Context("payload-key", f"{vault}/{payload}/{person}/{holder}")


def own_payload(vault: str, payload: str, person: str) -> Context:
    return Context("payload-own-key", f"{vault}/{payload}/{person}")


def emergency_key(vault: str, collection: str, key: str, holder: str) -> Context:
    return Context("emergency-key", f"{vault}/{collection}/{key}/{holder}")


def roster_anchor(vault: str, person: str) -> Context:
    return Context("roster-anchor", f"{vault}/{person}")
