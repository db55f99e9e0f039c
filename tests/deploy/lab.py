"""The lab: real daemons with a gateway for each trouble, scraped by the real Prometheus, told by the real Alertmanager.

- The shipped rules and the shipped Alertmanager config, with shorter waits (`rules.write_hasty`), scraped and evaluated
  every second; the webhook's address and the day's hours are the lab's.
- Every gateway begins healthy, unless its trouble is how it greets; then all troubles begin at once, so that the lab
  takes as long as the slowest alert.
- Restart windows are set, by a reload, for the moment at which the troubles begin; nothing else depends on the hour or
  the day.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.deploy.ports import QuietDaemon
from tests.deploy.programs import Alertmanager, Prometheus
from tests.deploy.rules import write_hasty
from tests.deploy.tools import DEPLOY, RUNBOOKS, faketime_library
from tests.deploy.webhook import Webhook
from tests.waiting import wait_until

DUE_SUNDAY = "2026-11-22 23:40:00"
"""New York: a few minutes before the first restart after a token's expiry."""
FLEET, FARMS = 100, 20
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
OVERDUE_AFTER = 20


@dataclass
class Lab:
    """Everything that runs."""

    folder: Path
    webhook: Webhook
    alertmanager: Alertmanager
    prometheus: Prometheus
    daemons: dict[str, QuietDaemon]
    troubled: dict[str, SimulatedGateway]
    """The gateways of the daemon `main`, by their names."""
    gateways: dict[str, SimulatedGateway]
    """Those, and the one that wants a login."""

    def instance(self, daemon: str) -> str:
        """The `instance` label of a daemon."""
        return f"127.0.0.1:{self.daemons[daemon].port}"

    def wait_told(self, name: str, status: str = "firing", timeout: float = 60, **labels: str) -> None:
        """Wait until such an alert arrived at the webhook."""
        wait_until(
            lambda: self.webhook.find(name, status, **labels),
            timeout,
            every=0.2,
            what=f"{name} {status} {labels}; told: {sorted({(t.name, t.status) for t in self.webhook.told()})}",
        )


def hasty_alertmanager(webhook: Webhook, hours: tuple[str, str] = ("00:00", "24:00")) -> Any:
    """The shipped config, with the webhook's address, shorter waits and these waking hours."""
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text.replace("http://127.0.0.1:14080", webhook.url))
    for route in (config["route"], *config["route"]["routes"]):
        for key in {"group_wait", "group_interval"} & route.keys():
            route[key] = "1s"
        if route.get("receiver") == "heartbeat":
            route["repeat_interval"] = "1s"
    config["time_intervals"][0]["time_intervals"][0] = {
        "times": [{"start_time": hours[0], "end_time": hours[1]}],
        "location": "UTC",
    }
    return config


def write(path: Path, document: Any) -> Path:
    """A YAML file."""
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def minute_window(now: datetime, ends_after: float) -> dict[str, str]:
    """A daily restart whose window is open now and ends so many seconds from now."""
    at = now.replace(second=0, microsecond=0)
    grace = round((now - at).total_seconds() + ends_after)
    return {"time": f"{at:%H:%M}", "timezone": "UTC", "lead": "1s", "grace": f"{grace}s"}


def troubled(gateways: dict[str, SimulatedGateway], restarts: dict[str, dict[str, str]], *more: str) -> str:
    """The config of the daemon with a gateway for each trouble, these daily restarts besides, and `more` gateways."""
    now = datetime.now(UTC)
    elsewhere = now + timedelta(hours=12)
    special: dict[str, dict[str, Any]] = {
        "window": {"daily_restart": minute_window(now, 600)},
        "blip": {"daily_restart": minute_window(now, 600)},
        "zone": {"daily_restart": {"time": f"{elsewhere:%H:%M}", "timezone": "Asia/Tokyo"}},
        "mismatch": {"account_mode": "live"},
        **{name: {"daily_restart": restart} for name, restart in restarts.items()},
    }
    entries = [
        {"name": name, "port": gateway.port, "client_id": 911, "server_reset": "none", **special.get(name, {})}
        for name, gateway in gateways.items()
    ]
    entries += [{**entries[0], "name": name, "client_id": 912, "server_reset": "none"} for name in more]
    return yaml.safe_dump({"gateways": entries})


TROUBLES = (
    "down upstream farm window farmflap flap slow overdue notseen conflict competing mismatch orderid skew zone "
    "desupport paused upflap brief blip undecodable"
)


