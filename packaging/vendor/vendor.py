"""The vendor's tool: makes the key that signs licences, signs them, and reads what was used.

  vendor.py new-key FILE [--trust]            make the key; with --trust this checkout knows it
  vendor.py issue --key FILE --authority FILE --seats N --end 2027-12-31 --out FILE
                                              sign a licence for an institution; it has its
                                              authority's file from `cloister authority init`
  vendor.py renew LICENCE --key FILE … --out FILE
                                              sign the next serial of one, changed where said
  vendor.py usage LICENCE SUMMARY             verify an institution's usage summary and list it

Kept apart from the product and not shipped with it. The key file (mode 0600) is sealed under a
passphrase (`--passphrase-file`, or asked for) and is never in the repository. A program whose
`appliance/licensing/trust.py` names no key is for evaluation (docs/decisions/0018-licensing.md).
"""

from __future__ import annotations

import argparse
import base64
import getpass
import os
import secrets
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from appliance.errors import CloisterError
from appliance.licensing.licence import Licence, Plan, licence_bytes, open_licence
from appliance.licensing.signed import Kind, key_in, read, self_signed
from appliance.licensing.times import whole
from appliance.licensing.usage import Month, open_summary
from appliance.vault import Context, hkdf
from appliance.vault.canonical import Fields
from appliance.vault.passphrased import open_under_passphrase, seal_under_passphrase
from appliance.vault.signers import SignerKey, TrustedKey

ROOT = Path(__file__).resolve().parents[2]
TRUST = ROOT / "appliance" / "licensing" / "trust.py"
NAME = "Cloister licences"
_KEY = Context("vendor-key", "licences")


def new_key(path: Path, passphrase: str) -> SignerKey:
    """Makes a pair; its seed goes into a new file, sealed, readable for the owner alone."""
    seed = secrets.token_bytes(32)
    content = seal_under_passphrase(seed, passphrase, _KEY)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return _pair(seed)


def read_key(path: Path, passphrase: str) -> SignerKey:
    return _pair(open_under_passphrase(path.read_bytes(), passphrase, _KEY))


def _pair(seed: bytes) -> SignerKey:
    return SignerKey.from_seeds(
        hkdf(seed, "cloister/vendor/ed25519/v1"), hkdf(seed, "cloister/vendor/ml-dsa-65/v1")
    )


def trust_source(key: TrustedKey) -> str:
    """The text of appliance/licensing/trust.py that trusts this key and no other."""
    documented = TRUST.read_text("utf-8").split('"""')[1]
    encoded = textwrap.wrap(base64.b64encode(key.ml_dsa_65).decode(), 80)
    lines = "\n".join(f'            "{line}"' for line in encoded)
    return (
        f'"""{documented}"""\n\nfrom __future__ import annotations\n\n'
        "from base64 import b64decode\n\n"
        "from appliance.vault.signers import TrustedKey\n\n"
        "TRUSTED: tuple[TrustedKey, ...] = (\n    TrustedKey(\n"
        f'        name="{key.name}",\n'
        f'        ed25519=b64decode("{base64.b64encode(key.ed25519).decode()}"),\n'
        f"        ml_dsa_65=b64decode(\n{lines}\n        ),\n    ),\n)\n"
    )


def issued(untrusted_key_file: bytes, told: Mapping[str, str], now: datetime) -> Licence:
    """A first licence for the authority whose key file this is. Raises what reading it raises."""
    body = self_signed(Kind.AUTHORITY, untrusted_key_file).body
    named, authority = read(Kind.AUTHORITY, body, _authority)
    institution = told.get("institution") or named
    blank = Licence(
        id=secrets.token_hex(16),
        serial=1,
        institution=institution,
        plan=Plan.SUBSCRIPTION,
        issued=whole(now),
        start=whole(now),
        end=None,
        grace_days=14,
        seats=1,
        tokens=0,
        overage=False,
        lease_days=180,
        features=("written",),
        authority=replace(authority, name=institution),
    )
    return changed(blank, told)


def _authority(untrusted: Fields) -> tuple[str, TrustedKey]:
    untrusted.only("format", "institution", "key", "version")
    return untrusted.text("institution"), key_in(untrusted, "key")


def renewed(licence: Licence, told: Mapping[str, str], now: datetime) -> Licence:
    """The next serial, changed where something is told."""
    return changed(replace(licence, serial=licence.serial + 1, issued=whole(now)), told)


