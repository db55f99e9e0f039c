"""What the shipped rules make of a story, by promtool; and what Alertmanager would tell of it.

promtool is asked at every evaluation which alerts fire, and told to expect none: what it says against that counts.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from supervisor.core.model.pages import ALL, PAGES, About
from tests.deploy.stories.stage import BEFORE, RULES, SCRAPE, Stage
from tests.deploy.tools import FRUGAL, path_of

WAITS = {"critical": 20, "warning": 60}
"""Alertmanager's `group_wait`."""
_SAMPLE = re.compile(r'\{__name__="ALERTS", (.*?)\} 1E\+00')
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_SAID = re.compile(r"time: ([^,]+),\s*\n\s*exp:.*\n\s*got:(.*)")


@dataclass(frozen=True)
class Told:
    """One message, and its end. Seconds since the trouble began."""

    name: str
    severity: str
    labels: tuple[tuple[str, str], ...]
    after: int
    ends: int | None
    """None: it goes on when the story is over."""
    ends_unheard: bool
    """What silences it then keeps its end from being told."""

    @property
    def word(self) -> str:
        return f"{self.severity} {self.name}"


@dataclass
class Firing:
    """An alert from its first evaluation to its last, as numbers of scrapes."""

    labels: dict[str, str]
    first: int
    last: int


def told(stage: Stage, folder: Path) -> list[Told]:
    """Every message about the story, in order."""
    firing = _firing(stage, folder)
    found = []
    for each in firing:
        severity = each.labels["severity"]
        if severity not in WAITS:
            continue
        flushed = each.first + -(-WAITS[severity] // SCRAPE)
        heard = next(
            (at for at in range(flushed, each.last + 1) if not any(_silences(o, each, at) for o in firing)), None
        )
        if heard is None:
            continue
        begin = stage.marked * SCRAPE
        after = each.first * SCRAPE + WAITS[severity] if heard == flushed else heard * SCRAPE
        ends = None if each.last >= stage.scrapes - 1 else (each.last + 1) * SCRAPE - begin
        labels = tuple(sorted((key, each.labels[key]) for key in each.labels.keys() - {"alertname", "severity"}))
        unheard = any(_silences(other, each, each.last + 1) for other in firing)
        found.append(Told(each.labels["alertname"], severity, labels, after - begin, ends, unheard))
    return sorted(found, key=lambda message: message.after)


def _silences(source: Firing, target: Firing, number: int) -> bool:
    """As the generated inhibitions have it; the real Alertmanager is asked about each pair in test_receivers.py."""
    if source is target or not source.first <= number <= source.last:
        return False
    page = next(page for page in PAGES if page.name == source.labels["alertname"])
    name = target.labels["alertname"]
    if name not in page.explains and page.explains != (ALL,):
        return False
    about = {each.name: each.about for each in PAGES}
    same = ["instance"] if page.about is About.SUPERVISOR else ["instance", "gateway"]
    if page.about is about[name] is About.FARM:
        same += ["kind", "farm"]
    return all(source.labels.get(label) == target.labels.get(label) for label in same)


def _firing(stage: Stage, folder: Path) -> list[Firing]:
    before = BEFORE // SCRAPE
    series = [
        {
            "series": f"{name}{{{', '.join(f'{key}={_quoted(value)}' for key, value in labels)}}}",
            "values": found.text(before, stage.scrapes, 1.0 if name == "up" else None),
        }
        for (name, labels), found in stage.series.items()
    ]
    asked = [
        {
            "expr": 'ALERTS{alertstate="firing", alertname!="IBDeadMansSwitch"}',
            "eval_time": f"{(before + number) * SCRAPE}s",
            "exp_samples": [],
        }
        for number in range(stage.scrapes)
    ]
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{SCRAPE}s",
        "tests": [{"interval": f"{SCRAPE}s", "input_series": series, "promql_expr_test": asked}],
    }
    # promtool's clock begins on a Thursday at midnight; the markets' hours are moved to it.
    (folder / "rules.yaml").write_text(
        RULES.replace("(time() + ", f"(time() + {round(stage.base.timestamp())} + "), "utf-8"
    )
    file = folder / "story.yaml"
    file.write_text(
        yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=10**6), encoding="utf-8"
    )
    said = subprocess.run(
        [path_of("promtool"), "test", "rules", file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **FRUGAL},
    )
    text = said.stdout + said.stderr
    assert "SUCCESS" in text or "exp:" in text, text[:2000]
    open_: dict[tuple[tuple[str, str], ...], Firing] = {}
    closed: list[Firing] = []
    for moment, got in _SAID.findall(text):
        number = _seconds(moment) // SCRAPE - before
        for sample in _SAMPLE.findall(got):
            labels = dict(_LABEL.findall(sample))
            del labels["alertstate"], labels["job"]
            key = tuple(sorted(labels.items()))
            known = open_.get(key)
            if known is not None and known.last == number - 1:
                known.last = number
            else:
                if known is not None:
                    closed.append(known)
                open_[key] = Firing(labels, number, number)
    return [*closed, *open_.values()]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _seconds(text: str) -> int:
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))
