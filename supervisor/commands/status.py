"""`ib-supervisor status`: what the daemon knows, as one table.

- On a terminal a table that fits its width; in a pipe plain columns; no colour where NO_COLOR is set (rich sees to
  both).
- A layer is a mark and a place, never a colour alone.
"""

import json as jsonlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from supervisor.commands.api_client import AuthOption, Client, ConfigOption, Refused, Unreachable, UrlOption, client
from supervisor.core.layers import LADDER

_STYLES: Mapping[str, str] = {
    "up": "green",
    "maintenance": "blue",
    "stopped": "dim",
    "degraded": "yellow",
    "down": "bold red",
    "reauth_required": "bold magenta",
}
EVERY = 1.0
"""Seconds between two looks of `--watch`."""


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 unless every gateway is up.")] = False,
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """What the daemon knows of each gateway.

    Exits with 0 if the daemon answered (with --check only if all are up), else 1.
    """
    daemon = client(url, config, auth_file)
    if watch:
        _watch(daemon)
        return
    try:
        answer = daemon.get("/api/v1/status")
    except (Unreachable, Refused) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if json:
        print(jsonlib.dumps(answer, indent=2))
    else:
        Console().print(shown(answer, datetime.now(UTC)))
    if check and any(gateway["status"] != "up" for gateway in answer["gateways"]):
        raise typer.Exit(1)


def _watch(daemon: Client) -> None:
    console = Console()
    try:
        with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while True:
                try:
                    view: RenderableType = shown(daemon.get("/api/v1/status"), datetime.now(UTC))
                except (Unreachable, Refused) as error:
                    view = Text(f"{datetime.now():%H:%M:%S}  {error}", style="bold red")  # noqa: DTZ005 - for the eye
                live.update(view, refresh=True)
                time.sleep(EVERY)
    except KeyboardInterrupt:
        return


def shown(answer: Mapping[str, Any], now: datetime) -> RenderableType:
    """The API's answer as a table, with the likely causes below it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("GATEWAY", "STATUS", "SINCE", "LAYERS", "FARMS", "HEARTBEAT", "NEXT WINDOW", "LOGIN DUE"):
        table.add_column(heading, overflow="fold")
    causes = []
    for gateway in answer["gateways"]:
        word = gateway["status"]
        table.add_row(
            gateway["name"],
            Text(word, style=_STYLES.get(word, "")),
            _ago(gateway["since"], now),
            _ladder(gateway["layers"]),
            _farms(gateway["farms"]),
            _milliseconds(gateway["heartbeat_seconds"]),
            _window(gateway["windows"], now),
            _login(gateway["reauth"], now),
        )
        if gateway["cause"]:
            causes.append(Text(f"\n{gateway['name']}: {gateway['cause']} {gateway['cure'] or ''}".rstrip()))
    return Group(table, *causes)


def _ladder(layers: Mapping[str, bool]) -> Text:
    broken = next((layer for layer in LADDER if not layers[layer]), None)
    marks = "".join("+" if layers[layer] else "-" for layer in LADDER)
    return Text(marks if broken is None else f"{marks} {broken}")


def _farms(farms: list[Mapping[str, Any]]) -> str:
    broken = [farm["name"] for farm in farms if farm["state"] == "broken"]
    seen = [farm for farm in farms if farm["state"] != "unknown"]
    return f"broken: {', '.join(broken)}" if broken else f"{len(seen)} ok" if seen else "-"


def _window(windows: list[Mapping[str, Any]], now: datetime) -> str:
    active = [window for window in windows if window["active"]]
    if active:
        return f"{active[0]['name']}, {_until(active[0]['end'], now)} left"
    coming = sorted((window for window in windows if window["start"]), key=lambda window: str(window["start"]))
    return f"{coming[0]['name']} in {_until(coming[0]['start'], now)}" if coming else "-"


def _login(reauth: Mapping[str, Any], now: datetime) -> str:
    if reauth["required"]:
        return "NOW"
    if reauth["due"] is None:
        return "-"
    return f"in {_until(reauth['due'], now)}" + (" (assumed)" if reauth["assumed"] else "")


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


def _ago(instant: str | None, now: datetime) -> str:
    return "-" if instant is None else _span((now - datetime.fromisoformat(instant)).total_seconds())


def _until(instant: str, now: datetime) -> str:
    return _span((datetime.fromisoformat(instant) - now).total_seconds())


def _span(seconds: float) -> str:
    """Two units are enough for the eye."""
    whole = max(0, round(seconds))
    for unit, length, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length}{unit} {rest}{smaller}" if rest else f"{whole // length}{unit}"
    return f"{whole}s"
