#!/bin/sh
# cage and the kiosk in it, for cloister-kiosk.service: session.sh -- PROGRAM [ARGUMENTS]
#
# Rule kept here: it ends as the kiosk ended, by which systemd knows whether to start it again. cage
# says so itself from 0.1.5 on; that of Debian 12 says 0 whatever happened. Where cage went and the
# kiosk had not ended, that is no end of its own.
set -u
[ "$1" != -- ] || shift
ended=$RUNTIME_DIRECTORY/ended
rm -f "$ended"
# -d: no decorations. Not -s, which would let keys switch to another terminal.
# shellcheck disable=SC2016  the words are the inner shell's
cage -d -- /bin/sh -c 'ended=$1; shift; "$@"; echo $? >"$ended"' sh "$ended" "$@" &
cage=$!
told=""
trap 'told=yes; kill -TERM "$cage"' TERM INT
while kill -0 "$cage" 2>/dev/null; do wait "$cage"; done
[ -z "$told" ] || exit 0 # systemctl stop
exit "$(cat "$ended" 2>/dev/null || echo 1)"
