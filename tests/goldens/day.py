"""One scripted day: three gateways, all that may go wrong with each of them, and an operator.

- The gateways live through their troubles at the same time, each in a thread; within one, a step begins when the last
  one was heard of. What the operator does comes after that, one thing at a time.
- Every wait is for a line of the log or an answer of the API, never for a time.
"""

import json
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.daemon.running import Running, gateways, quick, running
from tests.goldens import program
from tests.goldens.gateways import Gateway
from tests.goldens.web import Answer, ask, stream
from tests.waiting import wait_until

NAMES = ("live", "paper", "stuck")
NEW_YORK = ZoneInfo("America/New_York")
PATIENCE = 60.0
GREETED = {"usfarm", "ushmds", "secdefnj"}
WEEKLY = 'weekly_restart {day: sunday, time: "00:57", timezone: America/New_York, grace: 2m}'
"""The last restart before the token expires: between an expiry and any other moment of the week there is none, so that
what is known of the login is the same on every day.
"""

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
    with at.hears("farms", "broken"):
        at.notice(2103, f"{BROKEN}usfarm", "farm", "broken")
    at.look("a farm is broken", status="degraded")
    with at.hears("farms", "back"):
        at.notice(2104, f"{OK}usfarm", "farm", "ok")
        at.calm()
        at.notice(2105, HMDS_BROKEN, "farm", "ushmds is broken")
        at.notice(2106, HMDS_OK, "farm", "ushmds is ok")
    at.notice(2108, "Market data farm connection is inactive but should be available upon demand.cashfarm", "farm")
    at.notice(2119, "Market data farm is connecting:newfarm", "farm", "newfarm")
    at.notice(2103, "Eine Marktdatenfarm ist nicht verbunden", "notice", "2103")
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


# -- what the operator does -------------------------------------------------------------------------------------------


