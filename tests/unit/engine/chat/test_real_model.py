"""A real model, real weights, in the real host: what it says, what it keeps, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.engine.bundles import store
from appliance.engine.bundles.store import Acceptance
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.errors import RequestRejected
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.preflight import Gpu
from appliance.engine.decoding.request import Ending, Finished, Message, Sampling
from appliance.engine.errors import BundleUntrusted, ModelDamaged
from tests.stories260k import SHARED
from tests.storyteller import BEGIN, HOST, require_there, write_unsigned

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the documents beside the checkout are missing"),
]
TOLD = ", there was a little girl named Lily. She loved to play"
SYSTEM = (Message("system", "Once upon a time there was a girl called Lily who liked to play."),)
JINJA = "{% for m in messages %}{{ m.content }}{% if not loop.last %}\n{% endif %}{% endfor %}"


@dataclass(frozen=True)
class Installed:
    folder: Path
    sha256: str


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """stories260K, built as it is and with a template of its own, and installed unsigned."""
    require_there()
    base = tmp_path_factory.mktemp("models")
    write_unsigned(base / "plain")
    write_unsigned(base / "jinja", JINJA)
    return base


def installed(models: Path, name: str, folder: Path) -> Installed:
    acceptance = Acceptance("Anna", "2026-01-01T00:00:00+00:00", name=name)
    signed = store.install(models / name, folder, (), acceptance)
    return Installed(folder / signed.manifest.id, signed.sha256)


@pytest.fixture
def model(models: Path, tmp_path: Path) -> Installed:
    return installed(models, "plain", tmp_path / "models")


@pytest.fixture
def chat(model: Installed) -> Iterator[ChatHost]:
    host = ChatHost(model.folder, model=model.folder.name, accepted=model.sha256, command=HOST)
    yield host
    host.close()


def said(chat: ChatHost, *messages: Message, **how: object) -> tuple[str, Finished]:
    sampling = Sampling(**how)  # type: ignore[arg-type]
    text = ""
    for report in chat.generate(messages, sampling, lambda: None):
        if isinstance(report, Finished):
            return text, report
        text += report.text
    pytest.fail("an answer without its end")


def test_it_tells_its_story_behind_all_guards(chat: ChatHost) -> None:
    text, finished = said(chat, Message("user", BEGIN), max_tokens=40)
    assert text.startswith(TOLD)
    assert (finished.ending, finished.new_tokens) == (Ending.LENGTH, 40)
    assert (chat.context, chat.device, chat.note) == (512, "cpu", "")
    assert chat.sandbox is not None
    assert set(chat.sandbox.guards) >= {"system_calls", "files", "limits"}
    assert chat.count(["", "hello there"])[1] > 1


def test_a_jinja_template_runs_behind_the_guards_as_well(models: Path, tmp_path: Path) -> None:
    model = installed(models, "jinja", tmp_path / "models")
    chat = ChatHost(model.folder, accepted=model.sha256, command=HOST)
    assert said(chat, *SYSTEM, Message("user", BEGIN), max_tokens=20)[0]
    assert said(chat, Message("user", BEGIN), max_tokens=20)[0].startswith(TOLD)
    chat.close()


def test_tokens_are_drawn_by_chance_behind_the_guards(chat: ChatHost) -> None:
    texts = {
        said(chat, Message("user", BEGIN), max_tokens=20, temperature=1.0, seed=seed)[0]
        for seed in (1, 2, 3)
    }
    assert len(texts) > 1


def test_an_answer_follows_its_schema_behind_the_guards(chat: ChatHost) -> None:
    schema = json.dumps({"enum": ["yes", "no"]})
    text, _ = said(chat, Message("user", BEGIN), max_tokens=20, schema=schema)
    assert json.loads(text) in ("yes", "no")


def test_a_prompt_beyond_the_context_is_refused_and_the_host_goes_on(chat: ChatHost) -> None:
    with pytest.raises(RequestRejected, match="512"):
        said(chat, Message("user", "long " * 2000))
    assert said(chat, Message("user", BEGIN), max_tokens=40)[0].startswith(TOLD)


def test_the_system_prompt_comes_back_from_disk_and_changes_nothing(
    model: Installed, tmp_path: Path
) -> None:
    cached, texts = [], []
    for _ in range(2):
        kept = PrefixStore(tmp_path / "cache", bytes(32))
        chat = ChatHost(
            model.folder, accepted=model.sha256, command=HOST, system=SYSTEM, prefixes=kept
        )
        chat.count(["x"])
        while not list(tmp_path.rglob("*.sealed")):
            chat.count(["x"])
        # The first ask may come before the prompt is in the cache, the second cannot.
        said(chat, *SYSTEM, Message("user", "One day"), max_tokens=1)
        text, finished = said(chat, *SYSTEM, Message("user", "She saw"), max_tokens=20)
        texts.append(text)
        cached.append(finished.cached_tokens)
        assert chat.notice == ""
        chat.close()
    assert min(cached) > 10
    assert texts[0] == texts[1]


def test_an_unsigned_model_that_is_not_the_accepted_one_is_not_run(model: Installed) -> None:
    for accepted in ("", "0" * 64):
        chat = ChatHost(model.folder, accepted=accepted, command=HOST)
        with pytest.raises(BundleUntrusted, match="not the one that was accepted"):
            chat.count(["x"])
        chat.close()


def test_a_shard_that_was_changed_is_refused_before_anything_is_said(model: Installed) -> None:
    shard = next(model.folder.glob("params_shard_*.bin"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    chat = ChatHost(model.folder, accepted=model.sha256, command=HOST)
    with pytest.raises(ModelDamaged, match="params_shard"):
        said(chat, Message("user", BEGIN))
    chat.close()


def test_a_model_without_code_for_the_gpu_runs_on_the_processor_and_says_so(
    model: Installed,
) -> None:
    gpu = Gpu("Words 9000")
    chat = ChatHost(model.folder, accepted=model.sha256, command=HOST, gpu=lambda: gpu)
    assert said(chat, Message("user", BEGIN), max_tokens=20)[0].startswith(TOLD)
    assert chat.device == "cpu"
    assert chat.note == (
        "The GPU cannot be used (The model plain@1 brings no code for cuda); the processor is "
        "used instead."
    )
    chat.close()
