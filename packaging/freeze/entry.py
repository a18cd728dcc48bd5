"""Where the packaged program begins; what it becomes is decided in appliance/processes.py."""

import sys

from appliance.processes import main

sys.exit(main())
