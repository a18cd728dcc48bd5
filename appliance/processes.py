"""How a process of the product is started: the one place that knows.

Rules kept here: the product starts no program but itself. Out of a checkout a process is the same
Python, isolated from its environment and the folder it is started in; out of a package it is the
same executable, whose Python is isolated by the way it was built. What it becomes is the first word
after that, out of a closed list: no word leads to a module that is not named here. Imports stay
light, since the self-test's child is counted in milliseconds.
"""

from __future__ import annotations

import importlib
import os
import sys

ENCODER_HOST = "--encoder-host"
CHAT_HOST = "--chat-host"
GPU_PROBE = "--gpu-probe"
READER = "--reader"
SOCKET_PROBE = "--socket-probe"
KIOSK_WINDOW = "--kiosk-window"
WINDOW = "--window"
SCREEN_CHECK = "--screen-check"
TERMINAL = "--terminal"

MODULES = {
    ENCODER_HOST: "appliance.engine.encoder.host",
    CHAT_HOST: "appliance.engine.chat.host",
    GPU_PROBE: "appliance.engine.chat.gpu_child",
    READER: "appliance.documents.child",
    SOCKET_PROBE: "appliance.airgap.probing",
    KIOSK_WINDOW: "gui.kiosk.__main__",
    WINDOW: "gui.__main__",
    SCREEN_CHECK: "gui.platforms",
    TERMINAL: "appliance.__main__",
}
"""What a process can become, by the word it is started with. Each module has a `main()`."""

WINDOW_PROGRAM = "cloister-window"
"""What is started by this name is the window; by any other, the terminal's program."""

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  light
_ENTRY = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from appliance.processes import main; sys.exit(main())"
)


def frozen() -> bool:
    """Whether this is the packaged program and not a checkout."""
    return bool(getattr(sys, "frozen", False))


def command(word: str) -> tuple[str, ...]:
    """What starts a process of the product; its own arguments follow. word: a key of MODULES."""
    if word not in MODULES:
        raise ValueError(f"{word} is no process of the product")
    if frozen():
        return (_executable(), word)
    # Without `site` the self-test's child is up in half the time; it needs no package.
    isolated = ("-I", "-S") if word == SOCKET_PROBE else ("-I",)
    return (sys.executable, *isolated, "-c", _ENTRY, _ROOT, word)


def _executable() -> str:
    """Itself. On macOS the window is in a sandbox of the system, where what it starts must be
    signed to inherit that one and have none of its own: the program of the same folder is."""
    if sys.platform == "darwin" and called() == WINDOW_PROGRAM:
        return os.path.join(os.path.dirname(sys.executable), "cloister")  # noqa: PTH118, PTH120
    return sys.executable


def main() -> int:
    """Becomes what this process was started as; returns its exit status. The word is taken out of
    `sys.argv`: what it becomes finds its own arguments from the second on."""
    module = MODULES.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if module is not None:
        del sys.argv[1]
    else:
        module = MODULES[WINDOW if called() == WINDOW_PROGRAM else TERMINAL]
    status: int | None = importlib.import_module(module).main()
    return status or 0


def called() -> str:
    """The name a person started the program by, without its ending."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119
    return name.removesuffix(".exe")
