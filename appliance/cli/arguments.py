"""What can be typed. A passphrase never comes from an argument: other users can read those."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from appliance.cli.backup_arguments import add_backup_commands
from appliance.cli.output import Output
from appliance.cli.parcel_arguments import add_parcel_commands
from appliance.errors import UsageError

TRIAL = "model_trial"
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
    values = _parser().parse_args(argv)
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
    return common


def _parser() -> argparse.ArgumentParser:
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
    command("doctor", "doctor", "doctor", "Check this installation and prove the air gap.")
    demo = command("demo", "demo", "demo", "Show it all in a throwaway vault.")
    demo.add_argument("--inside", default="", help=argparse.SUPPRESS)
    demo.add_argument("--library", type=Path, metavar="DIR", help="your own folder instead")
    demo.add_argument(
        "--question", action="append", metavar="TEXT", dest="questions",
        help="ask this of --library (repeatable)",
    )  # fmt: skip
    _log_commands(command("log", "log", "show", "Show, verify or export the log."), common)
    model = command("model", "model", "show", "Build, install, try or remove chat models.")
    _model_commands(model, common)
    add_backup_commands(command("backup", "backup", "show", "Make or restore backups."), common)
    add_parcel_commands(command("parcel", "parcel", "inspect", "Make or import parcels."), common)
    return parser


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
        "verify", parents=[common], help="verify this log, or an exported copy with its key"
    )
    verify.add_argument("folder", nargs="?", default="", metavar="DIR")
    verify.add_argument("--key", default="", help="the log's public key, or @FILE")
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="one seen earlier")
    verify.set_defaults(module="log", function="verify")
    export = commands.add_parser("export", parents=[common], help="write a copy that stands alone")
    export.add_argument("folder", metavar="DIR")
    export.set_defaults(module="log", function="export")


def _model_commands(model: argparse.ArgumentParser, common: _Parser) -> None:
    commands = model.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str, function: str, text: str, module: str = "model"
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module=module, function=function)
        return made

    _building(command("build", "build", "Turn a Hugging Face folder into a bundle."))
    key = command("key", "new_key", "Make a key that signs bundles, and the list that trusts it.")
    key.add_argument("file", metavar="FILE", help="a file that is not there yet")
    key.add_argument("--signer", required=True, metavar="NAME", help="whose key it is")
    verify = command("verify", "verify", "Check a bundle's signature and every byte of it.")
    verify.add_argument("folder", metavar="DIR")
    verify.add_argument(
        "--trust-unsigned", action="store_true", help="status 0 for one that nobody signed, too"
    )
    _installing(command("install", "install", "Copy a bundle in, verified."))
    command("list", "show", "List the installed models.")
    remove = command("remove", "remove", "Remove an installed model.")
    chat = command("chat", "chat", "Try a model in a conversation, without documents.", TRIAL)
    chat.add_argument("--prompt", default="", metavar="TEXT", help="one message, not a line each")
    bench = command("bench", "bench", "Measure how fast a model is on this machine.", TRIAL)
    bench.add_argument(
        "--threads", type=from_zero, default=0, metavar="N", help="beside 1; all, if not given"
    )
    for one in (remove, chat, bench):
        one.add_argument("model", metavar="NAME", help="NAME or NAME@VERSION")


def _building(build: argparse.ArgumentParser) -> None:
    build.add_argument("folder", metavar="HF_DIR")
    build.add_argument(
        "--quant", default="q4f16_1", metavar="FORMAT", help="q0f32, q0f16, q4f16_1 or q4f32_1"
    )
    build.add_argument(
        "--target", default="cpu", metavar="LIST", help="cpu, cuda, metal (objects); by commas"
    )
    build.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there yet")
    build.add_argument(
        "--context", type=from_zero, default=0, metavar="N", help="tokens, if not all"
    )
    build.add_argument(
        "--as", dest="model", default="", metavar="NAME", help="the bundle's, if not its folder's"
    )
    build.add_argument("--key", default="", metavar="FILE", help="sign with the key in this file")
    _described(build, version="1", text="unknown")


def _installing(install: argparse.ArgumentParser) -> None:
    install.add_argument("folder", metavar="DIR")
    install.add_argument(
        "--trust-unsigned", action="store_true", help="take a bundle nobody signed; it is logged"
    )
    install.add_argument("--as", dest="model", metavar="NAME", help="of an unsigned one")
    _described(install)


def _described(
    command: argparse.ArgumentParser, version: str | None = None, text: str | None = None
) -> None:
    """What a bundle says of itself, and what it says if it is not told."""
    command.add_argument("--version", default=version, metavar="V", help="the bundle's version")
    command.add_argument("--licence", default=text, metavar="TEXT", help="the model's licence")
    command.add_argument("--source", default=text, metavar="TEXT", help="where it is from")
