"""`cloister init` and `cloister passphrase`."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.app import open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import data_folder, unlocked
from appliance.cli.output import Output
from appliance.cli.secrets import read_lines
from appliance.errors import StorageReadOnly, UsageError


class PassphrasesDiffer(UsageError):
    code = "passphrases_differ"
    hint = "Type the same passphrase twice."


def init(arguments: Arguments, output: Output) -> int:
    folder = data_folder(arguments)
    recovery = Path(arguments.text("recovery_file")).absolute()
    wanted = bool(arguments.text("recovery_file"))
    prompts = ("New passphrase: ", "Once more: ")
    scripted = arguments.passphrase_fd is not None or arguments.passphrase_file is not None
    given = read_lines(arguments, prompts[:1] if scripted else prompts)
    if given[0] != given[-1]:
        raise PassphrasesDiffer("The two passphrases differ.")
    if wanted:
        require_absent(recovery)
    appliance = open_appliance(folder, writable=(recovery.parent,) if wanted else ())
    try:
        code = appliance.create(arguments.name or os.environ.get("USER", "owner"), given[0])
        collection = appliance.create_collection(arguments.text("collection"))
        if wanted:
            write_secret(recovery, code)
    finally:
        appliance.close()
    output.data(vault=str(folder), collection=collection.id, recovery=None if wanted else code)
    output.line(f"The vault is made in {folder}, with the collection “{collection.title}”.")
    if wanted:
        output.line(f"The recovery code is in {recovery}. Print it, store it, delete the file.")
    else:
        output.line("Recovery code (shown this once; print it and store it safely):")
        output.line(f"  {code}")
    return 0


def passphrase(arguments: Arguments, output: Output) -> int:
    prompts = ("New passphrase: ", "Once more: ")
    with unlocked(arguments) as appliance:
        if arguments.passphrase_fd is not None or arguments.passphrase_file is not None:
            raise UsageError(
                "Changing a passphrase needs a terminal.", hint="Run it without --passphrase-…."
            )
        old, new, again = read_lines(arguments, ("Passphrase again: ", *prompts))
        if new != again:
            raise PassphrasesDiffer("The two new passphrases differ.")
        appliance.change_passphrase(old, new)
    output.data(changed=True)
    output.line("The passphrase is changed.")
    return 0


def require_absent(path: Path) -> None:
    if path.exists():
        raise UsageError(f"{path} exists already.", hint="Name a file that does not exist.")


def write_secret(path: Path, text: str) -> None:
    """A new file only its owner can read, on the person's own wish."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageReadOnly(
            f"The recovery code could not be written: {error.strerror}."
        ) from error
