"""The log's private keys: one pair of each kind, sealed, of the current epoch alone.

Rules kept here: the private keys of an epoch exist in one sealed file; beginning the next epoch
replaces that file in one step, and with it the old keys are gone; the public note of the epoch
rides in the same file, so a crash between the two never leaves a key without its note.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from appliance.audit.epochs import Epoch, log_name, parsed_epoch
from appliance.audit.errors import LogTampered
from appliance.audit.merkle import EMPTY_ROOT
from appliance.audit.note import require_name, signed_note, split_note
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.sealed import Context, read_sealed, write_sealed
from appliance.vault.signing import Algorithm, SigningKey

FILE = "keys.sealed"
_CONTEXT = Context("audit-keys", "log")
_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The current epoch with its private keys and signed note. public_key is K, the first
    Ed25519 verifier key, from which all verification starts. The log had `reached` records with
    `root` when this was last written: one more anchor against setting the other files back."""

    epoch: Epoch
    public_key: str
    note: bytes
    ed25519: SigningKey = field(repr=False)
    ml_dsa: SigningKey = field(repr=False)
    reached: int = 0
    root: bytes = EMPTY_ROOT

    @property
    def signers(self) -> tuple[SigningKey, SigningKey]:
        return self.ed25519, self.ml_dsa


def first_keys(origin: str) -> EpochKeys:
    """Fresh keys for a new log, and its name. Raises ValueError for an origin that is no name."""
    require_name(origin)
    ed25519, ml_dsa = _fresh()
    name = log_name(origin, ed25519.public, ml_dsa.public)
    require_name(name)
    epoch = Epoch(name, 0, 0, EMPTY_ROOT, ed25519.public, ml_dsa.public)
    public_key = epoch.text.decode().split("\n")[5]
    note = signed_note(epoch.text, name, (ed25519, ml_dsa))
    return EpochKeys(epoch, public_key, note, ed25519, ml_dsa)


def next_keys(current: EpochKeys, size: int, root: bytes) -> EpochKeys:
    """The next epoch's keys, signed for by the current ones at this size and root."""
    ed25519, ml_dsa = _fresh()
    before = current.epoch
    epoch = Epoch(before.name, before.number + 1, size, root, ed25519.public, ml_dsa.public)
    note = signed_note(epoch.text, before.name, current.signers)
    return EpochKeys(epoch, current.public_key, note, ed25519, ml_dsa, size, root)


def write_keys(folder: Path, key: bytes, keys: EpochKeys) -> None:
    """Replaces the sealed file, durable on return; the keys it held before are gone."""
    content = {
        "public_key": keys.public_key,
        "note": keys.note.decode(),
        "ed25519": keys.ed25519.seed.hex(),
        "ml_dsa": keys.ml_dsa.seed.hex(),
        "reached": keys.reached,
        "root": keys.root.hex(),
    }
    write_sealed(folder / FILE, key, json.dumps(content).encode(), _CONTEXT)


def read_keys(folder: Path, key: bytes) -> EpochKeys:
    """Raises LogTampered where the file is missing, changed, or sealed under another key."""
    try:
        content = json.loads(read_sealed(folder / FILE, key, _CONTEXT, limit=_LIMIT))
    except SealedMissing:
        raise LogTampered("The log's signing keys are missing (keys.sealed).") from None
    except (Tampered, TooLarge):
        raise LogTampered(
            "The log's signing keys do not open: keys.sealed was changed or belongs elsewhere."
        ) from None
    note = str(content["note"]).encode()
    ed25519 = SigningKey.from_seed(Algorithm.ED25519, bytes.fromhex(content["ed25519"]))
    ml_dsa = SigningKey.from_seed(Algorithm.ML_DSA_65, bytes.fromhex(content["ml_dsa"]))
    epoch = parsed_epoch(split_note(note)[0])
    if epoch.keys != (ed25519.public, ml_dsa.public):
        raise LogTampered("The log's signing keys are not those of their epoch.")
    reached, root = int(content["reached"]), bytes.fromhex(content["root"])
    return EpochKeys(epoch, str(content["public_key"]), note, ed25519, ml_dsa, reached, root)


def _fresh() -> tuple[SigningKey, SigningKey]:
    return SigningKey.generate(Algorithm.ED25519), SigningKey.generate(Algorithm.ML_DSA_65)
