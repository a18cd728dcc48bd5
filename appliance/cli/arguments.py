"""What can be typed. A passphrase never comes from an argument: other users can read those."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

from appliance.cli import people_arguments
from appliance.cli.airgap_arguments import airgap_commands
from appliance.cli.application_arguments import add_application_commands, fleet_commands
from appliance.cli.backup_arguments import add_backup_commands
from appliance.cli.conversation_arguments import conversation_commands
from appliance.cli.licence_arguments import (
    Command,
    authority_commands,
    licence_commands,
    seat_commands,
)
from appliance.cli.model_arguments import add_model_commands
from appliance.cli.output import Output
from appliance.cli.parcel_arguments import add_parcel_commands
from appliance.errors import UsageError

TopCommand: TypeAlias = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Adds a command: name, module, function, and what it does."""
DIGITS = 10  # of a number: more than any log has records


class UnusableArguments(UsageError):
    """The line as typed makes no sense; nothing was done."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A parsed command line. `values` holds what only this command has, by name; `given` is
    the line as it was typed."""

    run: Callable[[Arguments, Output], int]
    data: Path | None
    json: bool
    name: str
    passphrase_fd: int | None
    passphrase_file: Path | None
    values: argparse.Namespace
    given: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        return str(getattr(self.values, name) or "")

    def paths(self, name: str) -> tuple[Path, ...]:
        return tuple(Path(p) for p in getattr(self.values, name))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(getattr(self.values, name) or ())

    def number(self, name: str) -> int:
        return int(getattr(self.values, name))

    def given_value(self, name: str) -> bool:
        return getattr(self.values, name) is not None

    def flag(self, name: str) -> bool:
        return bool(getattr(self.values, name))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UnusableArguments(
            f"{message[:1].upper()}{message[1:]}.", hint=f"See `{self.prog} --help`."
        )


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        Output(as_json=False).line(f"cloister {version('cloister')}")
        parser.exit()


def parse(argv: Sequence[str]) -> Arguments:
    """Raises UnusableArguments; raises SystemExit after --help and --version."""
    require_text(argv)
    values = parser().parse_args(argv)
    return Arguments(
        run=_command(values.module, values.function),
        data=getattr(values, "data", None),
        json=getattr(values, "json", False),
        name=getattr(values, "name", ""),
        passphrase_fd=getattr(values, "passphrase_fd", None),
        passphrase_file=getattr(values, "passphrase_file", None),
        values=values,
        given=tuple(argv),
    )


def require_text(argv: Sequence[str]) -> None:
    """Bytes that are no text reach a program as lone surrogates (PEP 383); no record, store or
    answer could hold them. Raises UnusableArguments."""
    for number, argument in enumerate(argv, 1):
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UnusableArguments(
                f"Argument {number} is not UTF-8 text.",
                hint="Type it in a UTF-8 terminal, or give the file a name in UTF-8.",
            ) from error


def from_zero(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < DIGITS):
        raise argparse.ArgumentTypeError("it must be a whole number, 0 or above")
    return int(text)


def _command(module: str, function: str) -> Callable[[Arguments, Output], int]:
    """Loads a command's file only when it is called, so that `--help` costs nothing."""

    def run(arguments: Arguments, output: Output) -> int:
        loaded = importlib.import_module(f"appliance.cli.{module}")
        command: Callable[[Arguments, Output], int] = getattr(loaded, function)
        return command(arguments, output)

    return run


