"""The shell scripts of a package, with the parts they share put into each.

Rule kept here: a script stands alone; those of a Debian package run before and after its files are
there.
"""

from __future__ import annotations

from pathlib import Path

RELEASES = "#RELEASES\n"
MODELS = "#MODELS\n"


def shell(folder: Path, name: str, values: dict[str, str]) -> str:
    """The script `name` with `values` set as variables, and releases.sh and models.sh where it asks
    for them. Raises ValueError where a value would not stay one word."""
    text = (folder / name).read_text("utf-8")
    shared = "".join(f"{key}={_quoted(value)}\n" for key, value in values.items())
    text = text.replace(RELEASES, shared + (folder / "releases.sh").read_text("utf-8"))
    return text.replace(MODELS, (folder / "models.sh").read_text("utf-8"))


def _quoted(value: str) -> str:
    """In double quotes: $ROOT and the like are meant to be read."""
    if any(character in value for character in '"`\\\n'):
        raise ValueError(f"{value!r} does not fit into a script")
    return f'"{value}"'
