"""Makes the vectors beside it, once per format version. What is committed is never made anew.

Run from the repository's root: python -m tests.vectors.licensing.make NEW_FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from appliance.licensing.codes import texts_of
from appliance.licensing.signed import Kind, key_hash
from appliance.licensing.usage import Month, Row, Summary, Usage, summary_bytes, usage_bytes
from tests.unit.licensing.test_documents import AUTHORITY, FILES, LICENCE, SEAT, certificate
from tests.unit.licensing.world import NOON, TRUSTED

MONTHS = (Month("2026-11", answered=3, written=2, refused=1, failed=0, cancelled=1, tokens=120),)


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    for kind, (content, _) in FILES.items():
        (folder / f"{kind.value}.json").write_bytes(content)
    usage = Usage(
        certificate(), FILES[Kind.CERTIFICATE][0], SEAT.public(""), 1, "", NOON, "cloister/log",
        "0a" * 32, 0, 40, MONTHS,
    )  # fmt: skip
    (folder / f"{Kind.USAGE.value}.json").write_bytes(usage_bytes(usage, SEAT))
    row = Row(1, key_hash(SEAT.public("")), "Ward", "0b" * 32, MONTHS)
    summary = Summary(LICENCE.id, NOON, 3, 2, (row,), (2,))
    (folder / f"{Kind.SUMMARY.value}.json").write_bytes(summary_bytes(summary, AUTHORITY))
    texts = texts_of(FILES[Kind.CERTIFICATE][0])
    (folder / "codes.txt").write_text("\n".join(texts) + "\n")
    vendor = {"ed25519": TRUSTED[0].ed25519.hex(), "ml-dsa-65": TRUSTED[0].ml_dsa_65.hex()}
    (folder / "vendor.json").write_text(json.dumps(vendor) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
