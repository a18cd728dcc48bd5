"""A model that cannot be right, or cannot run here, is refused in words, before any of it runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.engine.chat.client import ChatHost
from appliance.errors import EngineFailed
from tests import storyteller
from tests.e2e.terminal import PASSPHRASE, ROOT, Said, cloister, read_said, require
from tests.unit.engine.bundles.test_opening import configured, signed_anew

pytestmark = pytest.mark.shared
SHARD = "params_shard_0.bin"

# The host itself, on a machine that is not this one. Were the model loaded, it would end with 99.
ELSEWHERE = f"""
import os, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
from appliance.engine.bundles import opening
from appliance.engine.chat import host, models
how = sys.argv.pop(1)
if how == "memory":
    opening.memory_of_this_machine = lambda: 200_000_000
if how == "processor":
    opening.processor_features = lambda: frozenset(("sse2", "sse4_2"))
models.loaded = lambda *_, **__: os._exit(99)
host.main()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    storyteller.require_there()
    folder = tmp_path_factory.mktemp("stories")
    storyteller.trust(folder / "config")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        yield storyteller.build(folder)


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / storyteller.NAME))


def wrong_hash(bundle: Path) -> None:
    content = bytearray((bundle / SHARD).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / SHARD).write_bytes(content)


def missing_shard(bundle: Path) -> None:
    (bundle / SHARD).unlink()


def foreign_family(bundle: Path) -> None:
    configured(bundle, model_type="mamba")
    signed_anew(bundle, family="mamba")


def stranger(bundle: Path) -> None:
    (bundle / "manifest.sig").unlink()


DAMAGE = pytest.mark.parametrize(
    ("damage", "code", "word"),
    [
        (wrong_hash, "model_damaged", SHARD),
        (missing_shard, "model_damaged", SHARD),
        (foreign_family, "family_unsupported", "mamba"),
        (stranger, "bundle_untrusted", "not signed"),
    ],
)
Damage = Callable[[Path], None]


@DAMAGE
def test_it_is_said_when_it_is_verified_and_when_it_is_installed(  # noqa: PLR0917
    bundle: Path,
    vault: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Damage,
    code: str,
    word: str,
) -> None:
    damage(bundle)
    status = main(["--json", "model", "verify", str(bundle)])
    verified = Said(status, (json.loads(capsys.readouterr().out),), "")
    for said in (verified, cloister(vault, "model", "install", str(bundle))):
        assert (said.status, said.find("error")) == (1, code)
        assert word in str(said.find("sentence"))
        assert said.find("hint")
    assert not (vault / "models").exists() or not list((vault / "models").iterdir())


def host(folder: Path, how: str = "") -> ChatHost:
    return ChatHost(folder, command=(sys.executable, "-I", "-c", ELSEWHERE, how))


def refusal(chat: ChatHost) -> EngineFailed:
    with pytest.raises(EngineFailed) as caught:
        chat.wait(lambda: None)
    chat.close()
    return caught.value


@DAMAGE
def test_it_is_said_when_it_is_opened_and_nothing_of_it_is_loaded(
    bundle: Path, tmp_path: Path, damage: Damage, code: str, word: str
) -> None:
    place = storyteller.installed(bundle, tmp_path / "models")
    damage(place.folder)
    if damage is wrong_hash:  # of shards the hash is looked at as they are read, not before
        chat = ChatHost(place.folder, command=storyteller.HOST)
    else:
        chat = host(place.folder)
    error = refusal(chat)
    assert error.code == code
    assert word in error.sentence
    assert error.next_step


@pytest.mark.parametrize(
    ("how", "code", "word"),
    [("memory", "memory_short", "0.2 GB are free"), ("processor", "machine_unsupported", "avx2")],
)
def test_a_machine_that_cannot_run_it_is_told_so_and_loads_nothing(
    bundle: Path, tmp_path: Path, how: str, code: str, word: str
) -> None:
    place = storyteller.installed(bundle, tmp_path / "models")
    error = refusal(host(place.folder, how))
    assert error.code == code
    assert word in error.sentence
    assert error.next_step
    error = refusal(host(place.folder))
    assert "99" in error.sentence  # this machine would have run it


def test_a_model_that_is_damaged_where_it_is_installed_writes_nothing_and_is_named(
    bundle: Path, vault: Path
) -> None:
    require(cloister(vault, "model", "install", str(bundle)))
    wrong_hash(vault / "models" / "stories@1")
    said = cloister(vault, "ask", "When may apixaban be restarted after surgery?")
    assert not any(line.get("mode") == "generate" for line in said.lines)
    assert "Lily" not in str(said.lines)
    doctor = cloister(vault, "doctor")
    named = next(line for line in doctor.lines if SHARD in str(line))
    assert named["hint"]


STARVED = f"""
import resource, signal, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
from appliance import app
from appliance.__main__ import main

models = app.Appliance.chat_models

def starved(self):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    return models(self)

app.Appliance.chat_models = starved
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_that_fills_up_while_it_is_installed_leaves_nothing_half(
    bundle: Path, vault: Path
) -> None:
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-c", STARVED, "--json", "--data", str(vault), "--passphrase-fd",
         str(reading), "model", "install", str(bundle)],
        capture_output=True, text=True, check=False, cwd=ROOT, pass_fds=(reading,),
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    os.close(reading)
    said = read_said(done)
    assert (said.status, said.find("error")) == (1, "storage_full")
    assert said.find("hint")
    assert list((vault / "models").iterdir()) == []
    require(cloister(vault, "model", "install", str(bundle)))  # there is room again
    assert [path.name for path in (vault / "models").iterdir()] == ["stories@1"]
