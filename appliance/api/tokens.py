"""The tokens other programs ask with: each bound to a person, a program, a purpose and an end.

Rules kept here: a token is shown once and kept as a hash; it holds 256 random bits, so the hash
needs no salt and no slowness; the list is sealed under a key that only the person's own slots lead
to, so a token opens nothing while that person is not logged in, and nobody else can add one; the
list carries a counter that the log knows, so an older list, with a revoked token alive in it, is
refused; it is bound to how often the vault was restored, so that no list of before counts after.
Time is passed in, and never earlier than the log's newest record. Format: docs/formats/tokens.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.api.errors import TokenRefused, TokensTampered, TokenUnknown, TokenUnusable
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.sealed import Context, read_sealed, write_sealed

KIND = "api-tokens"
"""Of the sealed file, of the key it is under, and of the number in the log."""
PREFIX = "cloister"
MOST = 100
"""Tokens that are alive at once; the ended ones are kept beside them, as many again."""
LONGEST_DAYS = 366
LONGEST_PURPOSE = 200
_MOST_COLLECTIONS = 100
_LIMIT = 4 << 20
"""Bytes: more than MOST tokens twice, each as long as it may be."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True)
class AppToken:
    """What is kept of a token. application: the program's name, a word. purpose: what for, in the
    person's words; given as the reason of what it asks. collections: ids it may ask, empty for all
    the person has. sha256: of the token (hex). revoked: when, None while it is alive."""

    id: str
    application: str
    purpose: str
    collections: tuple[str, ...]
    created: datetime
    ends: datetime
    sha256: str
    revoked: datetime | None = None

    @property
    def label(self) -> str:
        """As the log names it."""
        return f"{self.application}/{self.id}"

    def alive(self, now: datetime) -> bool:
        return self.revoked is None and self.created <= now < self.ends


