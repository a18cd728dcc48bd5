"""`cloister doctor` and `cloister diagnostics`: each check with a next step, and all of it in a
file that names nobody. Neither needs a passphrase; both say more with one.

Rule kept here: looking changes nothing, so a folder that is not there is not made.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from appliance import health
from appliance.app import open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import data_folder, vault_in
from appliance.cli.output import Output
from appliance.cli.placing import new_file, require_outside, write_durably
from appliance.cli.secrets import read_passphrase, scripted
from appliance.clock import now
from appliance.errors import CloisterError
from appliance.values import AirgapReport, Check

MARK = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}
NOT_MADE = "-      "


def doctor(arguments: Arguments, output: Output) -> int:
    folder = data_folder(arguments)
    prepared = health.prepared(folder)
    checks = {check.name: check for check in _checks(arguments, folder, prepared)}
    checks.update({problem.name: problem for problem in prepared.problems})
    _show_airgap(prepared.airgap, output)
    for check in checks.values():
        output.data(
            check=check.name, state=check.state, sentence=check.sentence, hint=check.hint,
            code=check.code, facts=dict(check.facts),
        )  # fmt: skip
        unmade = check.code == health.NEEDS_LOG_IN and check.state == "ok"
        mark = NOT_MADE if unmade else MARK[check.state]
        output.line(f"  {mark}  {check.name}: {check.sentence}")
        if check.hint and check.state != "ok":
            output.line(f"           {check.hint}")
    return _told(tuple(checks.values()), output)


def _told(checks: tuple[Check, ...], output: Output) -> int:
    """The sum of it; the exit status."""
    counted = {state: sum(check.state == state for check in checks) for state in MARK}
    left = sum(check.code == health.NEEDS_LOG_IN and check.state == "ok" for check in checks)
    output.data(checks=len(checks), **counted, needs_log_in=left)
    output.line()
    unmade = f"; {left} not made: they need a log-in" if left else ""
    if not counted["failed"] and not counted["warning"]:
        output.line(f"All {len(checks) - left} checks are good{unmade}.")
    else:
        some = f"{counted['failed']} failed, {counted['warning']} to look at"
        output.line(f"{len(checks) - left} checks: {some}{unmade}.")
    return int(counted["failed"] > 0)


def _checks(arguments: Arguments, folder: Path, prepared: health.Prepared) -> tuple[Check, ...]:
    """Those of an open vault, where a passphrase was given for one."""
    closed = health.checks(folder, prepared.settings, prepared.airgap, None)
    try:
        if not scripted(arguments) or not vault_in(folder):
            return closed
        passphrase = read_passphrase(arguments)
        with closing(open_appliance(folder)) as appliance:
            appliance.unlock(passphrase, arguments.name)
            return appliance.doctor()
    except CloisterError as error:
        return health.without_log_in(closed, health.failed("log-in", error))
    except Exception as error:  # noqa: BLE001  what is broken may fail with anything
        return health.without_log_in(closed, health.unforeseen("log-in", error))


def _show_airgap(report: AirgapReport, output: Output) -> None:
    output.line(f"Air gap ({report.platform}; guards: {', '.join(report.guards) or 'none'})")
    for probe in report.probes:
        output.data(probe=probe.name, blocked=probe.blocked, detail=probe.detail)
        output.line(f"  {'blocked' if probe.blocked else 'OPEN   '}  {probe.name}: {probe.detail}")
    output.line()


def diagnostics(arguments: Arguments, output: Output) -> int:
    """0 if the file is written, whatever the checks say: it is for when they fail."""
    folder = data_folder(arguments)
    path = require_outside(Path(arguments.text("file")).absolute(), folder)
    with new_file(path) as descriptor:
        content = _bundle(arguments, folder, health.prepared(folder), output)
        write_durably(descriptor, content, "The diagnostics", "Free some space, or name a disk.")
    output.data(diagnostics=str(path), size=len(content))
    output.line(f"The diagnostics are in {path}: a zip that names no person and no document.")
    output.line("Look into it before you give it away; nothing in it is compressed.")
    return 0


def _bundle(arguments: Arguments, folder: Path, prepared: health.Prepared, output: Output) -> bytes:
    from appliance.diagnosis.bundle import bundle, looked_at  # late: it imports the log

    problems = prepared.problems
    try:
        if scripted(arguments) and vault_in(folder):
            passphrase = read_passphrase(arguments)
            with closing(open_appliance(folder)) as appliance:
                appliance.unlock(passphrase, arguments.name)
                return appliance.diagnostics()
    except CloisterError as error:
        problems = (*problems, _less(health.failed("log-in", error), output))
    except Exception as error:  # noqa: BLE001  what is broken may fail with anything
        problems = (*problems, _less(health.unforeseen("log-in", error), output))
    checks = health.checks(folder, prepared.settings, prepared.airgap, None)
    found = {check.name: check for check in (*checks, *problems)}
    return bundle(looked_at(prepared, tuple(found.values()), now(), None))


def _less(problem: Check, output: Output) -> Check:
    """Says that the bundle holds less than was asked for."""
    output.note(f"The log-in failed, so the file says less: {problem.sentence} {problem.hint}")
    return problem
