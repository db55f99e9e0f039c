"""`ib-supervisor record`: a tap between a program and its gateway that writes the session down, accounts masked."""

from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.shared.printer import say
from supervisor.config.values.readers import endpoint
from supervisor.platform import until_ended
from supervisor.simulator.recorder.tap import Tap


def record(
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="The gateway.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the recording goes; an old one is replaced.")],
    listen: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="The port for your program; 0 is any free one.")
    ] = 0,
) -> None:
    """Pass a program's connection on to its gateway, and write down what both say.

    Play it back with `simulate --replay FILE`. Exits with 0 after SIGINT or SIGTERM, 1 if the port is taken.
    """
    try:
        there = endpoint(lowest_port=1, example=4002)(to)
    except ValueError as error:
        raise typer.BadParameter(f"{to!r} {error}", param_hint="--to") from None
    try:
        with until_ended() as wait, out.open("a", encoding="utf-8") as file:
            tap = Tap(there.host, there.port, listen, file, lambda text: say(text, flush=True))
            say(f"listening on 127.0.0.1:{tap.port}, leads to {to}", flush=True)
            wait()
            tap.close()
    except OSError as error:
        say(f"cannot record: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
