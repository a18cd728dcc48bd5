"""The log's promises to the rest of the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.audit import (
    AlreadyClosed,
    AskAlreadyOpen,
    AskUnknown,
    LogTampered,
    PayloadAbsent,
    PayloadErased,
    writer,
)
from appliance.audit.merkle import leaf_hash
from appliance.audit.proofs import require_consistency, require_inclusion
from appliance.audit.verify import verify
from appliance.values import MarkState, Outcome, StoreMark
from tests.unit.audit.making import (
    ADDED,
    VERDICT,
    batched,
    created,
    filled,
    question,
    reopened,
)


def test_numbers_follow_on_and_records_read_back(tmp_path: Path) -> None:
    log = created(tmp_path)
    assert log.append(ADDED) == 1
    assert log.append_batch([ADDED, ADDED]) == range(2, 4)
    assert log.append_batch([]) == range(4, 4)
    assert log.size == 4
    first, *rest = log.records(0, 100)
    assert (first.seq, first.action) == (0, "log.created")
    assert [record.seq for record in rest] == [1, 2, 3]
    assert rest[0].object == "c-1/d-2"
    assert dict(rest[0].fields)["details.pages"] == "3"
    assert dict(rest[0].fields)["seat"] == "seat-1"
    assert log.records(3, 1) == (rest[2],)
    assert log.records(4, 10) == log.records(0, 0) == log.records(-5, 0) == ()
    log.close()


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    log = created(tmp_path)
    filled(log, 30)
    root, size, key, records = log.root(), log.size, log.public_key, log.records(0, 100)
    log.close()
    again = reopened(tmp_path)
    assert (again.root(), again.size, again.public_key) == (root, size, key)
    assert again.records(0, 100) == records
    again.close()


@pytest.mark.parametrize("records", [255, 256, 257, 511, 700])
def test_full_tiles_and_reopening_agree(tmp_path: Path, records: int) -> None:
    log = created(tmp_path)
    filled(log, records)
    root = log.root()
    log.close()
    again = reopened(tmp_path)
    assert [record.seq for record in again.records(0, 2000)] == list(range(again.size))
    assert verify(tmp_path, again.public_key).size == again.size
    require_consistency(records, again.size, root, again.root(), again.consistency_proof(records))
    again.close()


def test_journal_and_keys_turn_over_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 300)
    monkeypatch.setattr(writer, "EPOCH_RECORDS", 170)
    log = created(tmp_path)
    sealed: dict[int, bytes] = {}
    while log.size < 2200:
        batch = [ADDED] * (1 + log.size % 90)
        payloads = [os.urandom(20) if at % 7 == 0 else None for at in range(len(batch))]
        numbers = log.append_batch(batch, payloads)
        sealed |= {n: p for n, p in zip(numbers, payloads, strict=True) if p is not None}
    for seq, payload in sealed.items():
        assert log.payload(seq) == payload
    proof = verify(tmp_path, log.public_key)
    assert proof.size == log.size
    assert proof.root == log.root()
    assert proof.epochs > 10
    assert proof.payloads == len(sealed)
    root, size = log.root(), log.size
    log.close()
    (tmp_path / "index.sealed").unlink()
    again = reopened(tmp_path)
    assert all(again.payload(seq) == payload for seq, payload in sealed.items())
    require_consistency(size, again.size, root, again.root(), again.consistency_proof(size))
    again.close()


def test_an_epoch_ends_at_open_once_it_holds_enough(tmp_path: Path) -> None:
    log = created(tmp_path)
    batched(log, 256)
    log.close()
    again = reopened(tmp_path)
    assert again.records(256, 1)[0].action == "log.epoch"
    again.close()
    reopened(tmp_path).close()
    assert len(list((tmp_path / "epochs").iterdir())) == 2


def test_every_proof_leads_to_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 512)
    log = created(tmp_path)
    roots = {}
    while log.size < 1500:
        log.append_batch([ADDED] * 37)
        roots[log.size] = log.root()
    log.export(tmp_path / "copy")
    leaves = (tmp_path / "copy" / "leaves.jsonl").read_bytes().splitlines()
    for seq in (0, 1, 255, 256, 511, 512, 1023, 1024, log.size - 1):
        proof = log.inclusion_proof(seq)
        require_inclusion(leaf_hash(leaves[seq]), seq, log.size, proof, log.root())
    for old, root in roots.items():
        require_consistency(old, log.size, root, log.root(), log.consistency_proof(old))
    with pytest.raises(ValueError, match="not in a tree"):
        log.inclusion_proof(log.size)
    log.close()


# --- asks --------------------------------------------------------------------------------------


def test_an_ask_has_one_opening_and_one_closing(tmp_path: Path) -> None:
    log = created(tmp_path)
    asked = question("q-1")
    opened = log.open_ask(asked, VERDICT, b"sealed question")
    with pytest.raises(AskAlreadyOpen):
        log.open_ask(asked, VERDICT)
    closed = log.close_ask(asked, Outcome.REFUSED, code="policy")
    with pytest.raises(AlreadyClosed):
        log.close_ask(asked, Outcome.ANSWERED)
    with pytest.raises(AskAlreadyOpen):
        log.open_ask(asked, VERDICT)
    with pytest.raises(AskUnknown):
        log.close_ask("q-2", Outcome.ANSWERED)
    assert log.size == 3
    opening, closing = log.records(opened, 2)
    assert dict(opening.fields)["verdict.policies"] == "allow-members"
    assert closing.seq == closed
    assert (closing.action, closing.outcome, closing.person) == ("ask.closed", "refused", "p-1")
    assert dict(closing.fields)["details.opened"] == str(opened)
    log.close()


def test_an_ask_closed_in_an_earlier_session_stays_closed(tmp_path: Path) -> None:
    log = created(tmp_path)
    log.open_ask(question("q-1"), VERDICT)
    log.close_ask("q-1", Outcome.ANSWERED)
    log.close()
    again = reopened(tmp_path)
    with pytest.raises(AlreadyClosed):
        again.close_ask("q-1", Outcome.FAILED)
    with pytest.raises(AskUnknown):
        again.close_ask("q-2", Outcome.FAILED)
    again.close()


@pytest.mark.parametrize("snapshot", [True, False])
def test_interrupted_asks_are_closed_as_failed(tmp_path: Path, snapshot: bool) -> None:
    log = created(tmp_path)
    for number in range(5):
        log.open_ask(question(f"q-{number}"), VERDICT)
    log.close_ask("q-1", Outcome.ANSWERED)
    assert log.interrupted == ()
    log.close()
    if not snapshot:
        (tmp_path / "index.sealed").unlink()
    again = reopened(tmp_path)
    again.open_ask(question("q-9"), VERDICT)
    assert again.interrupted == ("q-0", "q-2", "q-3", "q-4")
    assert verify(tmp_path, again.public_key).unclosed == ("q-0", "q-2", "q-3", "q-4", "q-9")
    assert again.close_interrupted() == ("q-0", "q-2", "q-3", "q-4")
    assert again.close_interrupted() == ()
    last = again.records(again.size - 1, 1)[0]
    assert (last.outcome, dict(last.fields)["code"], last.person) == (
        "failed",
        "interrupted",
        "p-1",
    )
    assert verify(tmp_path, again.public_key).unclosed == ("q-9",)
    again.close()


# --- evidence of stores ------------------------------------------------------------------------


def mark(generation: int, state: MarkState = MarkState.COMMIT) -> StoreMark:
    return StoreMark("collection/c-1", generation, 4096, "cd" * 32, state, 12, "ef" * 32)


@pytest.mark.parametrize("snapshot", [True, False])
def test_the_newest_mark_of_a_store_is_found_again(tmp_path: Path, snapshot: bool) -> None:
    log = created(tmp_path)
    assert log.latest_store("collection/c-1") is None
    assert log.latest_value("vault", "main") is None
    for generation in range(3):
        log.note_store(mark(generation))
        log.note_value("vault", "main", generation)
    log.note_store(mark(3, MarkState.CLOSED))
    assert log.latest_store("collection/c-1") == mark(3, MarkState.CLOSED)
    batched(log, 300)
    log.close()
    if not snapshot:
        (tmp_path / "index.sealed").unlink()
    again = reopened(tmp_path)
    assert again.latest_store("collection/c-1") == mark(3, MarkState.CLOSED)
    assert again.latest_value("vault", "main") == 2
    assert again.latest_store("collection/c-2") is None
    again.close()


# --- payloads ----------------------------------------------------------------------------------


def test_payloads_come_back_and_only_where_there_are_some(tmp_path: Path) -> None:
    log = created(tmp_path)
    sealed = log.append(ADDED, b"ciphertext")
    plain = log.append(ADDED)
    assert log.payload(sealed) == b"ciphertext"
    for seq in (plain, log.size, -1):
        with pytest.raises(PayloadAbsent):
            log.payload(seq)
    log.close()


@pytest.mark.parametrize("records", [0, 300])
def test_an_erased_payload_is_gone_and_the_chain_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 256)
    log = created(tmp_path)
    secret, kept = os.urandom(64), os.urandom(64)
    seq = log.append(ADDED, secret)
    log.append(ADDED, kept)
    batched(log, records)
    log.erase_payload(seq, person="p-2", code="erasure_request")
    with pytest.raises(PayloadErased):
        log.payload(seq)
    with pytest.raises(PayloadErased):
        log.erase_payload(seq)
    proof = verify(tmp_path, log.public_key)
    assert (proof.payloads, proof.erased) == (1, 1)
    batched(log, 600)
    log.export(tmp_path / "copy")
    log.close()
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(secret in path.read_bytes() for path in found)
    assert any(kept in path.read_bytes() for path in found)
    again = reopened(tmp_path)
    with pytest.raises(PayloadErased):
        again.payload(seq)
    assert again.payload(seq + 1) == kept
    assert verify(tmp_path / "copy", again.public_key).erased == 1
    again.close()


def test_a_damaged_payload_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "JOURNAL_RECORDS", 256)
    log = created(tmp_path)
    seq = log.append(ADDED, b"ciphertext")
    batched(log, 300)
    bundle = tmp_path / "payload" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"cipher", b"Cipher"))
    with pytest.raises(LogTampered, match="damaged"):
        log.payload(seq)
    bundle.unlink()
    with pytest.raises(LogTampered, match="missing"):
        log.payload(seq)
    log.close()


# --- bounds, order, locks ----------------------------------------------------------------------
