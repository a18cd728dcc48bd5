"""A person's store as the first version wrote it, from what that version had: its statements, its
bodies and its own order of writing. Nothing here follows the product."""

from __future__ import annotations

from pathlib import Path

from appliance.memory.store import OnMark, Store
from tests.unit.memory.material import KEY

TABLES = (
    """CREATE TABLE conversations (
        id VARCHAR NOT NULL, title VARCHAR NOT NULL, updated TIMESTAMP NOT NULL,
        turns INTEGER NOT NULL)""",
    """CREATE TABLE turns (
        conversation VARCHAR NOT NULL, number INTEGER NOT NULL, body VARCHAR NOT NULL)""",
)

MORPHINE = (
    '{"answer":{"citations":[{"end":11,"number":1,"passage":{"collection":"ward","document":"d1",'
    '"headings":["Dosing"],"key":4,"paged":false,"sentences":[[0,11],[12,17]],'
    '"spans":[[0,3,10,17]],"text":"Give 10 mg. Wait.","title":"Morphine"},"start":0}],'
    '"evidence":0.75,"mode":"quote","model":"minilm","seconds":0.123,"sentences":[{"citations":[1],'
    '"supported":true,"text":"Give 10 mg."},{"citations":[],"supported":false,"text":"Perhaps."}],'
    '"threshold":0.5},"asked":"2026-11-23T12:00:00+00:00","note":"","outcome":"answered",'
    '"question":"How much morphine?","record":17}'
)
REFUSED = (
    '{"answer":null,"asked":"2026-11-23T12:01:00+00:00","note":"Not allowed.","outcome":"refused",'
    '"question":"And now?","record":19}'
)
CABINET = (
    '{"answer":null,"asked":"2026-11-23T13:00:00+00:00","note":"","outcome":"cancelled",'
    '"question":"Who keeps the keys of the cabinet?","record":23}'
)
ROWS = (
    ("INSERT INTO conversations VALUES ('c1', 'How much morphine?', '2026-11-23 12:01:00', 2)", ()),
    ("INSERT INTO turns VALUES ('c1', 0, ?)", (MORPHINE,)),
    ("INSERT INTO turns VALUES ('c1', 1, ?)", (REFUSED,)),
    (
        "INSERT INTO conversations VALUES "
        "('c2', 'Who keeps the keys of the cabinet?', '2026-11-23 13:00:00', 1)",
        (),
    ),
    ("INSERT INTO turns VALUES ('c2', 0, ?)", (CABINET,)),
)


def write_first(folder: Path, on_mark: OnMark) -> Path:
    """Two conversations, closed cleanly."""
    path = folder / "store.duckdb"
    store = Store.create(
        path,
        KEY,
        spill=folder / "spill",
        kind="person",
        id="p1",
        schema=TABLES,
        on_mark=on_mark,
    )
    with store.transaction() as transaction:
        for statement, values in ROWS:
            transaction.execute(statement, values)
    store.close()
    return path
