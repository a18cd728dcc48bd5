#!/bin/sh
# Cloister for Linux, in one file: `sh cloister-….run` as root installs it for everybody, without a
# question. What follows this script is the program, packed; its hash is checked before it is used.
set -eu
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
#RELEASES
#MODELS

usage() {
    cat <<END
usage: sh $(basename "$0") [--silent] [--older] [--root DIR] | --check | --extract DIR | --help

  (nothing)      install, or bring up to date; the release before goes on if this one does not work
  --silent       say only what went wrong
  --older        even where a newer release is installed: it may have brought data forward, which
                 this one does not read then
  --root DIR     install below DIR: for images of machines
  --check        only see whether this file is whole
  --extract DIR  only unpack, into a folder that is not there yet

Installed into /opt/cloister, started as cloister and cloister-window. A folder "models" beside this
file comes along. To take it away: /opt/cloister/uninstall
END
}

fail() {
    echo "cloister: $1" >&2
    exit "${2:-1}"
}

payload() { tail -n +"$LINES_BEFORE" "$FILE"; }

require_whole() {
    sum=$(payload | sha256sum | cut -d' ' -f1)
    [ "$sum" = "$SHA256" ] || fail "This file is damaged: copy it again. Nothing was changed."
}

require_machine() {
    [ "$(uname -s) $(uname -m)" = "Linux $MACHINE" ] || fail "This is for Linux on $MACHINE."
    for tool in tar xz sha256sum setpriv flock find; do
        command -v "$tool" >/dev/null || fail "This machine has no $tool. Install it, then try again."
    done
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
    newest=$(printf '%s\n%s\n' "$LIBC" "${libc:-0}" | sort -V | tail -n 1)
    [ "$newest" = "${libc:-0}" ] || fail "This needs glibc $LIBC or newer; here is ${libc:-another}."
    [ ! -e "$ROOT/usr/lib/cloister" ] ||
        fail "Cloister is installed as a Debian package: bring that up to date, or remove it first."
    [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail "Run this as root: it installs for everybody."
}

require_newer() {
    before=$(current)
    before=${before#kept-}
    newest=$(printf '%s\n%s\n' "$RELEASE" "$before" | sort -V | tail -n 1)
    [ -n "$older" ] || [ "$newest" = "$RELEASE" ] ||
        fail "A newer release is installed, $before. Nothing was changed; --older takes this one all the same."
}

require_room() {
    place=$BASE
    while [ ! -d "$place" ]; do place=$(dirname "$place"); done
    free=$(df -k --output=avail "$place" | tail -n 1 | tr -d ' ')
    [ "$free" -ge "$KILOBYTES" ] ||
        fail "This takes $((KILOBYTES / 1024)) MB below $BASE; $((free / 1024)) MB are free."
}

unpack() { # FOLDER, which is not there
    mkdir -p "$1"
    payload | tar -xJf - --no-same-owner -C "$1"
}

extract() { # FOLDER
    [ ! -e "$1" ] || fail "$1 is there already. Name a folder that is not."
    require_whole
    unpack "$1"
}

# Below $ROOT, with those above it; which were not there is kept for the day it all goes.
make_folder() { # FOLDER
    [ -d "$ROOT/$1" ] || {
        case "$1" in */*) make_folder "${1%/*}" ;; esac
        echo "$1" >>"$BASE/folders"
        mkdir "$ROOT/$1"
    }
}

# What lies outside the folder of the releases: only what comes anew stays. The list names a file
# before it comes and until it is gone, so that whenever this ends, all can be taken away.
lay_around() {
    (cd "$BASE/.coming/around" && find . -type f -o -type l) | sed 's|^\./||' | sort >"$BASE/.files"
    touch "$BASE/files"
    sort -u "$BASE/files" "$BASE/.files" >"$BASE/.both"
    mv -f "$BASE/.both" "$BASE/files"
    cp "$BASE/.coming/uninstall" "$BASE/.uninstall"
    mv -f "$BASE/.uninstall" "$BASE/uninstall"
    while IFS= read -r file; do
        make_folder "${file%/*}"
        cp -P --remove-destination "$BASE/.coming/around/$file" "$ROOT/$file.new"
        mv -f "$ROOT/$file.new" "$ROOT/$file"
    done <"$BASE/.files"
    comm -13 "$BASE/.files" "$BASE/files" | while IFS= read -r file; do
        rm -f "$ROOT/$file"
    done
    mv -f "$BASE/.files" "$BASE/files"
    lay_profile
}

# What came and did not become the release that is started goes, whatever this ends by.
clear_away() {
    rm -rf "$BASE/.coming" "$BASE/.said" "$BASE/.files"
    rmdir "$BASE" 2>/dev/null || true
}

install() {
    require_machine
    require_whole
    require_room
    mkdir -p "$BASE"
    alone
    require_newer
    trap clear_away EXIT
    trap 'exit 130' HUP INT TERM
    rm -rf "$BASE/.coming"
    unpack "$BASE/.coming"
    if ! prove .coming/program >"$BASE/.said" 2>&1; then
        cat "$BASE/.said" >&2
        before=$(current)
        fail "Release $RELEASE does not work on this machine. ${before:-Nothing} goes on as before."
    fi
    settle
    [ "$(current)" != "$RELEASE" ] || keep
    rm -rf "${BASE:?}/$RELEASE"
    mv -T "$BASE/.coming/program" "$BASE/$RELEASE"
    use "$RELEASE"
    lay_around
    tidy "$RELEASE"
    reload_units
    take_models "$(dirname "$FILE")"
    say "Release $RELEASE is installed. Start it as cloister-window or cloister."
}

FILE=$0
do=install
older=""
while [ $# -gt 0 ]; do
    case "$1" in
    --silent) say() { :; } ;;
    --older) older=yes ;;
    --root)
        [ $# -gt 1 ] || fail "--root needs a folder." 2
        ROOT=$(cd "$2" && pwd) || fail "--root needs a folder that is there." 2
        BASE=$ROOT/$BELOW
        shift
        ;;
    --check) do=check ;;
    --extract)
        [ $# -gt 1 ] || fail "--extract needs a folder." 2
        do=extract
        into=$2
        shift
        ;;
    --help) do=usage ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
case "$do" in
install) install ;;
check) require_whole && say "This file is whole." ;;
extract) extract "$into" ;;
usage) usage ;;
esac
exit 0
