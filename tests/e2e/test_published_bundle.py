"""A bundle as others publish it (SmolLM2 135M's real metadata, random weights) is run as it is."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.engine.chat.client import ChatHost
from appliance.engine.decoding.request import Ending, Message, Sampling
from tests import storyteller
from tests.e2e.terminal import cloister, require
from tests.stories260k import SHARED

PUBLISHED = SHARED.parent / "smollm2-135m-mlc"
TENSORS = 182

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the bundle is not beside this checkout"),
]


def fill(folder: Path) -> None:
    """Random shards for what the index names, and their true sizes and MD5s in the index.

    The same few numbers again and again: what is written is large, not random."""
    index: dict[str, Any] = json.loads((PUBLISHED / "tensor-cache.json").read_text("utf-8"))
    assert sum(len(shard["records"]) for shard in index["records"]) == TENSORS
    numbers = np.random.default_rng(7).normal(0, 0.02, 1 << 20).astype(np.float16)
    for shard in index["records"]:
        count = shard["nbytes"] // 2
        content = np.resize(numbers, count)
        for record in shard["records"]:
            if "norm" in record["name"]:
                at = record["byteOffset"] // 2
                content[at : at + record["nbytes"] // 2] = 1
        data = content.tobytes()
        (folder / shard["dataPath"]).write_bytes(data)
        shard["md5sum"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    for name in ("tensor-cache.json", "ndarray-cache.json"):
        (folder / name).write_text(json.dumps(index), "utf-8")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    storyteller.require_there()
    folder = tmp_path_factory.mktemp("published") / "smollm2"
    shutil.copytree(PUBLISHED, folder, copy_function=shutil.copyfile)
    folder.chmod(0o700)
    fill(folder)
    yield folder
    shutil.rmtree(folder.parent)  # a quarter of a gigabyte


def test_a_published_bundle_is_accepted_and_writes_through_its_own_tokenizer_and_template(
    published: Path, vault: Path
) -> None:
    refused = cloister(vault, "model", "install", str(published))
    assert (refused.status, refused.find("error")) == (1, "bundle_untrusted")
    assert "--trust-unsigned" in str(refused.find("hint"))
    taken = require(
        cloister(
            vault, "model", "install", str(published), "--trust-unsigned", "--as", "smollm2",
            "--licence", "Apache-2.0",
        )
    )  # fmt: skip
    assert taken.find("installed") == "smollm2@1"
    folder = vault / "models" / "smollm2@1"
    accepted = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    chat = ChatHost(folder, model="smollm2@1", accepted=accepted, command=storyteller.HOST)
    try:
        text, finished = storyteller.told(
            chat,
            [Message("system", "You are brief."), Message("user", "Who are you?")],
            Sampling(max_tokens=8),
        )
        assert (finished.ending, finished.new_tokens) == (Ending.LENGTH, 8)
        assert text
        # ChatML's own tokens are one each: system, user and the beginning of the answer.
        assert 20 <= finished.prompt_tokens <= 40
        assert chat.device == "cpu"
    finally:
        chat.close()
