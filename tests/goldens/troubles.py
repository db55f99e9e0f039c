"""What each gateway of the scripted day goes through: all that may go wrong with it.

- The gateways have their troubles at the same time, each in a thread. At one gateway, a step begins when the one before
  was heard of.
- Every wait is for a line of the log or an answer of the API, never for a time.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.daemon.running import Running
from tests.goldens.gateways import Gateway

PATIENCE = 60.0
GREETED = {"usfarm", "ushmds", "secdefnj"}
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = (
    "Connectivity between IBKR and Trader Workstation has been restored - data {}. "
    "All data farms are connected: usfarm; ushmds; secdefnj."
)
BROKEN, OK = "Market data farm connection is broken:", "Market data farm connection is OK:"
HMDS_BROKEN, HMDS_OK = "HMDS data farm connection is broken:ushmds", "HMDS data farm connection is OK:ushmds"
DESUPPORTED = (
    "The version of the application you are running, 1019.2, needs to be upgraded, as it will be desupported on "
    "20991231. The minimum supported version at that time will be 1030.1."
)
TOLD = (
    (10197, "No market data during competing live session"),
    (2172, DESUPPORTED),
    (100, "Max rate of messages per second has been exceeded:max=50 rec=51"),
    (0, "Warning: Approaching max rate of 50 messages per second (48)"),
    (321, "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode."),
    (165, "Historical Market Data Service query message:HMDS server disconnect occurred."),
    (162, "Historical Market Data Service error message:Trading TWS session is connected from a different IP address"),
    (10182, "Failed to request live updates (disconnected)."),
    (2198, "A notice that no catalogue has"),
    (9999, "A code that no catalogue has, of account U7654321"),
)
"""Codes that change no layer, each told once an hour."""


class Place:
    """One gateway, and what the daemon says of it."""

    def __init__(self, name: str, gateway: Gateway, daemon: Running) -> None:
        self.name = name
        self.gateway = gateway
        self.daemon = daemon
        self.moments: list[tuple[str, dict[str, Any]]] = []
        self.words = {str(gateway.port): f"<port of {name}>"}

    def lines(self, kind: str, *words: str) -> int:
        """How many lines of this kind its log has, with all of these words."""
        found = map(json.loads, self.daemon.said(f'"gateway": "{self.name}"', f'"kind": "{kind}"'))
        return sum(all(word in line["text"] for word in words) for line in found)

    def until(self, predicate: Callable[[], object], what: str) -> None:
        """Wait for it."""
        self.daemon.until(predicate, PATIENCE, f"{self.name}: {what}")

    def hears(self, kind: str, *words: str) -> "_Hears":
        """For a block: at its end, wait for one more line of this kind."""
        return _Hears(self, kind, words)

    def notice(self, code: int, text: str, kind: str, *words: str) -> None:
        """Let the gateway tell a code, and wait for the line that comes of it."""
        with self.hears(kind, *words):
            self.gateway.do("notice", code=code, text=text)

    def up(self) -> None:
        """Wait until every layer is up, and the farms of the greeting are known."""

        def whole() -> bool:
            seen = self.daemon.status(self.name)
            known = {farm["name"] for farm in seen["farms"] if farm["state"] == "ok"}
            return seen["status"] == "up" and known >= GREETED

        self.until(whole, "up")

    def look(self, moment: str, **wanted: object) -> None:
        """Keep what the API says as soon as it says what is wanted."""

        def seen() -> bool:
            found = self.daemon.status(self.name)
            if any(found[key] != value for key, value in wanted.items()):
                return False
            self.moments.append((moment, found))
            return True

        self.until(seen, f"{moment}: {wanted}")

    def calm(self) -> None:
        """Wait until nothing was told for a while: the history takes the words of an outage from the second before."""

        def silent() -> bool:
            lines = self.daemon.said(f'"gateway": "{self.name}"')
            last = datetime.fromisoformat(json.loads(lines[-1])["ts"])
            return datetime.now(UTC) - last > timedelta(seconds=1.2)

        self.until(silent, "nothing is told")

    def again(self, word: str, **arguments: Any) -> None:
        """A step that ends the session; wait for the next one with all its layers."""
        self.calm()
        with self.hears("session_ready"), self.hears("session_lost"):
            self.gateway.do(word, **arguments)
        self.up()

    def fails(
        self, moment: str, reason: str, begin: Callable[[], object], end: Callable[[], object], *lost: str
    ) -> None:
        """End the session, wait for an attempt that fails for this reason, look, and make it good."""

        def failures() -> float:
            return self.daemon.metric("ib_connect_failures_total", gateway=self.name, reason=reason) or 0.0

        self.calm()
        before = failures()
        with self.hears("session_lost", *lost):
            begin()
        self.until(lambda: failures() > before, f"fails: {reason}")
        self.look(moment, phase="backoff")
        with self.hears("session_ready"):
            end()
        self.up()


class _Hears:
    def __init__(self, place: Place, kind: str, words: tuple[str, ...]) -> None:
        self._place, self._kind, self._words = place, kind, words
        self._before = place.lines(kind, *words)

    def __enter__(self) -> None:
        pass

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            more = self._before
            self._place.until(lambda: self._place.lines(self._kind, *self._words) > more, f"{self._kind} {self._words}")


# -- what each gateway goes through -----------------------------------------------------------------------------------


def live(at: Place) -> None:
    """Farms, IBKR's servers, codes, a port that refuses, order ids that go back, a port that moves."""
    do = at.gateway.do
    at.up()
    at.look("all is well")
    _farms(at)
    _upstream(at)
    for code, text in TOLD:
        at.notice(code, text, "notice", str(code))
    at.again("fin")
    at.fails("the port refuses", "refused", lambda: do("refuse"), lambda: do("accept_again"))
    do("next_valid_id", id=7)
    with at.hears("order_id_back"):
        at.again("rst")
    with at.hears("port_changed"):
        at.fails("the port has moved", "refused", lambda: _move(at), lambda: do("heal"))


