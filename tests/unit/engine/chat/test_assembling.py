"""A bundle that could answer nobody fails when it is loaded, not with every ask."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tokenizers import AddedToken, Tokenizer

from appliance.engine.bundles.opening import ChatBundle
from appliance.engine.chat.assembling import ChatEngine, OpenedChat
from appliance.engine.chat.loop import Engine
from appliance.engine.chat.process import LASTING
from appliance.engine.decoding.request import Finished, Message, Rejected, Request, Sampling
from appliance.engine.errors import ModelDamaged
from appliance.engine.prompts.control_tokens import ControlTokens
from appliance.engine.prompts.template import TemplateFiles
from tests.chat_engine import ROOT
from tests.engine_model import HashModel
from tests.unit.engine.decoding.tiny_tokenizers import byte_level

VECTORS = ROOT / "tests" / "vectors" / "prompts"
PLAIN = "{% for m in messages %}{{ m.content }}<end>{% endfor %}"
CONVERSATION = {
    "roles": {"user": "u", "assistant": "a"},
    "seps": ["<end>"],
    "system_template": "{system_message}",
}


def loaded(
    template: str = "", tokenizer: Tokenizer | None = None, **conversation: object
) -> Engine:
    tokenizer = tokenizer or byte_level()
    config = {"conv_template": CONVERSATION | conversation}
    model = HashModel(vocabulary=tokenizer.get_vocab_size(), context=4096, pages=2048)
    opened = OpenedChat(
        bundle=cast(ChatBundle, SimpleNamespace(chat=SimpleNamespace(ends=()))),
        loaded=model,
        device="cpu",
        untrusted_tokenizer=tokenizer.to_str().encode(),
        untrusted_template=TemplateFiles(
            tokenizer_config=b'{"bos_token": "<s>", "eos_token": "</s>"}',
            chat_template=template.encode(),
            chat_config=json.dumps(config).encode(),
        ),
    )
    return opened.load()


def test_a_bundle_in_order_answers() -> None:
    for engine in (loaded(), loaded(PLAIN), loaded(stop_str=["<x>"] * 16)):
        engine.submit(Request(1, (Message("user", "the end"),), Sampling(max_tokens=2)))
        replies: list[Any] = []
        while engine.busy:
            replies += engine.step()
        assert isinstance(replies[-1], Finished)
        assert not any(isinstance(reply, Rejected) for reply in replies)


@pytest.mark.parametrize("kind", ["chatml", "gemma", "llama3", "mistral", "phi3", "qwen3"])
def test_published_templates_are_in_order(kind: str) -> None:
    loaded((VECTORS / f"{kind}.jinja").read_text("utf-8"))


@pytest.mark.parametrize("stops", [[""], ["x" * 257], [f"<{n}>" for n in range(17)], ["fine", ""]])
def test_stop_strings_that_no_request_may_have_are_said_at_the_start(stops: list[str]) -> None:
    with pytest.raises(ModelDamaged, match="stop string"):
        loaded(stop_str=stops)


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{% if m.role == 'assistant' %}{{ raise_exception('no') }}"
        "{% endif %}{{ m.content }}{% endfor %}",
        "{{ raise_exception('not today') }}",
        "{{ messages[0].content }}",
        "{{ nothing.of.this }}",
        "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}",
    ],
)
def test_a_template_that_refuses_conversations_is_said_at_the_start(template: str) -> None:
    with pytest.raises(ModelDamaged, match="template"):
        loaded(template)


def test_a_template_without_a_system_role_is_no_reason() -> None:
    loaded(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "{{ m.content }}{% endfor %}"
    )


def test_a_tokenizer_that_makes_control_tokens_of_letters_is_said_at_the_start() -> None:
    tokenizer = byte_level()
    tokenizer.add_special_tokens([AddedToken("the", special=True)])  # a merge leads there
    with pytest.raises(ModelDamaged, match="control tokens out of plain text"):
        loaded(tokenizer=tokenizer)


def test_the_reason_is_one_that_another_start_would_not_change() -> None:
    assert ModelDamaged in LASTING


def test_tokens_are_counted_as_they_are_written() -> None:
    engine = loaded(PLAIN)
    assert isinstance(engine, ChatEngine)
    texts = ["<end>" * 800, "the end", "", "→ next", "Ünder the € sign "]
    tokenizer = byte_level()
    assert len(tokenizer.encode(texts[0], add_special_tokens=False).ids) == 800
    written = [len(ControlTokens(tokenizer).encode([(text, False)])) for text in texts]
    assert list(engine.count(texts)) == written
    assert written[0] == 4000