class TokenBook:
    """One person's tokens. Safe to call from several threads."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        person: str,
        *,
        floor: int | None,
        on_write: Callable[[int], None],
        anew: bool = False,
        restorations: int = 0,
    ) -> None:
        """floor: the newest counter the log knows, None for none. on_write: told the new counter,
        once it is on the disk. anew: an empty list is written, whatever was there: every token
        ends with that. restorations: how often the vault was restored. Raises TokensTampered."""
        self._path = path
        self._key = key
        self._context = Context(KIND, person, 1 + restorations)
        self._on_write = on_write
        self._lock = threading.RLock()
        if anew:
            self._counter = floor or 0
            self._write(())
        else:
            self._counter, self._tokens = self._read(floor or 0)
            if self._counter > (floor or 0):  # a crash came between the file and the log
                on_write(self._counter)

    def all(self) -> tuple[AppToken, ...]:
        """Newest last, ended and revoked ones among them."""
        with self._lock:
            return self._tokens

    def create(
        self,
        application: str,
        purpose: str,
        *,
        now: datetime,
        days: int,
        collections: tuple[str, ...] = (),
    ) -> tuple[AppToken, str]:
        """The entry, and the token itself, which is nowhere else. Durable on return. Raises
        TokenRefused, StorageFull, StorageReadOnly."""
        require_sound(application, purpose, days, collections)
        identifier, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        text = f"{PREFIX}_{identifier}_{secret}"
        ends = now + timedelta(days=days)
        made = AppToken(identifier, application, purpose, collections, now, ends, _hash(text))
        with self._lock:
            alive = [token for token in self._tokens if token.alive(now)]
            if len(alive) >= MOST:
                raise TokenRefused(f"There are {MOST} tokens already.", hint="Revoke one first.")
            over = [token for token in self._tokens if not token.alive(now)]
            kept = {token.id for token in (*over[-MOST:], *alive)}
            self._write((*(token for token in self._tokens if token.id in kept), made))
        return made, text

    def known(self, identifier: str) -> AppToken:
        """Alive or not. Raises TokenUnknown."""
        for token in self.all():
            if token.id == identifier:
                return token
        raise TokenUnknown("There is no token of this id.")

    def revoke(self, identifier: str, now: datetime) -> AppToken:
        """Durable on return; may be called again. Raises TokenUnknown."""
        with self._lock:
            token = self.known(identifier)
            if token.revoked is not None:
                return token
            revoked = replace(token, revoked=now)
            self._write(tuple(revoked if one.id == identifier else one for one in self._tokens))
            return revoked

    def require(self, untrusted: str, now: datetime) -> AppToken:
        """The entry of a token that was sent. Raises TokenUnusable."""
        shape = _TOKEN.fullmatch(untrusted)
        if shape is None:
            raise TokenUnusable("malformed")
        hashed = _hash(untrusted)
        with self._lock:
            known = {token.id: token for token in self._tokens}
        token = known.get(shape.group(1))
        if token is None or not hmac.compare_digest(token.sha256, hashed):
            raise TokenUnusable("unknown")
        if token.revoked is not None:
            raise TokenUnusable("revoked")
        if not token.alive(now):
            raise TokenUnusable("ended")
        return token

    # --- on the disk -------------------------------------------------------------------------

    def _read(self, floor: int) -> tuple[int, tuple[AppToken, ...]]:
        try:
            raw = read_sealed(self._path, self._key, self._context, limit=_LIMIT)
            counter, tokens = _decoded(raw)
        except SealedMissing:
            counter, tokens = 0, ()
        except (Tampered, TooLarge, ValueError, KeyError, TypeError) as error:
            raise TokensTampered("The list of tokens for programs is damaged.") from error
        if counter < floor:
            raise TokensTampered(
                "The list of tokens for programs is older than the log: it was put back or lost."
            )
        return counter, tokens

    def _write(self, tokens: tuple[AppToken, ...]) -> None:
        """File first, then the log: what is in the log is never newer than the file."""
        counter = self._counter + 1
        content = json.dumps({
            "v": 1,
            "counter": counter,
            "tokens": [
                {name: _spelled(value) for name, value in asdict(token).items()}
                for token in tokens
            ],
        })  # fmt: skip
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_sealed(self._path, self._key, content.encode(), self._context)
        self._counter, self._tokens = counter, tokens
        self._on_write(counter)


def require_sound(application: str, purpose: str, days: int, collections: tuple[str, ...]) -> None:
    """Raises TokenRefused."""
    if not _NAME.fullmatch(application):
        raise TokenRefused("A program's name is a word of a-z, 0-9 and -, of 40 at most.")
    if not 0 < len(purpose.strip()) <= LONGEST_PURPOSE or not purpose.isprintable():
        raise TokenRefused(f"A purpose has 1 to {LONGEST_PURPOSE} printable characters.")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenRefused(f"A token ends after 1 to {LONGEST_DAYS} days.")
    if len(collections) > _MOST_COLLECTIONS:
        raise TokenRefused(f"A token names {_MOST_COLLECTIONS} collections at most.")


def _hash(token: str) -> str:
    return hashlib.sha256(b"cloister/api-token/v1\x00" + token.encode()).hexdigest()


def _spelled(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _decoded(raw: bytes) -> tuple[int, tuple[AppToken, ...]]:
    """Raises ValueError, KeyError, TypeError for what `_write` cannot have made."""
    document = json.loads(raw)
    if document["v"] != 1:
        raise ValueError("an unknown version")
    rows = document["tokens"]
    return int(document["counter"]), tuple(_token(row) for row in rows)


def _token(row: dict[str, object]) -> AppToken:
    collections = row["collections"]
    if not isinstance(collections, list):
        raise TypeError("collections are a list")
    revoked = row["revoked"]
    return AppToken(
        id=str(row["id"]),
        application=str(row["application"]),
        purpose=str(row["purpose"]),
        collections=tuple(str(name) for name in collections),
        created=_time(row["created"]),
        ends=_time(row["ends"]),
        sha256=str(row["sha256"]),
        revoked=None if revoked is None else _time(revoked),
    )


def _time(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)
