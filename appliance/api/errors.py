"""What can go wrong with a call, and the HTTP status it is told with."""

from __future__ import annotations

from typing import ClassVar

from appliance.errors import CloisterError, StoreTampered


class ApiError(CloisterError):
    """A call that is turned away. status: of HTTP (RFC 9110, section 15). recorded: whether it has
    a record of its own in the log already."""

    status: ClassVar[int] = 400
    recorded = False
    code = "call_unusable"
    hint = "See docs/api.md for what a call may hold."

    @property
    def name(self) -> str:
        """The code a program is told."""
        return type(self).code


class CallUnusable(ApiError):
    """The call makes no sense as it is. `parameter` names what is wrong in it."""

    def __init__(self, sentence: str, parameter: str = "", *, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.parameter = parameter


class TokenUnusable(ApiError):
    """No token, one that nobody made, one that was revoked or has ended: told alike, so that a
    guess learns nothing. `reason` is for the log."""

    status = 401
    code = "token_unusable"
    hint = "Make one with `cloister token create` and send it as `Authorization: Bearer TOKEN`."

    def __init__(self, reason: str) -> None:
        super().__init__("This token opens nothing here.")
        self.reason = reason


class PolicyRefused(ApiError):
    """The policy said no, to the program or to what it asked."""

    status = 403
    code = "refused"


class Unanswered(ApiError):
    """There is no answer, for a reason that is the product's own; `name` is its code."""

    status = 503
    code = "unanswered"

    def __init__(self, name: str, sentence: str, hint: str) -> None:
        super().__init__(sentence, hint=hint)
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class Unanswerable(Unanswered):
    """As Unanswered, where the call itself is to be changed."""

    status = 400


class NotForThisToken(ApiError):
    status = 403
    code = "not_for_this_token"
    hint = "Make a token for it with `cloister token create --in COLLECTION`."


class Unknown(ApiError):
    status = 404
    code = "unknown"


class MethodWrong(ApiError):
    status = 405
    code = "method_wrong"


class CallSlow(ApiError):
    """The call did not come in whole in time."""

    status = 408
    code = "call_slow"
    hint = "Send the whole call at once."


class CallTooLarge(ApiError):
    status = 413
    code = "call_too_large"
    hint = "Send less at once."


class CallMalformed(ApiError):
    """What came in is not HTTP/1.1."""

    code = "call_malformed"
    hint = "Use an HTTP/1.1 client."


class TooManyCalls(ApiError):
    """seconds: after how many it is worth trying again."""

    status = 429
    code = "too_many_calls"
    hint = "Call less often. Your institution sets the limit (`api_calls_per_minute`)."

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class Busy(TooManyCalls):
    code = "busy"
    hint = "Other calls are being answered. Try again in a moment."


class ReaderSlow(CloisterError):
    """The other side does not take what it asked for. Nothing can be told it any more."""

    code = "reader_slow"
    hint = "Read the reply as it comes."


class PeerGone(CloisterError):
    """The other side hung up."""

    code = "peer_gone"
    hint = "Nothing needs to be done."


class ForeignPeer(CloisterError):
    """A process of another user called."""

    code = "foreign_peer"
    hint = "Only programs of the user who serves may call."


class SocketUnusable(CloisterError):
    code = "socket_unusable"
    hint = "Name another place with --socket, in a folder that only you may write to."


class TokensTampered(StoreTampered):
    code = "tokens_tampered"
    hint = (
        "Tell your security officer. `cloister token revoke --all` begins a new list; every "
        "program then needs a new token."
    )


class TokenRefused(CloisterError):
    """A token that cannot be made as asked."""

    code = "token_refused"
    hint = "See `cloister token create --help`."


class TokenUnknown(CloisterError):
    code = "token_unknown"
    hint = "`cloister token list` shows the tokens there are."
