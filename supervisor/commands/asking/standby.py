"""`ib-supervisor standby`: let one supervisor watch while another one is gone.

- It runs beside the standby, looks at the active supervisor, and asks its own for nothing but pause and resume.
- `supervisor.core.fleet.standby` decides. What it decided is done again with every look until it is so: the standby may
  have been away for a moment.
- A gateway that somebody paused on the active supervisor is left as it is on both: a person hands over.
- It never ends by itself, except at the start for what no waiting cures.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from supervisor.commands.asking.overview import Gateway
from supervisor.commands.shared.api_client import (
    AuthOption,
    Client,
    ConfigOption,
    Refused,
    SentElsewhere,
    Unreachable,
    UrlOption,
    client,
    over,
)
from supervisor.commands.shared.deadline import InTime
from supervisor.commands.shared.printer import say
from supervisor.commands.shared.times import seconds_of
from supervisor.core.fleet.standby import Duty, Look, Patience, Row, duty, seen
from supervisor.core.model.policy import STANDBY
from supervisor.core.model.status import Status

LONGEST_LOOK: Final = 3.0
"""Seconds that one question may take."""
LOOKS: Final = 3
"""Looks in the shortest time after which it takes over."""
MOST_SECONDS: Final = 5.0
"""Between two looks."""
BOTH: Final = "a standby at {} as well"
"""It is this supervisor itself, or stands by for us: who rests for it, rests for nobody."""


def standby(
    of: Annotated[str, typer.Option("--of", metavar="URL", help="The address of the active supervisor.")],
    of_auth_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with one line for the active one: user:password.")
    ] = None,
    after: Annotated[
        str, typer.Option(metavar="TIME", help="Take over after it was gone for so long, 3s to 10m.")
    ] = "15s",
    back: Annotated[str, typer.Option(metavar="TIME", help="Rest after it was well for so long, 3s to 1h.")] = "60s",
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Let this supervisor watch while another one is gone.

    While the supervisor at --of does not answer, or its loop does not turn, the gateways here that have
    `labels: {role: standby}` are resumed. When it is well again, they are paused. Runs until it is ended.

    Exits with 2 if a password or an address is wrong at the start, if no gateway here is a standby, or if one is a
    standby at --of as well.
    """
    patience = Patience(seconds_of(after, "3s", "10m", "--after"), seconds_of(back, "3s", "1h", "--back"))
    pair = Pair(client(of, None, of_auth_file), client(url, config, auth_file), patience)
    try:
        pair.check()
    except (Unreachable, Refused) as error:
        raise over(error) from None
    every = min(MOST_SECONDS, patience.after / LOOKS)
    while True:
        began = time.monotonic()
        pair.turn()
        time.sleep(max(0.0, began + every - time.monotonic()))


