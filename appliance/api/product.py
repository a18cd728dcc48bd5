"""What the API needs of the product, as a Protocol; `appliance/applications.py` is the real one.

Every method may be called from several threads. What the person whose token it is may do, the
product decides by policy at every call, and logs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from typing import Protocol

from appliance.api.tokens import AppToken
from appliance.values import Collection, Event, Vectors


class Product(Protocol):
    def now(self) -> datetime:
        """Never earlier than the log's newest record."""

    def token(self, untrusted: str) -> AppToken:
        """The token that was sent. Raises TokenUnusable."""

    def revoke(self, identifier: str, *, over: str) -> AppToken:
        """Ends a token for good, logged; durable on return. over: how that was asked for. Raises
        TokenUnknown."""

    def revoke_all(self, *, over: str) -> None:
        """Ends every token."""

    def admit(self, token: AppToken) -> None:
        """Raises NotAllowed, which it logs, unless the policy lets this program ask."""

    def collections(self, token: AppToken) -> tuple[Collection, ...]:
        """Those the token may ask."""

    def ask(
        self,
        token: AppToken,
        question: str,
        *,
        collections: Sequence[str],
        before: Sequence[str],
        schema: str,
        passages: int,
        cancelled: Callable[[], bool],
    ) -> Generator[Event, None, None]:
        """The main path, as assistant.ask. collections: ids. Raises QuestionUnusable, and
        StoreTampered where a collection that was named is not used."""

    def embed(self, token: AppToken, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), VECTOR_SIZE), unit length. Logged before. Raises EngineFailed,
        LogUnwritable."""

    def listed(self, token: AppToken, what: str) -> None:
        """Logs that the models or collections were listed."""

    def refused(self, code: str, who: str, count: int) -> None:
        """Logs calls that were turned away. who: a token's label, or "" for nobody known."""
