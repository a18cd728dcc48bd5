"""`cloister init` and `cloister passphrase`.

Rule kept here: from the moment there is a vault, its recovery code reaches the person, whatever
fails afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.app import Appliance, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import data_folder, unlocked
from appliance.cli.output import Output
from appliance.cli.placing import new_file, require_outside, write_durably
from appliance.cli.secrets import read_lines, scripted
from appliance.errors import UsageError
from appliance.vault.holdings import MAXIMUM_TITLE
from appliance.vault.people import showable


class PassphrasesDiffer(UsageError):
    code = "passphrases_differ"
    hint = "Type the same passphrase twice."


@dataclass(frozen=True, slots=True)
class Made:
    """A vault with its first collection, and the recovery code, if that was not put in a file."""

    collection: str
    title: str
    code: str | None


def init(arguments: Arguments, output: Output) -> int:
    title = arguments.text("collection")
    require_title(title)
    if not arguments.text("recovery_file"):
        return _init(arguments, output, None)
    file = Path(arguments.text("recovery_file")).absolute()
    with new_file(require_outside(file, data_folder(arguments))) as descriptor:
        return _init(arguments, output, descriptor)


def _init(arguments: Arguments, output: Output, descriptor: int | None) -> int:
    prompts = ("New passphrase: ", "Once more: ")
    given = read_lines(arguments, prompts[:1] if scripted(arguments) else prompts)
    if given[0] != given[-1]:
        raise PassphrasesDiffer("The two passphrases differ.")
    folder = data_folder(arguments)
    appliance = open_appliance(folder)
    try:
        code = appliance.create(arguments.name or os.environ.get("USER", "owner"), given[0])
        with _shown_on_failure(code, output):
            made = _furnish(appliance, arguments.text("collection"), code, descriptor)
            appliance.close()
            _tell(made, folder, arguments, output)
    finally:
        appliance.close()
    return 0


def _furnish(appliance: Appliance, title: str, code: str, descriptor: int | None) -> Made:
    """The code first: what comes after it may fail."""
    if descriptor is not None:
        write_secret(descriptor, code)
    collection = appliance.create_collection(title)
    return Made(collection.id, collection.title, None if descriptor is not None else code)


def _tell(made: Made, folder: Path, arguments: Arguments, output: Output) -> None:
    output.data(vault=str(folder), collection=made.collection, recovery=made.code)
    output.line(f"The vault is made in {folder}, with the collection “{made.title}”.")
    if made.code is None:
        file = Path(arguments.text("recovery_file")).absolute()
        output.line(f"The recovery code is in {file}. Print it, store it, delete the file.")
    else:
        output.line("Recovery code (shown this once; print it and store it safely):")
        output.line(f"  {made.code}")


@contextmanager
def _shown_on_failure(code: str, output: Output) -> Iterator[None]:
    """The code on stderr, should anything be raised: nobody could ever learn it again."""
    try:
        yield
    except BaseException:
        output.note(
            "The vault is made, but not all that was to follow. Recovery code (shown this once; "
            f"print it and store it safely):\n  {code}"
        )
        raise


def passphrase(arguments: Arguments, output: Output) -> int:
    """From a descriptor or a file: two lines, the old one and the new one."""
    prompts = ("Passphrase: ", "New passphrase: ", "Once more: ")
    given = read_lines(arguments, prompts[:2] if scripted(arguments) else prompts)
    old, new = given[:2]
    if new != given[-1]:
        raise PassphrasesDiffer("The two new passphrases differ.")
    with unlocked(arguments, passphrase=old) as appliance:
        appliance.change_passphrase(old, new)
    output.data(changed=True)
    output.line("The passphrase is changed.")
    return 0


def require_title(title: str) -> None:
    """Raises UsageError for what the vault would refuse once it is made."""
    text = " ".join(title.split())
    if not 0 < len(text) <= MAXIMUM_TITLE or not showable(text):
        raise UsageError(
            f"A collection's title has 1 to {MAXIMUM_TITLE} plain characters.",
            hint="Give another one with --collection.",
        )


def write_secret(descriptor: int, text: str) -> None:
    """Durable on return; on failure the file is left empty."""
    content = f"{text}\n".encode()
    write_durably(descriptor, content, "The recovery code", "Keep the code that is shown here.")
