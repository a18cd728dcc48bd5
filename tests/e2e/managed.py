"""`cloister …` on a machine whose institution manages settings: argument 1 is the file of them."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance import settings
from appliance.__main__ import main
from appliance.managed import TomlFile

if __name__ == "__main__":
    institution = TomlFile(Path(sys.argv[1]), None)
    settings.managed_source = lambda: institution
    sys.exit(main(sys.argv[2:]))
