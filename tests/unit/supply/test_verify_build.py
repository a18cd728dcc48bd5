"""Two builds compared: what is explained is computed, and what is planted is not explained away."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import marshal
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import verify_build
from build_reasons import build_id, explained
from verify_build import compared, tree

from tests.unit.supply.archives import code, frozen

ROOT = Path(__file__).resolve().parents[3]


def pyc(source: str, when: int, name: str = "/build/a.py") -> bytes:
    code = compile(source, name, "exec")
    header = importlib.util.MAGIC_NUMBER + bytes(4) + when.to_bytes(4, "little") + bytes(4)
    return header + marshal.dumps(code)


def elf(build_id: bytes, body: bytes = b"code") -> bytes:
    note = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0" + build_id
    head = struct.pack("<QQIHHHHHH", 64, 0, 0, 64, 56, 1, 0, 0, 0)  # e_phoff …
    segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4)  # PT_NOTE
    return b"\x7fELF\x02\x01\x01" + bytes(25) + head + segment + note + body


def zipped(when: tuple[int, int, int, int, int, int], content: bytes = b"x") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a/b.txt", when), content)
    return held.getvalue()


PAIRS: dict[str, tuple[str, bytes, bytes]] = {
    "compiled at another time": ("a.pyc", pyc("x = 1", 1), pyc("x = 1", 2)),
    "compiled in another folder": ("a.pyc", pyc("x = 1", 1), pyc("x = 1", 1, "/other/a.py")),
    "another build id": ("lib.so", elf(b"a" * 20), elf(b"b" * 20)),
    "packed at another time": ("a.gz", gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2)),
    "its members' times": (
        "base.zip", zipped((2026, 1, 1, 0, 0, 0)), zipped((2026, 1, 2, 0, 0, 0))
    ),
}  # fmt: skip
PLANTED: dict[str, tuple[str, bytes, bytes]] = {
    "other code": ("a.pyc", pyc("x = 1", 1), pyc("x = 2", 2)),
    "another name in the code": ("a.pyc", pyc("x = 1", 1), pyc("y = 1", 2)),
    "code within code": ("a.pyc", pyc("def f(): return 1", 1), pyc("def f(): return 2", 2)),
    "other code beside another build id": ("l.so", elf(b"a" * 20), elf(b"b" * 20, b"c0de")),
    "other content packed": ("a.gz", gzip.compress(b"x", mtime=1), gzip.compress(b"y", mtime=2)),
    "another member": (
        "base.zip", zipped((2026, 1, 1, 0, 0, 0)), zipped((2026, 1, 2, 0, 0, 0), b"y")
    ),
    "another byte of anything": ("policy.cedar", b"permit", b"forbid"),
    "what looks like a build id among data": (
        "l.so", elf(b"a" * 20, elf(b"c" * 20)), elf(b"a" * 20, elf(b"d" * 20))
    ),
    "a constant of another type": ("a.pyc", pyc("x = 1", 1), pyc("x = True", 1)),
    "another nought": ("a.pyc", pyc("x = 0.0", 1), pyc("x = -0.0", 1)),
    "another name packed": (
        "a.gz", gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2)[:-8] + bytes(8)
    ),
    "something before an archive": (
        "base.zip", zipped((2026, 1, 1, 0, 0, 0)), b"PK\x03\x04" + zipped((2026, 1, 2, 0, 0, 0))
    ),
    "something behind an archive": (
        "base.zip", zipped((2026, 1, 1, 0, 0, 0)), zipped((2026, 1, 2, 0, 0, 0)) + b"more"
    ),
    "no code at all": ("a.pyc", b"abc", b"abd"),
}  # fmt: skip


def builds(folder: Path, path: str, left: bytes, right: bytes) -> tuple[Path, Path]:
    for name, content in (("a", left), ("b", right)):
        (folder / name).mkdir()
        (folder / name / path).write_bytes(content)
    return folder / "a", folder / "b"


@pytest.mark.parametrize("why", list(PAIRS))
def test_a_difference_with_a_reason_is_explained(tmp_path: Path, why: str) -> None:
    found = compared(*map(tree, builds(tmp_path, *PAIRS[why])))
    assert len(found) == 1
    assert found[0].reason


@pytest.mark.parametrize("what", list(PLANTED))
def test_what_is_planted_is_unexplained(tmp_path: Path, what: str) -> None:
    left, right = builds(tmp_path, *PLANTED[what])
    assert [one.reason for one in compared(tree(left), tree(right))] == [""]
    assert run(left, right).returncode == 1


def test_the_same_twice_is_the_same(tmp_path: Path) -> None:
    left, right = builds(tmp_path, "a", b"x", b"x")
    assert compared(tree(left), tree(right)) == ()
    done = run(left, right)
    assert (done.returncode, done.stdout) == (0, "1 entries, 0 differ, 0 unexplained.\n")


def linked(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "a").symlink_to("/etc")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file more": lambda folder: (folder / "more").write_bytes(b""),
    "a file less": lambda folder: (folder / "a").unlink(),
    "set user id": lambda folder: (folder / "a").chmod(0o4755),
    "a link elsewhere": linked,
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_files_modes_and_links_count(tmp_path: Path, change: str) -> None:
    left, right = builds(tmp_path, "a", b"x", b"x")
    CHANGES[change](right)
    assert [one.reason for one in compared(tree(left), tree(right))] == [""]


def test_a_list_of_hashes_follows_from_what_it_lists(tmp_path: Path) -> None:
    left, right = builds(tmp_path, "a.pyc", pyc("x = 1", 1), pyc("x = 1", 2))
    for side in (left, right):
        digest = hashlib.sha256((side / "a.pyc").read_bytes()).hexdigest()
        (side / "SHA256SUMS").write_text(f"{digest}  a.pyc\n")
    assert all(one.reason for one in compared(tree(left), tree(right)))
    (right / "SHA256SUMS").write_text(f"{'0' * 64}  a.pyc\n")
    assert [one.path for one in compared(tree(left), tree(right)) if not one.reason] == [
        "SHA256SUMS"
    ]


def deb(folder: Path, when: int, content: bytes, mode: int = 0o644) -> Path:
    """A package as dpkg-deb makes one; `when` is the time of its build."""
    place = folder / f"tree-{when}"
    (place / "DEBIAN").mkdir(parents=True)
    (place / "usr" / "share").mkdir(parents=True)
    (place / "DEBIAN" / "control").write_text(
        "Package: cloister\nVersion: 0.1.0\nArchitecture: all\nMaintainer: C <c@example.org>\n"
        "Description: test\n"
    )
    (place / "usr" / "share" / "file").write_bytes(content)
    (place / "usr" / "share" / "file").chmod(mode)
    for path in [*place.rglob("*"), place]:
        if path.is_dir():
            path.chmod(0o755)  # dpkg-deb takes no other, and a test before may have left a umask
        os.utime(path, (when, when))
    package = folder / f"cloister-{when}.deb"
    subprocess.run(
        [str(shutil.which("dpkg-deb")), "--root-owner-group", "--build", str(place), str(package)],
        check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": str(when)},
    )  # fmt: skip
    return package


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no Debian packages here")
@pytest.mark.parametrize(
    ("content", "mode", "status"), [(b"x", 0o644, 0), (b"y", 0o644, 1), (b"x", 0o755, 1)]
)
def test_packages_are_compared_inside(
    tmp_path: Path, content: bytes, mode: int, status: int
) -> None:
    done = run(deb(tmp_path, 1_000_000, b"x"), deb(tmp_path, 2_000_000, content, mode))
    assert done.returncode == status, done.stdout
    assert "packed at another time" in done.stdout


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no Debian packages here")
def test_a_package_with_a_member_more_is_unexplained(tmp_path: Path) -> None:
    one = deb(tmp_path, 1_000_000, b"x")
    other = tmp_path / "other.deb"
    shutil.copyfile(one, other)
    with other.open("ab") as file:
        file.write(b"_extra          0           0     0     100644  2         `\nxx")
    done = run(one, other)
    assert done.returncode == 1
    assert "UNEXPLAINED: (package)" in done.stdout


def test_an_installer_that_unpacks_itself_is_compared_inside(tmp_path: Path) -> None:
    paths = []
    for name, content in (("a.run", b"x"), ("b.run", b"y")):
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w:xz") as archive:
            told = tarfile.TarInfo("cloister/file")
            told.size = 1
            archive.addfile(told, io.BytesIO(content))
        (tmp_path / name).write_bytes(b"#!/bin/sh\nexit 0\n" + held.getvalue())
        paths.append(tmp_path / name)
    assert run(paths[0], paths[0]).returncode == 0
    done = run(*paths)
    assert done.returncode == 1
    assert "UNEXPLAINED: cloister/file" in done.stdout


def test_a_frozen_program_is_looked_into_where_a_table_stands_behind_its_archive(
    tmp_path: Path,
) -> None:
    """As on Linux, where the archive is a section of the loader's file."""
    table = bytes(2_000)
    one = frozen({"a": code("x = 1")}, code("run()")) + table
    left, right = builds(tmp_path, "cloister", one, one)
    elsewhere = frozen({"a": code("x = 1", "/other/a.py")}, code("run()")) + table
    (right / "cloister").write_bytes(elsewhere)
    assert [found.reason != "" for found in compared(tree(left), tree(right))] == [True]
    (right / "cloister").write_bytes(elsewhere[:-1] + b"x")
    assert [found.reason for found in compared(tree(left), tree(right))] == [""]