class Day:
    """The day, and all that was seen of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[dict[str, Any]] = []
        self.moments: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[Answer] = []
        self.outputs: list[program.Output] = []
        self.events: list[dict[str, Any]] = []
        self.streamed = ""
        self.console: list[str] = []
        self._console_port = 0
        self.status: dict[str, Any] = {}
        self.history: dict[str, Any] = {}
        self.metrics = ""
        self.openmetrics = ""
        self.openapi: dict[str, Any] = {}
        self._simulated = {name: Gateway() for name in NAMES}
        self.words: dict[str, str] = {}
        """Literal texts of this run, and what stands for each of them."""

    def config(self, restart: str = WEEKLY, more: str = "") -> str:
        """The config; `restart` is that of the second gateway."""
        port = {name: gateway.port for name, gateway in self._simulated.items()}
        slow = "connect_timeout: 5s, handshake_timeout: 5s, session_timeout: 5s"
        short = "connect_timeout: 5s, handshake_timeout: 2s, session_timeout: 2s, heartbeat_timeout: 2s"
        kind, _, keys = restart.partition(" ")
        return (
            gateways(
                quick(port["live"], "live", 911, slow, weekly_restart=WEEKLY[15:], required_farms="[usfarm, ushmds]"),
                quick(port["paper"], "paper", 914, slow, **{kind: keys}, account_mode="paper"),
                quick(port["stuck"], "stuck", 913, short),
            )
            + f"log: {{level: debug, format: json}}\njournal: {{path: {self.folder}/journal.db}}\n{more}"
        )

    def play(self) -> "Day":
        """From the start of the daemon to its end."""
        environment = {"TZ": "UTC", "STATE_DIRECTORY": str(self.folder), "TERM": "dumb"}
        for gateway in self._simulated.values():
            gateway.do("next_valid_id", id=50)
        daemon = Running(self.folder, self.config(), environment)
        try:
            places = [Place(name, gateway, daemon) for name, gateway in self._simulated.items()]
            with ThreadPoolExecutor(len(places)) as threads:
                for done in [threads.submit(SCRIPTS[at.name], at) for at in places]:
                    done.result()
            self._operator(places[0])
            self._reload(places[1])
            self._collect(daemon)
            status = daemon.end()
            self.outputs.append(program.Output("run --config supervisor.yaml", status, "", ""))
            self._console(environment)
        finally:
            daemon.end()
            for gateway in self._simulated.values():
                gateway.close()
        self.words = {
            str(self.folder): "<folder>",
            str(daemon.port): "<http port>",
            str(self._console_port): "<http port>",
        }
        for at in places:
            self.words |= at.words
        self.moments = [(f"{at.name}: {moment}", seen) for at in places for moment, seen in at.moments]
        self.log = [json.loads(line) for line in daemon.log]
        return self

    def _command(self, at: Place, *arguments: str) -> None:
        self.outputs.append(program.run(*arguments, "--url", at.daemon.url))

    def _operator(self, at: Place) -> None:
        with at.hears("paused"), at.hears("status"):
            self._command(at, "pause", "live", "--for", "2h")
        at.look("paused", status="stopped")
        self._command(at, "wait", "--gateway", "live", "--timeout", "3s")
        with at.hears("session_ready"), at.hears("resumed"):
            self._command(at, "resume", "live")
        at.up()
        with at.hears("maintenance"):
            self._command(at, "maintenance", "live", "--for", "1h", "--reason", "a new disk")
        at.again("rst")
        at.look("in maintenance")
        with at.hears("maintenance", "ended"):
            self._command(at, "maintenance", "live", "--end")
        with at.hears("login", "confirmed"):
            self._command(at, "confirm-login", "live")
        for wrong in (("pause", "nobody"), ("pause", "live", "--for", "soon"), ("maintenance", "live", "--for", "5h")):
            self._command(at, *wrong)

    def _reload(self, at: Place) -> None:
        """A file that is wrong, then a good one, in which a restart of the second gateway is near."""
        daemon = at.daemon
        daemon.write(self.config(more="colour: red\n").replace("client_id: 914", "client_id: 0"))
        daemon.signal(signal.SIGHUP)
        at.until(lambda: daemon.said('"kind": "reload_failed"'), "the bad file is refused")
        self.answers.append(ask(daemon.url, "POST", "/-/reload"))
        now = datetime.now(NEW_YORK)
        near = (now + timedelta(minutes=2)).replace(second=0, microsecond=0)
        lead = (near - now).total_seconds() - 1
        keys = f'{{time: "{near:%H:%M}", timezone: America/New_York, lead: {lead * 1000:.0f}ms, grace: 30m}}'
        with at.hears("window", "daily_restart opens"):
            daemon.write(self.config(f"daily_restart {keys}"))
            daemon.signal(signal.SIGHUP)
            at.until(lambda: daemon.said('"kind": "reloaded"'), "the good file is taken")
        with at.hears("restart"):
            do = at.gateway.do
            at.fails("restarting", "refused", lambda: do("refuse"), lambda: do("accept_again"))
        self.answers.append(ask(daemon.url, "POST", "/-/reload"))

    def _collect(self, daemon: Running) -> None:
        wait_until(lambda: not any(daemon.metrics("ib_upstream_settling", "gateway").values()), PATIENCE)
        wait_until(lambda: self._written(daemon), PATIENCE, what="every outage is in the journal")
        self.metrics = daemon.get("/metrics")
        openmetrics = ask(daemon.url, "GET", "/metrics", accept="application/openmetrics-text; version=1.0.0")
        self.openmetrics = openmetrics.body
        self.openapi = json.loads(daemon.get("/api/v1/openapi.json"))
        self.status = json.loads(daemon.get("/api/v1/status"))
        self.history = json.loads(daemon.get("/api/v1/history"))
        self.events = json.loads(daemon.get("/api/v1/events?limit=1000"))["events"]
        streamed = stream(daemon.url, self.events[-1]["id"])
        self.streamed = streamed.body
        self.answers += [*(ask(daemon.url, *asked) for asked in ASKED), streamed]
        for arguments in ASKED_OF_THE_DAEMON:
            self._command(Place("live", self._simulated["live"], daemon), *arguments)
        config = str(daemon.file)
        self.outputs.append(
            program.run("schedule", "--config", config, "--from", "2027-01-15", "--days", "2", "--json")
        )
        self.outputs.append(program.run("check-config", config))
        bad = self.folder / "bad.yaml"
        bad.write_text(f"{self.config()}colour: red\nlog: {{}}\n", encoding="utf-8")
        self.outputs += [program.run("check-config", str(bad)), program.run("run", "--config", str(bad))]
        self.outputs.append(program.run("history", "--offline", "--config", config, "--csv"))
        address = f"127.0.0.1:{self._simulated['paper'].port}"
        self.outputs.append(program.run("probe", address, "--json", "--account-summary", "--client-id", "5"))
        self.outputs.append(program.run("probe", address, "--require", "farms", "--client-id", "5"))

    @staticmethod
    def _written(daemon: Running) -> bool:
        """Whether the history has every outage that was told: the journal is written a moment later."""
        outages = json.loads(daemon.get("/api/v1/history"))["outages"]
        return len(outages) == len(daemon.said('"kind": "outage_closed"'))

    def _console(self, environment: dict[str, str]) -> None:
        """A second daemon, with the log for people: one gateway, up and lost."""
        folder = self.folder / "console"
        folder.mkdir()
        gateway = self._simulated["live"]
        config = f"{gateways(quick(gateway.port, 'live'))}journal: {{path: {folder}/journal.db}}\n"
        with running(folder, config, environment) as daemon:
            daemon.until(lambda: daemon.said("down -> up") and daemon.said("from distribution"), PATIENCE, "up")
            gateway.do("refuse")
            daemon.until(lambda: daemon.said("cannot connect"), PATIENCE, "down")
        self.console = daemon.log
        self._console_port = daemon.port

    def journal(self) -> sqlite3.Connection:
        """The journal, after the end of the daemon."""
        return sqlite3.connect(f"file:{self.folder}/journal.db?mode=ro", uri=True)


ASKED: tuple[tuple[str, str], ...] = (
    ("GET", "/"),
    ("GET", "/favicon.svg"),
    ("GET", "/metrics"),
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("GET", "/-/reload"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/history?gateway=nobody"),
    ("GET", "/api/v1/history?since=tomorrow"),
    ("GET", "/api/v1/events?limit=0"),
    ("GET", "/api/v1/events?since=yesterday"),
    ("GET", "/api/v1/events?limit=1"),
    ("GET", "/api/v1/gateways/live/pause"),
    ("GET", "/nothing"),
    ("POST", "/metrics"),
    ("DELETE", "/api/v1/status"),
    ("POST", "/api/v1/gateways/nobody/pause"),
    ("POST", "/api/v1/gateways/live/pause?for=soon"),
    ("POST", "/api/v1/gateways/live/maintenance"),
    ("POST", "/api/v1/gateways/live/dance"),
    ("POST", "/api/v1/gateways/live/resume"),
)
ASKED_OF_THE_DAEMON = (
    ("status",),
    ("status", "--json"),
    ("wait", "--gateway", "live"),
    ("wait", "--gateway", "nobody"),
    ("history",),
    ("history", "--json"),
    ("history", "--csv"),
    ("history", "--gateway", "nobody"),
)
