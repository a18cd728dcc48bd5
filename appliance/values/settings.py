"""A setting as a screen shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettingView:
    """value: as the files say it now; in_force: as the program was started with. source:
    "built-in", "user" or "managed"; place: the file or registry key it was set in, "" where it is
    built in. locked: whether only the institution can change it, in `institution`. choices: all
    that it may be, empty for a number or a text; least and most: bounds of a number."""

    name: str
    value: str | int
    in_force: str | int
    source: str
    place: str
    locked: bool
    institution: str
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 0
