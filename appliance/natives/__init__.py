"""The native libraries the program is made of, as they lie on this machine: what each needs, what
of the network it could call, and whose code is inside it.

Rules kept here: what is said of a file is read out of the file itself; what it does not say is said
to be unknown; nothing is loaded or run to be looked at.
"""

from appliance.natives.elf import Elf, ElfUnreadable, read_elf
from appliance.natives.files import NativeFile, Place, links_out, looked_at, native_files, packaged
from appliance.natives.inside import Inside, inside

__all__ = [
    "Elf",
    "ElfUnreadable",
    "Inside",
    "NativeFile",
    "Place",
    "inside",
    "links_out",
    "looked_at",
    "native_files",
    "packaged",
    "read_elf",
]
