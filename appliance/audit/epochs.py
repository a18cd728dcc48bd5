"""Epochs of signing keys: who may sign which sizes of the log, from the first key alone.

Rules kept here: epoch n's keys sign the public keys of epoch n+1 together with the size and the
root the log had then, and are destroyed; so a stolen key can neither re-sign nor shorten what
earlier epochs signed (CVE-2023-31439, CVE-2023-31438). Epochs are counted, never dated. The log's
name ends in a hash over both first keys, so that the first Ed25519 verifier key, which carries the
name, commits to the ML-DSA-65 key as well.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from appliance.audit.errors import LogTampered
from appliance.audit.merkle import EMPTY_ROOT, HASH_SIZE
from appliance.audit.note import (
    Checkpoint,
    decoded_base64,
    key_id,
    opened_note,
    parsed_checkpoint,
    parsed_vkey,
    split_note,
    vkey,
)
from appliance.vault.signing import Algorithm, VerifyingKey

_TITLE = "cloister-log-epoch/v1"
FOLDER = "epochs"


@dataclass(frozen=True, slots=True)
class Epoch:
    """The keys that sign the log from `start` records on (root: the root over those)."""

    name: str
    number: int
    start: int
    root: bytes
    ed25519: VerifyingKey
    ml_dsa: VerifyingKey

    @property
    def keys(self) -> tuple[VerifyingKey, VerifyingKey]:
        return self.ed25519, self.ml_dsa

    @property
    def text(self) -> bytes:
        lines = (
            _TITLE,
            self.name,
            str(self.number),
            str(self.start),
            b64encode(self.root).decode(),
            vkey(self.name, self.ed25519),
            vkey(self.name, self.ml_dsa),
        )
        return "".join(f"{line}\n" for line in lines).encode()


def epoch_path(number: int) -> str:
    return f"{FOLDER}/{number}.note"


def note_digest(epoch: Epoch) -> str:
    """What the record of an epoch's beginning says of its note: SHA-256 (hex) of the text."""
    return sha256(epoch.text).hexdigest()


def log_name(origin: str, ed25519: VerifyingKey, ml_dsa: VerifyingKey) -> str:
    """The log's name: the origin and a hash over both first public keys."""
    digest = sha256(b"cloister-log/v1\n" + ed25519.raw + ml_dsa.raw).digest()
    return f"{origin}/{urlsafe_b64encode(digest).decode().rstrip('=')}"


def parsed_epoch(text: str) -> Epoch:
    """The epoch of a note's text. Raises LogTampered for any other text."""
    lines = text.split("\n")
    if len(lines) != 8 or lines[0] != _TITLE:
        raise LogTampered("A key epoch's note is not one.")
    numbers = lines[2:4]
    if not all(n.isascii() and n.isdecimal() and len(n) <= 18 for n in numbers):
        raise LogTampered("A key epoch's note has no number or size.")
    (ed_name, ed25519), (ml_name, ml_dsa) = parsed_vkey(lines[5]), parsed_vkey(lines[6])
    root = decoded_base64(lines[4])
    epoch = Epoch(lines[1], int(numbers[0]), int(numbers[1]), root, ed25519, ml_dsa)
    if (
        epoch.text.decode() != text
        or {ed_name, ml_name} != {epoch.name}
        or len(root) != HASH_SIZE
        or ed25519.algorithm is not Algorithm.ED25519
        or ml_dsa.algorithm is not Algorithm.ML_DSA_65
    ):
        raise LogTampered("A key epoch's note is not spelled as it must be.")
    return epoch


def first_epoch(untrusted_note: bytes, public_key: str) -> Epoch:
    """Epoch 0, as the public key K commits to it: both of its keys, and both signatures."""
    name, key = parsed_vkey(public_key)
    epoch = parsed_epoch(split_note(untrusted_note)[0])
    if epoch.name != name or epoch.ed25519 != key:
        raise LogTampered(
            "This log was begun under another key than the one given.",
            hint="Check that the key belongs to this log; if it does, the log was replaced.",
        )
    origin = name.rpartition("/")[0]
    if log_name(origin, epoch.ed25519, epoch.ml_dsa) != name:
        raise LogTampered("The log's name does not match its first keys.")
    if (epoch.number, epoch.start, epoch.root) != (0, 0, EMPTY_ROOT):
        raise LogTampered("The first key epoch does not begin with the log.")
    opened_note(untrusted_note, name, epoch.keys)
    return epoch


def next_epoch(untrusted_note: bytes, before: Epoch) -> Epoch:
    """The epoch after `before`, signed by both of its keys."""
    epoch = parsed_epoch(opened_note(untrusted_note, before.name, before.keys))
    if epoch.name != before.name or epoch.number != before.number + 1:
        raise LogTampered(f"Key epoch {before.number + 1} is out of order.")
    if epoch.start <= before.start:
        raise LogTampered(f"Key epoch {epoch.number} begins before the one it follows.")
    return epoch


def opened_chain(untrusted_notes: Sequence[bytes], public_key: str) -> tuple[Epoch, ...]:
    """Every epoch, each signed by the one before, beginning with the key given."""
    if not untrusted_notes:
        raise LogTampered("The log has no key epochs (epochs/0.note is missing).")
    chain = [first_epoch(untrusted_notes[0], public_key)]
    for number, untrusted in enumerate(untrusted_notes[1:], 1):
        try:
            chain.append(next_epoch(untrusted, chain[-1]))
        except LogTampered as error:
            raise LogTampered(f"{epoch_path(number)}: {error.sentence}") from None
    return tuple(chain)


def epoch_of(chain: Sequence[Epoch], untrusted_note: bytes) -> Epoch:
    """The newest epoch of the chain whose Ed25519 key signed the note; the note is then opened
    under both its keys by the caller. Raises LogTampered where none did."""
    _, lines = split_note(untrusted_note)
    names = {(who, blob[:4]) for who, blob in lines}
    for epoch in reversed(chain):
        if (epoch.name, key_id(epoch.name, epoch.ed25519)) in names:
            return epoch
    raise LogTampered("A checkpoint is signed by none of the log's keys.")


def require_epoch_may_sign(chain: Sequence[Epoch], number: int, size: int) -> Epoch:
    """The epoch, if it was the one in force when the log had `size` records."""
    if not chain or not chain[0].number <= number <= chain[-1].number:
        raise LogTampered(f"The log of {size} records is signed in an epoch there is no note of.")
    at = number - chain[0].number
    epoch = chain[at]
    if size < epoch.start or (at + 1 < len(chain) and size > chain[at + 1].start):
        raise LogTampered(f"The log of {size} records is signed by a key of another epoch.")
    return epoch


def opened_checkpoint(untrusted: bytes, epochs: Sequence[Epoch]) -> Checkpoint:
    """A checkpoint signed with both keys of the epoch that was in force at its size. Raises
    LogTampered."""
    epoch = epoch_of(epochs, untrusted)
    checkpoint = parsed_checkpoint(opened_note(untrusted, epoch.name, epoch.keys))
    if checkpoint.name != epoch.name:
        raise LogTampered("A checkpoint is another log's.")
    require_epoch_may_sign(epochs, epoch.number, checkpoint.size)
    return checkpoint
