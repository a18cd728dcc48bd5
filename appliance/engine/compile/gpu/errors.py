"""What can go wrong when a model is compiled for a GPU."""

from __future__ import annotations

from appliance.errors import EngineFailed


class GpuUnsupported(EngineFailed):
    """The model cannot run on a GPU. The processor can run it."""

    code = "gpu_unsupported"
    hint = "The model runs on the processor; nothing need be done."


class CompilerMissing(EngineFailed):
    code = "gpu_compiler_missing"
    hint = (
        "Install NVIDIA's CUDA toolkit 13 on the build machine and put its `bin` on the path. "
        "The machine that runs the model needs the driver alone."
    )


class CompilerFailed(EngineFailed):
    code = "gpu_compiler_failed"
    hint = "Give the sentence to your IT department: compiler and program do not fit together."
