"""The alert rules and the inhibitions, of the table of pages and a site's settings."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent

from deploy.prometheus.expressions import FARM, ID, WRITERS, expression
from deploy.prometheus.settings import Settings, duration
from deploy.prometheus.words import WORDS
from supervisor.core.model.pages import ALL, About, Page, Severity

HEAD = """\
# Alerts on ib-supervisor's metrics. Prometheus 2.42 or newer (keep_firing_for).
#
# Written by `python -m deploy.prometheus` from supervisor/core/model/pages.py. Change the table or your settings, not
# this file. `python -m deploy.prometheus --help` says how, and deploy/prometheus/settings.py has the settings.
groups:
"""
SLOW = frozenset({"IBBriefOutage", "IBRestartNotSeen", "IBGatewayUnwatched"})
"""Patterns over many hours: asked once a minute."""
UNJOINED = frozenset({"IBGatewayUnwatched"})
"""Told of gateways that have no series any more, so without their own labels."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule."""

    page: Page
    severity: Severity
    expr: str
    key: str


def rules(settings: Settings) -> list[Rule]:
    """All of them, in the order of the table."""
    return [rule for page in settings.pages if page.name not in settings.without for rule in _rules(page, settings)]


def alerts(settings: Settings) -> str:
    """The file alerts.yaml, without its head."""
    groups: dict[str, list[Rule]] = {}
    for rule in rules(settings):
        about = About.GATEWAY if rule.page.about is About.FARM else rule.page.about
        name = "ib-hours" if rule.page.name in SLOW else f"ib-{about}"
        groups.setdefault(name, []).append(rule)
    return "".join(_group(name, found, settings) for name, found in groups.items())


def inhibitions(settings: Settings) -> Iterator[str]:
    """Each rule of Alertmanager as one item of YAML."""
    subjects = {page.name: page.about for page in settings.pages if page.name not in settings.without}
    for source in dict.fromkeys(page.name for page in settings.pages):
        explained = next(page.explains for page in settings.pages if page.name == source)
        if source not in subjects or not explained:
            continue
        if explained == (ALL,):
            yield _inhibition(source, ['alertname=~"IB.+"', f'alertname!~"{source}|IBDeadMansSwitch"'], "job, instance")
            continue
        farms = [name for name in explained if subjects.get(name) is subjects[source] is About.FARM]
        others = [name for name in explained if name in subjects and name not in farms]
        equal = ID if subjects[source] is not About.SUPERVISOR else "job, instance"
        for names, on in ((others, equal), (farms, FARM)):
            if names:
                yield _inhibition(source, [f'alertname=~"{"|".join(names)}"'], on)


def _inhibition(source: str, targets: Iterable[str], equal: str) -> str:
    quoted = ", ".join(f"'{target}'" for target in targets)
    return f"  - source_matchers: ['alertname=\"{source}\"']\n    target_matchers: [{quoted}]\n    equal: [{equal}]\n"


def _rules(page: Page, settings: Settings) -> Iterator[Rule]:
    """The row's rules: by the market's hours, and by whether the account is a live one."""
    key = f"{page.name} {page.severity}"
    key = key if key in WRITERS else page.name
    base = expression(key, settings)

    def rule(severity: Severity, *conditions: str) -> Rule:
        parts = [f"(\n{indent(base, '  ')}\n)", *conditions] if conditions else [base]
        expr = "\n".join(parts)
        if settings.labels and page.about in {About.GATEWAY, About.FARM} and page.name not in UNJOINED:
            names = ", ".join(f"label_{name}" for name in settings.labels)
            expr = f"(\n{indent(expr, '  ')}\n)\n* on ({ID}) group_left ({names}) ib_gateway_info"
        return Rule(page, severity, expr, key)

    paper = f'on ({ID}) ib_gateway_info{{account_mode="paper"}}'
    live = page.paper in {None, page.severity}
    if page.closed is not None:
        told = f'ALERTS{{alertname="{page.name}", alertstate="firing", severity="{page.severity}"}}'
        # What was told while the market was open goes on when it closes.
        opened = f"on ({FARM}) (farm:ib_market_open:bool == 1 or on ({FARM}) {told})"
        conditions = [f"and {opened}"] if live else [f"unless {paper}", f"and {opened}"]
        otherwise = "" if live else f"or (\n{indent(base, '  ')}\n)\nand {paper}"
        yield rule(page.severity, *conditions)
        yield rule(page.closed, f"unless {opened}", *filter(None, [otherwise]))
        return
    yield rule(page.severity, *([] if live else [f"unless {paper}"]))
    if page.paper is not None and not live:
        yield rule(page.paper, f"and {paper}")


def _group(name: str, found: Iterable[Rule], settings: Settings) -> str:
    interval = "    interval: 1m\n" if name == "ib-hours" else ""
    return f"  - name: {name}\n{interval}    rules:\n" + "\n".join(_rule(rule, settings) for rule in found)


def _rule(rule: Rule, settings: Settings) -> str:
    page = rule.page
    summary, description = WORDS[rule.key]
    lines = [f"- alert: {page.name}"]
    lines += ["  expr: |", indent(rule.expr, "    ")] if "\n" in rule.expr else [f"  expr: {rule.expr}"]
    lines += [f"  for: {duration(page.after)}"] if page.after else []
    lines += [f"  keep_firing_for: {duration(page.held)}"] if page.held else []
    lines += [
        f"  labels: {{severity: {rule.severity}}}",
        "  annotations:",
        f"    summary: {json.dumps(summary)}",
        f"    description: {_quoted(description)}",
        f"    runbook_url: {_quoted(settings.runbook_url.replace('NAME', page.name))}",
    ]
    return indent("\n".join(lines), "      ") + "\n"


def _quoted(text: str) -> str:
    """Readable YAML: the quotes that need no escapes."""
    return json.dumps(text) if '"' not in text else "'" + text.replace("'", "''") + "'"
