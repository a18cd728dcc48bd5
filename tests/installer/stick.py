"""The medium as an institution hands it out: what `make installer` made, with a chat model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import medium

from tests.stories260k import SHARED
from tests.storyteller import write_unsigned

STORIES = "stories@1"


class Lacking(Exception):
    """What a step needs is not on this machine: it was not tried."""


def with_models(made: Path, folder: Path) -> Path:
    """`folder`, made anew: `made` by hard links, with a small chat model where its weights are
    there."""
    linked(made, folder)
    if SHARED.is_dir():
        place = folder.with_name("bundle") / STORIES.partition("@")[0]
        shutil.rmtree(place.parent, ignore_errors=True)
        place.parent.mkdir()
        write_unsigned(place)
        shutil.copytree(place, folder / "models" / STORIES)
    medium.write_sums(folder)
    return folder


def with_package(made: Path, deb: Path, folder: Path) -> Path:
    """`folder`, made anew: `made` with another package of the program, and no .run file."""
    linked(made, folder)
    for path in (*folder.glob("cloister*.deb"), *folder.glob("cloister*.run")):
        path.unlink()
    shutil.copyfile(deb, folder / deb.name)
    medium.write_sums(folder)
    return folder


def linked(made: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, folder, copy_function=os.link)
    (folder / medium.SUMS).unlink()  # it is written anew, and that one stays as it is