def changed(licence: Licence, told: Mapping[str, str]) -> Licence:
    numbers = {name: int(told[name]) for name in ("seats", "tokens", "grace_days", "lease_days")
               if name in told}  # fmt: skip
    made = replace(licence, **numbers)  # type: ignore[arg-type]
    if "plan" in told:
        made = replace(made, plan=Plan(told["plan"]))
    if "end" in told:
        made = replace(made, end=end_of(told["end"]) if told["end"] else None)
    if "start" in told:
        made = replace(made, start=day(told["start"]))
    if "features" in told:
        features = {name.strip() for name in told["features"].split(",")} - {""}
        made = replace(made, features=tuple(sorted(features)))
    if "overage" in told:
        made = replace(made, overage=told["overage"] == "yes")
    return made


def day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise SystemExit(f"“{text}” is no day; write it as 2027-12-31.") from error


def end_of(text: str) -> datetime:
    """The last second of a day: what ends "on" a day lasts through it."""
    return day(text).replace(hour=23, minute=59, second=59)


def usage(licence: Licence, untrusted_summary: bytes) -> str:
    """A summary as a table, once its signature held."""
    summary = open_summary(untrusted_summary, licence.authority)
    if summary.licence != licence.id:
        raise SystemExit("The summary is of another licence.")
    totals: dict[str, Month] = {}
    lines = [f"{licence.institution}: {summary.held} of {summary.seats} seats held on "
             f"{summary.made:%Y-%m-%d}; silent: {list(summary.silent) or 'none'}"]  # fmt: skip
    for row in summary.rows:
        for month in row.months:
            before = totals.get(month.month, Month(month.month))
            totals[month.month] = replace(
                before,
                answered=before.answered + month.answered,
                written=before.written + month.written,
                tokens=before.tokens + month.tokens,
            )
    for name in sorted(totals):
        month = totals[name]
        lines.append(f"  {name}: {month.answered:,} answered, {month.written:,} written, "
                     f"{month.tokens:,} tokens")  # fmt: skip
    return "\n".join(lines)


def passphrase_of(arguments: argparse.Namespace) -> str:
    if arguments.passphrase_file is not None:
        return str(arguments.passphrase_file.read_text("utf-8").partition("\n")[0])
    return getpass.getpass("Passphrase of the vendor's key: ")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    key = commands.add_parser("new-key")
    key.add_argument("file", type=Path)
    key.add_argument("--trust", action="store_true")
    issue, renew = commands.add_parser("issue"), commands.add_parser("renew")
    issue.add_argument("--authority", type=Path, required=True)
    renew.add_argument("licence", type=Path)
    for one in (issue, renew):
        one.add_argument("--key", type=Path, required=True)
        one.add_argument("--out", type=Path, required=True)
        one.add_argument("--plan", choices=[plan.value for plan in Plan])
        for name in ("--seats", "--tokens", "--grace-days", "--lease-days"):
            one.add_argument(name, type=int)
        one.add_argument("--start")
        one.add_argument("--end", help="2027-12-31; empty for none (plan seat)")
        one.add_argument("--features", help="by commas")
        one.add_argument("--overage", choices=("yes", "no"))
    issue.add_argument("--institution")
    told = commands.add_parser("usage")
    told.add_argument("licence", type=Path)
    told.add_argument("summary", type=Path)
    for one in (key, issue, renew):
        one.add_argument("--passphrase-file", type=Path)
    return parser


def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "new-key":
        key = new_key(arguments.file, passphrase_of(arguments))
        print(f"The key {key.public('').id} is in {arguments.file}.")
        if arguments.trust:
            TRUST.write_text(trust_source(key.public(NAME)), "utf-8")
            print(f"{TRUST.relative_to(ROOT)} trusts this key now, and no other.")
        return
    if arguments.command == "usage":
        licence = open_licence(arguments.licence.read_bytes())
        print(usage(licence, arguments.summary.read_bytes()))
        return
    key = read_key(arguments.key, passphrase_of(arguments))
    told = {name: str(value) for name, value in vars(arguments).items() if value is not None}
    now = datetime.now(UTC)
    if arguments.command == "issue":
        made = issued(arguments.authority.read_bytes(), told, now)
    else:
        before = open_licence(arguments.licence.read_bytes(), (key.public(NAME),))
        made = renewed(before, told, now)
    content = licence_bytes(made, key)
    with os.fdopen(
        os.open(arguments.out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644), "wb"
    ) as file:
        file.write(content + b"\n")
        file.flush()
        os.fsync(file.fileno())
    print(f"Licence {made.id}, serial {made.serial}: {made.institution}, {made.seats} seats.")


def main() -> None:
    try:
        _run(_parser().parse_args())
    except CloisterError as error:
        raise SystemExit(f"{error.sentence}\n{error.next_step}") from error
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}") from error


if __name__ == "__main__":
    main()
