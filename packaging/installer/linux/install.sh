#!/bin/sh
# Installs Cloister from this medium, with the Debian packages it needs and the chat models on it.
# Needs no network and asks nothing: `sh install.sh` as root. Where there is no dpkg, the .run file
# does it.
set -eu
ROOT=""
#MODELS

say() { echo "cloister: $*"; }

here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || {
    echo "cloister: Run this as root: it installs for everybody." >&2
    exit 1
}
(cd "$here" && sha256sum --quiet --check SHA256SUMS) || {
    echo "cloister: This medium is damaged: copy it again. Nothing was changed." >&2
    exit 1
}
if ! command -v apt-get >/dev/null; then
    exec sh "$here"/cloister-*.run --silent
fi

# Only what is missing is taken from the medium, and nothing from anywhere else.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/lists/partial"
echo "deb [trusted=yes] file:$here/packages ./" >"$place/sources.list"
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -o APT::Sandbox::User=root \
        -o Dir::Etc::SourceList="$place/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$place/lists" -o APT::Get::List-Cleanup=false "$@"
}
apt update
apt install -y --no-install-recommends --allow-downgrades "$here"/cloister_*.deb
take_models "$here"
