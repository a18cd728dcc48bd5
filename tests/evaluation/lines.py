"""Reading somebody's files, line by line.

Rules kept here: what is read is bounded (a line, a file, a name); every refusal names the file, the
line and the next step; a byte order mark, CRLF and blank lines are no reason to refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from tests.evaluation.errors import DataUnusable

LONGEST_LINE = 16_000_000
LARGEST_JSON = 1_000_000_000
LONGEST_NAME = 512

Object: TypeAlias = dict[str, object]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers, from 1, and the lines that hold something, without their ends."""
    try:
        with path.open("rb") as file:
            number = 0
            while untrusted := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(untrusted) > LONGEST_LINE:
                    raise DataUnusable(
                        f"{path.name}, line {number}: longer than {LONGEST_LINE:,} bytes.",
                        hint="Is it one JSON object a line? Split what is longer.",
                    )
                line = _text(untrusted, path, number).strip("\r\n")
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise unreadable(path, error) from error


def objects(path: Path) -> Iterator[tuple[int, Object]]:
    """The JSON objects of a file with one a line."""
    for number, line in lines(path):
        try:
            found: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataUnusable(
                f"{path.name}, line {number}: not JSON.", hint="Each line is one JSON object."
            ) from error
        yield number, as_object(found, f"{path.name}, line {number}")


def whole(path: Path) -> Object:
    """A file that is one JSON object."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise DataUnusable(
                f"{path.name} is larger than {LARGEST_JSON:,} bytes.", hint="Split it by article."
            )
        untrusted = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        found: object = json.loads(_text(untrusted, path, 0).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise DataUnusable(
            f"{path.name} is not JSON.", hint="Name a file in the form of SQuAD."
        ) from error
    return as_object(found, path.name)


def as_object(untrusted: object, where: str) -> Object:
    if not isinstance(untrusted, dict):
        raise DataUnusable(f"{where}: not a JSON object ({{ … }}).")
    return untrusted


def as_list(untrusted: object, where: str) -> list[object]:
    if not isinstance(untrusted, list):
        raise DataUnusable(f"{where}: not there, or not a JSON list ([ … ]).")
    return untrusted


def text_of(untrusted: Object, key: str, where: str) -> str:
    """The text under a key, "" where there is none or null."""
    value = untrusted.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataUnusable(f"{where}: {key!r} is not text.")
    return value


def name_of(untrusted: object, where: str) -> str:
    """An id: text, or a number, which is taken as text."""
    if isinstance(untrusted, int) and not isinstance(untrusted, bool):
        untrusted = str(untrusted)
    if not isinstance(untrusted, str) or not 0 < len(untrusted.strip()) <= LONGEST_NAME:
        raise DataUnusable(
            f"{where}: no id of 1 to {LONGEST_NAME} characters.",
            hint="Each line has an '_id', a text or a whole number.",
        )
    return untrusted.strip()


def unreadable(path: Path, error: OSError) -> DataUnusable:
    return DataUnusable(
        f"{path} cannot be read ({error.strerror}).", hint="Check the path and its permissions."
    )


def _text(untrusted: bytes, path: Path, number: int) -> str:
    try:
        return untrusted.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f", line {number}" if number else ""
        raise DataUnusable(
            f"{path.name}{where}: not UTF-8.", hint="Convert the file to UTF-8."
        ) from error
