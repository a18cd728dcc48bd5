"""Every package is locked with a hash for every platform it is published for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename
from supply.lockfile import LockUnreadable, plain, read_lock

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "packaging" / "locks").glob("*.txt"))
READ = [path for path in LOCKS if path.name not in ("overrides.txt", "files.txt")]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.stem)
def test_everything_in_a_lock_has_its_hashes(path: Path) -> None:
    locked = read_lock(path)
    assert locked
    assert all(one.hashes and len(set(one.hashes)) == len(one.hashes) for one in locked)
    assert len({(one.plain, one.marker) for one in locked}) == len(locked)


def test_what_the_product_declares_is_locked_in_that_version() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*told["dependencies"], *told["optional-dependencies"]["build"]]
    locked = {
        one.plain: one.version
        for name in ("product", "native")
        for one in read_lock(ROOT / "packaging" / "locks" / f"{name}.txt")
    }
    for line in declared:
        name, _, version = line.partition("==")
        assert locked.get(plain(name)) == version, line


TARGETS = {
    "Linux, x86-64": ("linux", "x86_64", [f"manylinux_2_{n}_x86_64" for n in range(36, 4, -1)]
                      + ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]),
    "Linux, ARM": ("linux", "aarch64", [f"manylinux_2_{n}_aarch64" for n in range(39, 16, -1)]
                   + ["manylinux2014_aarch64"]),
    "Windows": ("win32", "AMD64", ["win_amd64"]),
    "macOS, Apple's processors": ("darwin", "arm64", list(mac_platforms((13, 0), "arm64"))),
    "macOS, Intel's": ("darwin", "x86_64", list(mac_platforms((13, 0), "x86_64"))),
}  # fmt: skip
"""As docs/installing.md says what the product is for: Debian 12's C library on x86-64, 2.39 on ARM
(what Qt's wheel asks for there), macOS 13."""
WITHOUT = {"macOS, Intel's": {"apache-tvm", "apache-tvm-ffi", "cryptography"}}
"""They are not published for it, so there is no product for it (docs/dependencies.md)."""


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("lock", ["product", "installer"])
def test_a_lock_has_a_file_of_every_package_for_every_platform(lock: str, target: str) -> None:
    """A wheel that Python 3.11 there takes, whose hash is in the lock."""
    system, machine, platforms = TARGETS[target]
    fits = {
        *cpython_tags((3, 11), platforms=platforms),
        *compatible_tags((3, 11), interpreter="cp311", platforms=platforms),
    }
    wheels: dict[str, set[str]] = {}
    for line in (ROOT / "packaging" / "locks" / "files.txt").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if name.endswith(".whl") and parse_wheel_filename(name)[3] & fits:
            wheels.setdefault(parse_wheel_filename(name)[0], set()).add(digest)
    there = {
        "sys_platform": system, "platform_machine": machine, "python_version": "3.11",
        "platform_python_implementation": "CPython", "implementation_name": "cpython",
    }  # fmt: skip
    locked = [
        one
        for one in read_lock(ROOT / "packaging" / "locks" / f"{lock}.txt")
        if not one.marker or Marker(one.marker).evaluate(there)
    ]
    assert len(locked) > 30
    missing = {one.plain for one in locked if not wheels.get(one.plain, set()) & {*one.hashes}}
    in_lock = {one.plain for one in locked}
    assert missing == WITHOUT.get(target, set()) & in_lock


def test_what_is_published_without_a_wheel_is_locked_by_its_source() -> None:
    (hnswlib,) = read_lock(ROOT / "packaging" / "locks" / "native.txt")
    files = (ROOT / "packaging" / "locks" / "files.txt").read_text("utf-8")
    assert f"{hnswlib.hashes[0]}  hnswlib-{hnswlib.version}.tar.gz\n" in files


@pytest.mark.parametrize(
    "text",
    [
        "duckdb==1.5.5\n",
        "duckdb>=1.5.5 \\\n    --hash=sha256:" + "a" * 64 + "\n",
        "duckdb==1.5.5 \\\n    --hash=md5:" + "a" * 32 + "\n",
        "--index-url https://example.invalid\n",
        "duckdb==1.5.5 \\\n    --hash=sha256:" + "a" * 63 + "\n",
        "git+https://example.invalid/x\n",
    ],
)
def test_what_installs_something_unchecked_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock.txt").write_text(text)
    with pytest.raises(LockUnreadable):
        read_lock(tmp_path / "lock.txt")
