"""A collection's store as the first version made it. Nothing here follows the product."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.memory import retirement, schema
from appliance.memory.store import OnMark
from tests.unit.memory.material import KEY, add_texts, make_library

TABLES = (
    """CREATE TABLE documents (
        id VARCHAR NOT NULL PRIMARY KEY, ready BOOLEAN NOT NULL, title VARCHAR NOT NULL,
        kind VARCHAR NOT NULL, paged BOOLEAN NOT NULL, pages INTEGER NOT NULL,
        passages INTEGER NOT NULL, size BIGINT NOT NULL, sha256 VARCHAR NOT NULL,
        added TIMESTAMP NOT NULL, failures VARCHAR NOT NULL)""",
    """CREATE TABLE pages (
        document VARCHAR NOT NULL, number INTEGER NOT NULL, text VARCHAR NOT NULL,
        blocks VARCHAR NOT NULL, width DOUBLE NOT NULL, height DOUBLE NOT NULL,
        PRIMARY KEY (document, number))""",
    """CREATE TABLE passages (
        key BIGINT NOT NULL PRIMARY KEY, document VARCHAR NOT NULL, text VARCHAR NOT NULL,
        layout VARCHAR NOT NULL)""",
    """CREATE TABLE segments (
        first BIGINT NOT NULL, document VARCHAR NOT NULL, passages INTEGER NOT NULL,
        vectors BLOB NOT NULL, words BLOB NOT NULL)""",
    "CREATE TABLE keys (following BIGINT NOT NULL)",
    "INSERT INTO keys VALUES (1)",
    "CREATE TABLE jobs (id VARCHAR NOT NULL, started TIMESTAMP NOT NULL)",
    """CREATE TABLE job_files (
        job VARCHAR NOT NULL, place INTEGER NOT NULL, path VARCHAR NOT NULL,
        state VARCHAR NOT NULL, code VARCHAR NOT NULL, sentence VARCHAR NOT NULL)""",
)


def write_first(folder: Path, on_mark: OnMark, texts: tuple[str, ...]) -> str:
    """A closed collection `ward` with one document; its id."""
    with pytest.MonkeyPatch.context() as then:
        then.setattr(schema, "COLLECTION", TABLES)
        then.setattr(retirement, "brought_forward", lambda _store: False)
        library = make_library(folder, on_mark)
        library.create_collection("ward", KEY)
        document = add_texts(library, "ward", texts, seed=1).id
        library.close()
    return document
