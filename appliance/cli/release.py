"""`cloister release verify`: a medium is what the vendor signed, before it is installed from.

Rules kept here: who verifies needs the folder and the vendor's public file, which came by another
way; no vault, no passphrase; nothing of the folder is run or written.
"""

from __future__ import annotations

from pathlib import Path

from appliance.cli.arguments import Arguments
from appliance.cli.opening import guarded
from appliance.cli.output import Output
from appliance.release import read_public, verified


def verify(arguments: Arguments, output: Output) -> int:
    """0 if every file is as it was signed, and no other is there."""
    guarded()
    public = read_public(Path(arguments.text("public")))
    version, files = verified(Path(arguments.text("folder")), public, arguments.text("release"))
    output.data(verified=True, release=version, files=files, key=public.id)
    output.line(
        f"Verified: release {version}, {files} files, each as it was signed by {public.id}."
    )
    output.line("Ask your vendor by phone whether that is their key.")
    return 0
