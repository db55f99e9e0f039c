"""`ib-supervisor doctor`: what is well and what is not around the daemon, on one screen, each with its cure."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from supervisor.commands.setup.findings import Finding, Grade, findings
from supervisor.commands.shared.api_client import AuthOption, UrlOption, client
from supervisor.commands.shared.printer import say_json
from supervisor.commands.shared.table import Laid, Row, folded, lay_out
from supervisor.commands.shared.terminal import show, width

INSTALLED = Path("/etc/ib-supervisor/supervisor.yaml")
"""Where `sudo make install` puts the config."""
_STYLES = {Grade.WRONG: "bold red", Grade.DOUBTFUL: "yellow", Grade.WELL: "green", Grade.UNKNOWN: "dim"}


def doctor(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"The daemon's config. Default: {INSTALLED}, if it is there.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    url: Annotated[str | None, UrlOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Look at config, port, clock, zone, ibapi, journal, permissions, systemd and Prometheus, and say what to do.

    Changes nothing. Exits with 1 if something is wrong.
    """
    file = config if config is not None else INSTALLED if INSTALLED.exists() else None
    found = findings(file, lambda: client(url, file, auth_file), os.environ)
    if json:
        say_json([{"check": f.check, "grade": f.grade.value, "seen": f.seen, "cure": f.cure} for f in found])
    else:
        columns = width()
        show(folded(summary(found), columns), report(found, columns))
    raise typer.Exit(int(any(finding.grade is Grade.WRONG for finding in found)))


def summary(found: list[Finding]) -> str:
    """`1 wrong, 2 doubtful, 9 well`."""
    counts = ((grade, sum(finding.grade is grade for finding in found)) for grade in Grade)
    return ", ".join(f"{count} {grade.value}" for grade, count in counts if count)


def report(found: list[Finding], width: int | None) -> Laid:
    """The table, with what is wrong first."""
    ranked = sorted(found, key=lambda finding: list(Grade).index(finding.grade))
    rows = [
        Row(
            [Text(finding.grade.value, _STYLES[finding.grade]), finding.check],
            f"{finding.seen} {finding.cure}".rstrip(),
        )
        for finding in ranked
    ]
    return lay_out(["", ""], rows, width)