def _common() -> _Parser:
    """Options every command takes, before or after its name."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--data", type=Path, metavar="DIR", help="the data folder")
    common.add_argument("--json", action="store_true", help="one JSON object a line")
    common.add_argument("--name", metavar="NAME", help="who logs in, where there are several")
    common.add_argument(
        "--passphrase-fd", type=from_zero, metavar="N", help="read the passphrase from descriptor N"
    )
    common.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="read it from a file's first line"
    )
    common.add_argument(
        "--key-store", action="store_true", help="log in with the system's key store"
    )
    return common


def parser() -> argparse.ArgumentParser:
    """All that can be typed."""
    common = _common()
    parser = _Parser(
        prog="cloister",
        parents=[common],
        description="Ask your own documents, on this machine, with no network at all.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, module: str, function: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module=module, function=function)
        return made

    _everyday(command)
    _care(command)
    _log_commands(
        command("log", "log", "show", "Show, verify, export the log; check a file."), common
    )
    model = command("model", "model", "show", "Build, install, try or remove chat models.")
    add_model_commands(model, common, from_zero)
    airgap = command("airgap", "airgap", "report", "Write or verify the air gap's evidence.")
    airgap_commands(_group(airgap, common, "airgap"))
    release = command("release", "release", "verify", "Verify a medium before it is installed.")
    _release_commands(_group(release, common, "release"))
    command("settings", "settings", "show", "Show each setting, who set it, and where.")
    add_application_commands(command, common, from_zero)
    talk = command("conversation", "conversation", "show", "Find, order, export, delete them.")
    conversation_commands(_group(talk, common, "conversation"), from_zero)
    fleet = command("fleet", "fleet", "verify", "Prove many seats' exported logs.")
    fleet_commands(_group(fleet, common, "fleet"), from_zero)
    add_backup_commands(command("backup", "backup", "show", "Make or restore backups."), common)
    add_parcel_commands(command("parcel", "parcel", "inspect", "Make or import parcels."), common)
    _licence_groups(command, common)
    people = command("people", "people", "show", "Accounts, members, broken glass.")
    people_arguments.add_commands(_group(people, common, "people"))
    return parser


def _everyday(command: TopCommand) -> None:
    init = command("init", "vault", "init", "Make the vault; prints the recovery code once.")
    init.add_argument("--recovery-file", type=Path, metavar="FILE", help="write the code there")
    init.add_argument("--collection", default="Library", help="title of the first collection")
    command("passphrase", "vault", "passphrase", "Change your passphrase: the old, then the new.")
    add = command("add", "library", "add", "Add documents or folders to a collection.")
    add.add_argument("paths", nargs="*", metavar="PATH")
    add.add_argument("--to", default="", metavar="COLLECTION", help="title of the collection")
    add.add_argument("--resume", action="store_true", help="go on with unfinished imports")
    ask = command("ask", "ask", "ask", "Ask a question; the answer cites its pages.")
    ask.add_argument("question", nargs="?", default="-", help="the question, or - for stdin")
    ask.add_argument("--in", dest="collections", action="append", metavar="COLLECTION")
    ask.add_argument("--reason", default="", help="why, where the policy asks for it")
    ask.add_argument("--continue", dest="conversation", default="", metavar="CONVERSATION")
    library = command("library", "library", "show", "List collections and documents.")
    library.add_argument("--remove", default="", metavar="DOCUMENT", help="remove a document")


def _care(command: TopCommand) -> None:
    """What keeps an installation well, and shows it."""
    command("doctor", "doctor", "doctor", "Check this installation and prove the air gap.")
    command("self-check", "selfcheck", "self_check", "Prove that this installation works.")
    diagnostics = command("diagnostics", "doctor", "diagnostics", "Write a file for support.")
    diagnostics.add_argument("file", metavar="FILE", help="a zip that names nobody; not there yet")
    provision = command("provision", "provision", "run", "Set this machine up from a file.")
    provision.add_argument("file", metavar="FILE", help="what it is to have (TOML)")
    provision.add_argument("--check", action="store_true", help="only look; say what is left")
    kiosk = command("kiosk", "kiosk", "kiosk", "Open the window that visitors ask at.")
    kiosk.add_argument("--theme", choices=("light", "dark", "contrast", "system"), default="")
    demo = command("demo", "demo", "demo", "Show it all in a throwaway vault.")
    demo.add_argument("--inside", default="", help=argparse.SUPPRESS)
    demo.add_argument("--library", type=Path, metavar="DIR", help="your own folder instead")
    demo.add_argument(
        "--question", action="append", metavar="TEXT", dest="questions",
        help="ask this of --library (repeatable)",
    )  # fmt: skip


def _licence_groups(command: TopCommand, common: _Parser) -> None:
    licence = command("licence", "licence", "show", "Show or install the licence.")
    licence_commands(_group(licence, common, "licence"))
    seat = command("seat", "licence", "show", "Ask for, activate, show or return this seat.")
    seat_commands(_group(seat, common, "licence"))
    authority = command("authority", "authority", "report", "Give seats, on IT's own machine.")
    authority_commands(_group(authority, common, "authority"), from_zero)


def _release_commands(command: Command) -> None:
    verify = command("verify", "verify", "Prove that a folder is as the vendor signed it.")
    verify.add_argument("folder", metavar="DIR", help="the medium, with release.json on it")
    verify.add_argument("--public", required=True, metavar="FILE", help="the vendor's public key")
    verify.add_argument("--release", default="", metavar="VERSION", help="which one it must be")


def _group(parser: argparse.ArgumentParser, common: _Parser, module: str) -> Command:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, function: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module=module, function=function)
        return made

    return command


def _log_commands(log: argparse.ArgumentParser, common: _Parser) -> None:
    commands = log.add_subparsers(metavar="COMMAND", required=True)
    show = commands.add_parser("show", parents=[common], help="list records")
    show.add_argument(
        "--start", type=from_zero, metavar="N", help="from record N on, not the newest"
    )
    show.add_argument("--count", type=from_zero, default=20, metavar="N", help="how many")
    show.add_argument("--payloads", action="store_true", help="questions and answers, for auditors")
    show.set_defaults(module="log", function="show")
    verify = commands.add_parser(
        "verify", parents=[common], help="verify this log, an exported copy or excerpt with its key"
    )
    verify.add_argument("folder", nargs="?", default="", metavar="DIR|FILE")
    verify.add_argument("--key", default="", help="the log's public key, or @FILE")
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="one seen earlier")
    verify.set_defaults(module="log", function="verify")
    check = commands.add_parser(
        "check", parents=[common], help="prove that an exported answer is as it left"
    )
    check.add_argument("file", metavar="FILE")
    check.add_argument("folder", nargs="?", default="", metavar="DIR", help="an exported copy")
    check.add_argument("--key", default="", help="the log's public key, or @FILE")
    check.set_defaults(module="log", function="check")
    export = commands.add_parser("export", parents=[common], help="write a copy that stands alone")
    export.add_argument("folder", metavar="DIR")
    export.set_defaults(module="log", function="export")
