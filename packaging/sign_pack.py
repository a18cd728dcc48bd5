"""Signs policy packs, after linting them and running their cases.

  python packaging/sign_pack.py                  sign policies/baseline with the key kept here
  python packaging/sign_pack.py --check          lint and run the cases, sign nothing
  python packaging/sign_pack.py --new-key        make a fresh key pair, trust it, sign with it
  python packaging/sign_pack.py --key FILE PACK  sign PACK with the key in FILE

The private key stays out of the repository: `.cache/keys/policy.json` (mode 0600, ignored by git).
Whoever changes a pack and does not hold the key makes a new pair; appliance/policy/trust.py then
changes with it, which a reviewer sees. A release is signed with the vendor's key (--key).
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import textwrap
import tomllib
from pathlib import Path

from appliance.errors import CloisterError
from appliance.policy import cases, manifest, pack
from appliance.policy.engine import PolicyEngine
from appliance.policy.manifest import Verified
from appliance.policy.pack import Pack
from appliance.vault.signers import SignerKey, TrustedKey

ROOT = Path(__file__).resolve().parent.parent
KEY = ROOT / ".cache" / "keys" / "policy.json"
TRUST = ROOT / "appliance" / "policy" / "trust.py"


def new_key(path: Path) -> SignerKey:
    """Makes a pair and writes its seeds to `path`, readable for the owner alone."""
    key = SignerKey.generate()
    seeds = {"ed25519": key.ed25519.seed.hex(), "ml-dsa-65": key.ml_dsa_65.seed.hex()}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(json.dumps(seeds) + "\n")
    fresh.replace(path)
    return key


def read_key(path: Path) -> SignerKey:
    if not path.exists():
        raise SystemExit(
            f"There is no key in {path}. Sign with the vendor's key (--key FILE), or make a fresh "
            "pair with --new-key, which changes appliance/policy/trust.py."
        )
    seeds = json.loads(path.read_text())
    return SignerKey.from_seeds(bytes.fromhex(seeds["ed25519"]), bytes.fromhex(seeds["ml-dsa-65"]))


def trust_source(key: TrustedKey) -> str:
    """The text of appliance/policy/trust.py that trusts this key and no other."""
    encoded = textwrap.wrap(base64.b64encode(key.ml_dsa_65).decode(), 80)
    lines = "\n".join(f'            "{line}"' for line in encoded)
    return (
        '"""The keys that may sign policy packs.\n\n'
        "Written by `packaging/sign_pack.py --new-key`; the private halves are never in the "
        'repository.\n"""\n\n'
        "from __future__ import annotations\n\nfrom base64 import b64decode\n\n"
        "from appliance.vault.signers import TrustedKey\n\n"
        "TRUSTED: tuple[TrustedKey, ...] = (\n    TrustedKey(\n"
        f'        name="{key.name}",\n'
        f'        ed25519=b64decode("{base64.b64encode(key.ed25519).decode()}"),\n'
        f"        ml_dsa_65=b64decode(\n{lines}\n        ),\n    ),\n)\n"
    )


def unsigned(folder: Path) -> Pack:
    """The pack as it would be read once signed. Raises PackError."""
    files = manifest.read_files(folder)
    told = tomllib.loads(files[pack.PACK_FILE].decode())
    return pack.read(
        Verified(folder.name, str(told["version"]), int(told["serial"]), files, "0" * 64, "")
    )


def require_sound(found: Pack) -> None:
    """Lints the pack and runs its cases; prints what fails and ends."""
    failed = list(cases.failures(found, PolicyEngine((found,))))
    for line in failed:
        print(f"  {line}")
    if failed:
        raise SystemExit(f"{len(failed)} cases of {found.label} fail; it is not signed.")
    print(f"{found.label}: {len(cases.read_cases(found))} cases hold.")


def write_signature(folder: Path, found: Pack, key: SignerKey) -> None:
    signature = manifest.sign(
        found.name, found.version, found.serial, manifest.read_files(folder), key
    )
    (folder / manifest.SIGNATURE_FILE).write_bytes(signature)
    print(f"{found.label}: signed by key {key.public('').id}.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shipped = sorted(path.parent for path in (ROOT / "policies").glob(f"*/{pack.PACK_FILE}"))
    parser.add_argument(
        "packs", nargs="*", type=Path, default=shipped, help="all, if none is named"
    )
    parser.add_argument("--key", type=Path, default=KEY, help="the file of the private key")
    parser.add_argument("--new-key", action="store_true", help="make a fresh pair and trust it")
    parser.add_argument("--check", action="store_true", help="lint and run the cases only")
    arguments = parser.parse_args()
    folders = [folder.resolve() for folder in arguments.packs]
    try:
        found = [(folder, unsigned(folder)) for folder in folders]
        for _, one in found:
            require_sound(one)
        if arguments.check:
            return
        key = new_key(arguments.key) if arguments.new_key else read_key(arguments.key)
        for folder, one in found:
            write_signature(folder, one, key)
    except CloisterError as error:
        raise SystemExit(f"{error.sentence}\n{error.next_step}") from error
    if arguments.new_key:
        TRUST.write_text(trust_source(key.public("Cloister policy packs")))
        print(f"{TRUST.relative_to(ROOT)} trusts this key now, and no other.")


if __name__ == "__main__":
    main()
