"""The committed vectors open, for ever. A change that breaks one needs a new format version."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.errors import StorageReadOnly
from appliance.values import Role
from appliance.vault import vault_file
from appliance.vault.sealed import Context, read_sealed, unseal
from appliance.vault.signing import Algorithm, SigningKey, VerifyingKey, require_signature
from appliance.vault.slots import Slot, SlotKind, open_slot
from appliance.vault.suites import Kem, PrivateKey, Profile, PublicKey, public_of, slow_of
from appliance.vault.vault import Vault
from appliance.vault.wraps import unwrap

VECTORS = Path(__file__).parents[2] / "vectors" / "vault" / "v1"
CONTEXT = Context("vector", "0123/4567", 7)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def fields(path: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((VECTORS / path).read_text())
    return loaded


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("secret", ["passphrase", "code"])
def test_a_vault_of_every_version_opens(
    tmp_path: Path, version: int, profile: Profile, secret: str
) -> None:
    folder = VECTORS.parent / f"v{version}" / f"vault-{profile}"
    want: dict[str, str] = json.loads((folder / "expected.json").read_text())
    shutil.copytree(folder, tmp_path / "data")
    vault = Vault(tmp_path / "data")
    founder = vault.unlock(want[f"founder_{secret}"], "ann example")
    assert founder.person.id == want["founder"]
    assert founder.person.name == "Ann Example"
    assert founder.profile is profile
    assert founder.counter == int(want["counter"])
    assert founder.collections() == ((want["collection"], "Ward 9"),)
    assert founder.collection_key(want["collection"]).hex() == want["collection_key"]
    assert founder.person_key("vector").hex() == want["person_key"]
    assert founder.vault_subkey("vector").hex() == want["vault_subkey"]
    assert founder.open_as_auditor(bytes.fromhex(want["payload"]), CONTEXT) == b"a question"
    assert founder.recoverable(want["founder_code"]) == founder.collections()
    member = vault.unlock(want[f"member_{secret}"], "Bob Example")
    assert (member.person.id, member.person.roles) == (want["member"], (Role.MEMBER,))
    assert member.collection_key(want["collection"]).hex() == want["collection_key"]


def test_opening_a_vector_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageReadOnly("written")

    shutil.copytree(VECTORS / "vault-standard", tmp_path / "data")
    before = (tmp_path / "data" / "vault.json").read_bytes()
    monkeypatch.setattr(vault_file, "write_atomic", refuse)
    want = fields("vault-standard/expected.json")
    assert not Vault(tmp_path / "data").unlock(want["founder_passphrase"], "Ann Example").mend()
    assert (tmp_path / "data" / "vault.json").read_bytes() == before


def test_a_vault_of_version_1_with_one_person_is_brought_forward(tmp_path: Path) -> None:
    """Only once the caller has looked into the log: unlocking alone leaves it as it is."""
    folder = VECTORS / "vault-one"
    want: dict[str, str] = json.loads((folder / "expected.json").read_text())
    shutil.copytree(folder, tmp_path / "data")
    vault = Vault(tmp_path / "data")
    session = vault.unlock(want["founder_passphrase"])
    assert session.roster_size == 0
    assert session.mend()
    assert session.roster_size == 2
    again = vault.unlock(want["founder_code"])
    assert again.collection_key(want["collection"]).hex() == want["collection_key"]
    assert again.person_key("vector").hex() == want["person_key"]
    assert again.recoverable(want["founder_code"]) == again.collections()
    bob, _ = again.add_person("Bob", "another long phrase", (Role.MEMBER,), NOW)
    again.add_member(want["collection"], bob.id)
    assert vault.unlock("another long phrase", "Bob").collections() == again.collections()


def test_what_was_sealed_with_version_1_opens() -> None:
    want = fields("sealed.json")
    key = bytes.fromhex(want["key"])
    assert CONTEXT.encoded().hex() == want["context"]
    assert unseal(key, bytes.fromhex(want["sealed"]), CONTEXT).decode() == want["plaintext"]
    file = VECTORS / "file.sealed"
    assert read_sealed(file, key, CONTEXT).decode() == want["file_plaintext"]


@pytest.mark.parametrize("profile", list(Profile))
def test_a_wrap_and_a_slot_of_version_1_open(profile: Profile) -> None:
    want = fields(f"keys-{profile}.json")
    kem = Kem(want["kem"])
    private = PrivateKey(kem, bytes.fromhex(want["private"]))
    assert public_of(private) == PublicKey(kem, bytes.fromhex(want["public"]))
    assert unwrap(private, bytes.fromhex(want["wrap"]), CONTEXT).hex() == want["wrapped"]
    salt, sealed = bytes.fromhex(want["slot_salt"]), bytes.fromhex(want["slot_sealed"])
    slot = Slot(want["slot_id"], SlotKind.PASSPHRASE, slow_of(profile), salt, kem, sealed)
    assert open_slot(slot, want["slot_secret"].encode(), want["slot_owner"]) == private


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_signature_of_version_1_verifies(algorithm: Algorithm) -> None:
    want = fields(f"signature-{algorithm}.json")
    public = VerifyingKey(algorithm, bytes.fromhex(want["public"]))
    assert SigningKey.from_seed(algorithm, bytes.fromhex(want["seed"])).public == public
    require_signature(public, want["message"].encode(), bytes.fromhex(want["signature"]))
