"""`cloister kiosk`: the window for visitors, watched over and opened with nobody there.

Rules kept here: the secret of the kiosk's account comes from a file nobody else can read, a
descriptor, the service's own credential or a terminal, never from an argument; the watchdog has the
guards on like every process of the product.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from appliance import processes
from appliance.airgap import guard
from appliance.cli.arguments import Arguments
from appliance.cli.opening import NoVault, data_folder, vault_in
from appliance.cli.output import Output
from appliance.cli.secrets import LIMIT, PassphraseMissing, read_passphrase, scripted
from appliance.cli.watchdog import Watchdog
from appliance.errors import UsageError
from appliance.settings import read_settings
from appliance.vault import harden_process

CREDENTIAL = "cloister-kiosk"
"""The name of systemd's credential that holds the secret (systemd.exec(5), LoadCredential=)."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretOpen(UsageError):
    code = "secret_open"
    hint = "Run `chmod 600 FILE`, then change the kiosk's passphrase: others may have read it."


def kiosk(arguments: Arguments, output: Output) -> int:
    """Until an administrator has left. Raises NoVault, PassphraseMissing, SecretOpen."""
    harden_process()
    folder = data_folder(arguments)
    if not vault_in(folder):
        raise NoVault(f"There is no vault in {folder}.")
    secret = _secret(arguments)
    settings = read_settings()
    guard.engage((folder, *settings.written_folders), screen=True, required=False)
    command = [*processes.command(processes.KIOSK_WINDOW), "--data", str(folder)]
    command += ["--name", arguments.name]
    if look := arguments.text("theme"):
        command += ["--theme", look]
    Watchdog(command, secret, os.environ).watch()
    output.line("The kiosk has ended.")
    return 0


def _secret(arguments: Arguments) -> str:
    if arguments.passphrase_file is not None:
        _require_private(arguments.passphrase_file)
    if scripted(arguments):
        return read_passphrase(arguments)
    place = os.environ.get("CREDENTIALS_DIRECTORY")  # systemd.exec(5): absolute, ours alone
    if place and (Path(place) / CREDENTIAL).is_file():
        return _credential(Path(place) / CREDENTIAL)
    return read_passphrase(arguments, "Passphrase of the kiosk's account: ")


def _credential(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            lines = opened.read(LIMIT).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PassphraseMissing("The credential of the service cannot be read.") from error
    if not lines or not lines[0]:
        raise PassphraseMissing("The credential of the service is empty.")
    return lines[0]


def _require_private(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise PassphraseMissing(f"The passphrase cannot be read: {error.strerror}.") from error
    if stat.S_ISREG(mode) and mode & _OTHERS:
        raise SecretOpen(f"{file} can be read by others than its owner.")