def greetings(fleet: Fleet) -> dict[str, SimulatedGateway]:
    """A simulated gateway for each trouble, by its name."""
    scenarios = {
        "orderid": Scenario(next_valid_id=100),
        "skew": Scenario(clock_offset=-20.0),
        **{name: Scenario(timezone="UTC") for name in ("window", "overdue", "notseen", "blip")},
    }
    made = {name: SimulatedGateway(scenarios.get(name), fleet=fleet) for name in TROUBLES.split()}
    made["conflict"].do("ghost", client_id=911, for_=3600.0)
    made["slow"].do("delay", by=1.5)
    return made


def trouble(lab: Lab) -> None:
    """All that can be told at once, begins."""
    gateways, daemon = lab.gateways, lab.daemons["main"]
    now = datetime.now(UTC)
    coming = (now + timedelta(seconds=75)).replace(second=0, microsecond=0)
    restarts = {
        "overdue": minute_window(now, OVERDUE_AFTER),
        "notseen": {"time": f"{coming:%H:%M}", "timezone": "UTC", "lead": "1s", "grace": "1s"},
    }
    daemon.write(troubled(lab.troubled, restarts))
    assert daemon.post("/-/reload") == 200
    assert (
        daemon.post("/api/v1/gateways/overdue/confirm-login") == 204
    )  # else the missing login is told, and not the restart
    gateways["down"].do("refuse")
    gateways["overdue"].do("refuse")
    gateways["upstream"].do("notice", code=1100, text=LOST)
    for name in ("farm", "window"):
        gateways[name].do("notice", code=2103, text="Market data farm connection is broken:usfarm")
    for _ in range(8):
        gateways["farmflap"].do("notice", code=2103, text="Market data farm connection is broken:usfarm")
        gateways["farmflap"].do("notice", code=2104, text="Market data farm connection is OK:usfarm")
    gateways["competing"].do("notice", code=10197, request=5, text="No market data during competing live session")
    day = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y%m%d")
    gateways["desupport"].do(
        "notice",
        code=2172,
        text="The version of the application you are running, 1019.2, needs to be upgraded, as it will be desupported "
        f"on {day}. The minimum supported version at that time will be 1030.1.",
    )
    gateways["brief"].do("refuse", for_=3.0)
    gateways["blip"].do("rst")
    gateways["undecodable"].do("garbage", mode="truncated")
    gateways["orderid"].do("next_valid_id", id=5)
    gateways["orderid"].do("rst")
    assert daemon.post("/api/v1/gateways/paused/pause") == 204
    good = daemon.file.read_text(encoding="utf-8")
    daemon.write("gateways: none")
    assert daemon.post("/-/reload") == 400
    daemon.file.write_text(good, encoding="utf-8")
    for sessions in range(2, 9):
        wait_until(lambda n=sessions - 1: (daemon.metric("ib_sessions_total", gateway="flap") or 0) >= n, 20)  # type: ignore[misc]
        gateways["flap"].do("rst")
    for _ in range(4):
        gateways["upflap"].do("notice", code=1100, text=LOST)
        wait_until(lambda: daemon.metric("ib_layer_up", gateway="upflap", layer="upstream") == 0, 20)
        wait_until(partial(_has_lasted, time.monotonic() + 2), 20)
        gateways["upflap"].do("notice", code=1102, text=BACK)
        wait_until(lambda: daemon.metric("ib_layer_up", gateway="upflap", layer="upstream") == 1, 20)
    lab.webhook.metrics = made_up()


def _has_lasted(until: float) -> bool:
    return time.monotonic() >= until


def made_up() -> str:
    """Metrics of troubles that no gateway can be brought to on any day: a page as the daemon would write it."""
    due, expired = time.time() + 10 * 3600, time.time() - 3600
    return (
        f'ib_reauth_due_timestamp_seconds{{gateway="due"}} {due}\n'
        f'ib_token_expiry_timestamp_seconds{{gateway="due"}} {expired}\n'
        f"ib_supervisor_events_dropped_total {int(time.time())}\n"
        f"ib_supervisor_journal_errors_total {int(time.time())}\n"
        f"process_start_time_seconds {int(time.time())}\n"
        'ib_gate_open{gateway="gated"} 0\n'
        'ib_canary_up{gateway="dark",canary="EUR.USD"} 0\n'
        'ib_login_state{gateway="asking",ib_login_state="second_factor"} 1\n'
        'ib_recovery_approval_pending{gateway="asking",rung="restart"} 1\n'
        'ib_recovery_budget_remaining{gateway="asking",rung="restart"} 1\n'
        f'ib_recovery_actions_total{{gateway="helpless",rung="restart",result="refused"}} {int(time.time())}\n'
    )


