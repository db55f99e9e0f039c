"""What an operator asks the daemon to do with one gateway: pause, resume, maintenance, confirm-login and so on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from supervisor.commands.shared.api_client import AuthOption, ConfigOption, Refused, Unreachable, UrlOption, client
from supervisor.commands.shared.printer import say
from supervisor.core.model.recovery.rules import Rung
from supervisor.observe.web.control import BadRequest, event_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The gateway's name in the config.")]
Url = Annotated[str | None, UrlOption]
Config = Annotated[Path | None, ConfigOption]
Auth = Annotated[Path | None, AuthOption]


def pause(
    name: Name,
    for_: Annotated[str | None, typer.Option("--for", help="Resume by itself after this time: 15m, 2h.")] = None,
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
    for_: Annotated[str | None, typer.Option("--for", help="How long from now, at most 4h: 15m, 2h.")] = None,
    reason: Annotated[str, typer.Option(help="A text for the log and the journal.")] = "",
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


def approve(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """Let the daemon do what its recovery proposes for a gateway. The word is good for 15 minutes.

    Exits with 1 if nothing waits for approval.
    """
    _ask(name, "approve", {}, url, config, auth_file)


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
    try:
        note = client(url, config, auth).post(f"/api/v1/gateways/{quote(name, safe='')}/{what}", fields)
    except Unreachable as error:
        say(error, err=True)
        raise typer.Exit(1) from None
    except Refused as error:
        say(error, err=True)
        raise typer.Exit(2 if error.status in (400, 404) else 1) from None
    if note:
        say(f"{name}: {what} {note.strip()}", err=True)
    else:
        say(f"{name}: {what} done")
