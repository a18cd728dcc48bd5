"""Whose signatures on chat models are good here.

Rules kept here: the vendor's keys are part of the program; the institution's stand in a file that
only an administrator can write, /etc/cloister/model-signers.json, and one that others could have
written is refused as managed settings are; where there is none, in the one beside the user's
settings. A file that is not in order trusts nobody, and says so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from appliance.engine.bundles.shipped import SIGNER
from appliance.engine.errors import BundleUntrusted
from appliance.managed import MANAGED, SettingsInvalid, content
from appliance.settings import user_file
from appliance.vault.canonical import Fields, Json, Malformed, base64_text, read_json
from appliance.vault.signers import SignerKey, TrustedKey

SIGNERS = "model-signers.json"
FORMAT = "cloister-model-signers/1"
MAX_SIGNERS = 64
MAX_FILE = 1_000_000


class SignersInvalid(BundleUntrusted):
    code = "signers_invalid"
    hint = "Correct the file, or write it anew with `cloister model key`."


class KeyUnusable(BundleUntrusted):
    code = "signing_key_unusable"
    hint = "Make a key with `cloister model key FILE --signer NAME`."


def trusted_signers(
    managed: Path | None = None, user: Path | None = None
) -> tuple[TrustedKey, ...]:
    """The vendor's and the institution's. managed: this machine's own place if None; of a path it
    is not asked who may write it. Raises SignersInvalid."""
    institution = (managed, None) if managed is not None else (MANAGED.with_name(SIGNERS), 0)
    for path, owner in (institution, (user or user_file().with_name(SIGNERS), None)):
        try:
            untrusted = content(path, owner, MAX_FILE)
        except SettingsInvalid as error:
            raise SignersInvalid(error.sentence, hint=error.next_step) from error
        if untrusted is not None:
            return vendor_signers() + parse_signers(untrusted, str(path))
    return vendor_signers()


def vendor_signers() -> tuple[TrustedKey, ...]:
    """The vendor's: whoever signed the composer that ships. None in a program without it."""
    try:
        return parse_signers(SIGNER.read_bytes(), SIGNER.name)
    except FileNotFoundError:
        return ()


def parse_signers(untrusted: bytes, name: str) -> tuple[TrustedKey, ...]:
    """Raises SignersInvalid, naming `name`."""
    try:
        fields = Fields(read_json(_canonical(untrusted))).only("format", "signers")
        signers = tuple(_signer(row) for row in fields.rows("signers", MAX_SIGNERS))
    except Malformed as error:
        raise SignersInvalid(f"{name} is no list of model signers ({error}).") from error
    if fields.text("format") != FORMAT:
        raise SignersInvalid(f"{name} is of a form this version cannot read.")
    return signers


def signers_bytes(signers: tuple[TrustedKey, ...]) -> bytes:
    """The content of such a file, for people to look at."""
    entries: list[Json] = [
        {
            "ed25519": base64_text(key.ed25519),
            "ml-dsa-65": base64_text(key.ml_dsa_65),
            "name": key.name,
        }
        for key in signers
    ]
    return json.dumps({"format": FORMAT, "signers": entries}, indent=1).encode() + b"\n"


def _canonical(untrusted: bytes) -> bytes:
    """People edit this file: its spaces do not matter. Raises Malformed."""
    try:
        value = json.loads(untrusted)
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None


def _signer(untrusted: Fields) -> TrustedKey:
    untrusted.only("ed25519", "ml-dsa-65", "name")
    return TrustedKey(
        untrusted.text("name"), untrusted.blob("ed25519"), untrusted.blob("ml-dsa-65")
    )


def write_key(path: Path) -> SignerKey:
    """Makes a key pair and writes its seeds into a new file, readable for its owner alone. Raises
    OSError (FileExistsError where there is such a file)."""
    key = SignerKey.generate()
    seeds = {"ed25519": key.ed25519.seed.hex(), "ml-dsa-65": key.ml_dsa_65.seed.hex()}
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(seeds) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> SignerKey:
    """A key file of `write_key`. Raises KeyUnusable."""
    try:
        with path.open("rb") as file:
            seeds = json.loads(file.read(MAX_FILE))
        return SignerKey.from_seeds(
            bytes.fromhex(seeds["ed25519"]), bytes.fromhex(seeds["ml-dsa-65"])
        )
    except OSError as error:
        raise KeyUnusable(f"The signing key {path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeyUnusable(f"{path} holds no signing key.") from error
