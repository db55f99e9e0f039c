"""What an operator asks the daemon to do with one gateway: pause, resume, maintenance, confirm-login."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from supervisor.commands.api_client import AuthOption, ConfigOption, Refused, Unreachable, UrlOption, client
from supervisor.observe.web.control import BadRequest, event_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The gateway's name in the config.")]
Url = Annotated[str | None, UrlOption]
Config = Annotated[Path | None, ConfigOption]
Auth = Annotated[Path | None, AuthOption]


def pause(
    name: Name,
    for_: Annotated[str | None, typer.Option("--for", help="Resume by itself after this: 15m, 2h.")] = None,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Release the client id of a gateway and stop trying. Survives a restart of the daemon."""
    _ask(name, "pause", {} if for_ is None else {"for": for_}, url, config, auth_file)


def resume(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """End a pause: connect at once."""
    _ask(name, "resume", {}, url, config, auth_file)


def maintenance(
    name: Name,
    for_: Annotated[str | None, typer.Option("--for", help="From now, at most 4h: 15m, 2h.")] = None,
    reason: Annotated[str, typer.Option(help="For the log and the journal.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End it before its time.")] = False,
    url: Url = None,
    config: Config = None,
    auth_file: Auth = None,
) -> None:
    """Open a window from now on: what breaks in it is planned."""
    if end is (for_ is not None):
        raise typer.BadParameter("say either --for TIME or --end")
    fields = {"end": "true"} if end else {"for": for_ or "", "reason": reason}
    _ask(name, "maintenance", fields, url, config, auth_file)


def confirm_login(name: Name, url: Url = None, config: Config = None, auth_file: Auth = None) -> None:
    """Your word that the weekly login of a gateway was done."""
    _ask(name, "confirm-login", {}, url, config, auth_file)


def _ask(name: str, what: str, fields: dict[str, str], url: str | None, config: Path | None, auth: Path | None) -> None:
    try:
        event_of(what, fields, datetime.now(UTC))  # the daemon's own words, also where none answers
    except BadRequest as error:
        raise typer.BadParameter(str(error)) from None
    try:
        note = client(url, config, auth).post(f"/api/v1/gateways/{quote(name, safe='')}/{what}", fields)
    except Unreachable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except Refused as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if error.status in (400, 404) else 1) from None
    if note:
        typer.echo(f"{name}: {what} {note.strip()}", err=True)
    else:
        typer.echo(f"{name}: {what} done")
