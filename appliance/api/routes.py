"""From a request to a reply: who asks, whether they may, what they ask, what comes of it.

Rules kept here: the token is looked at before the body is read; the limits count before the policy
is asked, the policy before anything is done; what is streamed is never taken back, so under a
citation rule that shows unchecked text nothing is streamed before the answer stands; a caller who
hangs up stops the work. Whatever goes wrong is one JSON error, logged before it is told. Revoking
needs no token: it takes away alone, and the kernel knows that the same user asks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from uuid import uuid4

from appliance.api import replies
from appliance.api.calls import (
    ChatCall,
    chat_call,
    embedding_call,
    read_json,
    revocation,
    search_call,
)
from appliance.api.errors import (
    ApiError,
    MethodWrong,
    NotForThisToken,
    PeerGone,
    PolicyRefused,
    ReaderSlow,
    TokenUnusable,
    Unanswerable,
    Unanswered,
    Unknown,
)
from appliance.api.exchange import Exchange, Head, spelled
from appliance.api.limits import (
    WRONG_REVOCATIONS_PER_MINUTE,
    WRONG_TOKENS_PER_MINUTE,
    Limits,
    Rate,
    Refusals,
    Turns,
)
from appliance.api.product import Product
from appliance.api.tokens import AppToken
from appliance.errors import CloisterError
from appliance.values import (
    VECTOR_SIZE,
    Answered,
    Cancelled,
    Event,
    Failed,
    Found,
    Opened,
    Refused,
    Scored,
    Token,
)

_METHODS = {
    "/v1/models": "GET",
    "/v1/collections": "GET",
    "/v1/chat/completions": "POST",
    "/v1/embeddings": "POST",
    "/v1/search": "POST",
}
REVOKE = "/cloister/tokens/revoke"
_LONGEST_REVOCATION = 1_000  # bytes
_LONGEST_TOKEN = 200
_TOO_OFTEN = "This program calls too often."
_CALLERS_OWN = ("question_unusable", "schema_unusable", "answer_too_long", "token_unknown")
"""Codes of the product's errors that the program itself can mend."""
_NOT_ALLOWED = "not_allowed"


