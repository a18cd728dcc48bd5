"""Makes the committed copy of a log in tests/vectors/audit (docs/formats/log.md promises to keep
it readable for ever). Run once, when the format gets a new version: it replaces nothing.

    python -m tests.unit.audit.vectors tests/vectors/audit/log-v2
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from appliance.audit import Log, Record, writer
from appliance.values import MarkState, Outcome, StoreMark
from tests.unit.audit.making import ADDED, KEY, ORIGIN, VERDICT, Ticking, question


def main(target: Path) -> None:
    writer.EPOCH_RECORDS = 150
    with tempfile.TemporaryDirectory() as folder:
        log = Log.create(Path(folder) / "log", ORIGIN, KEY, Ticking(), seat="seat-1")
        log.open_ask(question("q-1"), VERDICT, b"sealed question")
        log.close_ask("q-1", Outcome.REFUSED, code="policy")
        log.open_ask(question("q-2"), VERDICT, b"sealed question, erased later")
        log.close_ask("q-2", Outcome.ANSWERED, payload=b"sealed answer")
        log.note_store(
            StoreMark("collection/c-1", 1, 4096, "cd" * 32, MarkState.COMMIT, 12, "ef" * 32)
        )
        log.note_value("vault", "v-1", 7)
        log.append(Record("a.b", object='"\\\n\u20ac\U0001f600\x7f', details=(("n", -5),)))
        log.erase_payload(3, person="p-2", code="erasure_request")
        while log.size < 259:
            log.append(ADDED)
        log.export(target)
        (target / "public-key").write_text(log.public_key + "\n", encoding="utf-8")
        log.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
