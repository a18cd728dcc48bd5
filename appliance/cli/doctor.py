"""`cloister doctor`: each check with a next step; needs no passphrase."""

from __future__ import annotations

from appliance.app import open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import data_folder
from appliance.cli.output import Output

MARK = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


def doctor(arguments: Arguments, output: Output) -> int:
    appliance = open_appliance(data_folder(arguments))
    try:
        checks = appliance.doctor()
        report = appliance.airgap
    finally:
        appliance.close()
    output.line(f"Air gap ({report.platform}; guards: {', '.join(report.guards) or 'none'})")
    for probe in report.probes:
        output.data(probe=probe.name, blocked=probe.blocked, detail=probe.detail)
        output.line(f"  {'blocked' if probe.blocked else 'OPEN   '}  {probe.name}: {probe.detail}")
    output.line()
    for check in checks:
        output.data(check=check.name, state=check.state, sentence=check.sentence, hint=check.hint)
        output.line(f"  {MARK[check.state]}  {check.name}: {check.sentence}")
        if check.hint and check.state != "ok":
            output.line(f"           {check.hint}")
    return int(any(check.state == "failed" for check in checks))
