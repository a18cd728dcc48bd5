# Releases of the program beside each other, and which one is started. Part of every script that
# installs, brings up to date or takes away (build.py puts it there); plain POSIX sh.
#
#   $BASE/<release>/           the program, as packed
#   $BASE/kept-<release>/      the one that was in use before, until the new one has proved itself
#   $BASE/current              a link to the one that is started; changed by one rename(2)
#
# Rules kept here: there is no moment at which nothing can be started; a release is started only
# after it has proved on this machine that it works, as a user that may do nothing; the one before
# goes last. What is kept is made of hard links: it takes no room, and what dpkg puts in the place of
# a file does not reach it.

say() { echo "cloister: $*"; }

current() { readlink "$BASE/current" 2>/dev/null || true; }

use() { # RELEASE
    ln -sfn "$1" "$BASE/.next"
    mv -fT "$BASE/.next" "$BASE/current"
}

# Before files of a new release come: the one in use stays startable, whatever happens to its own.
keep() {
    before=$(current)
    case "$before" in
    "") return 0 ;;
    kept-*) return 0 ;; # the last upgrade did not work out: that one goes on
    esac
    [ -d "$BASE/$before" ] || return 0
    rm -rf "$BASE/.keeping" "$BASE/kept-$before"
    cp -al "$BASE/$before" "$BASE/.keeping"
    mv -T "$BASE/.keeping" "$BASE/kept-$before"
    use "kept-$before"
}

# As nobody, with an environment of its own: what came has not been trusted with anything yet. (In an
# image of a machine, below $ROOT, as who makes it: that one owns the folders above.)
prove() { # RELEASE
    set -- "$BASE/$1/cloister" self-check
    if [ -z "$ROOT" ] && [ "$(id -u)" = 0 ]; then
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs -- "$@"
    fi
    (cd / && env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TMPDIR="${TMPDIR:-/tmp}" "$@")
}

# Whether a process still runs from it: people may have the program open.
in_use() { # FOLDER
    program=$(stat -c %d:%i "$1/cloister" 2>/dev/null) || return 1
    for process in /proc/[0-9]*/exe; do
        [ "$(stat -Lc %d:%i "$process" 2>/dev/null)" != "$program" ] || return 0
    done
    return 1
}

# What nobody uses any more goes. What is open stays where it was started from, so that it can start
# its own processes until it is closed; the next upgrade takes it away.
tidy() { # the RELEASE that is started now
    for folder in "$BASE"/*; do
        name=${folder##*/}
        if [ "$name" = "$1" ] || [ "$name" = current ] || [ -f "$folder" ]; then
            continue
        elif [ -L "$folder" ]; then
            rm -f "$folder" # made anew below where it is needed
        elif in_use "$folder"; then
            case "$name" in
            kept-*) [ -e "$BASE/${name#kept-}" ] || ln -s "$name" "$BASE/${name#kept-}" ;;
            esac
        else
            rm -rf "$folder"
        fi
    done
}

# The new release is started from now on if it works; otherwise the one before goes on.
adopt() { # RELEASE
    if prove "$1"; then
        use "$1"
        tidy "$1"
        return 0
    fi
    if [ -n "$(current)" ]; then
        say "Release $1 does not work on this machine (see above). $(current) goes on in its place."
    else
        say "Release $1 does not work on this machine (see above); nothing is started by that name."
    fi
    say "Once the cause is gone: $AGAIN"
    return 1
}

# Nothing came of it: the release in use is the one it was.
back() { # RELEASE
    [ ! -d "$BASE/$1" ] || use "$1"
    rm -rf "$BASE"/kept-* "$BASE/.keeping"
}

# Takes what is left beside `current`, which is in no package's list.
leave() {
    rm -f "$BASE/current" "$BASE/.next"
    rm -rf "$BASE"/kept-* "$BASE/.keeping"
    for link in "$BASE"/*; do
        [ ! -L "$link" ] || rm -f "$link"
    done
}

load_profile() {
    if [ -z "$ROOT" ] && command -v apparmor_parser >/dev/null && aa-enabled --quiet 2>/dev/null; then
        apparmor_parser --replace /etc/apparmor.d/cloister || say "The AppArmor profile was not loaded."
    fi
}

unload_profile() {
    if [ -z "$ROOT" ] && command -v apparmor_parser >/dev/null && aa-enabled --quiet 2>/dev/null; then
        apparmor_parser --remove /etc/apparmor.d/cloister 2>/dev/null || true
    fi
}

stop_kiosk() {
    if [ -z "$ROOT" ] && [ -d /run/systemd/system ]; then
        systemctl --no-reload disable --now cloister-kiosk.service >/dev/null 2>&1 || true
    fi
}

# Whose data there is on this machine: one folder a line.
data_folders() {
    {
        getent passwd | cut -d: -f6 | while read -r home; do
            echo "$ROOT$home/.local/share/cloister"
            echo "$ROOT$home/.config/cloister"
        done
        echo "$ROOT/var/lib/cloister-kiosk"
        echo "$ROOT/var/lib/cloister"
        echo "$ROOT/etc/cloister"
    } | sort -u | while read -r folder; do [ ! -d "$folder" ] || echo "$folder"; done
}
