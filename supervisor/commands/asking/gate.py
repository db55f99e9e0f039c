"""`ib-supervisor gate`: may a program send orders now? For scripts and for people.

- The lease of an answer counts from the moment the request was sent. An answer that was on its way for longer says
  nothing, so after a long wait it is asked once more.
- A program that asks before each order reads the file or the API itself: this command takes a moment to start.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

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
from supervisor.commands.shared.times import seconds_of

OPEN, CLOSED, WRONG, UNKNOWN = 0, 1, 2, 3
EVERY: Final = 0.5
"""Seconds between two requests while no daemon answers."""
LONGEST_POLL: Final = 30.0
"""Seconds that one request waits."""
TIMEOUT: Final = 5.0


def gate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The gateway's name in the config.")],
    wait: Annotated[str, typer.Option("--wait", metavar="TIME", help="Wait for open at most this long: 30s, 5m.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the answer of the API.")] = False,
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Say whether orders are safe to send now.

    Exits with 0 if they are, 1 if not, 2 if there is no such gateway, 3 if nobody knows: no daemon answers, or the one
    that does stands still.
    """
    patience = seconds_of(wait, "0s", "365d", "--wait") if wait else 0.0
    raise typer.Exit(ask(client(url, config, auth_file), name, patience, as_json=json))


def ask(daemon: Client, name: str, patience: float, *, as_json: bool) -> int:
    """Ask until the gate is open or `patience` seconds are over, and print the last answer. Returns the exit status."""
    path = f"/api/v1/gates/{quote(name, safe='')}"
    deadline = time.monotonic() + patience
    while True:
        poll = min(max(0.0, deadline - time.monotonic()), LONGEST_POLL)
        trouble, status = "", UNKNOWN
        answer: Mapping[str, Any] = {}
        try:
            answer, status = _look(daemon, path, poll)
            if answer["open"] and status == UNKNOWN:  # it came late: a long poll, or a slow network
                answer, status = _look(daemon, path, 0.0)
        except Refused as error:
            if error.final:
                say(error, err=True)
                return WRONG if error.status == 404 else UNKNOWN
            trouble = str(error)
        except Unreachable as error:
            trouble = str(error)
        left = deadline - time.monotonic()
        if status == OPEN or left <= 0:
            return _told(name, answer, status, trouble, as_json=as_json)
        if status == UNKNOWN:
            time.sleep(min(EVERY, left))


def _look(daemon: Client, path: str, poll: float) -> tuple[Mapping[str, Any], int]:
    """The answer and the exit status that it means. Raises Unreachable, Refused."""
    asked = time.monotonic()
    answer = daemon.gate(f"{path}?wait={poll * 1000:.0f}ms" if poll else path, poll + TIMEOUT)
    if not answer["open"]:
        return answer, CLOSED if answer["valid_for"] > 0 else UNKNOWN
    return answer, OPEN if time.monotonic() - asked < answer["valid_for"] else UNKNOWN


def _told(name: str, answer: Mapping[str, Any], status: int, trouble: str, *, as_json: bool) -> int:
    if status == UNKNOWN:
        trouble = trouble or "the daemon has not decided for too long, or its answer was too slow"
        say(f"{name}: unknown: {trouble}", err=True)
    elif as_json:
        say_json(answer)
    elif status == OPEN:
        say(f"{name}: open")
    else:
        say(f"{name}: closed", *(f"  {each['reason']}: {each['text']}" for each in answer["reasons"]))
    return status
