"""`cloister …`: one file a command group in `appliance/cli/`.

The process is hardened and the guards are put on by `open_appliance` before anything is opened;
nothing heavy is imported before the arguments make sense. Whatever goes wrong ends in a sentence
and a next step; of an error nobody foresaw only the type is named, since its text may hold a
document's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from appliance.cli.arguments import UnusableArguments, parse
from appliance.cli.output import Output
from appliance.errors import CloisterError


class Unexpected(CloisterError):
    code = "unexpected"
    hint = (
        "Try again. If it happens again, run `cloister doctor` and give its output and this line "
        "to your IT department."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 1 failed, 2 unusable arguments,
    3 refused by policy, 4 not in the documents, 130 stopped."""
    given = sys.argv[1:] if argv is None else argv
    output = Output("--json" in given)
    try:
        status = _status(given, output)
    except SystemExit as done:  # after --help and --version
        status = int(done.code or 0)
    return output.finished(status)


def _status(given: Sequence[str], output: Output) -> int:
    try:
        arguments = parse(given)
        return arguments.run(arguments, output)
    except UnusableArguments as error:
        output.error(error)
        return 2
    except CloisterError as error:
        output.error(error)
        return 1
    except KeyboardInterrupt:
        output.note("Stopped.")
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001  the last door: never a traceback
        name = type(error).__name__
        output.error(Unexpected(f"Something happened that Cloister did not foresee ({name})."))
        return 1


if __name__ == "__main__":
    sys.exit(main())
