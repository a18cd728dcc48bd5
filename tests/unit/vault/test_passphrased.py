"""A secret under a passphrase: it opens with that, as what it is, and with nothing else."""

from __future__ import annotations

import json

import pytest

from appliance.vault import Context, PassphraseTooWeak, Profile, Tampered, WrongPassphrase
from appliance.vault.canonical import canonical_json
from appliance.vault.passphrased import open_under_passphrase, seal_under_passphrase

PASSPHRASE = "staple battery nine"
WHAT = Context("authority-key", "a")


def test_it_opens_with_its_passphrase_and_as_what_it_was_sealed_alone() -> None:
    content = seal_under_passphrase(b"secret", PASSPHRASE, WHAT)
    assert b"secret" not in content
    assert open_under_passphrase(content, PASSPHRASE, WHAT) == b"secret"
    for passphrase, context in (("another one entirely", WHAT), (PASSPHRASE, Context("b", "a"))):
        with pytest.raises(WrongPassphrase):
            open_under_passphrase(content, passphrase, context)


def test_the_fips_profile_derives_with_pbkdf2() -> None:
    content = seal_under_passphrase(b"secret", PASSPHRASE, WHAT, Profile.FIPS)
    assert json.loads(content)["kdf"] == {"iterations": 600_000, "name": "pbkdf2-hmac-sha256"}
    assert open_under_passphrase(content, PASSPHRASE, WHAT) == b"secret"


def test_a_weak_passphrase_seals_nothing() -> None:
    with pytest.raises(PassphraseTooWeak):
        seal_under_passphrase(b"secret", "short", WHAT)


def test_what_is_no_such_file_or_costs_too_little_is_refused() -> None:
    content = seal_under_passphrase(b"secret", PASSPHRASE, WHAT)
    told = json.loads(content)
    for wrong in (
        b"", content[:-1], b"x" * 70_000,
        canonical_json({**told, "kdf": {**told["kdf"], "memory": 1024}}),
        canonical_json({**told, "kdf": {**told["kdf"], "memory": 2**30}}),
        canonical_json({**told, "kdf": {"name": "md5"}}),
        canonical_json({**told, "version": 2}),
        canonical_json({**told, "more": 1}),
    ):  # fmt: skip
        with pytest.raises(Tampered):
            open_under_passphrase(wrong, PASSPHRASE, WHAT)
