from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.epochs import epoch_of, first_epoch, next_epoch, opened_chain, parsed_epoch
from appliance.audit.errors import LogTampered
from appliance.audit.keys import EpochKeys, first_keys, next_keys
from appliance.audit.note import (
    Checkpoint,
    key_id,
    opened_note,
    parsed_checkpoint,
    parsed_vkey,
    require_name,
    signed_note,
    split_note,
    vkey,
)
from appliance.vault.signing import Algorithm, SigningKey

# The published example of the Go implementation (golang.org/x/mod/sumdb/note).
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)


def test_a_note_that_others_signed_verifies() -> None:
    name, key = parsed_vkey(NEUMANN)
    assert opened_note(NOTE.encode(), name, [key]) == NOTE.partition("\n\n")[0] + "\n"
    assert vkey(name, key) == NEUMANN
    with pytest.raises(LogTampered, match="wrong"):
        opened_note(NOTE.replace("answer", "Answer").encode(), name, [key])


def test_a_note_signed_with_both_keys_needs_both() -> None:
    ed25519, ml_dsa = SigningKey.generate(), SigningKey.generate(Algorithm.ML_DSA_65)
    note = signed_note(b"text\n", "n", (ed25519, ml_dsa))
    keys = [ed25519.public, ml_dsa.public]
    assert opened_note(note, "n", keys) == "text\n"
    lines = note.split(b"\n")
    for missing in (2, 3):
        fewer = b"\n".join(line for at, line in enumerate(lines) if at != missing)
        with pytest.raises(LogTampered, match="has no"):
            opened_note(fewer, "n", keys)
    with pytest.raises(LogTampered, match="has no"):
        opened_note(note, "m", keys)


def test_lines_of_a_witness_are_let_be() -> None:
    ours, witness = SigningKey.generate(), SigningKey.generate()
    note = signed_note(b"text\n", "n", (ours,))
    note += signed_note(b"text\n", "witness.example/w", (witness,)).partition(b"\n\n")[2]
    assert opened_note(note, "n", [ours.public]) == "text\n"


def test_a_second_wrong_line_of_our_key_is_refused() -> None:
    ours = SigningKey.generate()
    note = signed_note(b"text\n", "n", (ours,))
    forged = b64encode(key_id("n", ours.public) + bytes(64)).decode()
    with pytest.raises(LogTampered, match="wrong"):
        opened_note(note + f"— n {forged}\n".encode(), "n", [ours.public])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_no_note_are_refused(untrusted: bytes) -> None:
    key = SigningKey.from_seed(Algorithm.ED25519, bytes(32)).public
    with pytest.raises(LogTampered):
        opened_note(untrusted, "n", [key])


@pytest.mark.parametrize(
    "untrusted",
    [
        b"x" * 70_000,
        b"text\n\n",
        b"text\n\n- n AAAAAAAA\n",
        "text\n\n— n AAAA\n".encode(),
        "text\n\n— n !!!!\n".encode(),
        "text\n\n— n AAAAAAB=\n".encode(),
        "te\txt\n\n— n AAAAAAAA\n".encode(),
        ("text\n\n" + "— n AAAAAAAA\n" * 33).encode(),
    ],
)
def test_malformed_notes_are_refused(untrusted: bytes) -> None:
    with pytest.raises(LogTampered):
        split_note(untrusted)


def test_a_checkpoint_reads_back() -> None:
    checkpoint = Checkpoint("a/b", 20852163, bytes(range(32)))
    assert checkpoint.text.startswith(b"a/b\n20852163\nAAEC")
    assert parsed_checkpoint(checkpoint.text.decode()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "a\n-1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "a\n٣\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "a\n1\nAAEC\n",
        "a\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nmore\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(LogTampered):
        parsed_checkpoint(text)


@pytest.mark.parametrize(
    "key", ["", "a+b", NEUMANN[:-4], NEUMANN.replace("c74f", "c74e"), "a+b+AA=="]
)
def test_a_mistyped_public_key_is_refused(key: str) -> None:
    with pytest.raises(LogTampered, match=r"public key|base64"):
        parsed_vkey(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "x" * 256, "a\u00a0b"])
def test_names_that_cannot_name_a_key_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        require_name(name)


# --- epochs ------------------------------------------------------------------------------------


def three_epochs() -> list[EpochKeys]:
    first = first_keys("a.example/b")
    second = next_keys(first, 10, bytes(32))
    return [first, second, next_keys(second, 30, bytes(range(32)))]


def test_the_first_key_leads_to_the_last() -> None:
    keys = three_epochs()
    chain = opened_chain([one.note for one in keys], keys[0].public_key)
    assert [(e.number, e.start) for e in chain] == [(0, 0), (1, 10), (2, 30)]
    note = signed_note(b"x\n", chain[0].name, keys[1].signers)
    assert epoch_of(chain, note) is chain[1]


def test_the_first_key_commits_to_the_ml_dsa_key() -> None:
    """Who could forge Ed25519 alone still could not put another ML-DSA key in its place."""
    keys = first_keys("a.example/b")
    other = first_keys("a.example/b")
    forged = EpochKeys(
        type(keys.epoch)(
            keys.epoch.name, 0, 0, keys.epoch.root, keys.epoch.ed25519, other.epoch.ml_dsa
        ),
        keys.public_key,
        b"",
        keys.ed25519,
        other.ml_dsa,
    )
    note = signed_note(forged.epoch.text, keys.epoch.name, forged.signers)
    with pytest.raises(LogTampered, match="name does not match"):
        first_epoch(note, keys.public_key)


def test_chains_that_do_not_hold_are_refused() -> None:
    keys = three_epochs()
    notes = [one.note for one in keys]
    other = first_keys("a.example/b")
    with pytest.raises(LogTampered, match="another key"):
        opened_chain(notes, other.public_key)
    with pytest.raises(LogTampered, match="no key epochs"):
        opened_chain([], keys[0].public_key)
    with pytest.raises(LogTampered, match="epochs/1"):
        opened_chain([notes[0], notes[2]], keys[0].public_key)
    with pytest.raises(LogTampered, match="epochs/2"):
        opened_chain([*notes[:2], notes[1]], keys[0].public_key)
    back = next_keys(keys[1], 10, bytes(32))
    with pytest.raises(LogTampered, match="before the one"):
        next_epoch(back.note, keys[1].epoch)
    with pytest.raises(LogTampered, match="none of the log's keys"):
        epoch_of([keys[0].epoch], signed_note(b"x\n", "n", other.signers))
    with pytest.raises(LogTampered):
        parsed_epoch(keys[0].epoch.text.decode().replace("\n0\n", "\n00\n", 1))


def test_a_stolen_key_cannot_sign_a_different_earlier_epoch() -> None:
    """CVE-2023-31439: with the newest keys alone, nothing of an earlier epoch can be re-signed."""
    keys = three_epochs()
    rewritten = type(keys[1].epoch)(
        keys[1].epoch.name, 1, 5, bytes(32), keys[1].epoch.ed25519, keys[1].epoch.ml_dsa
    )
    note = signed_note(rewritten.text, rewritten.name, keys[2].signers)
    with pytest.raises(LogTampered, match="epochs/1"):
        opened_chain([keys[0].note, note, keys[2].note], keys[0].public_key)
