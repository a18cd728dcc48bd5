"""Makes the vectors beside it, once per format version. What is committed is never made anew.

Run from the repository's root: python -m tests.vectors.vault.make NEW_FOLDER
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from appliance.values import Role
from appliance.vault.sealed import Context, seal, write_sealed
from appliance.vault.signing import Algorithm, SigningKey
from appliance.vault.slots import SlotKind, make_slot
from appliance.vault.suites import Argon2, Profile, generate_pair
from appliance.vault.vault import Vault
from appliance.vault.wraps import wrap

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FOUNDER, MEMBER = "staple battery nine", "another long phrase"
CONTEXT = Context("vector", "0123/4567", 7)
KEY = bytes(range(32))


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    for profile in Profile:
        _vault(folder / f"vault-{profile}", profile)
    # What follows has not changed since version 1 and is kept there.
    if folder.name != "v1":
        return
    for profile in Profile:
        _wrap_and_slot(folder, profile)
    write_sealed(folder / "file.sealed", KEY, b"three" * 50, CONTEXT)
    blob = seal(KEY, "sealed text, ä".encode(), CONTEXT)
    _save(
        folder / "sealed.json",
        key=KEY.hex(),
        context=CONTEXT.encoded().hex(),
        plaintext="sealed text, ä",
        sealed=blob.hex(),
        file_plaintext="three" * 50,
    )
    for algorithm in Algorithm:
        pair = SigningKey.from_seed(algorithm, KEY)
        _save(
            folder / f"signature-{algorithm}.json",
            seed=KEY.hex(),
            public=pair.public.raw.hex(),
            message="signed text",
            signature=pair.sign(b"signed text").hex(),
        )


def _vault(folder: Path, profile: Profile) -> None:
    session, code = Vault(folder).create("Ann Example", FOUNDER, profile=profile, now=NOW)
    ward = session.create_collection("Ward 9", NOW)
    member, member_code = session.add_person("Bob Example", MEMBER, (Role.MEMBER,), NOW)
    session.add_member(ward, member.id)
    payload = session.seal_to_auditors(b"a question", CONTEXT)
    _save(
        folder / "expected.json",
        founder=session.person.id,
        founder_passphrase=FOUNDER,
        founder_code=code,
        member=member.id,
        member_passphrase=MEMBER,
        member_code=member_code,
        collection=ward,
        collection_key=session.collection_key(ward).hex(),
        person_key=session.person_key("vector").hex(),
        vault_subkey=session.vault_subkey("vector").hex(),
        payload=payload.hex(),
        counter=str(session.counter),
    )


def _wrap_and_slot(folder: Path, profile: Profile) -> None:
    public, private = generate_pair(profile)
    slot = make_slot(SlotKind.PASSPHRASE, b"slot secret", private, "v/p", profile)
    _save(
        folder / f"keys-{profile}.json",
        kem=public.kem.value,
        public=public.raw.hex(),
        private=private.raw.hex(),
        wrap=wrap(public, KEY, CONTEXT).hex(),
        wrapped=KEY.hex(),
        slot_id=slot.id,
        slot_owner="v/p",
        slot_secret="slot secret",
        slot_kdf="argon2id" if isinstance(slot.slow, Argon2) else "pbkdf2-hmac-sha256",
        slot_salt=slot.salt.hex(),
        slot_sealed=slot.sealed.hex(),
    )


def _save(path: Path, **fields: str) -> None:
    path.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
