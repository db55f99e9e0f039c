"""`ib-supervisor status`: what the daemon knows, as a table.

- On a terminal, the table fits the width, with one line for each gateway. In a pipe, it has all columns and whole
  lines. NO_COLOR switches colours off. `--watch` redraws a terminal, and writes one table after another to a pipe.
- A layer is shown by a mark and a place, and not by a colour alone.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from supervisor.commands.shared.api_client import (
    AuthOption,
    Client,
    ConfigOption,
    Refused,
    Unreachable,
    UrlOption,
    client,
)
from supervisor.commands.shared.printer import say, say_json
from supervisor.commands.shared.terminal import console, line, span, table, width_of
from supervisor.core.model.layers import LAYERS

_STYLES: Mapping[str, str] = {
    "up": "green",
    "maintenance": "blue",
    "stopped": "dim",
    "degraded": "yellow",
    "down": "bold red",
    "reauth_required": "bold magenta",
}
EVERY = 1.0
"""Seconds between two requests of `--watch`."""


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every second, until Ctrl-C.")] = False,
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
        answer = daemon.get("/api/v1/status")
    except (Unreachable, Refused) as error:
        say(error, err=True)
        raise typer.Exit(1) from None
    if json:
        say_json(answer)
    else:
        to = console()
        to.print(shown(answer, datetime.now(UTC), to.width))
    if check and any(gateway["status"] != "up" for gateway in answer["gateways"]):
        raise typer.Exit(1)


def _watch(daemon: Client) -> None:
    to = console()
    with contextlib.suppress(KeyboardInterrupt):
        if not to.is_terminal:
            while True:
                to.print(_look(daemon, to.width))
                sys.stdout.flush()
                time.sleep(EVERY)
        with Live(console=to, auto_refresh=False, screen=True) as live:
            while True:
                live.update(_look(daemon, to.width), refresh=True)
                time.sleep(EVERY)


def _look(daemon: Client, width: int) -> RenderableType:
    try:
        return shown(daemon.get("/api/v1/status"), datetime.now(UTC), width)
    except (Unreachable, Refused) as error:
        return line(f"{datetime.now():%H:%M:%S}  {error}", "bold red")  # noqa: DTZ005 - for the eye


def shown(answer: Mapping[str, Any], now: datetime, width: int) -> RenderableType:
    """The API's answer as a table of at most `width` columns, with the likely causes below it.

    Columns that do not fit are left out, the least urgent first. A pipe has room for all.
    """
    gateways = answer["gateways"]
    columns = list(_COLUMNS)
    for dropped in (None, *_DROPPED):
        if dropped is not None:
            columns.remove(dropped)
        cells = [[_COLUMNS[name](gateway, now) for name in columns] for gateway in gateways]
        if width_of(columns, cells) <= width:
            break
    up = sum(gateway["status"] == "up" for gateway in gateways)
    return Group(table(columns, cells), *_causes(gateways), Text(f"\n{up} of {len(gateways)} up"))


def _causes(gateways: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    for gateway in gateways:
        if gateway["cause"]:
            yield Text()
            yield line(f"{gateway['name']}: {gateway['cause']} {gateway['cure'] or ''}".rstrip())


def _status(gateway: Mapping[str, Any], now: datetime) -> Text:
    word = gateway["status"]
    return Text(word, style=_STYLES.get(word, ""))


def _ladder(layers: Mapping[str, bool | None]) -> Text:
    if any(layers[layer] is None for layer in LAYERS):
        return Text("?" * len(LAYERS) + " unknown")
    broken = next((layer for layer in LAYERS if not layers[layer]), None)
    marks = "".join("+" if layers[layer] else "-" for layer in LAYERS)
    return Text(marks) if broken is None else Text.assemble(marks, " ", (broken, "red"))


def _farms(farms: list[Mapping[str, Any]]) -> Text:
    broken = [farm["name"] for farm in farms if farm["state"] == "broken"]
    seen = [farm for farm in farms if farm["state"] != "unknown"]
    if broken:
        more = f" +{len(broken) - 1}" if len(broken) > 1 else ""
        return Text(f"broken: {broken[0]}{more}", style="red")
    return Text(f"{len(seen)} ok" if seen else "-")


def _window(windows: list[Mapping[str, Any]], now: datetime) -> Text:
    active = [window for window in windows if window["active"]]
    if active:
        return Text(f"{active[0]['name']}, {_until(active[0]['end'], now)} left", style="blue")
    coming = sorted((window for window in windows if window["start"]), key=lambda window: str(window["start"]))
    return Text(f"{coming[0]['name']} in {_until(coming[0]['start'], now)}" if coming else "-")


def _login(reauth: Mapping[str, Any], now: datetime) -> Text:
    if reauth["required"]:
        return Text("NOW", style="bold magenta")
    if reauth["due"] is None:
        return Text("-")
    return Text(f"in {_until(reauth['due'], now)}" + (" (assumed)" if reauth["assumed"] else ""))


def _milliseconds(seconds: float | None) -> Text:
    return Text("-" if seconds is None else f"{seconds * 1000:.0f} ms")


def _ago(instant: str | None, now: datetime) -> Text:
    return Text("-" if instant is None else span(round((now - datetime.fromisoformat(instant)).total_seconds())))


def _until(instant: str, now: datetime) -> str:
    return span(round((datetime.fromisoformat(instant) - now).total_seconds()))


_COLUMNS: Mapping[str, Callable[[Mapping[str, Any], datetime], Text]] = {
    "GATEWAY": lambda gateway, now: Text(gateway["name"]),
    "STATUS": _status,
    "SINCE": lambda gateway, now: _ago(gateway["since"], now),
    "LAYERS": lambda gateway, now: _ladder(gateway["layers"]),
    "FARMS": lambda gateway, now: _farms(gateway["farms"]),
    "HEARTBEAT": lambda gateway, now: _milliseconds(gateway["heartbeat_seconds"]),
    "NEXT WINDOW": lambda gateway, now: _window(gateway["windows"], now),
    "LOGIN DUE": lambda gateway, now: _login(gateway["reauth"], now),
}
_DROPPED = ("HEARTBEAT", "FARMS", "LOGIN DUE", "NEXT WINDOW", "SINCE", "LAYERS")
"""The order in which columns are left out."""
