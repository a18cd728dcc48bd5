"""Loading a bundle for a GPU: what is checked before anything of it runs there."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.bundles.opening import ChatBundle, open_chat_bundle
from appliance.engine.chat import models
from appliance.engine.running import gpu
from appliance.engine.running.device import Device, Facts, GpuUnusable
from appliance.engine.running.machine_code import MachineCodeMissing
from tests.unit.engine.bundles.folders import TRUSTED, V3, built
from tests.unit.engine.gpu.models import RUNTIME
from tests.unit.engine.gpu.test_library import cubin, entry, fat


class Borrowed(Device):
    """The processor, which says of itself that it is an NVIDIA GPU of capability 9.0."""

    def __init__(self, _name: str, runtime: Path | tuple[Path, ...]) -> None:
        super().__init__("cpu", runtime)

    def facts(self) -> Facts:
        return Facts("Words 9000", "9.0", 80 << 30, 80 << 30)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChatBundle:
    monkeypatch.setattr(gpu, "Device", Borrowed)
    monkeypatch.setattr(models, "_runtime", lambda _device: (RUNTIME,))
    monkeypatch.setattr(models, "sealed", lambda code: code.path)  # what it is, the tests change
    folder = built(tmp_path, targets=("cpu", "cuda"))
    return open_chat_bundle(folder, V3, trusted=TRUSTED)


def test_a_library_for_another_gpu_is_not_loaded(bundle: ChatBundle) -> None:
    bundle.code_for("cuda").path.write_bytes(fat(entry(80, cubin(80))))
    with pytest.raises(MachineCodeMissing, match=r"no code for a GPU of capability 9\.0"):
        models.loaded(bundle, "gpu")


def test_a_library_that_cannot_be_loaded_is_a_sentence(bundle: ChatBundle) -> None:
    bundle.code_for("cuda").path.write_bytes(fat(entry(90, cubin(90))))
    with pytest.raises(GpuUnusable, match="cannot be loaded on the device cuda"):
        models.loaded(bundle, "gpu")


def test_a_driver_that_fails_is_a_sentence(
    bundle: ChatBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_device: Device) -> Facts:
        raise RuntimeError("CUDA: initialization error\nand a page of it")

    monkeypatch.setattr(Borrowed, "facts", failing)
    with pytest.raises(GpuUnusable, match=r"initialization error$"):
        models.loaded(bundle, "gpu")


@pytest.mark.parametrize(("wanted", "given"), [(0, 8192), (64, 64)])
def test_conversations_are_as_long_as_the_institution_wants(
    bundle: ChatBundle, monkeypatch: pytest.MonkeyPatch, wanted: int, given: int
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(gpu, "load_gpu_model", lambda *_, **how: asked.update(how))
    models.loaded(bundle, "gpu", wanted)
    assert asked == {"cache_tokens": models.GPU_CACHE_TOKENS, "context": given}
