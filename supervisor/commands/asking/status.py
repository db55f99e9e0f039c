"""`ib-supervisor status`: what the daemon knows, as a table.

- The first line is the summary. Gateways that need somebody come first, each with its likely cause and the cure.
- On a terminal the table fits its width. In a pipe, it has all columns and one line for each gateway.
- `--watch` on a terminal is an application (`watch`, beside this). In a pipe it is one table after another.
"""

import contextlib
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from supervisor.commands.asking.overview import Gateway, overview, summary
from supervisor.commands.shared.api_client import (
    AuthOption,
    Client,
    ConfigOption,
    Refused,
    Unreachable,
    UrlOption,
    client,
    over,
)
from supervisor.commands.shared.printer import say_json
from supervisor.commands.shared.table import Laid, folded
from supervisor.commands.shared.terminal import console, line, show, width

EVERY = 1.0
"""Seconds between two requests of `--watch`."""


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Keep it on the screen: scroll, filter, details.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer of the API.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 unless every gateway is up.")] = False,
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Show what the daemon knows about each gateway.

    Exits with 0 if the daemon answered, else 1. With --check, 0 means that every gateway is up.
    """
    if watch and (json or check):
        raise typer.BadParameter(f"choose one of --watch and {'--json' if json else '--check'}")
    daemon = client(url, config, auth_file)
    if watch:
        _watch(daemon)
        return
    try:
        answer = daemon.status()
    except (Unreachable, Refused) as error:
        raise over(error) from None
    if json:
        say_json(answer)
    else:
        show(*_table(answer["gateways"]))
    if check and any(gateway["status"] != "up" for gateway in answer["gateways"]):
        raise typer.Exit(1)


def _table(gateways: Sequence[Gateway]) -> tuple[Text, Laid]:
    columns = width()
    return folded(summary(gateways), columns), overview(gateways, datetime.now(UTC), columns)


def _watch(daemon: Client) -> None:
    screen = console()
    if screen.is_terminal and not screen.is_dumb_terminal and sys.stdin.isatty():
        from supervisor.commands.asking.watch import Watch  # imported here: it takes 0.2 s, and nothing else needs it

        application = Watch(daemon.status, daemon.url, EVERY)
        application.run()
        raise typer.Exit(application.return_code or 0)
    trouble = ""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            try:
                show(*_table(daemon.status()["gateways"]), "")
                trouble = ""
            except (Unreachable, Refused) as error:
                if isinstance(error, Refused) and error.final:
                    raise over(error) from None
                if trouble != str(error):
                    trouble = str(error)
                    show(line(f"{datetime.now():%H:%M:%S}  {trouble}", "bold red"))  # noqa: DTZ005 - for the eye
            sys.stdout.flush()
            time.sleep(EVERY)
