#!/bin/sh
# Takes Cloister away again, and asks about data. Everything it put anywhere is in the list beside it.
set -eu
#RELEASES

usage() {
    cat <<END
usage: $BASE/uninstall [--data ask|keep|remove] [--root DIR]

  --data   what becomes of vaults, documents, conversations, logs and settings on this machine;
           "ask", unless there is no terminal: then they stay
END
}

data=ask
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    "--data ask" | "--data keep" | "--data remove")
        data=$2
        shift
        ;;
    "--root "?*)
        ROOT=$2
        BASE=$ROOT/$BELOW
        shift
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || {
    echo "cloister: Run this as root." >&2
    exit 1
}

stop_kiosk
unload_profile
if [ "$data" = ask ]; then
    data=keep
    if [ -t 0 ] && [ -n "$(data_folders)" ]; then
        echo "These folders hold vaults, documents, conversations, logs and settings:"
        data_folders | sed 's/^/  /'
        echo "What is removed cannot be had back, but from a backup. Logs may have to be kept for years."
        printf 'Type "remove" to remove them as well; anything else keeps them: '
        read -r data
    fi
fi
data_folders | while read -r folder; do
    if [ "$data" = remove ]; then
        rm -rf "$folder"
        say "$folder was removed."
    else
        say "$folder stays."
    fi
done
while read -r file; do
    rm -f "$ROOT/$file"
done <"$BASE/files"
[ ! -f "$BASE/folders" ] || sort -ru "$BASE/folders" | while read -r folder; do
    rmdir "$ROOT/$folder" 2>/dev/null || true # unless something else is in it by now
done
rm -rf "$BASE"
say "Cloister is gone from this machine."
