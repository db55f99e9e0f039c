"""The table of `status`: one row for each gateway, those that need somebody first.

A layer is shown by a mark and a place, and not by a colour alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from supervisor.commands.shared.table import Laid, Row, lay_out
from supervisor.commands.shared.terminal import span
from supervisor.core.model.layers import LAYERS

STYLES: Mapping[str, str] = {
    "down": "bold red",
    "reauth_required": "bold magenta",
    "degraded": "yellow",
    "maintenance": "blue",
    "stopped": "dim",
    "up": "green",
}
"""The statuses in the order in which they want attention, each with its colour."""

Gateway = Mapping[str, Any]
"""One gateway in the answer of `/api/v1/status`."""


def summary(gateways: Sequence[Gateway]) -> Text:
    """`57 of 60 up; 2 down, 1 degraded`."""
    counts = {word: sum(gateway["status"] == word for gateway in gateways) for word in STYLES}
    others = [Text(f"{count} {word}", STYLES[word]) for word, count in counts.items() if count and word != "up"]
    told = Text(f"{counts['up']} of {len(gateways)} up", "bold")
    return Text.assemble(told, "; ", Text(", ").join(others)) if others else told


def sick_first(gateways: Sequence[Gateway]) -> list[Gateway]:
    """The same gateways by how much they want attention. Equals stay in the order of the config."""
    rank = {word: at for at, word in enumerate(STYLES)}
    return sorted(gateways, key=lambda gateway: rank.get(gateway["status"], 0))


def overview(gateways: Sequence[Gateway], now: datetime, width: int | None) -> Laid:
    """The table for a terminal of `width` columns, or for a pipe (None)."""
    rows = [
        Row([shown(gateway, now) for shown in _COLUMNS.values()], explanation(gateway))
        for gateway in sick_first(gateways)
    ]
    return lay_out(list(_COLUMNS), rows, width, words="WHY, AND WHAT TO DO", optional=_OPTIONAL)


def explanation(gateway: Gateway) -> str:
    """The likely cause and its cure, if something is wrong."""
    return f"{gateway['cause']} {gateway['cure'] or ''}".rstrip() if gateway["cause"] else ""


def _status(gateway: Gateway, now: datetime) -> Text:
    word = str(gateway["status"])
    return Text(word, style=STYLES.get(word, ""))


def ladder(layers: Mapping[str, bool | None]) -> Text:
    """`++++--` and the lowest broken layer."""
    if any(layers[layer] is None for layer in LAYERS):
        return Text("?" * len(LAYERS) + " unknown")
    broken = next((layer for layer in LAYERS if not layers[layer]), None)
    marks = "".join("+" if layers[layer] else "-" for layer in LAYERS)
    return Text(marks) if broken is None else Text.assemble(marks, " ", (broken, "red"))


def gate(gateway: Gateway) -> str:
    """`open`, or the reason of the highest rank that closes it. A dash if nobody knows."""
    known = gateway.get("gate") or {"open": False, "reasons": []}
    return "open" if known["open"] else str(known["reasons"][0]["reason"]) if known["reasons"] else "-"


def _farms(farms: Sequence[Mapping[str, Any]]) -> Text:
    broken = [farm["name"] for farm in farms if farm["state"] == "broken"]
    seen = [farm for farm in farms if farm["state"] != "unknown"]
    if broken:
        more = f" +{len(broken) - 1}" if len(broken) > 1 else ""
        return Text(f"broken: {broken[0]}{more}", style="red")
    return Text(f"{len(seen)} ok" if seen else "-")


def _window(windows: Sequence[Mapping[str, Any]], now: datetime) -> Text:
    active = [window for window in windows if window["active"]]
    if active:
        return Text(f"{active[0]['name']}, {until(active[0]['end'], now)} left", style="blue")
    coming = sorted((window for window in windows if window["at"]), key=lambda window: str(window["at"]))
    return Text(f"{coming[0]['name']} in {until(coming[0]['at'], now)}" if coming else "-")


def _login(reauth: Mapping[str, Any], now: datetime) -> Text:
    if reauth["required"]:
        return Text("NOW", style="bold magenta")
    if reauth["due"] is None:
        return Text("-")
    return Text(f"in {until(reauth['due'], now)}" + (" (assumed)" if reauth["assumed"] else ""))


def milliseconds(seconds: float | None) -> str:
    """`4 ms`, or a dash."""
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


def ago(instant: str | None, now: datetime) -> str:
    """How long ago, or a dash."""
    return "-" if instant is None else span(round((now - datetime.fromisoformat(instant)).total_seconds()))


def until(instant: str, now: datetime) -> str:
    """How long until then."""
    return span(round((datetime.fromisoformat(instant) - now).total_seconds()))


_COLUMNS: Mapping[str, Callable[[Gateway, datetime], Text | str]] = {
    "GATEWAY": lambda gateway, now: Text(gateway["name"]),
    "STATUS": _status,
    "SINCE": lambda gateway, now: ago(gateway["since"], now),
    "LAYERS": lambda gateway, now: ladder(gateway["layers"]),
    "GATE": lambda gateway, now: gate(gateway),
    "FARMS": lambda gateway, now: _farms(gateway["farms"]),
    "HEARTBEAT": lambda gateway, now: milliseconds(gateway["heartbeat_seconds"]),
    "NEXT WINDOW": lambda gateway, now: _window(gateway["windows"], now),
    "LOGIN DUE": lambda gateway, now: _login(gateway["reauth"], now),
}
_OPTIONAL = ("NEXT WINDOW", "GATE", "LOGIN DUE", "FARMS", "HEARTBEAT")
"""The most urgent first."""
