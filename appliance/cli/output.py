"""What is printed: plain sentences, or with --json one object a line and nothing else.

Text from documents is untrusted: control characters are shown as escapes, so that a document can
not drive the terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence

from appliance.errors import CloisterError

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Output:
    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str = "") -> None:
        """For a person; silent under --json."""
        if not self.as_json:
            print(visible(text), flush=True)

    def data(self, **fields: Value) -> None:
        """For a program; silent without --json."""
        if self.as_json:
            print(json.dumps(fields, ensure_ascii=False), flush=True)

    def note(self, text: str) -> None:
        """On stderr: progress and hints, never results."""
        print(visible(text), file=sys.stderr, flush=True)

    def error(self, error: CloisterError) -> None:
        self.data(error=error.code, sentence=error.sentence, hint=error.next_step)
        self.note(f"{error.sentence}\n{error.next_step}")


def visible(untrusted: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", untrusted)
