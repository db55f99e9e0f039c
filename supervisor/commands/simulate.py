"""`ib-supervisor simulate`: the simulated gateway alone, for other people's tests."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from supervisor.simulator import app
from supervisor.simulator.scenario.schema import schema


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 is any free port, and is printed.")
    ] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML: who it is, and what goes wrong when.")
    ] = None,
    control: Annotated[
        int | None, typer.Option(min=0, max=65535, metavar="PORT", help="The same steps as JSON lines, on loopback.")
    ] = None,
    server_version: Annotated[
        int | None,
        typer.Option(min=100, max=999, help="The highest server version it speaks; overrides the scenario's."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play back what `record` wrote, instead of a scenario.")
    ] = None,
    print_schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenario files, for editors, and end.")
    ] = False,
) -> None:
    """A simulated TWS or IB Gateway that misbehaves on command.

    Exits with 0 after SIGINT or SIGTERM, 1 if the port is taken, 78 if the scenario is wrong.
    """
    if print_schema:
        sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
        raise typer.Exit(app.OK)
    if replay is not None:
        if scenario is not None or control is not None or server_version is not None:
            raise typer.BadParameter("a recording takes no scenario, no control port and no other server version")
        raise typer.Exit(app.replay(port, host, replay, sys.stdout, sys.stderr))
    raise typer.Exit(app.run(port, host, scenario, control, server_version, sys.stdout, sys.stderr))
