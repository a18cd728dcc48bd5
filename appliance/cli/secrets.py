"""Where a passphrase comes from: a descriptor, a file, or a prompt on the terminal."""

from __future__ import annotations

import getpass
import os
import sys

from appliance.cli.arguments import Arguments
from appliance.errors import UsageError

LIMIT = 4_096


class PassphraseMissing(UsageError):
    code = "passphrase_missing"
    hint = "Use --passphrase-fd N, --passphrase-file FILE, or a terminal."


def read_passphrase(arguments: Arguments, prompt: str = "Passphrase: ") -> str:
    """One line, without its end. Raises PassphraseMissing."""
    lines = read_lines(arguments, (prompt,))
    return lines[0]


def scripted(arguments: Arguments) -> bool:
    """Whether a descriptor or a file was named, so that nobody is asked."""
    return arguments.passphrase_fd is not None or arguments.passphrase_file is not None


def read_lines(arguments: Arguments, prompts: tuple[str, ...]) -> tuple[str, ...]:
    """As many lines as prompts, all from the same place."""
    try:
        if arguments.passphrase_fd is not None:
            with os.fdopen(arguments.passphrase_fd, "rb", closefd=False) as file:
                return _lines(file.read(LIMIT), prompts)
        if arguments.passphrase_file is not None:
            with arguments.passphrase_file.open("rb") as file:
                return _lines(file.read(LIMIT), prompts)
    except OSError as error:
        raise PassphraseMissing(f"The passphrase cannot be read: {error.strerror}.") from error
    if not sys.stdin.isatty():
        raise PassphraseMissing("There is no terminal to ask for the passphrase.")
    try:
        return tuple(getpass.getpass(prompt) for prompt in prompts)
    except (EOFError, UnicodeDecodeError) as error:
        raise PassphraseMissing("No passphrase was typed.") from error


def _lines(raw: bytes, prompts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise PassphraseMissing("The passphrase is not UTF-8 text.") from error
    if len(lines) < len(prompts) or not all(lines[: len(prompts)]):
        wanted = ", ".join(
            f"{number}. {text.strip(': ')}" for number, text in enumerate(prompts, 1)
        )
        raise PassphraseMissing(
            f"Not everything that is asked for was given, one on a line: {wanted}.",
            hint="Put these lines, none of them empty, into the file or the descriptor.",
        )
    return tuple(lines[: len(prompts)])
