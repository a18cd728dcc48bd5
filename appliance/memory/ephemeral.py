"""What is asked and answered where no trace may stay: sealed in memory, gone with its key.

Rules kept here: nothing is written to a disk; each turn is sealed as it comes, under a key that
exists in this process's memory alone; `wipe` overwrites that key before it lets go of anything, so
that copies of the sealed turns (in memory that was freed, or swapped out) open no more. Python may
have copied a key it worked with: the memory that leaves is the operating system's to guard
(packaging/kiosk/README.md).
"""

from __future__ import annotations

import threading
from typing import Final

from appliance.memory import record
from appliance.memory.errors import ConversationUnknown
from appliance.values import Conversation, Turn
from appliance.vault import Context, random_bytes, seal, unseal

KEY_BYTES: Final = 32
MOST_TURNS: Final = 200
"""Of one visitor; the oldest go first."""


class EphemeralHistory:
    """Stands where a person's conversations would be. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = bytearray()
        self._turns: list[tuple[str, int, bytes]] = []
        self._saved = 0

    def save(self, conversation: str, turn: Turn) -> None:
        """Seals the turn; the first one after a `wipe` under a new key."""
        body = record.encode_turn(turn).encode("utf-8", "surrogatepass")
        with self._lock:
            if not self._key:
                self._key = bytearray(random_bytes(KEY_BYTES))
            self._saved += 1
            sealed = seal(self._key, body, _context(conversation, self._saved))
            self._turns.append((conversation, self._saved, sealed))
            del self._turns[:-MOST_TURNS]

    def wipe(self) -> int:
        """Destroys the key, then forgets what it sealed; how many turns that were."""
        with self._lock:
            for place in range(len(self._key)):
                self._key[place] = 0
            self._key = bytearray()
            gone = len(self._turns)
            self._turns.clear()
            return gone

    def conversations(self) -> tuple[Conversation, ...]:
        """None: there is no list of what visitors asked."""
        return ()

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """In the order asked, until the next `wipe`. Raises ConversationUnknown."""
        with self._lock:
            found = tuple(
                _opened(self._key, sealed, _context(name, number))
                for name, number, sealed in self._turns
                if name == conversation
            )
        if not found:
            raise ConversationUnknown("There is no such conversation.")
        return found

    def earlier(self, conversation: str) -> tuple[Turn, ...]:
        """As `turns`, but none where there is no such conversation."""
        try:
            return self.turns(conversation)
        except ConversationUnknown:
            return ()

    def delete(self, conversation: str) -> None:
        """All of it, whatever is named: a key is one visitor's. Raises ConversationUnknown."""
        self.turns(conversation)
        self.wipe()

    def close(self) -> None:
        self.wipe()

    def abandon(self) -> None:
        self.wipe()


def _context(conversation: str, number: int) -> Context:
    return Context("ephemeral.turn", conversation, number)


def _opened(key: bytearray, sealed: bytes, context: Context) -> Turn:
    return record.decode_turn(unseal(key, sealed, context).decode("utf-8", "surrogatepass"))
