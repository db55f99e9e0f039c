"""`ib-supervisor wait`: wait until a gateway is up, for programs and units that need it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.shared.api_client import (
    AuthOption,
    Client,
    ConfigOption,
    Refused,
    SentElsewhere,
    TooSlow,
    Unreachable,
    UrlOption,
    client,
    over,
)
from supervisor.commands.shared.printer import say
from supervisor.commands.shared.times import seconds_of
from supervisor.core.model.status import Status

EVERY = 0.5
"""Seconds between two requests."""
LONGEST = 5.0
"""Seconds that one may take."""


def wait(
    gateway: Annotated[str, typer.Option(metavar="NAME", help="The gateway's name in the config.")],
    for_: Annotated[Status, typer.Option("--for", metavar="STATUS", help="The status to wait for.")] = Status.UP,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="The longest wait: 300s, 5m.")] = "300s",
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Wait until a gateway has a status. Keeps asking while no daemon answers.

    Exits with 0 when the status is reached, 1 if the time is over, 2 if there is no such gateway, or if the password or
    the address is wrong.
    """
    patience = seconds_of(timeout, "0s", "365d", "--timeout")
    raise typer.Exit(wait_for(client(url, config, auth_file), gateway, for_, patience))


def wait_for(daemon: Client, gateway: str, wanted: Status, patience: float) -> int:
    """The exit status: 0 if reached, 1 if not within `patience` seconds, 2 if waiting cannot help.

    Says on standard error what it waits for, and again when that changes.
    """
    deadline = time.monotonic() + patience
    told = ""
    while True:
        left = deadline - time.monotonic()
        try:
            known = daemon.briefs(max(0.1, min(LONGEST, left)))["gateways"]
        except (Unreachable, Refused) as error:
            if isinstance(error, SentElsewhere) or (isinstance(error, Refused) and error.final):
                return over(error).exit_code
            cut_short = isinstance(error, TooSlow) and left < LONGEST
            last = told if told and cut_short else str(error)  # our own end says nothing of the daemon
        else:
            status = next((g["status"] for g in known if g["name"] == gateway), None)
            if status is None:
                names = ", ".join(g["name"] for g in known)
                say(f"no gateway is named {gateway}; there are: {names}", err=True)
                return 2
            if status == wanted:
                return 0
            last = f"{gateway} is {status}"
        left = deadline - time.monotonic()
        if left <= 0:
            say(f"{gateway} was not {wanted} within {patience:g} s: {last}", err=True)
            return 1
        if last != told:
            say(f"waiting for {gateway} to be {wanted}, {left:.0f} s at most: {last}", err=True, flush=True)
            told = last
        time.sleep(min(EVERY, left))
