"""`cloister doctor`: each check with a next step; needs no passphrase, says more with one.

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
from appliance.cli.secrets import read_passphrase, scripted
from appliance.errors import CloisterError
from appliance.values import AirgapReport, Check

MARK = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


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
        output.line(f"  {MARK[check.state]}  {check.name}: {check.sentence}")
        if check.hint and check.state != "ok":
            output.line(f"           {check.hint}")
    return _told(tuple(checks.values()), output)


def _told(checks: tuple[Check, ...], output: Output) -> int:
    """The sum of it; the exit status."""
    counted = {state: sum(check.state == state for check in checks) for state in MARK}
    output.data(checks=len(checks), **counted)
    output.line()
    if not counted["failed"] and not counted["warning"]:
        output.line(f"All {len(checks)} checks are good.")
    else:
        some = f"{counted['failed']} failed, {counted['warning']} to look at"
        output.line(f"{len(checks)} checks: {some}.")
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
        return (*closed, Check("log-in", "failed", error.sentence, error.next_step, error.code))


def _show_airgap(report: AirgapReport, output: Output) -> None:
    output.line(f"Air gap ({report.platform}; guards: {', '.join(report.guards) or 'none'})")
    for probe in report.probes:
        output.data(probe=probe.name, blocked=probe.blocked, detail=probe.detail)
        output.line(f"  {'blocked' if probe.blocked else 'OPEN   '}  {probe.name}: {probe.detail}")
    output.line()
