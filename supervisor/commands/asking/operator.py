"""What an operator asks the daemon to do with one gateway: pause, maintenance, confirm-login, recovery and so on."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from supervisor.commands.asking.overview import Gateway
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
from supervisor.commands.shared.printer import say
from supervisor.core.model.recovery.rules import Result, Rung
from supervisor.observe.web.control import BadRequest, event_of

DEEDS: Final = ("approve", "recover")
"""What makes recovery do something."""
REFUSED: Final = Result.REFUSED.value
NOTHING_DONE: Final = (REFUSED, Result.DRY_RUN.value)
MOMENT: Final = 1.0
"""Seconds in which a deed is awaited that is refused at once."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The gateway's name in the config.")]
Url = Annotated[str | None, UrlOption]
Config = Annotated[Path | None, ConfigOption]
Auth = Annotated[Path | None, AuthOption]


def pause(
    name: Name,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Resume by itself after this time: 15m, 2h.")
    ] = None,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Disconnect from a gateway and release its client id. The pause survives a restart of the daemon."""
    _ask(name, "pause", {} if for_ is None else {"for": for_}, url, config, auth_file)


def resume(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """End a pause and connect at once."""
    _ask(name, "resume", {}, url, config, auth_file)


def maintenance(
    name: Name,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long from now, at most 4h: 15m, 2h.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="A text for the log and the journal.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the window now.")] = False,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Open a maintenance window from now on. Outages in it count as planned."""
    if end is (for_ is not None):
        raise typer.BadParameter("say either --for TIME or --end")
    fields = {"end": "true"} if end else {"for": for_ or "", "reason": reason}
    _ask(name, "maintenance", fields, url, config, auth_file)


def confirm_login(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """Tell the daemon that you have done the weekly login of a gateway."""
    _ask(name, "confirm-login", {}, url, config, auth_file)


def confirm_ids(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """Tell the daemon that you know of the lower order ids of a gateway. This ends `order_id_regressed`."""
    _ask(name, "confirm-ids", {}, url, config, auth_file)


def approve(
    name: Name,
    rung: Annotated[
        str | None, typer.Argument(metavar="[RUNG]", help=f"One of {', '.join(Rung)}; else whatever waits.")
    ] = None,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Let the daemon do what its recovery proposes for a gateway. The word is good for 15 minutes.

    Exits with 1 if nothing waits for approval, if another rung waits than the one you name, or if it is refused.
    """
    _ask(name, "approve", {} if rung is None else {"rung": rung}, url, config, auth_file)


def recover(
    name: Name,
    rung: Annotated[
        str | None, typer.Argument(metavar="[RUNG]", help=f"One of {', '.join(Rung)}; else the mildest that is right.")
    ] = None,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Do a rung of recovery now, with every check but patience and approval.

    Exits with 1, and says why, if it is not done.
    """
    _ask(name, "recover", {} if rung is None else {"rung": rung}, url, config, auth_file)


def _ask(name: str, what: str, fields: dict[str, str], url: str | None, config: Path | None, auth: Path | None) -> None:
    try:
        event_of(what, fields, datetime.now(UTC))  # the same check as the daemon's, also when no daemon answers
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
    daemon = client(url, config, auth)
    try:
        note = daemon.post(f"/api/v1/gateways/{quote(name, safe='')}/{what}", fields)
    except (Unreachable, Refused) as error:
        raise over(error) from None
    gateway = _settled(daemon, name) if what in DEEDS else _gateway(daemon, name)
    result = _result(gateway) if what in DEEDS else None
    if note and result not in NOTHING_DONE:
        say(f"{name}: {what} {note.strip()}", err=True)
    if result == REFUSED:
        say(so_now(gateway, what, datetime.now(UTC)), err=True)
        raise typer.Exit(1)
    # The daemon has done it, so it is done also if it cannot be asked any more.
    say(so_now(gateway, what, datetime.now(UTC)) if gateway else f"{name}: {what} done")


def _gateway(daemon: Client, name: str) -> Gateway:
    """As it is now; empty if the daemon cannot be asked any more."""
    try:
        known = daemon.status()["gateways"]
    except (Unreachable, Refused):
        known = []
    return next((each for each in known if each["name"] == name), {})


def _settled(daemon: Client, name: str) -> Gateway:
    """As it is once its deed is refused, or after a moment: a program that is missing is told within it."""
    until = time.monotonic() + MOMENT
    while (gateway := _gateway(daemon, name)) and _result(gateway) is None and time.monotonic() < until:
        time.sleep(MOMENT / 10)
    return gateway


def _result(gateway: Gateway) -> str | None:
    """Of what recovery does or did last; None if it waits, or its proof is awaited."""
    recovery = gateway.get("recovery") or {}
    proposal, deed = recovery.get("proposal"), recovery.get("deed")
    waits = proposal is not None and proposal["approved_by"] is not None
    return None if waits or deed is None else deed["result"]


def so_now(gateway: Gateway, what: str, now: datetime) -> str:
    """`live is paused until 11:48`: how a gateway stands after it was asked for `what`."""
    name = gateway["name"]
    match what:
        case "pause":
            end = gateway.get("paused_until")
            return f"{name} is paused until {_clock(end, now) if end else f'`ib-supervisor resume {name}`'}"
        case "resume":
            return f"{name} is no longer paused, and {gateway['status']} now"
        case "maintenance":
            ends = [window["end"] for window in gateway["windows"] if window["name"] == what and window["active"]]
            return f"{name} is in maintenance until {_clock(ends[0], now)}" if ends else f"{name} is not in maintenance"
        case "confirm-ids":
            return f"the order ids of {name} are known"
        case "approve" | "recover":
            return _deed(name, gateway.get("recovery") or {})
        case _:
            due = gateway["reauth"]["due"]
            return f"the login of {name} counts as done" + (f", the next is due {_clock(due, now)}" if due else "")


def _deed(name: str, recovery: dict[str, Any]) -> str:
    """What recovery does now."""
    proposal, deed = recovery.get("proposal"), recovery.get("deed")
    if proposal is not None and proposal["approved_by"] is not None:
        return f"{name}: {proposal['rung']} is approved, and waits until nothing is against it"
    if deed is None:
        return f"{name}: nothing is being done"
    if deed["result"] == REFUSED:
        return f"{name}: {deed['rung']} was not done: {deed.get('words') or REFUSED}"
    if deed["result"] == Result.DRY_RUN:
        return f"{name}: {deed['rung']} would have been done (dry run)"
    if deed["result"] is not None:
        return f"{name}: {deed['rung']} was done: {deed['result']}"
    return f"{name}: {deed['rung']} is being done; its proof is awaited"


def _clock(instant: str, now: datetime) -> str:
    """Local time with its zone, and with the day if it is another one."""
    then = datetime.fromisoformat(instant).astimezone()
    return f"{then:%H:%M %Z}" if then.date() == now.astimezone().date() else f"{then:%a %Y-%m-%d %H:%M %Z}"
