"""Who is on the other side of a UNIX socket, as the kernel knows it.

Rule kept here: both sides look: the server before it reads a byte, the caller before it sends its
token. Sources: unix(7), SO_PEERCRED; macOS, sys/un.h, LOCAL_PEERCRED.
"""

from __future__ import annotations

import socket
import struct
import sys

from appliance.api.errors import ForeignPeer

_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


def peer_user(connection: socket.socket) -> int:
    """The user of the process on the other side, as the kernel knows it. Raises ForeignPeer where
    it does not say."""
    try:
        if sys.platform == "darwin":  # struct xucred: version, uid, …
            found = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76)
            return int(struct.unpack_from("=II", found)[1])
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("=iii", found)[1])  # struct ucred: pid, uid, gid
    except (OSError, struct.error) as error:
        raise ForeignPeer("The system does not say who is calling.") from error


def require_same_user(peer: int, own: int) -> None:
    """Raises ForeignPeer."""
    if peer != own:
        raise ForeignPeer("A process of another user called.")
