"""`ib-supervisor verify`: what this project assumes of a gateway, checked at a real one, read-only."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from supervisor.commands.shared.printer import say
from supervisor.config.values.readers import endpoint
from supervisor.simulator.verify.checks import CHECKS, carry_out
from supervisor.simulator.verify.place import Place, Verdict
from supervisor.simulator.verify.report import line, markdown, summary
from supervisor.version import VERSION


def verify(
    gateway: Annotated[str, typer.Argument(metavar="HOST:PORT", help="The gateway, such as 127.0.0.1:4002.")],
    client_id: Annotated[
        int, typer.Option(min=1, max=126, metavar="N", help="A client id that nobody uses; the next one is used too.")
    ] = 97,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a report without account numbers, for an issue.")
    ] = None,
) -> None:
    """Check a TWS or IB Gateway against what this project assumes, without changing anything there.

    Exits with 0 if all is as assumed, 1 if something differs or the gateway cannot be reached.
    """
    try:
        there = endpoint(lowest_port=1, example=4002)(gateway)
    except ValueError as error:
        raise typer.BadParameter(f"{gateway!r} {error}", param_hint="HOST:PORT") from None
    place = Place(there.host, there.port, client_id, client_id + 1)
    try:
        place.call().close()
    except OSError as error:
        say(f"{gateway}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    if report is not None:
        _write(report, "", "a")  # or a report that cannot be written would be known only after all the checks
    findings = {}
    for check in CHECKS:
        findings[check] = carry_out(check, place)
        say(line(check, findings[check]), flush=True)
    say(summary(findings))
    if report is not None:
        _write(report, markdown(findings, f"ib-supervisor {VERSION}", time.time()), "w")
        say(f"the report is in {report}: please attach it to an issue")
    raise typer.Exit(1 if any(each.verdict is Verdict.NOT_SO for each in findings.values()) else 0)


def _write(report: Path, text: str, how: Literal["a", "w"]) -> None:
    try:
        with report.open(how, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        say(f"cannot write {report}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
