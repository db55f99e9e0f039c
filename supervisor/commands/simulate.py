"""`ib-supervisor simulate`: the simulated gateway alone, for your own tests."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from supervisor.simulator import app


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on. 0 takes a free port and prints it.")
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    scenario: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML: the gateway's settings, and what goes wrong at which time."),
    ] = None,
    control: Annotated[
        int | None,
        typer.Option(min=0, max=65535, metavar="PORT", help="Take the same steps as JSON lines on this loopback port."),
    ] = None,
    server_version: Annotated[
        int | None,
        typer.Option(min=100, max=999, help="The highest server version that it speaks. Overrides the scenario."),
    ] = None,
) -> None:
    """Run a simulated TWS or IB Gateway that misbehaves on command.

    Exits with 0 after SIGINT or SIGTERM, 1 if the port is taken, 78 if the scenario is wrong.
    """
    raise typer.Exit(app.run(port, host, scenario, control, server_version, sys.stdout, sys.stderr))
