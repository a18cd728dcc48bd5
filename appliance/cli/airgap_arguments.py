"""What can be typed after `cloister airgap`."""

from __future__ import annotations

from appliance.cli.licence_arguments import Command


def airgap_commands(command: Command) -> None:
    report = command("report", "report", "Write the proof as signed HTML and PDF, for an auditor.")
    report.add_argument("file", metavar="FILE", help="FILE.html, FILE.pdf and FILE.proof")
    verify = command("verify", "verify", "Prove that such a file is as the log has it.")
    verify.add_argument("file", metavar="FILE", help="the HTML, the PDF, or the name of both")
    verify.add_argument("--key", default="", help="the log's public key, or @FILE")