class Routes:
    """Answers requests. One for all connections; safe to call from several threads."""

    def __init__(
        self,
        product: Product,
        limits: Limits,
        *,
        calls_per_minute: int,
        stopped: Callable[[], bool],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._product = product
        self._rate = Rate(calls_per_minute)
        self._wrong = Rate(WRONG_TOKENS_PER_MINUTE)
        self._senseless = Rate(WRONG_REVOCATIONS_PER_MINUTE)
        self._stopped = stopped
        self._seconds = seconds
        self.turns = Turns(limits.asks, limits.waiting, limits.patience)
        self.refusals = Refusals(product.refused)

    def serve(self, exchange: Exchange, head: Head) -> None:
        """One request, to the end of its reply. Raises PeerGone and ReaderSlow."""
        who = ""
        try:
            if self._stopped():  # a connection that was there before is no way round it
                raise Unanswered("ended", "Serving has ended.", "Start `cloister serve` again.")
            if head.path == REVOKE:
                self._revoke(exchange, head)
                return
            token = self._token(head)
            who = token.label
            self._rate.take(token.id, self._seconds(), _TOO_OFTEN)
            with _telling(recorded=True):
                self._product.admit(token)
            self._answer(exchange, head, token)
        except ApiError as error:
            exchange.error(self.noted(error, who))

    def noted(self, error: ApiError, who: str = "", detail: str = "") -> ApiError:
        """What the program is told: the error once it is in the log, or that it cannot be there.
        detail: for the log alone."""
        detail = error.reason if isinstance(error, TokenUnusable) else detail
        code = f"{error.name}:{detail}" if detail else error.name
        try:
            if not error.recorded:
                self.refusals.add(code, who, self._seconds())
        except CloisterError as failed:
            return Unanswered(failed.code, failed.sentence, failed.next_step)
        return error

    # --- who ---------------------------------------------------------------------------------

    def _token(self, head: Head) -> AppToken:
        try:
            with _telling():
                return self._product.token(_bearer(head.headers.get("authorization", "")))
        except TokenUnusable:
            self._wrong.take("", self._seconds(), "There were too many wrong tokens.")
            raise

    def _revoke(self, exchange: Exchange, head: Head) -> None:
        """Whoever asks for what makes no sense is slowed down, and keeps nobody from the rest."""
        try:
            if head.method != "POST":
                raise MethodWrong("This path is for POST.")
            identifier = revocation(read_json(exchange.body(head, most=_LONGEST_REVOCATION)))
            with _telling():
                if identifier:
                    self._product.revoke(identifier, over="socket")
                else:
                    self._product.revoke_all(over="socket")
        except ApiError:
            self._senseless.take("", self._seconds(), "There were too many wrong revocations.")
            raise
        exchange.reply(200, {"revoked": identifier or "*"})

    # --- what --------------------------------------------------------------------------------

    def _answer(self, exchange: Exchange, head: Head, token: AppToken) -> None:
        one = head.path.removeprefix("/v1/models/")
        path = "/v1/models" if one != head.path else head.path
        if path not in _METHODS:
            raise Unknown("There is nothing at this path.")
        if head.method != _METHODS[path]:
            raise MethodWrong(f"This path is for {_METHODS[path]}.")
        untrusted = exchange.body(head)
        if path == "/v1/models":
            self._models(exchange, token, one if one != head.path else "")
        elif path == "/v1/collections":
            self._product.listed(token, "collections")
            exchange.reply(200, replies.collections(self._product.collections(token)))
        elif path == "/v1/embeddings":
            self._embeddings(exchange, token, read_json(untrusted))
        elif path == "/v1/search":
            self._search(exchange, token, read_json(untrusted))
        else:
            self._chat(exchange, token, chat_call(read_json(untrusted)))

    def _models(self, exchange: Exchange, token: AppToken, wanted: str) -> None:
        self._product.listed(token, "models")
        known = replies.models(token.created)
        if not wanted:
            exchange.reply(200, {"object": "list", "data": known})
            return
        for model in known:
            if model["id"] == wanted:
                exchange.reply(200, model)
                return
        raise Unknown("There is no such model.", hint="GET /v1/models lists them.")

    def _embeddings(
        self, exchange: Exchange, token: AppToken, untrusted: Mapping[str, object]
    ) -> None:
        call = embedding_call(untrusted, VECTOR_SIZE)
        with _Turn(self.turns, self._cancelled(exchange)), _telling():
            vectors = self._product.embed(token, call.texts)
        words = sum(len(text.split()) for text in call.texts)
        exchange.reply(200, replies.embeddings(vectors, as_base64=call.base64, words=words))

    def _search(self, exchange: Exchange, token: AppToken, untrusted: Mapping[str, object]) -> None:
        call = search_call(untrusted)
        chosen = self._chosen(token, call.collections)
        found: Sequence[Scored] = ()
        cancelled = self._cancelled(exchange)
        with _Turn(self.turns, cancelled), _telling():
            asked = self._product.ask(
                token,
                call.query,
                collections=chosen,
                before=(),
                schema="",
                passages=call.limit,
                cancelled=cancelled,
            )
            with closing(asked) as events:
                for event in events:
                    if isinstance(event, Found):
                        found = event.passages[: call.limit]
                    elif isinstance(event, Answered):
                        exchange.reply(200, replies.search(found, event.record))
                    else:
                        _require_going_on(event)

    def _chat(self, exchange: Exchange, token: AppToken, call: ChatCall) -> None:
        chosen = self._chosen(token, call.collections)
        completion = replies.Completion(uuid4().hex, self._product.now(), call)
        cancelled = self._cancelled(exchange)
        with _Turn(self.turns, cancelled), _telling():
            asked = self._product.ask(
                token,
                call.question,
                collections=chosen,
                before=call.before,
                schema=call.schema,
                passages=0,
                cancelled=cancelled,
            )
            with closing(asked) as events:
                if call.stream:
                    _Stream(exchange, completion).run(events)
                    return
                for event in events:
                    if isinstance(event, Answered):
                        exchange.reply(200, completion.whole(event))
                    else:
                        _require_going_on(event)

    def _chosen(self, token: AppToken, wanted: Sequence[str]) -> tuple[str, ...]:
        """Ids of the collections a call names, by title or id; the token's own where it names
        none. Raises NotForThisToken, also where the person has lost one of the token's: what is
        left of them would answer for all."""
        if not wanted and not token.collections:
            return ()
        known = self._product.collections(token)
        if not wanted:
            if not set(token.collections) <= {one.id for one in known}:
                raise NotForThisToken("A collection of this token is not there any more.")
            return token.collections
        chosen = []
        for name in wanted:
            ids = [one.id for one in known if name in (one.title, one.id)]
            if not ids:
                raise NotForThisToken("A collection that was named is not there for this token.")
            chosen += ids
        return tuple(dict.fromkeys(chosen))

    def _cancelled(self, exchange: Exchange) -> Callable[[], bool]:
        return lambda: self._stopped() or exchange.gone()


def _bearer(untrusted: str) -> str:
    """The token of an Authorization header (RFC 6750, section 2.1). Raises TokenUnusable."""
    kind, _, token = untrusted.partition(" ")
    if kind.lower() != "bearer" or len(token) > _LONGEST_TOKEN:
        raise TokenUnusable("missing")
    return token.strip()


class _Turn:
    """While it lasts, this call is one of those that are answered."""

    def __init__(self, turns: Turns, cancelled: Callable[[], bool]) -> None:
        self._turns = turns
        self._cancelled = cancelled

    def __enter__(self) -> None:
        self._turns.begin(self._cancelled)

    def __exit__(self, *_: object) -> None:
        self._turns.end()


@contextmanager
def _telling(*, recorded: bool = False) -> Iterator[None]:
    """What the product raises becomes what the program is told. recorded: whether the product has
    logged it."""
    try:
        yield
    except (ApiError, PeerGone, ReaderSlow):
        raise
    except CloisterError as error:
        told: ApiError = _kind(error.code)(error.code, error.sentence, error.next_step)
        if error.code == _NOT_ALLOWED:
            told = PolicyRefused(error.sentence, hint=error.next_step)
        told.recorded = recorded
        raise told from error


def _kind(code: str) -> type[Unanswered]:
    return Unanswerable if code in _CALLERS_OWN else Unanswered


class _Stream:
    """A reply of server-sent events: sentences as they stand, the last event, then [DONE]. Before
    the first is sent an error is an HTTP error, afterwards it is the stream's last event."""

    def __init__(self, exchange: Exchange, completion: replies.Completion) -> None:
        self._exchange = exchange
        self._completion = completion
        self._begun = False
        self._early = False

    def run(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self._show(event)
        except ApiError as error:
            if not self._begun:
                raise
            self._event(spelled(error))
        self._exchange.event("[DONE]")
        self._exchange.end_events()

    def _show(self, event: Event) -> None:
        call = self._completion.call
        if isinstance(event, Opened):
            self._early = event.verdict.obligations.cite != "marked" and not call.schema
        elif isinstance(event, Token) and self._early:
            self._piece(replies.marked(event.text, event.citations))
        elif isinstance(event, Answered):
            if not self._begun:
                self._piece(replies.content(event.answer, call))
            for chunk in self._completion.last(event):
                self._event(chunk)
        else:
            _require_going_on(event)

    def _piece(self, text: str) -> None:
        if not self._begun:
            self._exchange.begin_events()
        joint = " " if self._begun else ""
        self._event(self._completion.piece(joint + text, first=not self._begun))
        self._begun = True

    def _event(self, content: object) -> None:
        self._exchange.event(json.dumps(content, ensure_ascii=False))


def _require_going_on(event: Event) -> None:
    """Raises what ends an ask without an answer. The ask's closing record is there, or the log
    itself is what failed."""
    told: ApiError | None = None
    if isinstance(event, Refused):
        told = PolicyRefused(event.sentence, hint=event.hint)
    elif isinstance(event, Failed):
        told = _kind(event.code)(event.code, event.sentence, event.hint)
    elif isinstance(event, Cancelled):
        told = Unanswered("cancelled", "The question was stopped.", "Ask again.")
    if told is not None:
        told.recorded = True
        raise told
