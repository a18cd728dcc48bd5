"""Answers follow their schema, whatever the model would rather say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from appliance.engine.decoding import schema as schema_rules
from appliance.engine.decoding.answering import Answer
from appliance.engine.decoding.detokenizing import vocabulary_of
from appliance.engine.decoding.errors import LogitsInvalid, SchemaUnusable
from appliance.engine.decoding.grammar import Grammars
from appliance.engine.decoding.request import Ending, Sampling
from tests.unit.engine.decoding import tiny_tokenizers

SMOL = Path(__file__).resolve().parents[5] / "shared/data/model/smollm2-135m-mlc/tokenizer.json"
TINY = {
    "byte_level": tiny_tokenizers.byte_level(),
    "sentence_piece": tiny_tokenizers.sentence_piece(),
}
SCHEMAS: tuple[dict[str, object], ...] = (
    {
        "type": "object",
        "properties": {
            "dose": {"type": "integer", "minimum": 0, "maximum": 250},
            "unit": {"enum": ["mg", "µg"]},
            "notes": {
                "type": "array", "items": {"type": "string", "maxLength": 6},
                "minItems": 1, "maxItems": 3,
            },
            "given": {"type": ["boolean", "null"]},
        },
        "required": ["dose", "unit", "notes"],
        "additionalProperties": False,
    },
    {
        "$ref": "#/$defs/place",
        "$defs": {
            "place": {
                "type": "object",
                "properties": {"ward": {"type": "string", "pattern": "[A-Z][0-9]?"}},
                "required": ["ward"],
            }
        },
    },
    {"anyOf": [{"const": "yes"}, {"type": "string", "minLength": 3, "maxLength": 4}]},
    {"type": "array", "prefixItems": [{"const": 1}, {"type": "boolean"}], "items": False},
)  # fmt: skip


def follows(schema: dict[str, object], value: object, root: dict[str, object]) -> bool:
    """A validator for what the schemas above use, written from the standard."""
    if "$ref" in schema:
        return follows(root["$defs"]["place"], value, root)  # type: ignore[index]
    options = schema.get("anyOf")
    if isinstance(options, list):
        return any(follows(option, value, root) for option in options)
    if "const" in schema:
        return bool(value == schema["const"])
    enum = schema.get("enum")
    if isinstance(enum, list):
        return value in enum
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    checks = {"object": _object, "array": _array, "string": _string, "integer": _integer}
    return any(
        checks[kind](schema, value, root) if kind in checks
        else value is None if kind == "null" else isinstance(value, bool)
        for kind in kinds
    )  # fmt: skip


def _object(schema: dict[str, object], value: object, root: dict[str, object]) -> bool:
    properties, required = schema["properties"], schema["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    return (
        isinstance(value, dict)
        and set(required) <= value.keys() <= properties.keys()
        and all(follows(properties[key], part, root) for key, part in value.items())
    )


def _array(schema: dict[str, object], value: object, root: dict[str, object]) -> bool:
    first = schema.get("prefixItems", [])
    assert isinstance(first, list)
    if not isinstance(value, list):
        return False
    rest, items = value[len(first) :], schema["items"]
    low, high = schema.get("minItems", 0), schema.get("maxItems", len(value))
    assert isinstance(low, int)
    assert isinstance(high, int)
    return (
        all(follows(s, v, root) for s, v in zip(first, value, strict=False))
        and low <= len(value) <= high
        and all(isinstance(items, dict) and follows(items, part, root) for part in rest)
    )


def _string(schema: dict[str, object], value: object, root: dict[str, object]) -> bool:
    low, high = schema.get("minLength", 0), schema.get("maxLength", 1_000_000)
    assert isinstance(low, int)
    assert isinstance(high, int)
    pattern = str(schema.get("pattern", ""))
    return isinstance(value, str) and low <= len(value) <= high and bool(re.search(pattern, value))


def _integer(schema: dict[str, object], value: object, root: dict[str, object]) -> bool:
    return isinstance(value, int) and 0 <= value <= 250


class Whimsical:
    """Writes one answer after random logits, the same ones for the same seed."""

    def __init__(self, tokenizer: Tokenizer, rows: int) -> None:
        self.vocabulary = vocabulary_of(tokenizer)
        self.end_tokens = frozenset({len(self.vocabulary.pieces) - 1})
        self.rows = rows
        self.grammars = Grammars(self.vocabulary, rows, self.end_tokens)

    def write(self, schema: str, sampling: Sampling) -> str:
        random = np.random.default_rng(sampling.seed)
        answer = Answer(
            [0], sampling, self.vocabulary, self.end_tokens, self.grammars.start(schema)
        )
        text = ""
        while True:
            row = np.asarray(4 * random.standard_normal(self.rows), np.float32)
            row[list(self.end_tokens)] += 8  # so that open strings do not go on for ever
            taken = answer.take(row)
            text += taken.text
            if taken.ending is not None:
                assert taken.ending is Ending.STOP
                return text


WRITERS = {
    name: Whimsical(tokenizer, -(-tokenizer.get_vocab_size() // 32) * 32 + 32)
    for name, tokenizer in TINY.items()
}


SAMPLINGS = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 0.7, 5.0]),
    top_p=st.sampled_from([0.5, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.3]),
    seed=st.integers(0, 2**32),
    max_tokens=st.just(2000),
)


@pytest.mark.parametrize("kind", TINY)
@pytest.mark.parametrize("number", range(len(SCHEMAS)))
@settings(max_examples=25)
@given(sampling=SAMPLINGS)
def test_whatever_the_logits_the_answer_follows_its_schema(
    kind: str, number: int, sampling: Sampling
) -> None:
    text = WRITERS[kind].write(json.dumps(SCHEMAS[number]), sampling)
    assert follows(SCHEMAS[number], json.loads(text), SCHEMAS[number]), text


@settings(max_examples=60)
@given(
    low=st.integers(-1200, 1200), size=st.integers(1, 300), whole=st.booleans(),
    tenth=st.booleans(), open_end=st.booleans(), seed=st.integers(0, 2**32),
)  # fmt: skip
def test_ranges_hold(  # noqa: PLR0917 - Hypothesis gives names
    low: int, size: int, whole: bool, tenth: bool, open_end: bool, seed: int
) -> None:
    bottom, top = (low, low + size + 1) if whole or not tenth else (low / 10, (low + size) / 10)
    names = ("exclusiveMinimum", "exclusiveMaximum") if open_end else ("minimum", "maximum")
    schema = {"type": "integer" if whole else "number", names[0]: bottom, names[1]: top}
    sampling = Sampling(temperature=2.0, seed=seed, max_tokens=200)
    value = json.loads(WRITERS["byte_level"].write(json.dumps(schema), sampling))
    assert bottom < value < top or (not open_end and bottom <= value <= top)
    assert not whole or isinstance(value, int)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "integer", "minimum": 3, "maximum": 2},
    ],
    ids=str,
)
def test_a_schema_that_nothing_follows_ends_in_an_error(schema: dict[str, object]) -> None:
    with pytest.raises((SchemaUnusable, LogitsInvalid)):
        WRITERS["byte_level"].write(json.dumps(schema), Sampling(max_tokens=50))


@pytest.mark.shared
@pytest.mark.skipif(not SMOL.exists(), reason="the real documents are not beside the checkout")
def test_a_real_tokenizer_follows_schemas_too() -> None:
    writer = Whimsical(Tokenizer.from_file(str(SMOL)), 49152)
    for schema in SCHEMAS:
        for seed in range(3):
            sampling = Sampling(temperature=1.0, seed=seed, max_tokens=2000)
            text = writer.write(json.dumps(schema), sampling)
            assert follows(schema, json.loads(text), schema), text


def test_a_token_that_is_not_allowed_is_an_error_not_an_answer() -> None:
    grammar = WRITERS["byte_level"].grammars.start('{"type": "integer"}')
    with pytest.raises(LogitsInvalid):
        grammar.accept(0 if WRITERS["byte_level"].vocabulary.pieces[0] == b"!" else 1)


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "KiB"),
        ("[" * 10_000, "JSON"),
        ("[]", "object"),
        (json.dumps({"not": {}}), "'not'"),
        (json.dumps({"type": "array", "uniqueItems": True}), "'uniqueItems'"),
        (json.dumps({"type": "string", "format": "date"}), "'format'"),
        (json.dumps({"type": "strange"}), "type"),
        (json.dumps({"type": "array", "items": 3}), "something else"),
        (json.dumps({"anyOf": []}), "something else"),
        (json.dumps({"type": "array", "maxItems": 10**9}), "maxItems"),
        (json.dumps({"type": "array", "minItems": True}), "minItems"),
        (json.dumps({"type": "integer", "maximum": "x"}), "maximum"),
        ('{"type": "number", "maximum": NaN}', "maximum"),
        (json.dumps({"type": "string", "pattern": "((a{99}){99}){99}"}), "braces"),
        (json.dumps({"type": "string", "pattern": "(a"}), "grammar"),
        (json.dumps({"type": "string", "pattern": "a*", "minLength": 3}), "length"),
        (json.dumps({"$ref": "https://example.org/s"}), "$defs"),
        (json.dumps({"$ref": "#"}), "$defs"),
        (json.dumps({"$ref": "#/$defs/nowhere"}), "grammar"),
        (json.dumps({"$ref": "#/$defs/a", "type": "null", "$defs": {"a": {}}}), "other rules"),
        (json.dumps({"const": 1, "minimum": 3}), "other rules"),
        (json.dumps({"const": 1, "type": "string"}), "another type"),
        (json.dumps({"enum": [True], "type": "integer"}), "another type"),
        (json.dumps({"enum": []}), "without values"),
        (json.dumps({"minimum": 3}), "without the type"),
        (json.dumps({"type": "string", "minItems": 3}), "without the type"),
        (json.dumps({"type": "object", "required": ["z"]}), "describe"),
        (json.dumps({"type": "object", "properties": []}), "table"),
        (
            json.dumps({"type": "object", "properties": {"a": {}}, "additionalProperties": True}),
            "additional",
        ),
        (json.dumps({"type": "object", "properties": {str(n): {} for n in range(1100)}}), "parts"),
        (json.dumps({"enum": ["x" * 20_000]}), "KiB"),
    ],
    ids=lambda value: value[:40],
)
def test_a_schema_that_cannot_be_promised_is_refused_with_a_sentence(
    schema: str, word: str
) -> None:
    with pytest.raises(SchemaUnusable) as refused:
        WRITERS["byte_level"].grammars.start(schema)
    assert word in refused.value.sentence


def test_a_deep_schema_is_refused() -> None:
    schema: dict[str, object] = {"type": "null"}
    for _ in range(schema_rules.DEEPEST + 1):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaUnusable, match="deep"):
        schema_rules.require_schema(json.dumps(schema))


def test_no_framework_and_no_stand_in_is_left_behind() -> None:
    """In a process of its own, since other tests have loaded xgrammar by now."""
    program = (
        "import sys\n"
        "from appliance.engine.decoding import xgrammar_alone\n"
        "xgrammar_alone.load()\n"
        "print(xgrammar_alone.load().__name__)\n"
        "print([m for m in ('torch', 'transformers', 'triton') if m in sys.modules])\n"
        "import tvm_ffi, numpy\n"
        "print(tvm_ffi.from_dlpack(numpy.arange(3)).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[4],
    )  # fmt: skip
    assert (done.stdout.splitlines(), done.stderr) == (["xgrammar", "[]", "(3,)"], "")
