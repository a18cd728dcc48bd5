"""`cloister token`, `cloister serve` and `cloister mcp`: other programs of this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.api import SOCKET
from appliance.app import Cancellation, now
from appliance.cli.arguments import Arguments
from appliance.cli.opening import collection_named, data_folder, guarded, unlocked, vault_in
from appliance.cli.output import Output
from appliance.errors import AlreadyRunning, CloisterError, UsageError
from appliance.vault import lock_folder

if TYPE_CHECKING:
    from appliance.api.tokens import AppToken

TOKEN_VARIABLE = "CLOISTER_TOKEN"  # noqa: S105  its name, not a token
_LONGEST = 200


class TokenMissing(UsageError):
    code = "token_missing"
    hint = f"Put it into a file and name that with --token-file, or set {TOKEN_VARIABLE}."


class NotRevoked(CloisterError):
    """The desk that is served could not do it."""

    code = "not_revoked"
    hint = "End `cloister serve`, then try again."


def create(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance:
        chosen = [
            collection_named(appliance, title, "--in").id
            for title in arguments.texts("collections")
        ]
        with appliance.applications(Cancellation()) as applications:
            made, text = applications.create(
                arguments.text("application"),
                arguments.text("purpose"),
                days=arguments.number("days"),
                collections=chosen,
            )
    output.data(token=text, id=made.id, application=made.application, ends=made.ends.isoformat())
    output.line(f"A token for {made.application}, until {made.ends:%Y-%m-%d}. Shown this once:")
    output.line(f"  {text}")
    return 0


def show(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.applications(Cancellation()) as applications:
        tokens = applications.tokens()
    for token in tokens:
        state = state_of(token)
        output.data(
            id=token.id,
            application=token.application,
            purpose=token.purpose,
            collections=list(token.collections),
            created=token.created.isoformat(),
            ends=token.ends.isoformat(),
            state=state,
        )
        output.line(f"{token.id}  {state:8}  {token.application}  until {token.ends:%Y-%m-%d}")
        output.line(f"    {token.purpose}")
    if not tokens:
        output.line("No program has a token.")
    return 0


def state_of(token: AppToken) -> str:
    if token.revoked is not None:
        return "revoked"
    return "alive" if token.alive(now()) else "ended"


def revoke(arguments: Arguments, output: Output) -> int:
    identifier, everything = arguments.text("id"), arguments.flag("all")
    if bool(identifier) == everything:
        raise UsageError("Which token is not said.", hint="Give its id, or --all.")
    try:
        _require_free(data_folder(arguments))  # first: whoever serves wants no passphrase
        with (
            unlocked(arguments) as appliance,
            appliance.applications(Cancellation()) as applications,
        ):
            if everything:
                applications.revoke_all()
            else:
                applications.revoke(identifier)
    except AlreadyRunning as running:
        _revoke_there(socket_path(arguments), identifier, running)
    output.data(revoked=identifier or "*")
    output.line("It opens nothing any more.")
    return 0


def _require_free(folder: Path) -> None:
    """Raises AlreadyRunning where the vault is open somewhere else."""
    if vault_in(folder):
        lock_folder(folder).close()


def _revoke_there(socket: Path, identifier: str, running: AlreadyRunning) -> None:
    """Where the vault is served, whoever serves it ends the token at once. Raises what went wrong
    there, and AlreadyRunning where nobody serves."""
    guarded()
    from appliance.api.client import Caller, NotServed
    from appliance.api.routes import REVOKE  # late: it imports what starts threads

    try:
        reply = Caller(socket, "").call("POST", REVOKE, _wanted(identifier))
    except NotServed:
        raise running from None
    if reply.status != 200:
        told = reply.content.get("error")
        said = told.get("message") if isinstance(told, dict) else None
        raise NotRevoked(str(said or "The token was not revoked."))


def _wanted(identifier: str) -> dict[str, object]:
    return {"id": identifier} if identifier else {"all": True}


def serve(arguments: Arguments, output: Output) -> int:
    """Until it is interrupted or terminated, or the hours are over: all three end it cleanly."""
    stop = Cancellation()
    path = socket_path(arguments)
    beside = () if path.parent == data_folder(arguments) else (path.parent,)

    with unlocked(arguments, writable=beside) as appliance:
        hours = appliance.settings.serve_hours
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, lambda *_: stop.cancel())
        with appliance.applications(stop) as applications:

            def ready() -> None:
                output.data(serving=str(path), hours=hours)
                output.line(
                    f"Other programs can ask at {path}. Ctrl-C ends it; after {hours} hours it "
                    "ends by itself, and the vault closes."
                )
                _show_alive(applications.tokens(), output)

            applications.serve(path, ready=ready)
    output.line("Ended." if stop.cancelled else f"Ended: the {hours} hours are over.")
    return 0


def _show_alive(tokens: Sequence[AppToken], output: Output) -> None:
    """The ids are what `cloister token revoke` takes while this goes on."""
    for token in tokens:
        if state_of(token) == "alive":
            output.line(f"{token.id}  {token.application}  until {token.ends:%Y-%m-%d}")


def mcp(arguments: Arguments, output: Output) -> int:
    """Speaks on standard input and output; opens nothing and writes nothing."""
    from appliance.api.client import Caller
    from appliance.api.mcp import McpServer

    del output  # its output is the protocol's alone
    guarded()
    caller = Caller(socket_path(arguments), given_token(arguments))
    McpServer(caller, version("cloister")).serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0


def socket_path(arguments: Arguments) -> Path:
    given = arguments.text("socket")
    return Path(given).absolute() if given else data_folder(arguments) / SOCKET


def given_token(arguments: Arguments) -> str:
    """Never from an argument: other users can read those. Raises TokenMissing."""
    file = arguments.text("token_file")
    if not file:
        text = os.environ.get(TOKEN_VARIABLE, "")
    else:
        try:
            with Path(file).open("rb") as opened:
                text = opened.readline(_LONGEST).decode("ascii", "replace")
        except OSError as error:
            raise TokenMissing(f"The token {file} cannot be read: {error.strerror}.") from error
    if not text.strip():
        raise TokenMissing("There is no token.")
    return text.strip()
