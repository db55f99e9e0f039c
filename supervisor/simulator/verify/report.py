"""What the checks found, as a table for people and as a report for an issue: without account numbers or addresses."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime

from supervisor.core.codes.accounts import ACCOUNT
from supervisor.simulator.verify.place import Check, Finding, Verdict, name_of


def masked(text: str) -> str:
    """The text without account numbers."""
    return ACCOUNT.sub("ACCOUNT", text)


def line(check: Check, finding: Finding) -> str:
    """One row of the table."""
    return f"{finding.verdict.value:<9}  {name_of(check):<22}  {masked(finding.seen)}"


def summary(findings: Mapping[Check, Finding]) -> str:
    """The last line: how many are so."""
    counts = {verdict: sum(each.verdict is verdict for each in findings.values()) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)


def markdown(findings: Mapping[Check, Finding], program: str, wall: float) -> str:
    """The report: what was assumed, and what was seen."""
    when = datetime.fromtimestamp(wall, UTC)
    lines = [
        f"### verify, {when:%Y-%m-%d %H:%M} UTC",
        "",
        f"{program}, Python {platform.python_version()}, {summary(findings)}",
        "",
        "| check | assumed | verdict | seen |",
        "| --- | --- | --- | --- |",
    ]
    for check, finding in findings.items():
        assumed = (check.__doc__ or "").strip().splitlines()[0]
        seen = masked(finding.seen).replace("|", "/")
        lines.append(f"| {name_of(check)} | {assumed} | {finding.verdict.value} | {seen} |")
    return "\n".join(lines) + "\n"