def _move(at: Place) -> None:
    at.words[str(at.gateway.do("port_changed")["port"])] = "<new port>"


def _farms(at: Place) -> None:
    at.calm()
    with at.hears("status", "usfarm broken"):
        at.notice(2103, f"{BROKEN}usfarm", "farm", "broken")
    at.look("a farm is broken", status="degraded")
    with at.hears("status", "usfarm back"):
        at.notice(2104, f"{OK}usfarm", "farm", "ok")
        at.calm()
        at.notice(2105, HMDS_BROKEN, "farm", "ushmds is broken")
        at.notice(2106, HMDS_OK, "farm", "ushmds is ok")
    at.notice(2108, "Market data farm connection is inactive but should be available upon demand.cashfarm", "farm")
    at.notice(2119, "Market data farm is connecting:newfarm", "farm", "newfarm")
    with at.hears("status", "unnamed broken"):
        at.notice(2103, "Eine Marktdatenfarm ist nicht verbunden", "notice", "2103")
    with at.hears("status", "unnamed back"):
        at.notice(2104, "Eine Marktdatenfarm ist verbunden", "farm", "unnamed is ok")
    at.up()


def _upstream(at: Place) -> None:
    for lost, back, data in ((1100, 1102, "maintained"), (1100, 1101, "lost"), (2110, 1102, "maintained")):
        at.calm()
        at.notice(lost, LOST, "upstream_lost")
        at.look(f"{lost}, and then {back}", status="degraded")
        at.gateway.do("notice", code=lost, text=LOST)
        at.notice(back, BACK.format(data), "upstream_restored")
        at.up()


def paper(at: Place) -> None:
    """An account of the wrong kind, and bytes that are no messages."""
    at.up()
    at.gateway.do("accounts", accounts=["U7654321"])
    at.fails("a live account", "account_mismatch", lambda: at.gateway.do("rst"), lambda: _at_once(at))
    at.again("garbage", mode="length_prefix")


def _at_once(at: Place) -> None:
    """Its next attempt would come in a minute."""
    at.gateway.do("heal")
    with at.hears("paused"):
        at.daemon.post(f"/api/v1/gateways/{at.name}/pause")
    at.daemon.post(f"/api/v1/gateways/{at.name}/resume")


def stuck(at: Place) -> None:
    """A gateway that hangs, says nothing, is never ready, or holds our client id."""
    do = at.gateway.do
    at.up()
    at.fails("hangs", "handshake_timeout", lambda: do("freeze"), lambda: do("thaw"), "heartbeat")
    for moment, reason, word in (
        ("says nothing", "handshake_timeout", "mute"),
        ("is never ready", "session_timeout", "never_ready"),
        ("holds our client id", "client_id_in_use", "ghost"),
    ):
        do(word, **({"for_": "1h"} if word == "ghost" else {}))
        at.fails(moment, reason, lambda: do("rst"), lambda: do("heal"))


SCRIPTS: dict[str, Callable[[Place], None]] = {"live": live, "paper": paper, "stuck": stuck}
