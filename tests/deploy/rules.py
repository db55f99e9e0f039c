"""The alert rules as data, and a copy of them that does not wait as long."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.prometheus.__main__ import texts
from deploy.prometheus.settings import Settings, Thresholds
from tests.deploy.tools import ALERTS, RECORDS

_UNITS = {"s": 1, "m": 60, "h": 3600}
SHORTEST, LONGEST = 2.0, 6.0


@dataclass(frozen=True)
class Alert:
    """One alert rule."""

    name: str
    group: str
    expr: str
    severity: str
    annotations: dict[str, str]
    for_seconds: float
    keep_seconds: float


def seconds(text: str) -> float:
    """A duration such as 45s, 3m, 2h."""
    return float(text[:-1]) * _UNITS[text[-1]]


def document(path: Path = ALERTS) -> Any:
    """A file of rules."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def alerts() -> list[Alert]:
    """Every alert rule."""
    return [
        Alert(
            rule["alert"],
            group["name"],
            rule["expr"],
            rule["labels"]["severity"],
            rule["annotations"],
            seconds(rule.get("for", "0s")),
            seconds(rule.get("keep_firing_for", "0s")),
        )
        for group in document()["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


HASTY = Settings(thresholds=Thresholds(lost=0.005, brief=1, crashes=1))
"""Of patterns over a quarter of an hour, what a lab of two minutes can bring about."""


def write_hasty(folder: Path) -> list[Path]:
    """Copies of the rules: waits take a tenth of the time, 2 to 6 s, and all is evaluated each second."""
    written = []
    made = texts(HASTY)
    for source in (ALERTS, RECORDS):
        rules = yaml.safe_load(made[source.name].replace("[1d:5m]", "[1d:5s]").replace("[12h:1m]", "[12h:1s]"))
        for group in rules["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                for key in {"for", "keep_firing_for"} & rule.keys():
                    rule[key] = f"{round(min(LONGEST, max(SHORTEST, seconds(rule[key]) / 10)))}s"
        written.append(folder / source.name)
        written[-1].write_text(yaml.safe_dump(rules), encoding="utf-8")
    return written
