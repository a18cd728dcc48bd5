"""The program as a vendor would release it: with a licence key that it trusts. Run as a child:
`python -m tests.e2e.licensed_program KEYS ARGUMENTS…`, KEYS being the public keys in a file."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from pathlib import Path

from appliance.__main__ import main
from appliance.licensing import trust
from appliance.vault.signers import TrustedKey


def run(keys: Path, arguments: list[str]) -> int:
    told = json.loads(keys.read_text())
    trust.TRUSTED = (
        TrustedKey("vendor", b64decode(told["ed25519"]), b64decode(told["ml-dsa-65"])),
    )
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
