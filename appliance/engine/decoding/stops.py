"""Stop strings across the borders of tokens.

Rules kept here: an answer ends with the stop string that is complete first; of several complete at
the same character, the one that began first counts. Text that might be the beginning of a stop
string is held back until it is known, so no part of a stop string is ever shown. What comes out
does not depend on how the text was cut into pieces.
"""

from __future__ import annotations


class Stops:
    """Watches one answer. `found` once a stop string was complete; what comes after is dropped."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(dict.fromkeys(stops))
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        """The text that may be shown now."""
        if self.found or not text:
            return ""
        held = self._held + text
        cut = self._complete(held)
        if cut is not None:
            self.found, self._held = True, ""
            return held[:cut]
        begun = self._begun(held)
        self._held = held[begun:]
        return held[:begun]

    def flush(self) -> str:
        """The answer has ended otherwise: what was held back was no stop string after all."""
        held, self._held = self._held, ""
        return held

    def _complete(self, text: str) -> int | None:
        """Where the first complete stop string begins."""
        found = ((text.find(stop), len(stop)) for stop in self._stops)
        ends = [(start + length, start) for start, length in found if start >= 0]
        return min(ends)[1] if ends else None

    def _begun(self, text: str) -> int:
        """Where the longest end of the text begins that is the beginning of a stop string."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for start in range(max(0, len(text) - longest), len(text)):
            end = text[start:]
            if any(stop.startswith(end) for stop in self._stops):
                return start
        return len(text)
