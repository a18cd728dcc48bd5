"""Makes the environment the engine's peers run in, then measures (`make bench-engine`).

Rules kept here: nothing of it is installed beside the product. llama.cpp is compiled here, for
this very processor (`GGML_NATIVE`): the engine is compared with the best it can do on the machine.
A stamp names the lock files the environment was made from, so a second run installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "locks"
VENV = ROOT / ".cache" / "bench-engine" / "venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".bench"


def say(text: str) -> None:
    print(f"[bench-engine] {text}", flush=True)


def pip(*arguments: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
         "--disable-pip-version-check", "--no-warn-script-location", *arguments],
        check=True, env=env,
    )  # fmt: skip


def prepare() -> None:
    """The environment, as its lock files say."""
    packages, native = LOCKS / "bench.txt", LOCKS / "bench-native.txt"
    mark = hashlib.sha256(packages.read_bytes() + native.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == mark:
        return
    if not PYTHON.exists():
        say("virtual environment of the peers")
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    say("packages from packaging/locks/bench.txt")
    pip("-r", str(packages))
    say("llama.cpp, compiled for this machine (some ten minutes the first time)")
    tools = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    pip(
        "--no-build-isolation", "--no-binary", "llama-cpp-python", "-r", str(native),
        env={**os.environ, "PATH": tools, "CMAKE_ARGS": "-DGGML_NATIVE=ON"},
    )  # fmt: skip
    STAMP.write_text(mark)


def main() -> None:
    prepare()
    os.chdir(ROOT)
    python = str(ROOT / ".venv" / "bin" / "python")
    os.execv(python, [python, "-m", "tests.benchmarks.engine", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
