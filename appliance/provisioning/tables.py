"""Taking an untrusted TOML table apart: each member by name and kind, the rest is a mistake.

Rules kept here: the first mistake does not hide the second; what stands for a member that is wrong
is empty, and nobody uses it, since the file is refused in the end; a value is never repeated.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.provisioning.lines import Path as Keys
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import FileNamed, Written

LONGEST = 4_000  # characters of a text
MOST = 2_000  # elements of an array
SECRETS = frozenset("passphrase password secret pin code recovery_code key".split())


@dataclass(slots=True)
class Notes:
    """Mistakes as they are found. folder: of the file, which paths are named from."""

    lines: Mapping[Keys, int]
    folder: Path
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, line: int, sentence: str, next_step: str) -> None:
        self.mistakes.append(Mistake(line, sentence, next_step))

    def line(self, path: Keys) -> int:
        """Of the nearest thing that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class Table:
    """One table of the file. Every `take` removes a member; `finish` notes what is left over."""

    def __init__(self, untrusted: object, path: Keys, notes: Notes) -> None:
        self._path = path
        self._notes = notes
        self.line = notes.line(path)
        self._left: dict[str, object] = {}
        self._known: list[str] = []
        if isinstance(untrusted, dict):
            self._left = {str(name): value for name, value in untrusted.items()}
        else:
            notes.add(self.line, f"{_shown(path)} must be a table.", "Write it as [name].")

    def text(self, name: str, *, needed: bool = True, longest: int = LONGEST) -> Written:
        """Empty where it is left out."""
        value, line = self._take(name, needed)
        if value is None:
            return Written("", line)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
            self._notes.add(
                line, f"`{name}` must be a text.", f"Give 1 to {longest} characters in quotes."
            )
            return Written("", line)
        return Written(value, line)

    def file(self, name: str, *, needed: bool = True) -> FileNamed | None:
        """Where a file or folder is; None where it is left out or cannot be a path."""
        written = self.text(name, needed=needed)
        if not written.text:
            return None
        return self._named(written, name)

    def texts(self, name: str, *, needed: bool = False) -> tuple[Written, ...]:
        value, line = self._take(name, needed)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST:
            self._notes.add(line, f"`{name}` must be a list.", 'Write it as ["…", "…"].')
            return ()
        found = []
        for number, item in enumerate(value):
            at = self._notes.line((*self._path, name, number))
            if isinstance(item, str) and 0 < len(item.strip()) <= LONGEST:
                found.append(Written(item, at))
            else:
                self._notes.add(at, f"`{name}` is a list of texts.", "Put each into quotes.")
        return tuple(found)

    def files(self, name: str, *, needed: bool = False) -> tuple[FileNamed, ...]:
        named = (self._named(one, name) for one in self.texts(name, needed=needed))
        return tuple(one for one in named if one is not None)

    def flag(self, name: str) -> bool:
        """False where it is left out."""
        value, line = self._take(name, needed=False)
        if value is not None and not isinstance(value, bool):
            self._notes.add(line, f"`{name}` is true or false.", "Write true or false, no quotes.")
            return False
        return bool(value)

    def number(self, name: str) -> int | None:
        value, line = self._take(name, needed=True)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            self._notes.add(line, f"`{name}` is a whole number.", "Write it without quotes.")
            return None
        return value if isinstance(value, int) else None

    def table(self, name: str, *, needed: bool = False) -> Table | None:
        value, _ = self._take(name, needed)
        return None if value is None else Table(value, (*self._path, name), self._notes)

    def tables(self, name: str) -> tuple[Table, ...]:
        """Of `[[name]]`."""
        value, line = self._take(name, needed=False)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST:
            self._notes.add(
                line, f"`{name}` is a list of tables.", f"Write [[{name}]], at most {MOST} times."
            )
            return ()
        path = (*self._path, name)
        return tuple(Table(one, (*path, n), self._notes) for n, one in enumerate(value))

    def finish(self) -> None:
        """Notes every member that nobody took."""
        for name in self._left:
            line = self._notes.line((*self._path, name))
            if name.casefold() in SECRETS:
                self._notes.add(
                    line,
                    "A secret stands in the file in the clear.",
                    "Choose another one, put it into a file of its own with mode 600, and name "
                    "that with `passphrase_file`.",
                )
                continue
            close = difflib.get_close_matches(name, self._known, 1)
            step = f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(self._known)}."
            shown = name if name.replace("_", "").isalnum() and len(name) <= 40 else "…"
            self._notes.add(line, f"There is no `{shown}` here.", step)

    def _take(self, name: str, needed: bool) -> tuple[object, int]:
        self._known.append(name)
        if name in self._left:
            return self._left.pop(name), self._notes.line((*self._path, name))
        if needed:
            self._notes.add(self.line, f"`{name}` is missing.", f"Add `{name}` here.")
        return None, self.line

    def _named(self, written: Written, name: str) -> FileNamed | None:
        if "\0" in written.text:
            self._notes.add(written.line, f"`{name}` is no path.", "Name a file.")
            return None
        return FileNamed((self._notes.folder / written.text).absolute(), written.line)


def _shown(path: Keys) -> str:
    return "`" + ".".join(str(key) for key in path if isinstance(key, str)) + "`"
