"""The formats of a backup under anything that can happen to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.parcel.backup.checking import check_backups
from appliance.parcel.backup.index import FileEntry, encoded_index, parsed_index, plain_path
from appliance.parcel.backup.manifest import Manifest, manifest_bytes, parsed_manifest
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.table import CHUNK, OVERHEAD, Row, encoded_table, parsed_table
from appliance.parcel.errors import BackupDamaged, BackupForged, BackupTooNew, NoBackup
from tests.unit.parcel.material import KEYS, NOON, OTHER_KEYS, Desk

MANIFEST = Manifest(
    repository="12" * 16,
    vault="ab" * 16,
    number=2,
    previous="34" * 32,
    created=NOON,
    chunks=3,
    table_sha256="56" * 32,
    index_size=400,
    index_sha256="78" * 32,
    files=2,
    content_size=1_000,
    sealed_size=1_255,
    log_size=12,
    log_root="9a" * 32,
    recovery=b"an envelope",
)
ROWS = st.builds(
    Row,
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.integers(OVERHEAD, CHUNK + OVERHEAD),
)


@given(st.lists(ROWS, max_size=20, unique_by=lambda row: row.name))
@settings(deadline=None)
def test_a_table_comes_back(rows: list[Row]) -> None:
    assert set(parsed_table(encoded_table(rows))) == set(rows)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda raw: b"CLBT\x01" + raw))
@settings(deadline=None)
def test_any_other_bytes_are_no_table(untrusted: bytes) -> None:
    try:
        rows = parsed_table(untrusted)
    except BackupDamaged:
        return
    assert encoded_table(rows) == untrusted


NAMES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", ".."))


@st.composite
def entries(draw: st.DrawFn) -> FileEntry:
    path = "/".join(draw(st.lists(NAMES, min_size=1, max_size=4)))
    size = draw(st.integers(0, 3 * CHUNK))
    count = -(-size // CHUNK)
    numbers = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return FileEntry(path, size, draw(st.binary(min_size=32, max_size=32)).hex(), tuple(numbers))


@given(st.lists(entries(), max_size=8, unique_by=lambda file: file.path))
@settings(deadline=None)
def test_an_index_comes_back(files: list[FileEntry]) -> None:
    found = parsed_index(encoded_index(tuple(files)), 10)
    assert sorted(found, key=lambda file: file.path) == sorted(files, key=lambda file: file.path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a//b",
        "a/",
        ".",
        "a\x00b",
        "a\nb",
        "x" * 256,
        "\udcff",
    ],
)
def test_a_path_that_leads_elsewhere_is_none(path: str) -> None:
    assert not plain_path(path)


@pytest.mark.parametrize("path", ["../vault.json", "a/../../b", "/abs"])
def test_an_index_that_leads_elsewhere_is_refused(path: str) -> None:
    forged = encoded_index((FileEntry(path, 0, "0" * 64, ()),))
    with pytest.raises(BackupDamaged):
        parsed_index(forged, 1)


def test_a_manifest_comes_back() -> None:
    signed = parsed_manifest(manifest_bytes(MANIFEST, KEYS), 2)
    assert signed.manifest == MANIFEST
    assert signed.signer == KEYS.public


@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_a_changed_manifest_is_refused(at: int, flip: int) -> None:
    changed = bytearray(_SIGNED)
    changed[at % len(changed)] ^= flip
    with pytest.raises((BackupDamaged, BackupTooNew)):
        parsed_manifest(bytes(changed), 2)


_SIGNED = manifest_bytes(MANIFEST, KEYS)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_other_bytes_are_no_manifest(untrusted: bytes) -> None:
    with pytest.raises(BackupDamaged):
        parsed_manifest(untrusted, 2)


def test_a_manifest_stands_only_as_its_own_number() -> None:
    with pytest.raises(BackupForged):
        parsed_manifest(_SIGNED, 3)


def test_a_signature_by_another_key_over_the_same_words_is_that_keys() -> None:
    other = parsed_manifest(manifest_bytes(MANIFEST, OTHER_KEYS), 2)
    assert other.signer == OTHER_KEYS.public


def test_a_signer_exchanged_in_a_manifest_is_found() -> None:
    theirs = manifest_bytes(MANIFEST, OTHER_KEYS)
    ours_at, theirs_at = _SIGNED.index(b'"signer":'), theirs.index(b'"signer":')
    forged = _SIGNED[:ours_at] + theirs[theirs_at:]
    assert forged != theirs
    with pytest.raises(BackupDamaged):
        parsed_manifest(forged, 2)


def test_the_first_backup_has_none_before_it() -> None:
    for number, previous in ((1, "34" * 32), (2, "")):
        odd = replace(MANIFEST, number=number, previous=previous)
        with pytest.raises(BackupDamaged):
            parsed_manifest(manifest_bytes(odd, KEYS), number)


@contextmanager
def copied(desk: Desk) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        stick = Path(folder) / "cloister-backup"
        shutil.copytree(desk.place.folder, stick)
        yield Desk(desk.data, Place(stick))


@given(
    which=st.integers(0, 10**6),
    at=st.integers(0, 10**9),
    how=st.sampled_from(["flip", "cut", "longer", "gone", "swapped", "empty"]),
)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_to_any_file_of_a_backup_is_found_without_restoring(
    desk: Desk, which: int, at: int, how: str
) -> None:
    with copied(desk) as victim:
        files = victim.files()
        path = files[which % len(files)]
        other = files[(which + 1 + at % (len(files) - 1)) % len(files)]
        content = bytearray(path.read_bytes())
        if how == "flip":
            content[at % len(content)] ^= 1 << at % 8
        elif how == "cut":
            content = content[: at % len(content)]
        elif how == "longer":
            content += b"\x00"
        elif how == "swapped":
            content = bytearray(other.read_bytes())
        elif how == "empty":
            content = bytearray()
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(content)
        if path.name.endswith(".manifest") and how == "gone" and "00000002" in path.name:
            # The newest one is gone: what is left is in order; the log knows better.
            assert check_backups(victim.place, keys=KEYS).last == 1
            return
        if path.name.endswith(".manifest") and how == "gone":
            assert check_backups(victim.place, keys=KEYS).first == 2  # as after a clearing out
            return
        with pytest.raises((BackupDamaged, BackupTooNew, NoBackup)):
            check_backups(victim.place)


@given(which=st.integers(0, 10**6), at=st.integers(0, 10**9))
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_backup_is_restored_whole_or_not_at_all(desk: Desk, which: int, at: int) -> None:
    with copied(desk) as victim, TemporaryDirectory() as folder:
        files = victim.files()
        path = files[which % len(files)]
        content = bytearray(path.read_bytes())
        content[at % len(content)] ^= 1 << at % 8
        path.write_bytes(content)
        target = Path(folder) / "new"
        try:
            victim.restore(target)
        except (BackupDamaged, BackupTooNew, NoBackup):
            assert not (target / "vault.json").exists()
        else:  # what was damaged belongs to the earlier backup alone
            assert path.name.startswith("00000001") or path.parent.parent.name == "chunks"
            assert (target / "vault.json").read_bytes() == b"{a vault}"
