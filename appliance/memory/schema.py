"""The tables of a collection's store and of a person's (docs/formats/store.md)."""

from __future__ import annotations

from typing import Final

COLLECTION_FIRST: Final = (
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

"""What the first version made; it did not say which it was."""

COLLECTION_SINCE: Final = (
    """CREATE TABLE retired (
        document VARCHAR NOT NULL PRIMARY KEY, since TIMESTAMP NOT NULL,
        successor VARCHAR NOT NULL)""",
    "CREATE TABLE form (version INTEGER NOT NULL)",
    "INSERT INTO form VALUES (2)",
)
"""What version 2 has besides: nothing that was there is touched."""

COLLECTION: Final = (*COLLECTION_FIRST, *COLLECTION_SINCE)

PERSON_FIRST: Final = (
    """CREATE TABLE conversations (
        id VARCHAR NOT NULL, title VARCHAR NOT NULL, updated TIMESTAMP NOT NULL,
        turns INTEGER NOT NULL)""",
    """CREATE TABLE turns (
        conversation VARCHAR NOT NULL, number INTEGER NOT NULL, body VARCHAR NOT NULL)""",
)
"""What the first version made; it did not say which it was."""

PERSON_SINCE: Final = (
    """CREATE TABLE kept (
        conversation VARCHAR NOT NULL, pinned BOOLEAN NOT NULL, folder VARCHAR NOT NULL)""",
    """CREATE TABLE judged (
        conversation VARCHAR NOT NULL, record BIGINT NOT NULL, good BOOLEAN NOT NULL,
        reason VARCHAR NOT NULL, given TIMESTAMP NOT NULL)""",
    """CREATE TABLE recall (
        serial BIGINT NOT NULL, conversation VARCHAR NOT NULL, number INTEGER NOT NULL,
        vector BLOB NOT NULL, words BLOB NOT NULL)""",
    "CREATE TABLE attached (conversation VARCHAR NOT NULL, key BLOB NOT NULL)",
    "CREATE TABLE erasing (conversation VARCHAR NOT NULL)",
    "CREATE TABLE form (version INTEGER NOT NULL)",
    "INSERT INTO form VALUES (2)",
)
"""What version 2 has besides: nothing that was there is touched."""

PERSON: Final = (*PERSON_FIRST, *PERSON_SINCE)

PERSON_VERSION: Final = 2
COLLECTION_VERSION: Final = 2
