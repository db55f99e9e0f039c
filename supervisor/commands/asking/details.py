"""All that the daemon knows about one gateway, as one fact a line."""

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from supervisor.commands.asking.overview import STYLES, Gateway, ago, ladder, milliseconds, until
from supervisor.commands.shared.table import Laid, Row, lay_out


def details(gateway: Gateway, now: datetime, width: int | None) -> Laid:
    """The facts for a terminal of `width` columns. Instants are local time, with how far away they are."""
    return lay_out([""], [Row([Text(name, "bold")], value) for name, value in _facts(gateway, now) if value], width)


def _facts(gateway: Gateway, now: datetime) -> Iterator[tuple[str, Text | str]]:
    word = str(gateway["status"])
    yield "gateway", f"{gateway['name']} at {_place(gateway)}, client id {_or_dash(gateway['client_id'])}"
    yield "status", Text.assemble((word, STYLES.get(word, "")), f" since {_at(gateway['since'], now)}")
    yield "why", gateway["cause"] or ""
    yield "to do", gateway["cure"] or ""
    yield "layers", ladder(gateway["layers"])
    yield (
        "session",
        f"{gateway['phase']}, number {gateway['epoch']}, server version {_or_dash(gateway['server_version'])}",
    )
    yield "orders", _gate(gateway)
    yield "next try", _at(gateway["next_attempt"], now) if gateway["next_attempt"] else ""
    if gateway.get("login_state"):
        yield "login", f"{gateway['login_state']} since {_at(gateway.get('login_state_since'), now)}"
    suspect = ", suspect: a ping is not answered in time" if gateway.get("suspect") else ""
    yield "heartbeat", f"{milliseconds(gateway['heartbeat_seconds'])}{suspect}"
    yield "sockets", gateway.get("kernel") or ""
    for contract in gateway.get("canary") or ():
        yield "data", _canary(contract, now)
    yield "last word", f"{_at(gateway['last_message'], now)}" if gateway["last_message"] else "none yet"
    yield "IBKR", _upstream(gateway, now)
    yield "accounts", gateway["account_mode"]
    yield "labels", ", ".join(f"{name}={value}" for name, value in (gateway.get("labels") or {}).items())
    yield "paused", f"until {_at(gateway['paused_until'], now)}" if gateway.get("paused_until") else ""
    reauth = gateway["reauth"]
    due = "now" if reauth["required"] else _at(reauth["due"], now) if reauth["due"] else "not known"
    yield "login due", due + (" (the last one is assumed)" if reauth["assumed"] else "")
    for window in gateway["windows"]:
        when = f"open until {_at(window['end'], now)}" if window["active"] else _at(window["at"], now)
        yield "window", f"{window['name']}: {when}"
    for farm in sorted(gateway["farms"], key=lambda each: each["state"] != "broken"):
        needed = "" if farm["required"] else ", not required"
        yield "farm", f"{farm['kind']}/{farm['name']}: {farm['state']}{needed}, for {ago(farm['since'], now)}"


def _canary(contract: Gateway, now: datetime) -> Text:
    why = f" ({contract['why'].replace('_', ' ')})" if contract["why"] else ""
    kind = f", {contract['data_type'].replace('_', ' ')}" if contract["data_type"] else ""
    last = f", last {ago(contract['last_update'], now)} ago" if contract["last_update"] else ""
    style = "bold red" if contract["state"] == "dead" else ""
    return Text.assemble(f"{contract['name']} ", (contract["state"], style), f"{why}{kind}{last}")


def _upstream(gateway: Gateway, now: datetime) -> str:
    upstream = gateway["upstream"]
    word = {True: "connected", False: "not connected", None: "not known"}[upstream["up"]]
    evidence = f" ({upstream['evidence']})" if upstream["evidence"] else ""
    return f"{word}{evidence}" + (f", for {ago(upstream['since'], now)}" if upstream["since"] else "")


def _gate(gateway: Gateway) -> str:
    gate = gateway.get("gate")
    if gate is None:  # of an older daemon
        return ""
    return "safe to send" if gate["open"] else f"not safe: {', '.join(each['reason'] for each in gate['reasons'])}"


def _place(gateway: Gateway) -> str:
    host = str(gateway["host"])
    return f"[{host}]:{gateway['port']}" if ":" in host else f"{host}:{gateway['port']}"


def _at(instant: str | None, now: datetime) -> str:
    """`Fri 2026-11-27 23:45:00 CET (in 6h)`, in local time."""
    if instant is None:
        return "-"
    then = datetime.fromisoformat(instant)
    away = f"in {until(instant, now)}" if then > now else f"{ago(instant, now)} ago"
    return f"{then.astimezone():%a %Y-%m-%d %H:%M:%S %Z} ({away})"


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)
