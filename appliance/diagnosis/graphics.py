"""The doctor's check of the GPU.

Rule kept here: a driver is only touched where the institution's settings say so, and only in a
throwaway child (engine/chat/preflight.py).
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.engine.chat.preflight import Gpu, NoGpu, probe
from appliance.settings import Settings
from appliance.values import Check

LOOK = "Have IT look at the driver; until it works the processor is used (docs/gpu.md)."


def gpu(settings: Settings, look: Callable[[], Gpu | NoGpu] = probe) -> Check:
    if settings.gpu == "off":
        return Check("gpu", "ok", "Not used: off in the settings.", facts=(("setting", "off"),))
    found = look()
    facts = (("setting", "auto"), ("works", int(isinstance(found, Gpu))))
    if isinstance(found, Gpu):
        return Check("gpu", "ok", f"{found.name} works.", facts=facts)
    if found.reason:
        sentence = f"There is a GPU that is not used: {found.reason}."
        return Check("gpu", "warning", sentence, LOOK, "gpu_unusable", facts)
    return Check("gpu", "ok", "None here: the processor is used.", facts=facts)
