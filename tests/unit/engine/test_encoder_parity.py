"""The compiled encoder says what the published model says, whatever the batch and the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from appliance.engine.encoder.bundle import LEVELS
from appliance.engine.encoder.client import EngineHost
from appliance.engine.processor import processor_features
from tests.unit.engine import reference

TEXTS = (
    "",
    "a",
    "Hello world",
    "What is the dose of enoxaparin for a patient of 80 kg?",
    "Ward round: BP 120/80, HR 72, SpO₂ 97 %, temp 36.8 °C.",
    "naïve façade Ünïcödé ﬁ ligature ½",
    "患者は血圧が高い。 Пациент жалуется на боль.",
    "🙂 🏥 \u200b zero width \u00a0 spaces \t tabs \n lines",
    "supercalifragilisticexpialidocious " * 3,
    "x" * 500,
    "The patient was given 5 mg at 08:00, and again at 20:00. " * 5,
    " ".join(f"word{n}" for n in range(90)),
    "Sixteen words stand in this one so that it fills a block of keys to the brim.",
    "long " * 600,
)


def tokenizer(folder: Path) -> Tokenizer:
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(256)
    return made


def test_text_becomes_the_known_tokens(bundle_folder: Path) -> None:
    ids = tokenizer(bundle_folder).encode("Hello world").ids
    assert ids == [101, 7592, 2088, 102]


def test_vectors_are_the_published_models(engine: EngineHost, bundle_folder: Path) -> None:
    made = tokenizer(bundle_folder)
    weights = reference.weights()
    expected = np.concatenate([reference.embed(made.encode(t).ids, weights) for t in TEXTS])
    actual = engine.encode(TEXTS)
    assert actual.dtype == np.float32
    assert np.abs(actual - expected).max() < 1e-5


def test_a_texts_vector_does_not_depend_on_its_batch(engine: EngineHost) -> None:
    together = engine.encode(TEXTS)
    for n, text in enumerate(TEXTS):
        assert np.array_equal(engine.encode([text])[0], together[n])
    assert np.array_equal(engine.encode(TEXTS[::-1])[::-1], together)


def test_no_texts_give_no_vectors(engine: EngineHost) -> None:
    assert engine.encode([]).shape == (0, 384)


def test_what_is_beyond_256_tokens_changes_nothing(engine: EngineHost) -> None:
    a, b = engine.encode(["dose " * 400 + "morphine", "dose " * 400 + "aspirin"])
    assert np.array_equal(a, b)


def test_a_text_of_a_million_characters_and_broken_unicode_are_taken(engine: EngineHost) -> None:
    vectors = engine.encode(["z " * 500_000, "lone \ud800 surrogate", "\x00 null"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_similar_texts_are_nearer_than_others(engine: EngineHost) -> None:
    a, b, c = engine.encode(
        ["How long is the visit?", "What is the length of a visit?", "The bank charges 3 %."]
    )
    assert float(a @ b) > 0.6
    assert float(a @ c) < 0.3


ONE_LEVEL = """
import sys, numpy as np
from dataclasses import replace
from pathlib import Path
from appliance.engine.encoder.bundle import open_bundle
from appliance.engine.encoder.host import TextEncoder
bundle = replace(open_bundle(Path(sys.argv[1])), level=sys.argv[2])
np.save(sys.argv[3], TextEncoder(bundle).encode(sys.argv[4:]))
"""


@pytest.mark.parametrize("level", [level for level, _ in LEVELS])
def test_every_library_agrees(
    level: str, engine: EngineHost, bundle_folder: Path, tmp_path: Path
) -> None:
    if not dict(LEVELS)[level] <= processor_features():
        pytest.skip(f"this processor is not {level}")
    texts = [t for t in TEXTS if "\x00" not in t]
    out = tmp_path / "vectors.npy"
    subprocess.run(
        [sys.executable, "-c", ONE_LEVEL, str(bundle_folder), level, str(out), *texts],
        check=True,
        env={"TVM_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert np.abs(np.load(out) - engine.encode(texts)).max() < 1e-5


WITHOUT_COMPILER = """
import sys
from pathlib import Path
from appliance.engine.encoder.bundle import open_bundle
import appliance.engine.encoder.client, appliance.engine.encoder.host as host
encoder = host.TextEncoder(open_bundle(Path(sys.argv[1])))
assert encoder.encode(["one"]).shape == (1, 384)
heavy = {"tvm", "torch", "transformers", "onnxruntime", "sentence_transformers"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
maps = Path("/proc/self/maps").read_text()
print("libtvm_compiler" in maps, "libtvm_runtime" in maps)
"""


def test_running_needs_neither_a_compiler_nor_a_framework(bundle_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_COMPILER, str(bundle_folder)],
        check=True, capture_output=True, text=True, env={"TVM_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[]", "False True"]
