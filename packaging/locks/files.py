"""Which file each hash of a lock is of: `files.txt`, from uv's lock files (PEP 751).

    python files.py pylock.product.toml … >files.txt

Run by lock.sh. With it a test can say, without a network, for which platforms a lock has files.

Rules kept here: names and hashes alone, no address of where they were found; each file once, in
order; of wheels those for the Pythons and platforms that the product is for, of sources all.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

_FOR_US = re.compile(
    r"-(?:cp311|cp312|cp313|cp3\d*-abi3|(?:py2\.)?py3)-.*"
    r"(?:any|manylinux[_\d]*_(?:x86_64|aarch64)|win_amd64|macosx_[_\d]*(?:x86_64|arm64|universal2))"
    r"\.whl$|\.tar\.gz$"
)


def files(lock: Path) -> Iterator[tuple[str, str]]:
    """(name, SHA-256) of every file."""
    for package in tomllib.loads(lock.read_text("utf-8"))["packages"]:
        source = [package["sdist"]] if "sdist" in package else []
        for one in [*package.get("wheels", ()), *source]:
            name = one["url"].rpartition("/")[2].replace("%2B", "+")
            if _FOR_US.search(name):
                yield name, one["hashes"]["sha256"]


def main() -> None:
    found = {name: digest for lock in sys.argv[1:] for name, digest in files(Path(lock))}
    for name in sorted(found):
        print(f"{found[name]}  {name}")


if __name__ == "__main__":
    main()
