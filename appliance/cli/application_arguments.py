"""What can be typed after `cloister serve`, `mcp`, `token` and `fleet`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from appliance.cli.licence_arguments import Command, Number


def add_application_commands(
    command: Callable[[str, str, str, str], argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    number: Number,
) -> None:
    """What other programs of this machine are let to ask, and how they do."""
    module = "applications"
    serve = command("serve", module, "serve", "Let other programs ask, over a UNIX socket.")
    mcp = command("mcp", module, "mcp", "Speak MCP on stdin and stdout, for `cloister serve`.")
    mcp.add_argument("--token-file", default="", metavar="FILE", help="or set CLOISTER_TOKEN")
    token = command("token", module, "show", "Make, list or revoke tokens for programs.")
    commands = token.add_subparsers(metavar="COMMAND", required=True)
    create = commands.add_parser("create", parents=[common], help="make one; it is shown once")
    create.add_argument("application", metavar="NAME", help="the program's name, a word")
    create.add_argument("--purpose", required=True, metavar="TEXT", help="what it asks for")
    create.add_argument("--days", type=number, default=90, metavar="N", help="until its end")
    create.add_argument("--in", dest="collections", action="append", metavar="COLLECTION")
    create.set_defaults(module=module, function="create")
    listed = commands.add_parser("list", parents=[common], help="list them")
    listed.set_defaults(module=module, function="show")
    revoke = commands.add_parser("revoke", parents=[common], help="end one for good")
    revoke.add_argument("id", nargs="?", default="", metavar="ID")
    revoke.add_argument("--all", action="store_true", help="every one, and begin a new list")
    revoke.set_defaults(module=module, function="revoke")
    for one in (serve, mcp, revoke):
        one.add_argument("--socket", default="", metavar="PATH", help="if not in the data folder")


def fleet_commands(command: Command, number: Number) -> None:
    verify = command("verify", "verify", "Prove and count exports.")
    verify.add_argument("folders", nargs="+", metavar="DIR", help="an export, or a folder of them")
    verify.add_argument("--keys", default="", metavar="FILE", help="the seats' keys, one a line")
    verify.add_argument(
        "--silent-days", type=number, default=7, metavar="N", help="say who wrote nothing for N"
    )
