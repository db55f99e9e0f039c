"""`ib-supervisor simulate`: the simulated gateway alone, for your own tests."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.shared.printer import say_text
from supervisor.observe.masking import clean
from supervisor.simulator import app
from supervisor.simulator.scenario.schema import schema


def simulate(
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="The port to listen on. 0 takes a free port and prints it."
        ),
    ] = 0,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
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
        typer.Option(
            min=130, max=999, metavar="N", help="The highest server version that it speaks. Overrides the scenario."
        ),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play back what `record` wrote, instead of a scenario.")
    ] = None,
    print_schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenario files, for editors, and end.")
    ] = False,
) -> None:
    """Run a simulated TWS or IB Gateway that misbehaves on command.

    Exits with 0 after SIGINT or SIGTERM, 1 if the port is taken, 78 if the scenario is wrong.
    """
    if print_schema:
        say_text(json.dumps(schema(), indent=2))
        raise typer.Exit(app.OK)
    if replay is not None:
        if scenario is not None or control is not None or server_version is not None:
            raise typer.BadParameter("a recording takes no scenario, no control port and no other server version")
        raise typer.Exit(app.replay(port, host, replay, sys.stdout, sys.stderr, clean))
    raise typer.Exit(app.run(port, host, scenario, control, server_version, sys.stdout, sys.stderr, clean))
