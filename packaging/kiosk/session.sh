#!/bin/sh
# cage and the kiosk in it, for cloister-kiosk.service: session.sh -- PROGRAM [ARGUMENTS]
#
# Rules kept here: it ends as the kiosk ended, by which systemd knows whether to start it again. cage
# says so itself from 0.1.5 on; that of Debian 12 says 0 whatever happened. Where cage went and the
# kiosk had not ended, that is no end of its own. Who stops it stops the kiosk, which then closes its
# vault, and with which cage goes.
set -u
[ "$1" != -- ] || shift
cd "$RUNTIME_DIRECTORY" || exit 1
rm -f kiosk ended
# -d: no decorations. Not -s, which would let keys switch to another terminal.
cage -d -- /bin/sh -c '"$@" & echo $! >kiosk; wait $!; echo $? >ended' sh "$@" &
cage=$!
told=""
trap 'told=yes; kill -TERM "$(cat kiosk 2>/dev/null || echo "$cage")"' TERM INT
while kill -0 "$cage" 2>/dev/null; do wait "$cage"; done
[ -z "$told" ] || exit 0 # systemctl stop
exit "$(cat ended 2>/dev/null || echo 1)"
