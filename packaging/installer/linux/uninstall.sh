#!/bin/sh
# Takes Cloister away again, and asks about data. Everything it put anywhere is in the list beside it.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
#RELEASES

usage() {
    cat <<END
usage: $BASE/uninstall [--data ask|keep|remove] [--root DIR] | --help

  --data   what becomes of vaults, documents, conversations, logs and settings on this machine;
           "ask", unless there is no terminal: then they stay
END
}

fail() {
    echo "cloister: $1" >&2
    exit "${2:-1}"
}

data=ask
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    "--data ask" | "--data keep" | "--data remove")
        data=$2
        shift
        ;;
    "--root "?*)
        ROOT=$(cd "$2" && pwd) || fail "There is no folder $2." 2
        BASE=$ROOT/$BELOW
        shift
        ;;
    "--help ")
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail "Run this as root."
[ -f "$BASE/files" ] || fail "There is no Cloister in $BASE."
alone

if [ "$data" = ask ]; then
    data=keep
    if [ -t 0 ] && [ -n "$(data_folders)" ]; then
        echo "These folders hold vaults, documents, conversations, logs and settings:"
        data_folders | sed 's/^/  /'
        echo "What is removed cannot be had back, but from a backup. Logs may have to be kept for years."
        printf 'Type "remove" to remove them as well; anything else keeps them: '
        read -r answer || fail "There was no answer. Nothing was changed."
        [ "$answer" != remove ] || data=remove
    fi
fi
stop_kiosk
unload_profile
failed=0
settle_data "$data" || failed=1
while IFS= read -r file; do
    rm -f "$ROOT/$file"
done <"$BASE/files"
take_profile
[ ! -f "$BASE/folders" ] || sort -ru "$BASE/folders" | while IFS= read -r folder; do
    rmdir "$ROOT/$folder" 2>/dev/null || true # unless something else is in it by now
done
rm -rf "$BASE"
reload_units
say "Cloister is gone from this machine."
exit "$failed"