class Pair:
    """The active supervisor and ours."""

    def __init__(
        self, active: Client, own: Client, patience: Patience, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._active, self._own = active, own
        self._patience, self._clock = patience, clock
        self._row = Row()
        self._theirs: Mapping[str, Gateway] = {}
        self._told: dict[str, str] = {}
        self._both: InTime[dict[str, Gateway]] = InTime()

    def check(self) -> None:
        """Say who stands by for what. Raises Refused for what cannot come right by itself, SentElsewhere likewise."""
        mine: Mapping[str, Gateway] | None = None
        try:
            mine = self._mine()
        except Unreachable as error:
            if isinstance(error, SentElsewhere):
                raise
            self._tell("own", str(error))
        if mine == {}:
            raise Refused(400, f"no gateway of {self._own.url} is a standby: give it `labels: {{role: standby}}`")
        look, _ = self._look(strict=True)
        both = [name for name in mine or () if name in self._theirs and _is_standby(self._theirs[name])]
        if both:
            raise Refused(400, f"{', '.join(both)}: {BOTH.format(self._active.url)}: give the other supervisor by --of")
        self._tell(
            "duty",
            f"{self._own.url} stands by for {', '.join(mine or ['its gateways'])} of {self._active.url}, which is "
            f"{look}: takes over after {self._patience.after:g} s without it, rests after {self._patience.back:g} s "
            "with it",
        )
        for name, gateway in (mine or {}).items():
            number = gateway["client_id"]
            if name in self._theirs and self._theirs[name]["client_id"] == number:
                say(f"warning: {name} has client id {number} on both: give it another one here", err=True)

    def turn(self) -> None:
        """Look once, and do what follows."""
        began = self._clock()
        look, trouble = self._look()
        if look is not self._row.look:
            say(f"{self._active.url} is {look}" + (f": {trouble}" if trouble else ""), flush=True)
        self._row = seen(self._row, look, began)
        what = duty(self._row, self._patience, self._clock())
        if what is Duty.AS_BEFORE:
            return
        try:
            for name, gateway in self._mine().items():
                self._do(what, name, gateway)
        except (Unreachable, Refused) as error:
            self._tell("own", f"cannot {what}: {error}")

    def _do(self, what: Duty, name: str, gateway: Gateway) -> None:
        paused = gateway["status"] == Status.STOPPED
        if what is Duty.WATCH and paused:
            self._ask(name, "resume")
            self._tell(name, f"{name}: watched here now", again=True)
        elif what is Duty.REST and not paused and self._watched_there(name, gateway):
            self._ask(name, "pause")
            self._tell(name, f"{name}: paused here, {self._active.url} watches it", again=True)

    def _watched_there(self, name: str, ours: Gateway) -> bool:
        """Whether the active supervisor does, so that we may rest; says why not."""
        theirs = self._theirs.get(name)
        if theirs is None:
            self._tell(name, f"{name}: goes on here, {self._active.url} has no gateway of that name")
            return False
        if _is_standby(theirs):
            self._tell(name, f"{name}: goes on here, {BOTH.format(self._active.url)}")
            return False
        if theirs["status"] == Status.STOPPED:
            self._tell(name, f"{name}: goes on here, somebody paused it on {self._active.url}")
            return False
        return True

    def _ask(self, name: str, what: str) -> None:
        self._own.post(f"/api/v1/gateways/{quote(name, safe='')}/{what}", timeout=LONGEST_LOOK)

    def _mine(self) -> dict[str, Gateway]:
        """Our gateways that stand by. Raises Unreachable, Refused."""
        known = _gateways(self._own)
        return {name: gateway for name, gateway in known.items() if _is_standby(gateway)}

    def _look(self, *, strict: bool = False) -> tuple[Look, str]:
        """What one look at the active one shows, and the trouble. If `strict`, raises for what is wrong with ours."""
        try:
            self._theirs = self._both.ask(lambda: _well(self._active), LONGEST_LOOK)
        except SentElsewhere as error:
            if strict:
                raise
            return Look.UNCLEAR, str(error)
        except (Unreachable, Refused, TimeoutError) as error:
            final = isinstance(error, Refused) and error.final
            if strict and final:
                raise
            return (Look.UNCLEAR if final else Look.GONE), str(error)
        return Look.WELL, ""

    def _tell(self, about: str, text: str, *, again: bool = False) -> None:
        """Say it, once until it changes."""
        if again or self._told.get(about) != text:
            self._told[about] = text
            say(text, flush=True)


def _is_standby(gateway: Gateway) -> bool:
    return STANDBY in (gateway.get("labels") or {}).items()


def _gateways(daemon: Client) -> dict[str, Gateway]:
    return {gateway["name"]: gateway for gateway in daemon.briefs(LONGEST_LOOK)["gateways"]}


def _well(daemon: Client) -> dict[str, Gateway]:
    """Its gateways. Raises Unreachable, Refused; the latter also if its loop does not turn."""
    daemon.healthy(LONGEST_LOOK)
    return _gateways(daemon)
