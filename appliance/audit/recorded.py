"""A file that proves a record: the record itself, its way to a signed checkpoint, and the keys' way
from the log's public key to who signed that.

Rules kept here: who checks needs the file and the public key, nothing else; nothing in the file is
believed before the chain of keys, the signatures and the way to the root hold; sizes are bounded
before parsing. Format: docs/formats/airgap-proof.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from appliance.audit.epochs import Epoch, epoch_of, opened_chain, require_epoch_may_sign
from appliance.audit.errors import LogTampered
from appliance.audit.leaf import Leaf, moment, parsed_leaf
from appliance.audit.merkle import HASH_SIZE, leaf_hash
from appliance.audit.note import decoded_base64, opened_note, parsed_checkpoint
from appliance.audit.proofs import require_inclusion
from appliance.values import Inclusion

FORMAT = "cloister-recorded/v1"
LARGEST = 256 * 1024 * 1024
"""Bytes: 8 kB for each epoch of the log's keys."""
_MEMBERS = {"format", "record", "leaf", "path", "checkpoint", "epochs"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that a log holds: what it says, of which log, written when."""

    log: str
    leaf: Leaf
    written: datetime


def proof_file(inclusion: Inclusion, epochs: Sequence[bytes]) -> bytes:
    """epochs: the notes of every epoch up to the one that signed, from the first on."""
    lines = inclusion.path.split("\n")
    content = {
        "format": FORMAT,
        "record": inclusion.record,
        "leaf": inclusion.leaf.decode(),
        "path": [line for line in lines[2:] if line],
        "checkpoint": inclusion.checkpoint,
        "epochs": [note.decode() for note in epochs],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def require_recorded(untrusted: bytes, public_key: str) -> Recorded:
    """The record, once it is proved to be in the log that begins with this key. Raises
    LogTampered, ProofWrong."""
    said = _parsed(untrusted)
    chain = opened_chain([note.encode() for note in said.epochs], public_key)
    note = said.checkpoint.encode()
    signer = epoch_of(chain, note)
    checkpoint = parsed_checkpoint(opened_note(note, chain[0].name, signer.keys))
    _require_name(checkpoint.name, signer)
    require_epoch_may_sign(chain, signer.number, checkpoint.size)
    steps = tuple(decoded_base64(step) for step in said.path)
    if any(len(step) != HASH_SIZE for step in steps):
        raise LogTampered("A step of the proof is no hash.")
    raw = said.leaf.encode()
    require_inclusion(leaf_hash(raw), said.record, checkpoint.size, steps, checkpoint.root)
    leaf = parsed_leaf(raw, said.record)
    try:
        return Recorded(checkpoint.name, leaf, moment(leaf.time))
    except ValueError:
        raise LogTampered(f"Record {said.record} was written at no time.") from None


@dataclass(frozen=True, slots=True)
class _Said:
    record: int
    leaf: str
    path: tuple[str, ...]
    checkpoint: str
    epochs: tuple[str, ...]


def _parsed(untrusted: bytes) -> _Said:
    if len(untrusted) > LARGEST:
        raise LogTampered("The proof is larger than any proof can be.")
    try:
        value = json.loads(untrusted)
    except (ValueError, RecursionError):
        raise LogTampered("The proof is not what a proof is written as.") from None
    if not isinstance(value, dict) or value.keys() != _MEMBERS or value["format"] != FORMAT:
        raise LogTampered("The proof has not the members a proof has.")
    record = value["record"]
    if isinstance(record, bool) or not isinstance(record, int):
        raise LogTampered("The proof names no record.")
    return _Said(
        record,
        _text(value["leaf"]),
        _texts(value["path"]),
        _text(value["checkpoint"]),
        _texts(value["epochs"]),
    )


def _texts(untrusted: object) -> tuple[str, ...]:
    if not isinstance(untrusted, list):
        raise LogTampered("The proof has a member that is no list.")
    return tuple(_text(one) for one in untrusted)


def _text(untrusted: object) -> str:
    if not isinstance(untrusted, str) or any("\ud800" <= c <= "\udfff" for c in untrusted):
        raise LogTampered("The proof has a member that is no text.")
    return untrusted


def _require_name(name: str, signer: Epoch) -> None:
    if name != signer.name:
        raise LogTampered("The proof's checkpoint is of another log.")
