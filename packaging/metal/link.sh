#!/bin/sh
# The last step of a model library for Metal, on a Mac with Xcode's command line tools:
#   packaging/metal/link.sh objects.tar metal.dylib
# The objects were compiled on the build machine (cloister model build --target metal). Symbols of
# the TVM runtime are found when the library is loaded beside libtvm_runtime.dylib.
set -eu
if [ "$#" -ne 2 ]; then
    echo "usage: $0 OBJECTS.tar LIBRARY.dylib" >&2
    exit 2
fi
if [ "$(uname -s)" != Darwin ]; then
    echo "$0: linking for Metal needs a Mac" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tar -xf "$1" -C "$folder"
clang++ -dynamiclib -arch arm64 -undefined dynamic_lookup -o "$2" "$folder"/*.o
