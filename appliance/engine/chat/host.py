"""The chat host: a child process that runs a chat model, and can do nothing else.

Rules kept here: it holds no keys and never learns a path but its bundle's. What it does and in
which order stands in loop.py, what it runs in assembling.py. It ends when its input ends. It writes
to nothing but its one output pipe.

Run as `python -I -m appliance.engine.chat.host FOLDER DEVICE ACCEPTED CONTEXT ARITHMETIC`, pipes
on descriptors 0 and 1: the bundle's folder, "cpu" or "gpu", the SHA-256 of the manifest that an
administrator accepted for a bundle without a signature (empty: none was), how many tokens a
conversation may have (0: as many as are usual), and "fast" or "exact".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from appliance.engine.chat.assembling import OpenedChat, open_engine
from appliance.engine.chat.loop import serve
from appliance.errors import EngineFailed


def main() -> None:
    if len(sys.argv) != 6:
        raise EngineFailed(
            "The chat host takes a bundle's folder, a device, a hash, a number and an arithmetic."
        )
    folder, device, accepted = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    context, exact = int(sys.argv[4]), sys.argv[5] == "exact"
    # Nothing that prints by accident may reach the pipe the frames go through.
    output = os.dup(1)
    os.dup2(2, 1)

    def opened() -> OpenedChat:
        return open_engine(folder, device, {folder.name: accepted}, context, exact=exact)

    serve(opened, 0, output)


if __name__ == "__main__":
    main()
