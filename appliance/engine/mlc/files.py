"""Untrusted files of a model's folder, opened and bounded in one place.

Rules kept here: a file is an ordinary file with a plain name, never a link; it is opened once and
what was opened is what is read; JSON has no NaN, no infinity and no name twice. Whatever is wrong
raises ModelDamaged with the file's name.
"""

from __future__ import annotations

import json
import os
import re
import stat
from io import BufferedReader
from pathlib import Path
from typing import NoReturn

from appliance.engine.errors import ModelDamaged

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""What a file of the layout may be called: no folder, no hidden file, nothing to escape."""


def open_file(path: Path) -> BufferedReader:
    """Raises ModelDamaged for what is missing or no ordinary file."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise ModelDamaged(f"{path.name} of the model is missing.") from error
    except (OSError, ValueError) as error:
        raise ModelDamaged(f"{path.name} of the model cannot be read.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ModelDamaged(f"{path.name} of the model is no ordinary file.")
    return os.fdopen(descriptor, "rb")


def size_of(file: BufferedReader) -> int:
    return os.fstat(file.fileno()).st_size


def read_file(path: Path, limit: int) -> bytes:
    """All of a file. Raises ModelDamaged, also for one longer than the limit."""
    with open_file(path) as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise ModelDamaged(f"{path.name} of the model cannot be read.") from error
    if len(content) > limit:
        raise ModelDamaged(f"{path.name} of the model is larger than such a file can be.")
    return content


def read_object(path: Path, limit: int) -> dict[str, object]:
    """A JSON object. Raises ModelDamaged."""
    return json_object(read_file(path, limit), path.name)


def json_object(untrusted: bytes, name: str) -> dict[str, object]:
    """Raises ModelDamaged, naming `name`."""
    try:
        value = json.loads(untrusted, object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ModelDamaged(f"{name} of the model is not JSON in order.") from error
    if not isinstance(value, dict):
        raise ModelDamaged(f"{name} of the model is not a table of fields.")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name twice")
    return value


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number")
