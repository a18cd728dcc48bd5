"""Sealed bytes and files: what was sealed comes back, and nothing else ever does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import StoreTampered
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.sealed import (
    CHUNK_SIZE,
    Context,
    read_sealed,
    seal,
    stream_sealed,
    unseal,
    write_sealed,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CONTEXT = Context("original", "c1/d1", 3)
HEADER, CHUNK = 69, CHUNK_SIZE + 16

contexts = st.builds(
    Context,
    kind=st.text(st.characters(codec="utf-8"), max_size=20),
    id=st.text(st.characters(codec="utf-8"), max_size=40),
    version=st.integers(0, 2**64 - 1),
)


@given(plaintext=st.binary(max_size=500), context=contexts)
def test_sealed_bytes_come_back(plaintext: bytes, context: Context) -> None:
    assert unseal(KEY, seal(KEY, plaintext, context), context) == plaintext


@given(one=contexts, other=contexts)
def test_only_equal_contexts_have_equal_encodings(one: Context, other: Context) -> None:
    assert (one == other) == (one.encoded() == other.encoded())


def test_parts_of_a_context_cannot_be_shifted_into_each_other() -> None:
    assert Context("ab", "c").encoded() != Context("a", "bc").encoded()


def test_every_bit_of_a_sealed_blob_matters() -> None:
    blob = seal(KEY, b"twenty-two characters.", CONTEXT)
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            unseal(KEY, bytes(changed), CONTEXT)


def test_every_truncation_and_any_extension_of_a_blob_is_caught() -> None:
    blob = seal(KEY, b"text", CONTEXT)
    for size in range(len(blob)):
        with pytest.raises(Tampered):
            unseal(KEY, blob[:size], CONTEXT)
    with pytest.raises(Tampered):
        unseal(KEY, blob + b"\x00", CONTEXT)


@pytest.mark.parametrize(
    "context",
    [Context("page", "c1/d1", 3), Context("original", "c1/d2", 3), Context("original", "c1/d1", 2)],
)
def test_another_kind_id_or_version_does_not_open(context: Context) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, seal(KEY, b"text", CONTEXT), context)


def test_another_key_does_not_open_and_a_short_key_is_a_mistake() -> None:
    blob = seal(KEY, b"text", CONTEXT)
    with pytest.raises(Tampered):
        unseal(OTHER_KEY, blob, CONTEXT)
    with pytest.raises(ValueError, match="32 bytes"):
        seal(b"short", b"text", CONTEXT)


def test_the_same_text_is_never_sealed_twice_alike() -> None:
    assert len({seal(KEY, b"text", CONTEXT) for _ in range(200)}) == 200


def test_tampering_is_a_store_tampering_with_a_next_step() -> None:
    with pytest.raises(StoreTampered) as caught:
        unseal(KEY, b"", CONTEXT)
    assert caught.value.code == "tampered"
    assert caught.value.next_step


@pytest.mark.parametrize(
    "size",
    [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 5],
)
def test_a_sealed_file_comes_back_whole_and_in_pieces(tmp_path: Path, size: int) -> None:
    plaintext = bytes(at % 251 for at in range(size % 1000)) + bytes(size - size % 1000)
    path = tmp_path / "f.sealed"
    write_sealed(path, KEY, plaintext, CONTEXT)
    assert read_sealed(path, KEY, CONTEXT) == plaintext
    write_sealed(path, KEY, (plaintext[at : at + 99_991] for at in range(0, size, 99_991)), CONTEXT)
    assert b"".join(stream_sealed(path, KEY, CONTEXT)) == plaintext
    assert path.stat().st_size == HEADER + size + 16 * max(1, -(-size // CHUNK_SIZE))
    assert path.stat().st_mode & 0o777 == 0o600


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40
)
@given(pieces=st.lists(st.binary(max_size=300), max_size=8))
def test_how_a_file_was_cut_into_pieces_does_not_matter(
    tmp_path: Path, pieces: list[bytes]
) -> None:
    write_sealed(tmp_path / "f", KEY, pieces, CONTEXT)
    assert read_sealed(tmp_path / "f", KEY, CONTEXT) == b"".join(pieces)


@pytest.fixture(scope="module")
def three_chunks(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sealed") / "f"
    write_sealed(path, KEY, b"a" * CHUNK_SIZE + b"b" * CHUNK_SIZE + b"c" * 100, CONTEXT)
    return path.read_bytes()


def refused(folder: Path, content: bytes) -> None:
    path = folder / "changed"
    path.write_bytes(content)
    with pytest.raises(Tampered):
        read_sealed(path, KEY, CONTEXT)


@pytest.mark.parametrize("size", [0, 1, 68, 69, 70, 85, 86, HEADER + CHUNK - 1, HEADER + CHUNK,
    HEADER + CHUNK + 1, HEADER + CHUNK + 16, HEADER + 2 * CHUNK - 1, HEADER + 2 * CHUNK,
    HEADER + 2 * CHUNK + 16, HEADER + 2 * CHUNK + 115])  # fmt: skip
def test_a_file_cut_at_or_round_a_chunk_boundary_is_refused(
    tmp_path: Path, three_chunks: bytes, size: int
) -> None:
    assert size < len(three_chunks)
    refused(tmp_path, three_chunks[:size])


CHANGES: list[Callable[[bytes, bytes, bytes, bytes], bytes]] = [
    lambda head, one, two, end: head + two + one + end,  # swapped
    lambda head, one, two, end: head + one + end,  # one left out
    lambda head, one, two, end: head + one + one + two + end,  # one repeated
    lambda head, one, two, end: head + one + two + end + end,  # the end repeated
    lambda head, one, two, end: head + one + two + end + b"\x00",  # extended
    lambda head, one, two, end: head + end,  # the end alone
    lambda head, one, two, end: head + end + one + two,  # turned round
]


@pytest.mark.parametrize("change", CHANGES)
def test_chunks_moved_repeated_or_left_out_are_refused(
    tmp_path: Path, three_chunks: bytes, change: Callable[[bytes, bytes, bytes, bytes], bytes]
) -> None:
    head, body = three_chunks[:HEADER], three_chunks[HEADER:]
    refused(tmp_path, change(head, body[:CHUNK], body[CHUNK : 2 * CHUNK], body[2 * CHUNK :]))


@pytest.mark.parametrize("region", range(40))
def test_a_flipped_bit_anywhere_in_a_file_is_refused(
    tmp_path: Path, three_chunks: bytes, region: int
) -> None:
    places = [*range(0, HEADER, 4), HEADER, HEADER + CHUNK - 1, HEADER + CHUNK, -1, -16, -17]
    at = places[region] if region < len(places) else region * 52_429 % len(three_chunks)
    changed = bytearray(three_chunks)
    changed[at] ^= 1 << region % 8
    refused(tmp_path, bytes(changed))


def test_a_chunk_of_another_file_of_the_same_key_and_context_is_refused(
    tmp_path: Path, three_chunks: bytes
) -> None:
    write_sealed(tmp_path / "g", KEY, b"z" * (2 * CHUNK_SIZE + 100), CONTEXT)
    other = (tmp_path / "g").read_bytes()
    at = HEADER + CHUNK
    refused(tmp_path, three_chunks[:at] + other[at : at + CHUNK] + three_chunks[at + CHUNK :])


def test_two_files_of_one_kind_do_not_pass_for_each_other(tmp_path: Path) -> None:
    one, two = Context("original", "c/1"), Context("original", "c/2")
    write_sealed(tmp_path / "1", KEY, b"first", one)
    write_sealed(tmp_path / "2", KEY, b"second", two)
    shutil.move(tmp_path / "1", tmp_path / "swap")
    shutil.move(tmp_path / "2", tmp_path / "1")
    shutil.move(tmp_path / "swap", tmp_path / "2")
    for name, context in (("1", one), ("2", two)):
        with pytest.raises(Tampered):
            read_sealed(tmp_path / name, KEY, context)


def test_a_blob_is_not_a_file_and_a_wrong_key_opens_neither(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(seal(KEY, b"text", CONTEXT))
    with pytest.raises(Tampered):
        read_sealed(tmp_path / "f", KEY, CONTEXT)
    write_sealed(tmp_path / "f", KEY, b"text", CONTEXT)
    with pytest.raises(Tampered):
        read_sealed(tmp_path / "f", OTHER_KEY, CONTEXT)
    with pytest.raises(Tampered):
        unseal(KEY, (tmp_path / "f").read_bytes(), CONTEXT)


def test_a_missing_file_and_one_over_the_limit_say_so(tmp_path: Path) -> None:
    with pytest.raises(SealedMissing):
        read_sealed(tmp_path / "none", KEY, CONTEXT)
    write_sealed(tmp_path / "f", KEY, bytes(3000), CONTEXT)
    assert len(read_sealed(tmp_path / "f", KEY, CONTEXT, limit=3000)) == 3000
    with pytest.raises(TooLarge):
        read_sealed(tmp_path / "f", KEY, CONTEXT, limit=2000)


def test_plaintext_is_in_no_file_while_or_after_writing(tmp_path: Path) -> None:
    canary = b"canary-7f3a" * 1000

    def watched() -> Iterator[bytes]:
        for piece in [canary] * 120:
            for entry in tmp_path.iterdir():
                assert b"canary" not in entry.read_bytes()
            yield piece

    write_sealed(tmp_path / "f", KEY, watched(), CONTEXT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]
    assert b"canary" not in (tmp_path / "f").read_bytes()
