#!/bin/sh
# Installs Cloister from this medium, with the Debian packages it needs and the chat models on it.
# Needs no network and asks nothing: `sh install.sh` as root. Where there is no apt, the .run file
# does it.
set -eu
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
ROOT=""
#MODELS

say() { echo "cloister: $*"; }

fail() {
    echo "cloister: $1" >&2
    exit "${2:-1}"
}

usage() {
    cat <<END
usage: sh install.sh [--kiosk] [--older]

  --kiosk   cage as well, which shows the kiosk and nothing else
  --older   even where a newer release is installed: it may have brought data forward, which this one
            does not read then
END
}

also="" older=""
for option; do
    case "$option" in
    --kiosk) also="cage xwayland" ;;
    --older) older=--older ;;
    --help)
        usage
        exit 0
        ;;
    *) fail "There is no option $option; --help says which there are." 2 ;;
    esac
done
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || fail "Run this as root: it installs for everybody."
(cd "$here" && sha256sum --quiet --check SHA256SUMS) ||
    fail "This medium is damaged: copy it again. Nothing was changed."
if ! command -v apt-get >/dev/null; then
    [ -z "$also" ] || say "This is no Debian: bring cage from your distribution."
    exec sh "$here"/cloister-*.run --silent $older
fi

package=$(echo "$here"/cloister_*.deb)
was=$(dpkg-query -W -f '${db:Status-Status} ${Version}' cloister 2>/dev/null || true)
if [ -z "$older" ] && [ "${was%% *}" = installed ] &&
    dpkg --compare-versions "$(dpkg-deb -f "$package" Version)" lt "${was#* }"; then
    fail "A newer release is installed, ${was#* }. Nothing was changed; --older takes this one all the same."
fi

# Only what is missing is taken from the medium, and nothing from anywhere else. Where another
# installation is under way it waits; what an administrator wrote into settings stays.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' HUP INT TERM
mkdir -p "$place/lists/partial" "$place/archives/partial"
ln -s "$here" "$place/medium" # apt takes no spaces in the name of a source
echo "deb [trusted=yes] file:$place/medium/packages ./" >"$place/sources.list"
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -o APT::Sandbox::User=root \
        -o Dir::Etc::SourceList="$place/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$place/lists" -o APT::Get::List-Cleanup=false \
        -o Dir::Cache::archives="$place/archives" -o Dir::Cache::pkgcache="" \
        -o Dir::Cache::srcpkgcache="" -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
apt update
apt install -y --no-install-recommends --allow-downgrades "$place/medium/${package##*/}" \
    $also
take_models "$here"