@contextmanager
def fleet_daemon(folder: Path, fleet: Fleet) -> Iterator[QuietDaemon]:
    """One daemon on 100 gateways with 20 farms each."""
    kinds = ((2104, "Market data farm"), (2106, "HMDS data farm"), (2158, "Sec-def data farm"))
    greeting = tuple(
        (kinds[n % 3][0], f"{kinds[n % 3][1]} connection is OK:{('farm', 'hmds', 'secdef')[n % 3]}{n:02}")
        for n in range(FARMS)
    )
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(SimulatedGateway(Scenario(greeting=greeting), fleet=fleet)) for _ in range(FLEET)
        ]
        entries = [
            {"name": f"g{n:03}", "port": gateway.port, "client_id": 911, "server_reset": "none"}
            for n, gateway in enumerate(gateways)
        ]
        yield stack.enter_context(QuietDaemon(folder, yaml.safe_dump({"gateways": entries})))


@contextmanager
def sunday_daemon(folder: Path, fleet: Fleet) -> Iterator[tuple[QuietDaemon, SimulatedGateway]]:
    """A daemon whose wall clock stands shortly before the restart that asks for the weekly login."""
    zone = {"TZ": "America/New_York", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME": f"@{DUE_SUNDAY}"}
    with SimulatedGateway(fleet=fleet) as gateway:
        config = {
            "name": "login",
            "port": gateway.port,
            "client_id": 911,
            "server_reset": "none",
            "reauth": "manual",
            "daily_restart": {"time": "23:45", "timezone": "America/New_York", "lead": "30s", "grace": "10s"},
        }
        preload = {"LD_PRELOAD": str(faketime_library())}
        with QuietDaemon(folder, yaml.safe_dump({"gateways": [config]}), {**zone, **preload}) as daemon:
            yield daemon, gateway


@contextmanager
def open_lab(folder: Path) -> Iterator[Lab]:
    """The lab from here to the end of the block, with its troubles under way."""
    with ExitStack() as stack:
        enter = stack.enter_context
        folders = {name: folder / name for name in ("main", "many", "sunday", "victim")}
        for each in folders.values():
            each.mkdir()
        fleet, crowd = enter(Fleet()), enter(Fleet())
        webhook = enter(Webhook())
        alertmanager = enter(Alertmanager(folder, write(folder / "alertmanager.yml", hasty_alertmanager(webhook))))
        troubled_ones = {name: enter(gateway) for name, gateway in greetings(fleet).items()}
        gateways = dict(troubled_ones)
        victim = enter(SimulatedGateway(fleet=fleet))
        entry = {"name": "orphan", "port": victim.port, "client_id": 911, "server_reset": "none"}
        many = enter(fleet_daemon(folders["many"], crowd))
        daemons = {
            "main": enter(QuietDaemon(folders["main"], troubled(troubled_ones, {}, "dropped"))),
            "victim": enter(QuietDaemon(folders["victim"], yaml.safe_dump({"gateways": [entry]}))),
        }
        if faketime_library():
            daemons["sunday"], gateways["login"] = enter(sunday_daemon(folders["sunday"], fleet))
        webhook.metrics = made_up()
        targets = [f"127.0.0.1:{daemon.port}" for daemon in daemons.values()]
        targets_file = folder / "targets.yaml"
        targets_file.write_text(json.dumps([{"targets": [*targets, webhook.address]}]), encoding="utf-8")
        assets = folder / "assets" / "ib-supervisor"
        shutil.copytree(RUNBOOKS, assets)
        prometheus = enter(
            Prometheus(
                folder, write(folder / "prometheus.yml", scrape_config(folder, alertmanager, many.port)), assets.parent
            )
        )
        lab = Lab(folder, webhook, alertmanager, prometheus, {**daemons, "many": many}, troubled_ones, gateways)
        healthy = set(TROUBLES.split()) - {"conflict", "mismatch"}
        wait_until(lambda: all(daemons["main"].up(name) for name in healthy), 90, every=0.2)
        wait_until(lambda: (prometheus.value('count(up{job="ib-supervisor"} == 1)') or 0) > len(daemons), 60, every=0.2)
        # The rule looks back in steps, so one of them must have seen the gateway before it is dropped.
        wait_until(
            lambda: prometheus.query('last_over_time(ib_gateway_status{gateway="dropped"}[1h:5s])'), 60, every=0.2
        )
        webhook.metrics = made_up()
        trouble(lab)
        if "login" in gateways:
            daemons["sunday"].wait_up()
            gateways["login"].do("refuse")
        yield lab


def scrape_config(folder: Path, alertmanager: Alertmanager, many: int) -> Any:
    """Prometheus' config: the daemons every second by file_sd, the fleet every 5 s."""
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in write_hasty(folder)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.address]}]}]},
        "scrape_configs": [
            {"job_name": "ib-supervisor", "file_sd_configs": [{"files": [str(folder / "targets.yaml")]}]},
            {
                "job_name": "many",
                "scrape_interval": "5s",
                "static_configs": [{"targets": [f"127.0.0.1:{many}"]}],
            },
        ],
    }
