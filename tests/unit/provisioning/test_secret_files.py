"""Passphrases that are read and recovery codes that are written, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.provisioning.plan import FileNamed
from appliance.provisioning.secret_files import RECOVERY, Codes, SecretUnusable, read_passphrase
from appliance.vault.recovery import new_code, shown

PHRASE = "seven lanterns over quiet water"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "phrase"
    path.write_text(f"{PHRASE}\n")
    path.chmod(0o600)
    return path


def test_the_first_line_is_the_passphrase(file: Path) -> None:
    assert read_passphrase(FileNamed(file, 3), "Anna") == PHRASE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_a_file_others_can_read_or_write_is_not_read(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SecretUnusable, match="Others can") as caught:
        read_passphrase(FileNamed(file, 3), "Anna")
    assert caught.value.at(3).line == 3
    assert "chmod 600" in caught.value.next_step


def test_a_link_a_pipe_and_a_folder_are_no_secret_files(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe", "missing", "."):
        with pytest.raises(SecretUnusable) as caught:
            read_passphrase(FileNamed(tmp_path / name, 3), "Anna")
        assert PHRASE not in caught.value.sentence


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\xff\xfe\n", b"one line of text\nand another\n", b"x" * 5_000]
)
def test_a_file_that_is_not_one_line_of_text_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(SecretUnusable, match="one line"):
        read_passphrase(FileNamed(file, 3), "Anna")


@pytest.mark.parametrize("phrase", ["tiny", "changemechangeme", "Anna Bergmann-Holt"])
def test_a_passphrase_the_vault_would_refuse_is_refused_before(file: Path, phrase: str) -> None:
    file.write_text(phrase)
    with pytest.raises(SecretUnusable) as caught:
        read_passphrase(FileNamed(file, 3), "Anna Bergmann-Holt")
    assert phrase not in caught.value.sentence


def test_a_code_is_kept_under_a_name_that_names_nobody(codes: Codes, tmp_path: Path) -> None:
    codes.require_usable(tmp_path / "data")
    code = shown(new_code())
    codes.prepare("Anna Berg")
    assert codes.cut_off("anna  berg")
    assert not codes.holds("Anna Berg")
    codes.write("Anna Berg", code, RECOVERY)
    assert codes.holds("ANNA BERG")
    assert not codes.cut_off("Anna Berg")
    (path,) = codes.folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == f"Anna Berg\n{RECOVERY}\n{code}\n"
    assert "nna" not in path.name


def test_a_code_that_was_written_is_never_overwritten(codes: Codes) -> None:
    codes.prepare("Anna")
    codes.write("Anna", shown(new_code()), RECOVERY)
    before = codes.file("Anna").read_bytes()
    with pytest.raises(SecretUnusable):
        codes.prepare("Anna")
    assert codes.file("Anna").read_bytes() == before


def test_every_beginning_of_a_code_file_counts_as_cut_off(codes: Codes) -> None:
    codes.prepare("Anna")
    codes.write("Anna", shown(new_code()), RECOVERY)
    whole = codes.file("Anna").read_bytes()
    for size in range(len(whole)):
        codes.file("Anna").write_bytes(whole[:size])
        assert codes.cut_off("Anna"), size
    codes.file("Anna").unlink()  # printed, and taken away: nothing was cut off
    assert not codes.cut_off("Anna")


def test_folders_that_are_not_safe_for_codes_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "codes").mkdir(parents=True)
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "file").write_text("")
    (data / "codes").chmod(0o700)
    for folder in (data / "codes", tmp_path / "open", tmp_path / "link", tmp_path / "file",
                   tmp_path / "missing"):  # fmt: skip
        with pytest.raises(SecretUnusable) as caught:
            Codes(folder).require_usable(data)
        assert caught.value.next_step