def test_the_order_of_scripts_is_part_of_a_program() -> None:
    assert explained("a", frozen({"a": code("x = 1"), "b": code("y = 1")}, b""),
                     frozen({"b": code("y = 1"), "a": code("x = 1")}, b"")) == ""  # fmt: skip


def test_a_list_follows_another_build_id(tmp_path: Path) -> None:
    left, right = builds(tmp_path, "l.so", elf(b"a" * 20), elf(b"b" * 20))
    for side in (left, right):
        content = (side / "l.so").read_bytes()
        digest, told = hashlib.sha256(content).hexdigest(), build_id(content)
        (side / "sbom.cdx.json").write_text(f"{digest} {told} urn:uuid:{digest[:36]}")
    assert all(one.reason for one in compared(tree(left), tree(right)))
    with (right / "sbom.cdx.json").open("a") as file:
        file.write(" ")
    assert [one.path for one in compared(tree(left), tree(right)) if not one.reason] == [
        "sbom.cdx.json"
    ]


def test_a_number_is_left_out_of_the_list_of_parts_alone(tmp_path: Path) -> None:
    number = b"urn:uuid:00000000-0000-0000-0000-000000000000"
    left, right = builds(tmp_path, "manifest.json", number, number.replace(b"0-0", b"1-1"))
    assert [one.reason for one in compared(tree(left), tree(right))] == [""]


