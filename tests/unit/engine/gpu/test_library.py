"""Building for GPUs where there is none, and what a library is checked for."""

from __future__ import annotations

import io
import shutil
import struct
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.compile.gpu import nvcc
from appliance.engine.compile.gpu.cuda_kernels import require_kernels
from appliance.engine.compile.gpu.errors import (
    CompilerFailed,
    CompilerMissing,
    GpuUnsupported,
)
from appliance.engine.compile.gpu.library import compile_gpu
from appliance.engine.models.architecture import Format
from appliance.engine.running import machine_code
from appliance.engine.running.machine_code import (
    ARCHITECTURES,
    MachineCodeMissing,
    check_machine_code,
    cubins,
    require_code_for,
)
from tests.unit.engine.gpu.models import TINY, changed

needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs NVIDIA's nvcc")

PRODUCT = struct.pack("<QQ", 0x723C, 0)
NOTHING = struct.pack("<QQ", 0x7918, 0)


def cubin(number: int, code: bytes = NOTHING + PRODUCT, machine: int = 190) -> bytes:
    """An ELF image with one section of code."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    sections_at = 64 + len(code)
    header = machine_code.ELF.pack(
        ident, 2, machine, 1, 0, 0, sections_at, number, 64, 0, 0, 64, 2, 0
    )
    empty = machine_code.SECTION.pack(*[0] * 10)
    text = machine_code.SECTION.pack(0, 1, 6, 0, 64, len(code), 0, 0, 16, 0)
    return header + code + empty + text


def entry(number: int, image: bytes, kind: int = 2, flags: int = 0) -> bytes:
    start = struct.pack("<HHIQ", kind, 0x101, 64, len(image))
    return start + struct.pack("<IIIIIIQQQ", 0, 0, 0, number, 0, 0, flags, 0, 0)[:48] + image


def fat(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def whole() -> bytes:
    return fat(*(entry(int(sm[3:]), cubin(int(sm[3:]))) for sm in ARCHITECTURES))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "cuda.so"


def test_a_library_with_code_for_every_generation_passes(library: Path) -> None:
    library.write_bytes(b"\x7fELF something" + whole() + b"and more")
    assert check_machine_code(library) == ARCHITECTURES
    assert [c.tensor_products for c in cubins(library)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"__global__ void kernel()", "none at all"),
        (fat(entry(80, b".version 9.0", kind=1)), "none at all"),
        (fat(*(entry(n, cubin(n)) for n in (80, 86, 89))), "for sm_90; it holds sm_80"),
        (fat(*(entry(int(sm[3:]), cubin(int(sm[3:]), NOTHING)) for sm in ARCHITECTURES)), "sm_80"),
        (fat(entry(80, cubin(80), flags=0x2000)), "compressed"),
        (fat(entry(80, cubin(90))), "another machine"),
        (fat(entry(80, cubin(80, machine=62))), "another machine"),
        (fat(entry(80, cubin(80, b""))), "no code"),
        (fat(entry(80, b"not an image")), "damaged"),
    ],
)
def test_a_library_without_it_is_refused(library: Path, content: bytes, sentence: str) -> None:
    library.write_bytes(content)
    with pytest.raises(MachineCodeMissing, match=sentence):
        check_machine_code(library)


@pytest.mark.parametrize(
    ("made_for", "gpu", "runs"),
    [
        *((80, gpu, True) for gpu in ("8.0", "8.6", "8.9")),
        *((90, gpu, runs) for gpu, runs in (("8.9", False), ("9.0", True), ("12.0", False))),
        *((86, gpu, runs) for gpu, runs in (("8.0", False), ("9.0", False))),
    ],
)
def test_code_runs_on_its_own_generation(
    library: Path, made_for: int, gpu: str, runs: bool
) -> None:
    library.write_bytes(fat(entry(made_for, cubin(made_for))))
    if runs:
        require_code_for(library, gpu)
        return
    with pytest.raises(MachineCodeMissing, match=gpu):
        require_code_for(library, gpu)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_library_cut_short_is_refused(library: Path, data: st.DataObject) -> None:
    content = whole()
    library.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(MachineCodeMissing):
        check_machine_code(library)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_library_is_read_or_refused(library: Path, data: st.DataObject) -> None:
    content = bytearray(whole())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    library.write_bytes(content)
    try:
        check_machine_code(library)
    except MachineCodeMissing:
        return


@needs_nvcc
def test_a_library_for_cuda_is_built_without_a_gpu(library: Path) -> None:
    """One format and one kind of layer: a quarter of a minute."""
    compile_gpu(changed(layers=TINY.layers[:1]), Format.Q4F16_1, "cuda", library)
    found = cubins(library)
    assert tuple(c.architecture for c in found) == ARCHITECTURES
    assert all(c.tensor_products > 100 for c in found)


@needs_nvcc
def test_the_tiled_product_is_nothing_but_tensor_core_products(tmp_path: Path) -> None:
    """32 of 16 x 8 x 16 a warp and step make 64 x 32 x 32, each counted once in the code."""
    kernel = (
        'extern "C" __global__ void kernel(const __half* x, const uint32_t* w, const __half* s,'
        "__half* y, int m, int n, int k)"
        "{ cloister::packed_matmul<128, __half>(x, w, s, y, m, n, k); }"
    )
    path = tmp_path / "kernel"
    path.write_bytes(nvcc.compile_source(kernel, ("sm_90",)))
    assert [c.tensor_products for c in cubins(path)] == [32]


@needs_nvcc
def test_what_nvcc_says_is_in_the_sentence() -> None:
    with pytest.raises(CompilerFailed, match='identifier "nowhere" is undefined'):
        nvcc.compile_source("int f() { return nowhere; }", ("sm_80",))


def test_without_nvcc_it_is_said_what_is_needed(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CompilerMissing, match="nvcc"):
        compile_gpu(TINY, Format.Q4F16_1, "cuda", library)
    assert not library.exists()


def test_for_metal_there_are_objects_to_be_linked_on_a_mac(tmp_path: Path) -> None:
    path = tmp_path / "metal"
    compile_gpu(changed(layers=TINY.layers[:1]), Format.Q4F16_1, "metal", path)
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        contents = [file.read() for m in archive if (file := archive.extractfile(m))]
    assert all(content.startswith(b"\xcf\xfa\xed\xfe") for content in contents)
    assert any(b"#include <metal_stdlib>" in content for content in contents)


@pytest.mark.parametrize("form", [Format.Q0F32, Format.Q4F32_1])
def test_full_precision_is_for_the_processor(form: Format) -> None:
    with pytest.raises(GpuUnsupported, match="processor"):
        require_kernels(TINY, form)


@pytest.mark.parametrize("fields", [{"head_dim": 20}, {"head_dim": 512}, {"inner": 100}])
def test_sizes_without_a_kernel_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(GpuUnsupported):
        require_kernels(changed(**fields), Format.Q4F16_1)


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(GpuUnsupported, match="no target vulkan"):
        compile_gpu(TINY, Format.Q4F16_1, "vulkan", Path("never-written"))
