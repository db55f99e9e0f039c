"""Each panel of the dashboards, its query run over a night and a morning of trouble, drawn with matplotlib.

`python -m tests.deploy.pictures FOLDER` (pip install matplotlib; Debian: prometheus). Grafana's own drawing is another;
what this shows is whether a panel's data say what its title promises.
"""

import argparse
import json
import subprocess
import tempfile
import time
import urllib.parse
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from supervisor.core.model.controller import Ibc2
from supervisor.core.model.events import Sighted
from supervisor.core.model.sight import LoginState, Sight
from tests.core.driver import RESET, RESTART, World, policy
from tests.deploy.dashboards import FILES, load
from tests.deploy.programs import Prometheus
from tests.deploy.stories.stage import SCRAPE, Stage
from tests.deploy.stories.streaming import SPY, Streaming
from tests.deploy.tools import ALERTS, RECORDS, path_of

COLORS = {"text": "#bbbbbb", "transparent": "#ffffff", "super-light-green": "#d7f5d7"}
STEP = 60


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


def stored(stage: Stage, folder: Path, end: float) -> Path:
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
    tsdb = folder / "tsdb"
    for words in (["tsdb", "create-blocks-from", "openmetrics", str(text), str(tsdb)],):
        subprocess.run([path_of("promtool"), *words], check=True, timeout=120, capture_output=True)
    return tsdb


def values(prometheus: Prometheus, expr: str, begin: float, end: float) -> list[tuple[dict[str, str], list[list[Any]]]]:
    """The series of a range query; AssertionError with Prometheus' words if it is wrong."""
    sent = expr
    for name, value in {"$__rate_interval": "75s", "$__range": f"{end - begin:.0f}s", "$job": ".+"}.items():
        sent = sent.replace(name, value)
    sent = sent.replace("$instance", ".*").replace("$gateway", ".*")
    asked = urllib.parse.urlencode({"query": sent, "start": begin, "end": end, "step": STEP})
    answer = json.loads(prometheus.get(f"/api/v1/query_range?{asked}"))
    return [(found["metric"], found["values"]) for found in answer["data"]["result"]]


def legend(target: dict[str, Any], labels: dict[str, str]) -> str:
    """The series' name, as Grafana makes it."""
    text = str(target.get("legendFormat", "__auto"))
    if text == "__auto":
        return ", ".join(f"{key}={value}" for key, value in labels.items() if key not in {"__name__", "job"})
    for key in {*labels, "gateway", "instance", "cause", "planned", "kind", "farm"}:
        text = text.replace(f"{{{{{key}}}}}", labels.get(key, ""))
    return text


def draw(prometheus: Prometheus, board: str, begin: float, end: float, target: Path) -> None:
    """One dashboard as one picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = load(board)["panels"]
    figure, axes = pyplot.subplots((len(panels) + 2) // 3, 3, figsize=(24, 3.2 * ((len(panels) + 2) // 3)))
    for axis, panel in zip(axes.flat, panels, strict=False):
        axis.set_title(panel["title"], fontsize=10)
        mapped = [m["options"] for m in panel["fieldConfig"]["defaults"].get("mappings", ())]
        rows: list[str] = []
        for asked in panel["targets"]:
            for labels, points in values(prometheus, asked["expr"], begin, end):
                name = legend(asked, labels)
                times = [(float(at) - begin) / 60 for at, _ in points]
                numbers = [float(value) for _, value in points]
                if panel["type"] == "state-timeline":
                    rows.append(name)
                    for at, number in zip(times, numbers, strict=True):
                        color = mapped[0].get(f"{number:.0f}", {}).get("color", "black") if mapped else "black"
                        axis.broken_barh([(at, STEP / 60)], (len(rows) - 0.9, 0.8), color=COLORS.get(color, color))
                elif panel["type"] == "timeseries":
                    axis.plot(times, numbers, label=name, linewidth=1)
                else:
                    rows.append(
                        f"{name}: {numbers[-1]:.4g}" if times[-1] >= (end - begin) / 60 - 2 else f"{name}: gone"
                    )
        if panel["type"] == "state-timeline":
            axis.set_yticks([row + 0.5 for row in range(len(rows))], rows, fontsize=6)
        elif panel["type"] != "timeseries":
            axis.axis("off")
            axis.text(0, 1, "\n".join(rows[:14]) or "no data", fontsize=7, va="top")
        elif axis.lines and len(axis.lines) <= 8:
            axis.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(target, dpi=60)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    stage = played()
    end = time.time() // STEP * STEP - timedelta(hours=3).total_seconds()
    begin = end - stage.scrapes * SCRAPE
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        tsdb = stored(stage, work, end)
        config = work / "prometheus.yml"
        config.write_text(yaml.safe_dump({"rule_files": [str(ALERTS), str(RECORDS)]}), encoding="utf-8")
        with Prometheus(work, config) as prometheus:
            print(f"{tsdb}: {len(values(prometheus, 'up', begin, end))} supervisors")
            for file in FILES:
                draw(prometheus, file.name, begin, end, folder / f"{file.stem}.png")
                print(folder / f"{file.stem}.png")


if __name__ == "__main__":
    main()