def test_what_is_no_file_is_no_empty_file(tmp_path: Path) -> None:
    left, right = builds(tmp_path, "a", b"", b"")
    (right / "a").unlink()
    os.mkfifo(right / "a")
    assert [one.reason for one in compared(tree(left), tree(right))] == [""]


def run_file(path: Path, members: list[tarfile.TarInfo], *, honest: bool = True) -> Path:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:xz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    digest = hashlib.sha256(held.getvalue() + (b"" if honest else b"x")).hexdigest()
    path.write_bytes(f'#!/bin/sh\nSHA256="{digest}"\nexit 0\n'.encode() + held.getvalue())
    return path


def member(name: str, when: int = 1, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    told.mtime, told.type, told.size = when, kind, 1 if kind == tarfile.REGTYPE else 0
    return told


def test_the_script_of_an_installer_follows_from_what_is_packed(tmp_path: Path) -> None:
    one = run_file(tmp_path / "a.run", [member("file", 1)])
    assert run(one, run_file(tmp_path / "b.run", [member("file", 2)])).returncode == 0
    done = run(one, run_file(tmp_path / "c.run", [member("file", 1)], honest=False))
    assert done.returncode == 1
    assert "(script)" in done.stdout


def test_a_package_that_says_something_twice_or_holds_a_device_is_told(tmp_path: Path) -> None:
    one = run_file(tmp_path / "a.run", [member("file")])
    twice = run(one, run_file(tmp_path / "b.run", [member("file"), member("file")]))
    assert twice.returncode != 0
    assert "twice" in twice.stderr
    empty = member("file")
    empty.size = 0
    device = run(run_file(tmp_path / "c.run", [empty]),
                 run_file(tmp_path / "d.run", [member("file", kind=tarfile.CHRTYPE)]))  # fmt: skip
    assert device.returncode == 1
    assert "another kind" in device.stdout


def run(left: Path, right: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(Path(str(verify_build.__file__))), str(left), str(right)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_frozen_program_is_compared_module_by_module(tmp_path: Path) -> None:
    one = frozen({"a": code("x = 1")}, code("run()"))
    left, right = builds(tmp_path, "cloister", one, one)
    elsewhere = frozen({"a": code("x = 1", "/other/a.py")}, code("run()"))
    (right / "cloister").write_bytes(elsewhere)
    assert [one.reason != "" for one in compared(tree(left), tree(right))] == [True]
    for planted in (
        frozen({"a": code("x = 2")}, code("run()")),
        frozen({"a": code("x = 1"), "b": code("evil()")}, code("run()")),
        frozen({"a": code("x = 1")}, code("run(1)")),
        frozen({"a": code("x = 1")}, code("run()"), b"l0ader"),
        one[:-3] + b"evl",
        one + b"more",
        one.replace(b"lib\0", b"bil\0"),
    ):
        (right / "cloister").write_bytes(planted)
        assert [one.reason for one in compared(tree(left), tree(right))] == [""]
