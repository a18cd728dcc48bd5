"""The JSON in a store's rows: where sentences, headings, spans and blocks are.

Rules kept here: arrays of numbers and strings in a fixed order, nothing optional; what is read back
is checked against that order before a value is made of it.
"""

from __future__ import annotations

import json
from typing import TypeAlias

from appliance.memory.errors import StoreDamaged
from appliance.values import Block, BlockKind, PageFailure, PageSpan, PassageDraft

Layout: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[str, ...], tuple[PageSpan, ...]]


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_layout(draft: PassageDraft, headings: tuple[str, ...]) -> str:
    """`[sentences, headings, spans]`."""
    spans = [(span.at, span.page, span.start, span.length) for span in draft.spans]
    return dump([draft.sentences, headings, spans])


def decode_layout(untrusted: object) -> Layout:
    """Raises StoreDamaged."""
    sentences, headings, spans = _lists(untrusted, 3)
    return (
        tuple((row[0], row[1]) for row in _numbers(sentences, 2)),
        tuple(_text(heading) for heading in _list(headings)),
        tuple(PageSpan(*row) for row in _numbers(spans, 4)),
    )


def encode_blocks(blocks: tuple[Block, ...]) -> str:
    """`[[kind, start, end, level], …]`."""
    return dump([(block.kind.value, block.start, block.end, block.level) for block in blocks])


def decode_blocks(untrusted: object) -> tuple[Block, ...]:
    """Raises StoreDamaged."""
    blocks = []
    for row in _list(_loaded(untrusted)):
        fields = _list(row)
        if len(fields) != 4:
            raise _damaged()
        try:
            kind = BlockKind(_text(fields[0]))
        except ValueError:
            raise _damaged() from None
        blocks.append(Block(kind, *(_number(field) for field in fields[1:])))
    return tuple(blocks)


def encode_failures(failures: tuple[PageFailure, ...]) -> str:
    """`[[page, code, sentence], …]`."""
    return dump([(failure.page, failure.code, failure.sentence) for failure in failures])


def decode_failures(untrusted: object) -> tuple[PageFailure, ...]:
    """Raises StoreDamaged."""
    failures = []
    for row in _list(_loaded(untrusted)):
        fields = _list(row)
        if len(fields) != 3:
            raise _damaged()
        failures.append(PageFailure(_number(fields[0]), _text(fields[1]), _text(fields[2])))
    return tuple(failures)


def _damaged() -> StoreDamaged:
    return StoreDamaged("A store's row does not have its form.")


def _loaded(untrusted: object) -> object:
    try:
        loaded: object = json.loads(_text(untrusted))
    except (ValueError, RecursionError):
        raise _damaged() from None
    return loaded


def _lists(untrusted: object, count: int) -> list[object]:
    loaded = _list(_loaded(untrusted))
    if len(loaded) != count:
        raise _damaged()
    return loaded


def _list(untrusted: object) -> list[object]:
    if not isinstance(untrusted, list):
        raise _damaged()
    return untrusted


def _text(untrusted: object) -> str:
    if not isinstance(untrusted, str):
        raise _damaged()
    return untrusted


def _number(untrusted: object) -> int:
    if not isinstance(untrusted, int) or isinstance(untrusted, bool):
        raise _damaged()
    return untrusted


def _numbers(untrusted: object, width: int) -> list[tuple[int, ...]]:
    rows = [tuple(_number(field) for field in _list(row)) for row in _list(untrusted)]
    if any(len(row) != width for row in rows):
        raise _damaged()
    return rows
