"""What was damaged, swapped, cut or rolled back is detected at open and said, never used."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import _made, vault  # noqa: F401  the same vault, made once
from tests.e2e.terminal import ROOT, cloister, require

QUESTION = "Where do staff park?"


def store(data: Path) -> Path:
    return next(data.glob("collections/*/store.duckdb"))


def flip(path: Path, offset: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset % len(raw)] ^= 0x40
    path.write_bytes(raw)


def refused(data: Path, *codes: str) -> None:
    """The vault does not open; the error has a known code, a sentence and a next step."""
    said = require(cloister(data, "ask", QUESTION), 1)
    assert said.find("error") in codes, said
    assert said.find("sentence")
    assert said.find("hint")


LOG_CODES = ("log_tampered", "log_missing")


def test_a_wrong_passphrase_opens_nothing_and_says_what_to_do(vault: Path) -> None:  # noqa: F811
    said = require(cloister(vault, "ask", QUESTION, passphrase="not this one, sorry"), 1)
    assert said.find("error") == "wrong_passphrase"
    assert said.find("hint")
    require(cloister(vault, "ask", QUESTION))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_bit_in_a_store_is_found(vault: Path, share: float) -> None:  # noqa: F811
    flip(store(vault), int(store(vault).stat().st_size * share))
    refused(vault, "store_damaged")


def test_a_truncated_store_is_found(vault: Path) -> None:  # noqa: F811
    os.truncate(store(vault), store(vault).stat().st_size // 2)
    refused(vault, "store_damaged")


def test_a_missing_store_is_found(vault: Path) -> None:  # noqa: F811
    store(vault).unlink()
    refused(vault, "store_missing")


def test_a_store_rolled_back_to_an_older_one_is_found(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    older = store(vault).read_bytes()
    (tmp_path / "new.txt").write_text("The canteen closes at three.")
    require(cloister(vault, "add", str(tmp_path / "new.txt")))
    store(vault).write_bytes(older)
    refused(vault, "store_rolled_back")


def test_two_swapped_stores_are_found(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "new.txt").write_text("The canteen closes at three.")
    require(cloister(vault, "add", "--to", "Other", str(tmp_path / "new.txt")))
    one, two = sorted(vault.glob("collections/*/store.duckdb"))
    aside = tmp_path / "aside"
    shutil.move(one, aside)
    shutil.move(two, one)
    shutil.move(aside, two)
    refused(vault, "store_swapped")


def test_rolled_back_conversations_are_found_and_asking_goes_on(vault: Path) -> None:  # noqa: F811
    people = next(vault.glob("people/*/store.duckdb"))
    older = people.read_bytes()
    require(cloister(vault, "ask", QUESTION))
    people.write_bytes(older)
    said = require(cloister(vault, "ask", QUESTION))
    assert "conversations" in said.errors
    assert "older state" in said.errors


def test_a_rolled_back_vault_file_is_found(vault: Path) -> None:  # noqa: F811
    older = (vault / "vault.json").read_bytes()
    require(cloister(vault, "add", "--to", "Other", str(ROOT / "README.md")))
    (vault / "vault.json").write_bytes(older)
    refused(vault, "vault_damaged")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_damaged_vault_file_is_found(vault: Path, share: float) -> None:  # noqa: F811
    path = vault / "vault.json"
    flip(path, int(path.stat().st_size * share))
    said = require(cloister(vault, "ask", QUESTION), 1)
    assert said.find("error") in ("vault_damaged", "wrong_passphrase", "tampered", "name_required")
    assert said.find("hint")


def written(journal: Path) -> int:
    """How far the journal is written: it is made longer than it is, in zeros."""
    return len(journal.read_bytes().rstrip(b"\0"))


def cut_journal(data: Path) -> None:
    journal = data / "audit" / "journal"
    os.truncate(journal, written(journal) * 2 // 3)


def cut_and_padded_journal(data: Path) -> None:
    journal = data / "audit" / "journal"
    size, kept = journal.stat().st_size, written(journal) * 2 // 3
    os.truncate(journal, kept)
    os.truncate(journal, size)


def empty_journal(data: Path) -> None:
    os.truncate(data / "audit" / "journal", 0)


def flip_journal(data: Path) -> None:
    journal = data / "audit" / "journal"
    flip(journal, written(journal) // 2)


def remove_log(data: Path) -> None:
    shutil.rmtree(data / "audit")


@pytest.mark.parametrize(
    "damage", [cut_journal, cut_and_padded_journal, empty_journal, flip_journal, remove_log]
)
def test_a_cut_or_damaged_log_is_found(vault: Path, damage: Callable[[Path], None]) -> None:  # noqa: F811
    damage(vault)
    refused(vault, *LOG_CODES)


def test_a_damaged_original_is_said_and_the_rest_works(vault: Path) -> None:  # noqa: F811
    for original in vault.glob("collections/*/files/*"):
        flip(original, 200)
    require(cloister(vault, "ask", QUESTION))


def test_a_damaged_index_snapshot_is_rebuilt(vault: Path) -> None:  # noqa: F811
    for snapshot in vault.glob("collections/*/vectors.sealed"):
        flip(snapshot, 100)
    require(cloister(vault, "ask", QUESTION))


def test_a_second_instance_is_told_so(vault: Path) -> None:  # noqa: F811
    code = (
        "import sys; from pathlib import Path; from appliance.vault import lock_folder;"
        "held = lock_folder(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(vault)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        if holder.stdout is None or holder.stdin is None:
            raise AssertionError("no pipes")
        assert holder.stdout.readline() == "held\n"
        refused(vault, "already_running")
        holder.stdin.close()
    require(cloister(vault, "ask", QUESTION))


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), bytes(target), kind.encode(), flags, options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}")


MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
CLONE_NEWNS = 0x20000


def _own_mounts() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("none", Path("/"), "", MS_REC | MS_PRIVATE)


needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts in a namespace")


@needs_mounts
def test_a_read_only_folder_is_said_and_nothing_is_lost(vault: Path) -> None:  # noqa: F811
    def read_only() -> None:
        _own_mounts()
        _mount(str(vault), vault, "", MS_BIND)
        _mount("none", vault, "", MS_REMOUNT | MS_BIND | MS_RDONLY)

    said = require(cloister(vault, "ask", QUESTION, before=read_only), 1)
    assert said.find("error") in ("storage_read_only", "log_unwritable"), said
    assert said.find("hint")
    require(cloister(vault, "ask", QUESTION))


@needs_mounts
@pytest.mark.parametrize("room", [0, 300_000])
def test_a_full_disk_is_said_and_nothing_is_lost(vault: Path, tmp_path: Path, room: int) -> None:  # noqa: F811
    """The data folder on a file system with `room` bytes left; what was acknowledged stays."""
    papers = tmp_path / "papers"
    papers.mkdir()
    for i in range(30):
        (papers / f"{i}.txt").write_text(f"Rule {i} of the house. " * 300)
    size = sum(path.stat().st_blocks * 512 for path in vault.rglob("*")) + room
    small = tmp_path / "small"
    small.mkdir()

    def full() -> None:
        _own_mounts()
        _mount("tmpfs", small, "tmpfs", 0, f"size={size + 200_000}")
        shutil.copytree(vault, small / "data")

    said = cloister(small / "data", "add", str(papers), before=full)
    assert said.status == 1, said
    assert said.find("error") in ("storage_full", "log_unwritable"), said
    assert said.find("hint")
    require(cloister(vault, "ask", QUESTION))
