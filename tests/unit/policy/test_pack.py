"""Packs are used whole, as signed, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.policy import pack
from appliance.policy.errors import (
    PackAltered,
    PackError,
    PackForged,
    PackMissing,
    PackRolledBack,
    PackUnsigned,
    PackUnusable,
)
from appliance.vault.signers import SignerKey
from tests.unit.policy import packs


def test_a_signed_pack_loads_and_names_itself(tmp_path: Path) -> None:
    loaded = packs.made(tmp_path)
    assert loaded.label == "small@1"
    assert loaded.signer == "tests"
    assert len(loaded.sha256) == 64


def alter(file: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / file).write_bytes((folder / file).read_bytes() + b"\n")

    return change


def remove(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def add(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_text("forbid (principal, action, resource);")


def link(folder: Path) -> None:
    (folder / "rules.cedar").rename(folder.parent / "elsewhere")
    (folder / "rules.cedar").symlink_to(folder.parent / "elsewhere")


def pipe(folder: Path) -> None:
    import os

    (folder / "rules.cedar").unlink()
    os.mkfifo(folder / "rules.cedar")


def swap(folder: Path) -> None:
    one, other = folder / "rules.cedar", folder / "cases.toml"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def huge(folder: Path) -> None:
    (folder / "rules.cedar").write_bytes(b"/" * (1024 * 1024 + 1))


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (alter("rules.cedar"), PackAltered),
        (alter("cases.toml"), PackAltered),
        (alter("pack.toml"), PackAltered),
        (alter("schema.cedarschema"), PackAltered),
        (remove("rules.cedar"), PackAltered),
        (remove("cases.toml"), PackAltered),
        (remove("pack.sig"), PackUnsigned),
        (add("more.cedar"), PackAltered),
        (add("rules.cedar~"), PackAltered),
        (add("Readme.md"), PackAltered),
        (add(".hidden"), PackAltered),
        (lambda folder: (folder / "sub").mkdir(), PackAltered),
        (link, PackAltered),
        (pipe, PackAltered),
        (swap, PackAltered),
        (huge, PackAltered),
        (alter("pack.sig"), PackForged),
        (lambda folder: (folder / "pack.sig").write_bytes(b""), PackForged),
        (lambda folder: (folder / "pack.sig").write_bytes(b"{}"), PackForged),
        (shutil.rmtree, PackMissing),
    ],
)
def test_a_pack_that_is_not_as_delivered_is_refused_with_a_next_step(
    tmp_path: Path, damage: Callable[[Path], object], error: type[PackError]
) -> None:
    folder = packs.write(tmp_path)
    damage(folder)
    with pytest.raises(error) as caught:
        pack.load(folder, packs.trusted())
    assert caught.value.sentence
    assert caught.value.next_step


def test_a_renamed_folder_is_refused(tmp_path: Path) -> None:
    packs.write(tmp_path).rename(tmp_path / "other")
    with pytest.raises(PackAltered, match="other"):
        pack.load(tmp_path / "other", packs.trusted())


def test_a_pack_signed_by_another_key_is_refused(tmp_path: Path) -> None:
    folder = packs.write(tmp_path, key=SignerKey.generate())
    with pytest.raises(PackForged, match="not trusted"):
        pack.load(folder, packs.trusted())


@pytest.mark.parametrize("half", ["ed25519", "ml-dsa-65"])
def test_both_signatures_are_needed(tmp_path: Path, half: str) -> None:
    """A forger who broke one of the algorithms still has no pack."""
    folder = packs.write(tmp_path)
    other = packs.write(tmp_path / "other", serial=2)
    genuine = json.loads((folder / "pack.sig").read_bytes())
    genuine[half] = json.loads((other / "pack.sig").read_bytes())[half]
    text = json.dumps(genuine, sort_keys=True, separators=(",", ":"))
    (folder / "pack.sig").write_text(text)
    with pytest.raises(PackForged, match="does not verify"):
        pack.load(folder, packs.trusted())


def test_a_signature_of_another_pack_does_not_fit(tmp_path: Path) -> None:
    one, other = packs.write(tmp_path, "one"), packs.write(tmp_path, "other")
    shutil.copy(other / "pack.sig", one / "pack.sig")
    with pytest.raises(PackAltered):
        pack.load(one, packs.trusted())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_no_flipped_bit_of_any_file_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = packs.write(tmp_path_factory.mktemp("bits"))
    file = data.draw(st.sampled_from(["pack.toml", "rules.cedar", "pack.sig"]))
    content = bytearray((folder / file).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    (folder / file).write_bytes(content)
    with pytest.raises(PackError):
        pack.load(folder, packs.trusted())


def test_an_older_serial_is_refused_once_a_newer_was_in_force(tmp_path: Path) -> None:
    folder = packs.write(tmp_path, serial=3)
    for seen in ((), ("small@3",), ("small@2", "small@3")):
        loaded = pack.load_packs([folder], trusted=packs.trusted(), seen=seen)
        assert loaded[0].serial == 3
    with pytest.raises(PackRolledBack, match="older"):
        pack.load_packs([folder], trusted=packs.trusted(), seen=("small@4",))


def test_a_pack_that_was_in_force_is_missed_unless_retired(tmp_path: Path) -> None:
    folder = packs.write(tmp_path)
    seen = ("small@1", "strict@2")
    with pytest.raises(PackMissing, match="strict"):
        pack.load_packs([folder], trusted=packs.trusted(), seen=seen)
    assert pack.load_packs([folder], trusted=packs.trusted(), seen=seen, retired=("strict",))


def test_no_pack_at_all_is_an_error() -> None:
    with pytest.raises(PackMissing):
        pack.load_packs([])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pack.toml", b'name = "small"\nversion = "1.0.0"\nserial = 2\nauthor = "x"\n'),
        ("pack.toml", b'name = "other"\nversion = "1.0.0"\nserial = 1\nauthor = "x"\n'),
        ("pack.toml", b'name = "small"\nversion = "1"\nserial = 1\nauthor = "x"\n'),
        ("pack.toml", b'name = "small"\nversion = "1.0.0"\nserial = true\nauthor = "x"\n'),
        ("pack.toml", b'name = "small"\nversion = "1.0.0"\nserial = 1\n'),
        ("pack.toml", b'name = "small"\nversion = "1.0.0"\nserial = 1\nauthor = "x"\nmore = 1\n'),
        ("pack.toml", b"["),
        ("pack.toml", b"\xff"),
        ("schema.cedarschema", b"entity Person;"),
        ("topics.toml", b"[[topic]]\n"),
        ("topics.toml", b"nonsense = 1\n"),
    ],
)
def test_a_genuine_pack_that_makes_no_sense_is_unusable(
    tmp_path: Path, file: str, text: bytes
) -> None:
    folder = packs.write(tmp_path, changed={file: text})
    with pytest.raises(PackUnusable):
        pack.load(folder, packs.trusted())


def test_the_shipped_packs_are_signed_by_the_key_in_the_code() -> None:
    """Changed a pack? Raise its serial and run packaging/sign_pack.py."""
    folders = [path.parent for path in pack.shipped_folder().glob("*/pack.toml")]
    assert pack.shipped_folder() / "baseline" in folders
    assert {one.name for one in pack.load_packs(folders)} == {f.name for f in folders}
