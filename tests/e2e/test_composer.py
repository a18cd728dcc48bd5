"""The composer that ships: real weights, from the package to a streamed, cited, checked answer."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from appliance import citations, claims
from appliance.engine.answering import Answering
from appliance.engine.bundles.libraries import program_libraries
from appliance.engine.bundles.manifest import Signed
from appliance.engine.bundles.opening import verify
from appliance.engine.bundles.shipped import FOLDER, shipped_composer
from appliance.engine.bundles.trust import trusted_signers
from appliance.engine.chat.client import ChatHost
from appliance.engine.compile.bundle import Compilers, Origin, build_bundle
from appliance.engine.errors import ModelMissing
from appliance.engine.mlc.chat_config import read_chat_config
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.names import huggingface_sources
from appliance.engine.models.parameters import parameters
from appliance.engine.models.quantisation import dequantise
from appliance.engine.models.stored import Packed
from appliance.language_model import chosen, composes
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored
from tests.contract.fakes import BagEncoder, items_of, passage_of
from tests.stories260k import safetensors
from tests.storyteller import HOST
from tests.unit.engine.bundles.folders import KEY

pytestmark = pytest.mark.skipif(
    not any(FOLDER.glob("composer@*")), reason="this version ships no composer"
)

MOST_BYTES = 10_000_000


class Chosen(BagEncoder):
    """Quotes the sentences it was told to, as a reader that has chosen them."""

    def __init__(self, *cited: tuple[Passage, int, int]) -> None:
        super().__init__()
        self.cited = cited

    def quote(self, question: str, passages: object) -> Answer:
        numbered = list(enumerate(self.cited, start=1))
        return Answer(
            tuple(AnswerSentence(p.text[a:b], (n,)) for n, (p, a, b) in numbered),
            tuple(Citation(n, p, a, b) for n, (p, a, b) in numbered),
            AnswerMode.QUOTE, "reader", 1.0, 0.5,
        )  # fmt: skip


@pytest.fixture(scope="module")
def host() -> Iterator[ChatHost]:
    try:
        program_libraries()
    except ModelMissing:
        pytest.skip("the kernels of chat models are not built")
    chat = ChatHost(shipped_composer(), model=shipped_composer().name, command=HOST)
    yield chat
    chat.close()


def whole(passage: Passage) -> tuple[Passage, int, int]:
    return passage, 0, len(passage.text)


def asked(host: ChatHost, question: str, *passages: Passage) -> tuple[str, Answer]:
    """What is streamed, and the answer as `cite = "required"` shows it."""
    reader = Chosen(*map(whole, passages))
    found = [Scored(passage, 1.0, 1.0, 1, 1) for passage in passages]
    streamed, last = "", None
    for step in Answering(reader, host, composes=True).generate(question, found, (), lambda: None):
        if isinstance(step, Answer):
            last = step
        else:
            streamed += step
    assert last is not None
    return streamed, citations.check(last, found, "required")


STOP = replace(
    passage_of(1, "4.1 Apixaban is stopped 48 hours before surgery."),
    headings=("4 Before surgery",),
)
INVENTED = passage_of(
    2, "Zolmitan is given at 4,170 mg/kg twice daily, but not to patients under 12 years."
)
SIGNS = items_of(
    3, "Signs of sepsis include:", "- Fever.", "- Confusion.", "- Fast breathing.", "Call for help."
)


def test_real_weights_tell_a_streamed_cited_answer(host: ChatHost) -> None:
    streamed, answer = asked(host, "When is apixaban stopped before surgery?", STOP)
    assert streamed.strip() == "Apixaban is stopped 48 hours before surgery."
    (sentence,), (citation,) = answer.sentences, answer.citations
    assert sentence.supported
    assert citation.passage == STOP
    assert host.sandbox is not None


def test_a_drug_and_a_dose_nobody_has_seen_are_copied(host: ChatHost) -> None:
    _, answer = asked(host, "Who may be given zolmitan?", INVENTED)
    assert [sentence.text for sentence in answer.sentences] == [INVENTED.text]


@pytest.mark.parametrize("passages", [(SIGNS,), (SIGNS, STOP), (STOP, INVENTED, SIGNS)])
def test_whatever_it_writes_only_what_a_document_says_is_shown(
    host: ChatHost, passages: tuple[Passage, ...]
) -> None:
    _, answer = asked(host, "What are the signs of sepsis?", *passages)
    known = {
        one.text.replace("- ", "").lower()
        for passage in passages
        for one in claims.statements(passage)
    }
    assert all(sentence.text.lower() in known for sentence in answer.sentences)


def test_the_same_question_is_answered_the_same_way(host: ChatHost) -> None:
    first, second = (asked(host, "When is apixaban stopped?", STOP, SIGNS) for _ in range(2))
    assert first == second


def test_it_ships_whole_signed_and_small() -> None:
    signed: Signed = verify(shipped_composer(), trusted_signers())
    assert signed.signer
    assert signed.manifest.libraries == ()
    assert 10e6 <= signed.manifest.parameters <= 30e6
    assert signed.manifest.size <= MOST_BYTES


def test_it_is_used_where_the_institution_names_it(tmp_path: Path) -> None:
    assert chosen(tmp_path / "models", "composer") == shipped_composer()
    assert chosen(tmp_path / "models", "") is None
    assert composes(shipped_composer())
    assert not composes(tmp_path)


def huggingface(folder: Path) -> None:
    """The shipped weights as the Hugging Face folder that training writes: floats again."""
    shipped = shipped_composer()
    config = read_chat_config(shipped)
    weights = read_weights(shipped, config.architecture, config.format)
    sources = huggingface_sources(config.architecture)
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    for parameter in parameters(config.architecture):
        stored = weights.stored[parameter.name]
        whole = dequantise(stored) if isinstance(stored, Packed) else stored.astype(np.float32)
        names = sources[parameter.name]
        tensors |= dict(zip(names, np.split(whole, len(names)), strict=True))
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    model = json.loads((shipped / "mlc-chat-config.json").read_text("utf-8"))["model_config"]
    kind = {"architectures": ["LlamaForCausalLM"], "torch_dtype": "float16"}
    (folder / "config.json").write_text(json.dumps({**model, **kind}), "utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copyfile(shipped / name, folder / name)


def test_a_hugging_face_folder_of_its_weights_is_built_into_the_same_model(tmp_path: Path) -> None:
    folder, out = tmp_path / "huggingface", tmp_path / "built"
    folder.mkdir()
    huggingface(folder)
    origin = Origin("composer", "1", "Apache-2.0", "here", "2026-11-28T00:00:00+00:00")
    build_bundle(
        folder, out, format=Format.Q4F16_1, targets=(), origin=origin, key=KEY,
        compilers=Compilers(_no_cpu, _no_gpu, ()),
    )  # fmt: skip
    for shard in sorted(shipped_composer().glob("params_shard_*.bin")):
        assert _hash(out / shard.name) == _hash(shard)
    assert read_chat_config(out) == read_chat_config(shipped_composer())


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _no_cpu(level: str, _path: Path) -> None:
    raise AssertionError(f"nothing is compiled for {level} here")


def _no_gpu(_a: Architecture, _format: Format, target: str, _path: Path) -> None:
    raise AssertionError(f"nothing is compiled for {target} here")
