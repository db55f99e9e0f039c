"""A dashboard as one picture, its panels in their places: timelines and graphs over a range, the rest at one moment."""

import json
import urllib.parse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.deploy.dashboards import load
from tests.deploy.programs import Prometheus

COLORS = {"text": "#888888", "transparent": "#ffffff", "super-light-green": "#d7f5d7", "yellow": "#e0b400"}
STEP = 60
_UNIT = 0.45  # inches of one unit of Grafana's grid
_LETTERS = 5.2  # letters of a table in one unit
Found = list[tuple[dict[str, str], list[list[Any]]]]


class Board:
    """One dashboard over the data of a Prometheus, from `begin` to `end`; numbers and tables as they are at `now`."""

    def __init__(self, prometheus: Prometheus, name: str, begin: float, now: float, end: float) -> None:
        self.prometheus = prometheus
        self.panels = load(name)["panels"]
        self.begin, self.now, self.end = begin, now, end

    def draw(self, target: Path) -> None:
        """Write the picture."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in self.panels)
        figure = pyplot.figure(figsize=(24 * _UNIT * 1.6, height * _UNIT))
        for panel in self.panels:
            place = panel["gridPos"]
            left, bottom = place["x"] / 24 + 0.012, 1 - (place["y"] + place["h"] - 0.6) / height
            axis = figure.add_axes((left, bottom, place["w"] / 24 - 0.024, (place["h"] - 1.5) / height))
            axis.set_title(panel["title"], fontsize=9, loc="left", fontweight="bold")
            shapes = {"state-timeline": self._timeline, "timeseries": self._graph, "stat": self._numbers}
            shapes.get(panel["type"], self._table)(axis, panel)
        figure.savefig(target, dpi=80)
        pyplot.close(figure)

    def _over_time(self, expr: str) -> Found:
        """The series of a range query."""
        asked = {"query": self._sent(expr), "start": self.begin, "end": self.end, "step": STEP}
        answer = json.loads(self.prometheus.get(f"/api/v1/query_range?{urllib.parse.urlencode(asked)}"))
        return [(found["metric"], found["values"]) for found in answer["data"]["result"]]

    def _now(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """The series of an instant query, in their order."""
        asked = urllib.parse.urlencode({"query": self._sent(expr), "time": self.now})
        answer = json.loads(self.prometheus.get(f"/api/v1/query?{asked}"))
        return [(found["metric"], float(found["value"][1])) for found in answer["data"]["result"]]

    def _sent(self, expr: str) -> str:
        for name, value in {"$__rate_interval": "75s", "$__range": f"{self.now - self.begin:.0f}s"}.items():
            expr = expr.replace(name, value)
        return expr.replace("$job", ".+").replace("$instance", ".*").replace("$gateway", ".*")

    def _timeline(self, axis: Any, panel: dict[str, Any]) -> None:
        known = _words(panel)
        rows: list[str] = []
        for asked in panel["targets"]:
            for labels, points in self._over_time(asked["expr"]):
                rows.append(_legend(asked, labels))
                for at, value in points:
                    _, color = known.get(f"{float(value):.0f}", ("?", "black"))
                    axis.broken_barh([(self._minutes(at), STEP / 60)], (-len(rows) + 0.1, 0.8), color=color)
        for row, name in enumerate(rows):
            axis.text(0, -row - 0.5, f" {name}", fontsize=7, va="center", clip_on=True)
        axis.set_ylim(-max(len(rows), 1), 0)
        axis.set_yticks([])
        for word, color in known.values():
            axis.plot([], [], color=color, linewidth=6, label=word)
        axis.legend(fontsize=6, ncols=len(known), loc="upper right", bbox_to_anchor=(1, 1.0), framealpha=0.8)
        self._axis(axis)

    def _graph(self, axis: Any, panel: dict[str, Any]) -> None:
        for asked in panel["targets"]:
            for labels, points in self._over_time(asked["expr"]):
                times = [self._minutes(at) for at, _ in points]
                # A point alone is drawn as one, as Grafana does.
                axis.plot(
                    times, [float(value) for _, value in points], ".-", markersize=2, label=_legend(asked, labels)
                )
        if axis.lines:
            axis.legend(fontsize=6)
        self._axis(axis)

    def _axis(self, axis: Any) -> None:
        axis.set_xlim(0, self._minutes(self.end))
        axis.axvline(self._minutes(self.now), color="black", linewidth=0.6, linestyle=":")
        axis.tick_params(labelsize=6)

    def _minutes(self, at: float) -> float:
        return (float(at) - self.begin) / 60

    def _numbers(self, axis: Any, panel: dict[str, Any]) -> None:
        axis.axis("off")
        found = [
            (_legend(asked, labels), value) for asked in panel["targets"] for labels, value in self._now(asked["expr"])
        ]
        defaults = panel["fieldConfig"]["defaults"]
        if not found:
            axis.text(
                0.5, 0.5, defaults.get("noValue", "No data"), fontsize=16, ha="center", va="center", color="#888888"
            )
        for row, (name, value) in enumerate(found):
            steps = [
                step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]
            ]
            word, color = _words(panel).get(
                f"{value:.0f}", (self._said(value, defaults["unit"]), _color(steps[-1]["color"]))
            )
            text, size = (f"{name}  {word}", 9) if len(found) > 1 else (word, 20)
            middle = 1 - (row + 0.5) / len(found)
            axis.text(0.5, middle, text, fontsize=size, ha="center", va="center", color=color)

    def _table(self, axis: Any, panel: dict[str, Any]) -> None:
        axis.axis("off")
        options = {each["id"]: each["options"] for each in panel["transformations"]}
        columns = sorted(
            options["organize"]["indexByName"], key=lambda name: int(options["organize"]["indexByName"][name])
        )
        names = options["organize"]["renameByName"]
        lines = [[names.get(name, name) for name in columns]]
        for asked in panel["targets"]:
            for labels, value in self._now(asked["expr"]):
                said = {**labels, "Value": self._said(value, panel["fieldConfig"]["defaults"]["unit"])}
                lines.append([said.get(name, "") for name in columns])
        widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
        text = "\n".join("".join(f"{word:{width}}" for word, width in zip(line, widths, strict=True)) for line in lines)
        size = min(7.0, 7.0 * panel["gridPos"]["w"] * _LETTERS / sum(widths))
        axis.text(0, 1, text if len(lines) > 1 else "No data", fontsize=size, va="top", family="monospace")

    def _said(self, value: float, unit: str) -> str:
        """A number as Grafana would say it, about."""
        if unit == "dateTimeFromNow":
            return f"in {(value / 1000 - self.now) / 3600:.1f} h"
        if unit == "dateTimeAsIso":
            return datetime.fromtimestamp(value / 1000, UTC).isoformat()
        return f"{value:.2%}" if unit == "percentunit" else f"{value:.4g}"


def _color(name: str) -> str:
    return COLORS.get(name, name.removeprefix("dark-"))


def _words(panel: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What a number is called there, and its colour."""
    mapped = [each["options"] for each in panel["fieldConfig"]["defaults"].get("mappings", ())]
    return {number: (said["text"], _color(said["color"])) for each in mapped for number, said in each.items()}


def _legend(target: dict[str, Any], labels: dict[str, str]) -> str:
    """The series' name, as Grafana makes it."""
    text = str(target.get("legendFormat", "__auto"))
    if text == "__auto":
        return ", ".join(f"{key}={value}" for key, value in labels.items() if key not in {"__name__", "job"})
    for key, value in labels.items():
        text = text.replace(f"{{{{{key}}}}}", value)
    return text
