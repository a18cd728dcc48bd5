"""`cloister …`: one file a command group in `appliance/cli/`.

The process is hardened and the guards are put on by `open_appliance` before anything is opened;
nothing heavy is imported before the arguments make sense.
"""

from __future__ import annotations

import sys

from appliance.cli.arguments import parse
from appliance.cli.output import Output
from appliance.errors import CloisterError


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 1 failed, 2 unusable arguments,
    3 refused by policy, 4 not in the documents, 130 stopped."""
    arguments = parse(sys.argv[1:] if argv is None else argv)
    output = Output(arguments.json)
    try:
        return arguments.run(arguments, output)
    except CloisterError as error:
        output.error(error)
        return 1
    except KeyboardInterrupt:
        output.note("Stopped.")
        return 130
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
