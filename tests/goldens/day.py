"""One scripted day: three gateways with their troubles, and an operator.

- What the operator does comes after the troubles of the gateways (`tests.goldens.troubles`), one thing at a time.
- Every wait is for a line of the log or an answer of the API, never for a time.
"""

import json
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.daemon.running import Running, gateways, quick, running
from tests.goldens import program
from tests.goldens.gateways import Gateway
from tests.goldens.troubles import PATIENCE, SCRIPTS, Place
from tests.goldens.web import Answer, ask, stream
from tests.waiting import wait_until

NEW_YORK = ZoneInfo("America/New_York")
WEEKLY = 'weekly_restart {day: sunday, time: "00:57", timezone: America/New_York, grace: 2m}'
"""The last restart before the token expires. Between an expiry and any other moment of the week there is no restart, so
what is known of the login is the same on every day.
"""


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
        self._simulated = {name: Gateway() for name in SCRIPTS}
        self.words: dict[str, str] = {}
        """Literal texts of this run, and what stands for each of them."""

    def config(self, restart: str = WEEKLY, more: str = "") -> str:
        """The config; `restart` is that of the second gateway."""
        port = {name: gateway.port for name, gateway in self._simulated.items()}
        stable = "stable_after: 100ms"  # each session of the day is short, and none is to be told as lost at once
        slow = f"{stable}, connect_timeout: 5s, handshake_timeout: 5s, session_timeout: 5s"
        short = f"{stable}, connect_timeout: 5s, handshake_timeout: 2s, session_timeout: 2s, heartbeat_timeout: 2s"
        kind, _, keys = restart.partition(" ")
        return (
            gateways(
                quick(
                    port["live"],
                    "live",
                    911,
                    slow,
                    weekly_restart=WEEKLY[15:],
                    kernel="false",
                    required_farms="[usfarm, ushmds]",
                ),
                quick(port["paper"], "paper", 914, slow, **{kind: keys}, account_mode="paper", kernel="false"),
                quick(port["stuck"], "stuck", 913, short, kernel="false"),
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
