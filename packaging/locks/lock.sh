#!/usr/bin/env bash
# Writes the lock files anew from pyproject.toml (needs `uv`). Hashes for every platform, no host.
set -eu
cd "$(dirname "$0")/../.."
compile() {
  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"
}
common=(--override packaging/locks/overrides.txt pyproject.toml --extra build --group tools --no-emit-package hnswlib)
compile "${common[@]}" -o packaging/locks/product.txt
compile "${common[@]}" --group dev -o packaging/locks/develop.txt
# What the program is frozen out of: nothing to compile models with, nothing to test with.
compile --override packaging/locks/overrides.txt pyproject.toml --group tools --group installer --no-emit-package hnswlib \
  --constraint packaging/locks/product.txt -o packaging/locks/installer.txt
grep -o 'hnswlib==[0-9.]*' pyproject.toml | compile --no-deps -o packaging/locks/native.txt -
compile packaging/locks/bench.in --no-emit-package llama-cpp-python -o packaging/locks/bench.txt
grep -o 'llama-cpp-python==[0-9.]*' packaging/locks/bench.in | compile --no-deps -o packaging/locks/bench-native.txt -

# Which file each of those hashes is of (files.txt), by which a test knows for which platforms they are.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for name in product installer native; do
  uv pip compile -q --universal --python-version 3.11 --no-deps --no-header \
    "packaging/locks/$name.txt" -o "$place/pylock.$name.toml"
done
python3 packaging/locks/files.py "$place"/pylock.*.toml >packaging/locks/files.txt
