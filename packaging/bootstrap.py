"""Sets a checkout up: system libraries, virtual environment, locked packages, the encoder.

Run by `make`, with nothing but Python 3.11 to 3.13 and its standard library. Each step leaves a
stamp that names what it was made from, so a second run does nothing. Packages are installed from
the lock files alone (`--no-deps --require-hashes`): what is not locked is not installed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes.util
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "locks"
VENV = ROOT / ".venv"
INSTALLER_VENV = ROOT / "build" / "installer" / "venv"
"""What the program is frozen out of: nothing in it but what the product needs, and PyInstaller."""

# The libraries Qt's xcb platform plugin and the software renderer load on a bare machine.
QT_PACKAGES = (
    "libglib2.0-0 libegl1 libgl1 libdbus-1-3 libfontconfig1 libfreetype6 libxkbcommon0 libx11-6 "
    "libx11-xcb1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 "
    "libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 "
    "libxcb-util1 libxcb-xfixes0 libxcb-xkb1 libwayland-client0 libwayland-cursor0 "
    "fonts-dejavu-core"
).split()
QT_LIBRARIES = (
    "glib-2.0 EGL GL dbus-1 fontconfig freetype xkbcommon X11 X11-xcb xkbcommon-x11 xcb-cursor "
    "xcb-icccm xcb-image xcb-keysyms xcb-randr xcb-render xcb-render-util xcb-shape xcb-shm "
    "xcb-sync xcb-util xcb-xfixes xcb-xkb wayland-client wayland-cursor"
).split()


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def require_python() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SystemExit(
            f"Cloister needs Python 3.11 to 3.13; this is {platform.python_version()}. "
            "Run `make PYTHON=python3.12 run` with one that fits."
        )


# By the program that shows that they are there.
INSTALLER_PACKAGES = {
    "strip": "binutils",
    "dpkg-shlibdeps": "dpkg-dev",
    "xz": "xz-utils",
    "debootstrap": "debootstrap",
    "makensis": "nsis",
}


def missing_packages(with_tests: bool, with_installer: bool = False) -> list[str]:
    """Debian packages this machine lacks for building and running."""
    missing = []
    if shutil.which("c++") is None:
        missing.append("g++")
    header = Path(sys.base_prefix, "include", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    if not (header / "Python.h").exists():
        missing.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-dev")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        missing.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    if any(ctypes.util.find_library(name) is None for name in QT_LIBRARIES):
        missing += QT_PACKAGES
    tools = {"Xvfb": "xvfb"} if with_tests or with_installer else {}
    if with_installer:
        tools |= INSTALLER_PACKAGES
    missing += [package for tool, package in tools.items() if shutil.which(tool) is None]
    return missing


def install_system_packages(with_tests: bool, with_installer: bool = False) -> None:
    missing = missing_packages(with_tests, with_installer)
    if not missing:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    line = "apt-get install -y --no-install-recommends " + " ".join(missing)
    can = shutil.which("apt-get") and (not as_root or _sudo_works())
    if not can:
        raise SystemExit(
            f"Some system libraries are missing. Run this once, then try again:\n  sudo {line}"
        )
    say("system libraries: " + " ".join(missing))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*as_root, "apt-get", "update", "-q"], check=True, env=env)
    subprocess.run([*as_root, *line.split()], check=True, env=env)


# Not insisted on; what the tests lose without it.
OFFERED_PACKAGES = {
    "openbox": "the kiosk's tests use a small window manager of their own",
    "strace": "no journey is followed by the kernel's trace for sockets and look-ups",
    "xauth": "no test shows a window on an X display",
}


def offer_packages() -> None:
    """Once, and as far as they can be had: packages that make the tests say more."""
    mark = fingerprint(Path(__file__))
    missing = [name for name in OFFERED_PACKAGES if shutil.which(name) is None]
    if not missing or done("offered", mark):
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is not None and (not as_root or _sudo_works()):
        say(f"{', '.join(missing)}, for the tests")
        steps = [["update"], *(["install", "-y", "--no-install-recommends", n] for n in missing)]
        for step in steps:
            _apt_may_fail(as_root, step)
    for name in missing:
        if shutil.which(name) is None:
            say(f"without {name} {OFFERED_PACKAGES[name]}")
    finish("offered", mark)


def _apt_may_fail(as_root: list[str], step: list[str]) -> None:
    quick = ["-q", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=0"]
    with contextlib.suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
        subprocess.run(
            [*as_root, "apt-get", *quick, *step],
            check=True, timeout=180, capture_output=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip


def _sudo_works() -> bool:
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def fingerprint(*paths: Path) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def done(step: str, mark: str, venv: Path | None = None) -> bool:
    stamp = (venv or VENV) / f".{step}"
    return stamp.exists() and stamp.read_text() == mark


def finish(step: str, mark: str, venv: Path | None = None) -> None:
    ((venv or VENV) / f".{step}").write_text(mark)


def pip(*arguments: str, env: dict[str, str] | None = None, venv: Path = VENV) -> None:
    subprocess.run(
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps",
         "--disable-pip-version-check", "--no-warn-script-location", *arguments],
        check=True, env=env,
    )  # fmt: skip


def install_packages(lock: str) -> None:
    locked = LOCKS / f"{lock}.txt"
    mark = fingerprint(locked, LOCKS / "native.txt", ROOT / "pyproject.toml")
    if done("develop", mark if lock == "develop" else fingerprint(
        LOCKS / "develop.txt", LOCKS / "native.txt", ROOT / "pyproject.toml"
    )) or done(lock, mark):  # fmt: skip
        return
    install_into(VENV, locked)
    finish(lock, mark)


def install_for_installer() -> None:
    locked = LOCKS / "installer.txt"
    # The README is in the metadata of the project, which the frozen program has.
    mark = fingerprint(locked, LOCKS / "native.txt", ROOT / "pyproject.toml", ROOT / "README.md")
    if done("installer", mark, INSTALLER_VENV):
        return
    shutil.rmtree(INSTALLER_VENV, ignore_errors=True)  # what is no longer needed is not frozen
    install_into(INSTALLER_VENV, locked)
    finish("installer", mark, INSTALLER_VENV)


def install_into(venv: Path, locked: Path) -> None:
    if not (venv / "bin" / "python").exists():
        say("virtual environment")
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    say(f"packages from packaging/locks/{locked.name}")
    pip("--require-hashes", "-r", str(locked), venv=venv)
    install_hnswlib(venv)
    pip("--no-build-isolation", "-e", str(ROOT), venv=venv)


def install_hnswlib(venv: Path) -> None:
    """Compiled here for x86-64-v3, never for this machine alone: `-march=native`, its default,
    gives illegal instructions on older machines, and pip would cache that build."""
    env = {**os.environ, "HNSWLIB_NO_NATIVE": "1"}
    if platform.machine() == "x86_64":
        # Where it was compiled is nobody's business, and would make each build another.
        env["CXXFLAGS"] = f"-march=x86-64-v3 -O3 -ffile-prefix-map={venv}=build"
    say("hnswlib, compiled for x86-64-v3")
    pip("--no-build-isolation", "--no-cache-dir", "--no-binary", "hnswlib",
        "--require-hashes", "-r", str(LOCKS / "native.txt"), env=env, venv=venv)  # fmt: skip


def build_engine() -> None:
    """The encoder and the kernels of chat models, both at once where nothing is there yet."""
    started = time.monotonic()
    python = str(VENV / "bin" / "python")
    scripts = ("build_encoder.py", "build_chat_kernels.py")
    running = [
        subprocess.Popen([python, str(ROOT / "packaging" / script)], cwd=ROOT) for script in scripts
    ]
    failed = [
        script for script, process in zip(scripts, running, strict=True) if process.wait() != 0
    ]
    if failed:
        raise SystemExit(f"{', '.join(failed)} failed; what went wrong stands above.")
    if time.monotonic() - started > 5:
        say(f"encoder and kernels built in {time.monotonic() - started:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", choices=("product", "develop", "installer"))
    parser.add_argument("--no-engine", action="store_true")
    arguments = parser.parse_args()
    require_python()
    install_system_packages(arguments.lock == "develop", arguments.lock == "installer")
    if arguments.lock == "installer":
        install_for_installer()
        return
    install_packages(arguments.lock)
    if arguments.lock == "develop":
        offer_packages()
    if not arguments.no_engine:
        build_engine()


if __name__ == "__main__":
    main()
