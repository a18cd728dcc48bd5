"""What is printed: plain sentences, or with --json one object a line and nothing else.

Text from documents is untrusted: control characters are shown as escapes, so that a document can
not drive the terminal; what the terminal's encoding does not have is shown as an escape too. A line
that cannot be written raises OutputLost (a full disk) or BrokenPipeError (nobody reads any more);
what goes to stderr never stops the work.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TextIO

from appliance.errors import CloisterError

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CLEAR = "\r\x1b[K"  # ECMA-48 EL: erase to the end of the line


class OutputLost(CloisterError):
    code = "output_lost"
    hint = "Free some space where the output goes, or send it elsewhere, then run it again."


class Output:
    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._progress = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def line(self, text: str = "") -> None:
        """For a person; silent under --json."""
        if not self.as_json:
            self._print(visible(text))

    def piece(self, text: str) -> None:
        """A part of a line for a person, as it comes; silent under --json."""
        if not self.as_json:
            self._print(visible(text), end="")

    def data(self, **fields: Value) -> None:
        """For a program; silent without --json."""
        if self.as_json:
            self._print(json.dumps(fields, ensure_ascii=False))

    def note(self, text: str) -> None:
        """On stderr: progress and hints, never results."""
        self.clear()
        _to_stderr(f"{visible(text)}\n")

    def prompt(self, text: str) -> None:
        """On stderr, where the person types what comes next."""
        _to_stderr(text)

    def progress(self, text: str) -> None:
        """On stderr where that is a terminal: one line that the next one takes the place of."""
        if sys.stderr is None or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns - 1
        _to_stderr(_CLEAR + visible(text).replace("\n", " ")[:width])
        self._progress = True

    def clear(self) -> None:
        """Takes the line of `progress` away."""
        if self._progress:
            _to_stderr(_CLEAR)
            self._progress = False

    def error(self, error: CloisterError) -> None:
        with suppress(OSError, OutputLost):
            self.data(error=error.code, sentence=error.sentence, hint=error.next_step)
        self.note(f"{error.sentence}\n{error.next_step}")

    def finished(self, status: int) -> int:
        """Writes what is still held back; the exit status, which is not 0 if that failed."""
        self.clear()
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as error:
            _discard(sys.stdout)
            if status == 0 and not isinstance(error, BrokenPipeError):
                self.error(_lost(error))
            return status or 1
        return status

    def _print(self, text: str, end: str = "\n") -> None:
        self.clear()
        try:
            print(text, end=end, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _lost(error) from error


def visible(untrusted: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", untrusted)


def _lost(error: OSError) -> OutputLost:
    return OutputLost(f"The output cannot be written: {error.strerror}.")


def _to_stderr(text: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _discard(stream: TextIO) -> None:
    """Lets the interpreter's own flush at exit succeed: what is held back cannot be written."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
