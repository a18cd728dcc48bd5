"""Every package is locked with a hash for every platform it is published for."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from supply.lockfile import LockUnreadable, plain, read_lock

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "packaging" / "locks").glob("*.txt"))
READ = [path for path in LOCKS if path.name != "overrides.txt"]
SOURCE_ALONE = {"hnswlib", "llama-cpp-python"}
"""Published without a wheel: one file for every platform, compiled where it is installed."""


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


def test_what_has_native_code_is_locked_for_linux_macos_and_windows() -> None:
    """A wheel is for one platform: at least four files, with both processors of Linux."""
    few = {}
    for one in read_lock(ROOT / "packaging" / "locks" / "product.txt"):
        try:
            wheel = distribution(one.name).read_text("WHEEL") or ""
        except PackageNotFoundError:
            continue
        tags = [line for line in wheel.splitlines() if line.startswith("Tag: ")]
        if one.plain not in SOURCE_ALONE and not all(tag.endswith("-any") for tag in tags):
            few[one.plain] = len(one.hashes)
    assert len(few) > 10
    assert {name: count for name, count in few.items() if count < 4} == {}


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
