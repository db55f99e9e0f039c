"""Each panel of the dashboards, its query run over a night and a morning of trouble, drawn with matplotlib.

`python -m tests.deploy.pictures FOLDER` (pip install matplotlib; Debian: prometheus). Grafana's own drawing is another;
what this shows is whether a panel's data say what its title promises. Each dashboard is drawn three times: while a farm
is broken, while a supervisor is dead, and after it is gone from the targets. Alerts are shown without their delay.
"""

import argparse
import json
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import yaml

from supervisor.core.model.behind.controller import Ibc2
from supervisor.core.model.behind.sight import LoginState, Sight
from supervisor.core.model.events import Sighted
from tests.core.driver import RESET, RESTART, World, policy
from tests.deploy.dashboards import FILES
from tests.deploy.drawing import STEP, Board
from tests.deploy.programs import Prometheus
from tests.deploy.stories.stage import SCRAPE, Stage
from tests.deploy.stories.streaming import SPY, Streaming
from tests.deploy.tools import ALERTS, RECORDS, path_of


class Always(Streaming):
    """Its market is always open."""

    hours = "20270107:0000-20270107:2359;20270108:0000-20270108:2359"


def controller_says(world: World, state: LoginState) -> None:
    """From now on."""
    world.step(Sighted(Sight(state, running=True), 1e6))


def played() -> Stage:
    """A night and a morning: a restart, losses, a farm, a supervisor that dies, and a minute that must not get lost."""
    windows = (RESTART, RESET)
    stage = Stage(
        policy(windows=windows, canary=SPY, controller=Ibc2("events.jsonl")),
        policy(name="second", port=4003),
        at="2027-01-08T04:30:00Z",
        accounts=("U1234567",),
        labels={},
        everything=True,
        world=Always,
    )
    stage.neighbour()
    first, second = stage.worlds["live"], stage.worlds["second"]
    for world in (first, second):
        world.notice(2104, "Market data farm connection is OK:usfarm")
        world.notice(2106, "HMDS data farm connection is OK:ushmds")
    stage.until("2027-01-07 23:45 NY")
    first.restart(None)
    controller_says(first, LoginState.SECOND_FACTOR)
    stage.run(75)
    controller_says(first, LoginState.LOGGED_IN)
    first.peer.port = "open"
    stage.run(1800)
    assert isinstance(first, Always)
    first.quotes = False
    stage.run(600)
    first.quotes = True
    first.peer.round_trip = 1.2
    stage.run(300)
    first.peer.round_trip = 0.001
    stage.run(600)
    first.notice(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    stage.run(300)
    first.notice(1102, "Connectivity between IBKR and Trader Workstation has been restored - data maintained.")
    stage.run(1800)
    second.restart(None)
    stage.run(60)
    second.peer.port = "open"
    stage.run(1800)
    first.notice(2103, "Market data farm connection is broken:usfarm")
    stage.run(900)
    first.notice(2104, "Market data farm connection is OK:usfarm")
    stage.run(1200)
    stage.kill()
    stage.run(900)
    stage.born(pause=900)
    stage.run(1800)
    stage.forget_target()
    stage.run(900)
    return stage


def stored(stage: Stage, folder: Path, end: float) -> None:
    """The stage's series as blocks of a Prometheus, the last scrape at `end`."""
    lines = []
    begin = end - stage.scrapes * SCRAPE
    for (name, labels), series in stage.series.items():
        said = ",".join(f"{key}={json.dumps(value)}" for key, value in labels)
        shift = begin + 300 - stage.began.timestamp() if name.endswith("_timestamp_seconds") else 0.0
        shift += stage.base.timestamp() if shift else 0.0
        lines += [
            f"{name}{{{said}}} {value + shift!r} {begin + at * SCRAPE:.0f}" for at, value in series.values.items()
        ]
    text = folder / "series.txt"
    text.write_text("\n".join([*lines, "# EOF"]) + "\n", encoding="utf-8")
    words = ["tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "tsdb")]
    subprocess.run([path_of("promtool"), *words], check=True, timeout=120, capture_output=True)


def recorded(folder: Path, config: Path, begin: float, end: float) -> None:
    """Add what the recording rules would have recorded, and the alerts' conditions as `ALERTS`, before their delay."""
    alerts = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    rules = [
        {"record": "ALERTS", "expr": rule["expr"], "labels": {**rule["labels"], **_about(rule["alert"])}}
        for rule in alerts
        if "alert" in rule
    ]
    conditions = folder / "conditions.yaml"
    conditions.write_text(yaml.safe_dump({"groups": [{"name": "conditions", "interval": "1m", "rules": rules}]}))
    markets = folder / "markets.yaml"
    others = [rule for rule in alerts if "record" in rule]
    markets.write_text(yaml.safe_dump({"groups": [{"name": "markets", "interval": "1m", "rules": others}]}))
    # A pass sees what the passes before it have written.
    for files in ([RECORDS, markets], [RECORDS, conditions]):
        with Prometheus(folder, config) as prometheus:
            blocks = ["--url", prometheus.url, "--output-dir", str(folder / "tsdb")]
            words = [
                "tsdb",
                "create-blocks-from",
                "rules",
                *blocks,
                f"--start={begin:.0f}",
                f"--end={end:.0f}",
                *map(str, files),
            ]
            subprocess.run([path_of("promtool"), *words], check=True, timeout=300, capture_output=True)


def _about(alert: str) -> dict[str, str]:
    return {"alertname": alert, "alertstate": "pending"}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    stage = played()
    end = time.time() // STEP * STEP - timedelta(hours=3).total_seconds()
    begin = end - stage.scrapes * SCRAPE
    moments = {"farm-broken": begin + 152 * 60, "supervisor-dead": begin + 180 * 60, "end": end}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        stored(stage, work, end)
        config = work / "prometheus.yml"
        config.write_text("{}")
        recorded(work, config, begin, end)
        with Prometheus(work, config) as prometheus:
            for file in FILES:
                for word, now in moments.items():
                    target = folder / f"{file.stem}-{word}.png"
                    Board(prometheus, file.name, begin, now, end).draw(target)
                    print(target)


if __name__ == "__main__":
    main()
