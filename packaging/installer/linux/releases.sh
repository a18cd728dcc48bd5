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

# One at a time; who comes second is told. The lock goes with whoever holds it.
alone() {
    exec 9<"$BASE"
    flock -n 9 || fail "Cloister is being installed or removed at this moment. Try again after that."
}

current() { readlink "$BASE/current" 2>/dev/null || true; }

use() { # RELEASE
    ln -sfn "$1" "$BASE/.next"
    mv -fT "$BASE/.next" "$BASE/current"
}

# What was written is on the disk before anything leads to it: a rename may reach it sooner than what
# is in the files, and the power may go in between.
settle() { [ -n "$ROOT" ] || sync -f "$BASE" 2>/dev/null || sync; }

# Before files of a new release come: the one in use stays startable, whatever happens to its own.
keep() {
    # The release that comes may be one that somebody still has open: what leads to where that is
    # kept goes, or it would be unpacked there.
    [ ! -L "$BASE/$RELEASE" ] || rm -f "$BASE/$RELEASE"
    before=$(current)
    case "$before" in
    "") return 0 ;;
    kept-*) return 0 ;; # the last upgrade did not work out: that one goes on
    esac
    [ -d "$BASE/$before" ] || return 0
    kept=kept-$before
    while in_use "$BASE/$kept"; do kept=$kept+; done # from before it came a second time
    rm -rf "$BASE/.keeping" "${BASE:?}/$kept"
    cp -al "$BASE/$before" "$BASE/.keeping"
    mv -T "$BASE/.keeping" "$BASE/$kept"
    use "$kept"
}

# As nobody, with an environment of its own: what came has not been trusted with anything yet. (In an
# image of a machine, below $ROOT, as who makes it: that one owns the folders above.)
prove() { # RELEASE
    (cd / && as_nobody env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TMPDIR="$(scratch)" \
        "$BASE/$1/cloister" self-check 9<&-)
}

as_nobody() {
    if [ -z "$ROOT" ] && [ "$(id -u)" = 0 ]; then
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs -- "$@"
    fi
    "$@"
}

# Where nobody may write: root's own TMPDIR is often closed to everybody else.
scratch() {
    for place in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        ! as_nobody test -w "$place" || break
    done
    echo "$place"
}

# Whether a process still runs from it: people may have the program open.
in_use() { # FOLDER
    [ -f "$1/cloister" ] || return 1
    found=$(find -L /proc/[0-9]*/exe -maxdepth 0 -samefile "$1/cloister" 2>/dev/null) || true
    [ -n "$found" ]
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
        settle
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

# Takes what is left beside `current`, which is in no package's list.
leave() {
    rm -f "$BASE/current" "$BASE/.next"
    rm -rf "$BASE"/kept-* "$BASE/.keeping"
    for link in "$BASE"/*; do
        [ ! -L "$link" ] || rm -f "$link"
    done
}

# The profile is the release's; whether it only reports or also refuses is the administrator's, and
# stays as it was (aa-enforce writes that into the file). Rules of one's own: local/cloister.
lay_profile() {
    profile=$ROOT/etc/apparmor.d/cloister
    mkdir -p "${profile%/*}"
    if [ -f "$profile" ] && ! grep -q "flags=(complain)" "$profile"; then
        sed "s/ flags=(complain)//" "$ROOT/$SHARE/apparmor" >"$profile.new"
    else
        cp "$ROOT/$SHARE/apparmor" "$profile.new"
    fi
    chmod 644 "$profile.new"
    mv -f "$profile.new" "$profile"
    ! guarded || apparmor_parser --replace "$profile" ||
        echo "cloister: The AppArmor profile was not loaded." >&2
}

unload_profile() {
    ! guarded || apparmor_parser --remove /etc/apparmor.d/cloister 2>/dev/null || true
}

take_profile() {
    rm -f "$ROOT/etc/apparmor.d/cloister"
    rmdir "$ROOT/etc/apparmor.d" 2>/dev/null || true
}

guarded() {
    [ -z "$ROOT" ] && command -v apparmor_parser >/dev/null && aa-enabled --quiet 2>/dev/null
}

# systemd hears of it where it runs; elsewhere its links go all the same.
stop_kiosk() {
    if running_systemd; then
        systemctl --no-reload disable --now cloister-kiosk.service >/dev/null 2>&1 || true
    elif command -v systemctl >/dev/null; then
        systemctl --root="${ROOT:-/}" disable cloister-kiosk.service >/dev/null 2>&1 || true
    fi
}

reload_units() { ! running_systemd || systemctl daemon-reload || true; }

running_systemd() { [ -z "$ROOT" ] && [ -d /run/systemd/system ]; }

# Whose data there is on this machine: one folder a line. Homes are those of the accounts, and what
# lies in /home, for a domain's accounts are not all in any list.
data_folders() {
    {
        homes | while IFS= read -r home; do
            echo "$home/.local/share/cloister"
            echo "$home/.config/cloister"
        done
        echo "$ROOT/var/lib/cloister-kiosk"
        echo "$ROOT/var/lib/cloister"
        echo "$ROOT/etc/cloister"
    } | sort -u | while IFS= read -r folder; do [ ! -d "$folder" ] || echo "$folder"; done
}

homes() {
    if [ -n "$ROOT" ]; then cat "$ROOT/etc/passwd" 2>/dev/null || true; else getent passwd; fi |
        cut -d: -f6 | while IFS= read -r home; do echo "$ROOT$home"; done
    for home in "$ROOT"/home/*; do
        [ ! -d "$home" ] || echo "$home"
        [ "$(stat -c %u "$home" 2>/dev/null)" = 0 ] || continue
        for inner in "$home"/*; do # a domain's, with its accounts in it
            [ ! -d "$inner" ] || echo "$inner"
        done
    done
}

# Every folder of data goes, or says that it stays. Status 1 where one could not be removed.
settle_data() { # "remove" or "keep"
    data_folders | {
        failed=0
        while IFS= read -r folder; do
            if [ "$1" = remove ]; then
                remove_data "$folder" || failed=1
            else
                say "$folder stays."
            fi
        done
        [ "$failed" = 0 ]
    }
}

# As whom the home belongs to: where a link of that one's leads, root does not follow.
remove_data() { # FOLDER of data_folders
    case "$1" in
    */.local/share/cloister) owner=$(stat -c %u:%g "${1%/.local/share/cloister}") ;;
    */.config/cloister) owner=$(stat -c %u:%g "${1%/.config/cloister}") ;;
    *) owner=0:0 ;;
    esac
    [ ! -L "$1" ] || say "$1 is a link; what it leads to stays: $(readlink "$1")"
    if [ "$(id -u)" = 0 ] && [ "${owner%:*}" != 0 ]; then
        set -- "$1" setpriv --reuid="${owner%:*}" --regid="${owner#*:}" --clear-groups
    fi
    folder=$1
    shift
    "$@" rm -rf "$folder" || true
    if [ -d "$folder" ]; then
        say "$folder could not be removed; look at it, and remove it by hand."
        return 1
    fi
    say "$folder was removed."
}
