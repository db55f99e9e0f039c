"""The alert rules as data, a copy of them that does not wait as long, and promtool tests with few of them."""

import re
from dataclasses import dataclass
from functools import cache
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
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


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


def with_few_rules(tests: Path, folder: Path) -> list[Path]:
    """The same promtool tests as files in `folder`, each alert's beside no rules but those that it can depend on.

    Every rule is evaluated at every step of a test, so that this costs a tenth of what the file itself costs.
    """
    whole = document(tests)
    by_alert: dict[frozenset[str], list[Any]] = {}
    for test in whole["tests"]:
        by_alert.setdefault(_needed(_asked(test)), []).append(test)
    written = []
    for number, (names, some) in enumerate(by_alert.items()):
        rules = [
            _only(names, (tests.parent / path).resolve(), folder / f"rules-{number}") for path in whole["rule_files"]
        ]
        written.append(folder / f"{tests.stem}-{number}.yaml")
        written[-1].write_text(yaml.safe_dump({**whole, "rule_files": rules, "tests": some}), encoding="utf-8")
    return written


def _asked(test: Any) -> frozenset[str]:
    """The alerts that a test asks for; of an expression without an alert's name, every alert."""
    asked = [each["expr"] for each in test.get("promql_expr_test", [])]
    found = [_named(text) for text in (*asked, *(each["alertname"] for each in test.get("alert_rule_test", [])))]
    return frozenset().union(*found) if all(found) else frozenset(_expressions())


def _needed(names: frozenset[str]) -> frozenset[str]:
    """These, and those that their expressions ask for."""
    expressions = _expressions()
    more = names.union(*(_named(expressions[name]) for name in names if "ALERTS" in expressions[name]))
    return names if more == names else _needed(more)


def _named(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\bIB[A-Z]\w+", text))


@cache
def _expressions() -> dict[str, str]:
    """What each alert asks for; of one in several severities, all of it."""
    found: dict[str, str] = {}
    for alert in alerts():
        found[alert.name] = f"{found.get(alert.name, '')} {alert.expr}"
    return found


def _only(names: frozenset[str], source: Path, folder: Path) -> str:
    """The path of a copy of the rules with these alerts alone, and with the recordings if one of them reads any."""
    rules = document(source)
    recorded = source == RECORDS or any(":bool" in _expressions()[name] for name in names)
    for group in rules["groups"]:
        group["rules"] = [rule for rule in group["rules"] if (recorded if "record" in rule else rule["alert"] in names)]
    rules["groups"] = [group for group in rules["groups"] if group["rules"]]
    folder.mkdir(exist_ok=True)
    copy = folder / source.name
    copy.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return str(copy)
