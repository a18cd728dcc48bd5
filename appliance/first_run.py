"""A first run that fails leaves nothing behind: nobody was given its recovery code yet.

Rule kept here: only what the failed run itself made is taken away; whatever lay in the data folder
before, an older log above all, is evidence and stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import StorageReadOnly


def make_folders(data: Path) -> None:
    """The data folder, and in it the one for whatever is passing. Raises StorageReadOnly."""
    spill = data / "spill"
    try:
        for folder in (data, spill):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageReadOnly(
            f"The data folder {data} cannot be made: {error.strerror}."
        ) from error
    # Whatever library makes a temporary file makes it where nothing in the clear can outlive it.
    os.environ["TMPDIR"] = str(spill)


@contextmanager
def undone_on_failure(data: Path) -> Iterator[None]:
    """Whatever is raised inside goes on up, after what is new in `data` was removed."""
    before = {path.name for path in data.iterdir()}
    try:
        yield
    except BaseException:
        for path in data.iterdir():
            if path.name not in before:
                with suppress(OSError):  # the first error is the one to report
                    _remove(path)
        raise


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
