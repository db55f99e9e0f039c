"""`ib-supervisor init`: a first config, from the gateways that are found.

- It looks at the usual ports, or at the places that are named, and makes one visit to each gateway, as `probe` does:
  nothing is changed there.
- It prints the config. It writes a file only if asked to, and never over one that is there.
- On a terminal it asks. Options answer in advance, and with --yes, or without a terminal, nothing is asked.
"""

import os
import socket
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from supervisor.commands.planning.schedule import local_zone
from supervisor.commands.setup.proposal import NEW_YORK, USUAL, Proposal, config_of, proposal, with_own_names
from supervisor.commands.shared.printer import say, say_text
from supervisor.commands.visiting.probe import CLIENT_ID, cause_of
from supervisor.config.load import ConfigError, load
from supervisor.config.values.readers import Endpoint, endpoint
from supervisor.core.explain.causes import explain
from supervisor.frozen import replace
from supervisor.gateway.visit import visit
from supervisor.observe.masking import fit
from supervisor.platform import is_own

LISTENS = 1.0
"""Seconds to wait for a usual port to accept."""


def init(
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]HOST:PORT",
            help="A gateway to look at, instead of the usual ports. May be given several times.",
        ),
    ] = None,
    daily_restart: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="The time under Lock and Exit, for all of them.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="The zone of that time.")] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="north_america, europe or asia_pacific.")] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, if there is no such file.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing and take what is proposed.")] = False,
) -> None:
    """Find your gateways and print a first config for them.

    Looks at ports 4001, 4002, 7496 and 7497 of this machine, or where --at says. Exits with 1 if no gateway is found,
    or if the file is there already.
    """
    named = _named(at or [])
    places = list(named) or [place for place in _usual() if _listens(place)]
    if not places:
        ports = ", ".join(map(str, USUAL))
        say(f"nothing listens on 127.0.0.1 at {ports}", "Start the gateway, or name it: --at HOST:PORT", err=True)
        raise typer.Exit(1)
    found = with_own_names(_visited(place, named.get(place)) for place in places)
    asking = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    filled = [_answered(each, daily_restart, timezone, region, asking) for each in found]
    text = config_of(with_own_names(filled))
    _check(text)
    if write is None and asking and not Path("supervisor.yaml").exists():
        say_text(text)
        write = Path("supervisor.yaml") if typer.confirm("write it to supervisor.yaml?", err=True) else None
    elif write is None:
        say_text(text)
    if write is not None:
        _write(write, text)


def _named(said: list[str]) -> dict[Endpoint, str | None]:
    """The places, each with the name that it was given, if it was."""
    read = endpoint(lowest_port=1, example=4001)
    found: dict[Endpoint, str | None] = {}
    for each in said:
        name, _, place = each.rpartition("=")
        try:
            found[read(place)] = name or None
        except ValueError as error:
            raise typer.BadParameter(f"{place!r} {error}", param_hint="--at") from None
    return found


def _usual() -> Iterable[Endpoint]:
    return (Endpoint("127.0.0.1", port) for port in USUAL)


def _listens(place: Endpoint) -> bool:
    try:
        socket.create_connection((place.host, place.port), LISTENS).close()
    except OSError as error:
        if not is_own(error):
            return False
        say(f"cannot look at {place}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    return True


def _visited(place: Endpoint, name: str | None) -> Proposal:
    say(f"looking at {place} ...", err=True, flush=True)
    seen = visit(place.host, place.port, CLIENT_ID, upstream_probe=False)
    why = "" if seen.session else fit(explain(cause_of(seen, place, CLIENT_ID)).words)
    zone = local_zone()
    made = proposal(place, seen, why, zone.key if zone is not None else None, datetime.now(UTC))
    return made if name is None else replace(made, name=name)


def _answered(each: Proposal, restart: str | None, zone: str | None, region: str | None, asking: bool) -> Proposal:
    """The proposal with what was given by options, or is answered now."""
    known = replace(each, daily_restart=restart, zone=zone or each.zone, region=region or each.region)
    if not asking:
        return known
    say(f"{each.place}: {each.seen}", err=True)
    name = typer.prompt("  a name for it", default=known.name, err=True)
    when = restart or typer.prompt(
        "  time of its daily restart (Lock and Exit; empty: not known)", default="", err=True
    )
    where = zone or (typer.prompt("  zone of that time", default=known.zone or NEW_YORK, err=True) if when else None)
    return replace(known, name=name, daily_restart=when or None, zone=where or known.zone)


def _check(text: str) -> None:
    """End with 2 if an answer makes no config: the reader of the daemon says what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config")
        file.write_text(text, encoding="utf-8")
        try:
            load(file, os.environ)
        except ConfigError as error:
            say_text(str(error).replace(f"{file}:", "line "), err=True)
            raise typer.Exit(2) from None


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        say(f"{file} is there already, and is not overwritten; what it would be:", err=True)
        say_text(text)
        raise typer.Exit(1) from None
    except OSError as error:
        say(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    say(
        f"written: {file}",
        f"next: ib-supervisor check-config {file}",
        f"then: ib-supervisor run --config {file}",
        err=True,
    )
