"""The golden files, made of a day: each a text that a person can read, and that is the same after every run."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.goldens import program
from tests.goldens.day import Day
from tests.goldens.normal import Normal, grouped, pretty

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "run",
    "demo",
    "check-config",
    "probe",
    "status",
    "wait",
    "history",
    "schedule",
    "codes",
    "simulate",
    "pause",
    "resume",
    "maintenance",
    "confirm-login",
)
EXAMPLE = "config/supervisor.yaml"

_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_VARYING = re.compile(
    r"_seconds(_total|_sum|_count|_bucket|_created)?$|_created$|^ib_connect_(attempts|failures)_total$|_misses_total$"
)
_VARYING_SAMPLES = re.compile(r'^ib_messages_total\{code="326"')
_UNSIGNED = ("ib_clock_skew_seconds", "ib_restart_observed_offset_seconds", "ib_upstream_settling")
"""May be 0 or not."""
_NEVER_THE_SAME = ("process_", "python_gc_", "ib_gate_")
"""Families of prometheus_client; and the gate, which a window may close before a fault does."""
_LABELS = (
    (re.compile(r'\b(server_version|ibapi_version|python_version|version)="[^"]*"'), r'\1="<version>"'),
    (re.compile(r'\b(major|minor|patchlevel)="\d+"'), r'\1="<n>"'),
    (re.compile(r'\bport="\d+"'), 'port="<port>"'),
)


def of_day(day: Day) -> Iterator[tuple[str, str]]:
    """The name and the text of each golden file of a day."""
    normal = Normal(day.words)
    told = [(e["gateway"], e["kind"], normal.record(e["level"], e["kind"], e["text"], e["fields"])) for e in day.events]
    yield "metrics.txt", _metrics(day.metrics)
    yield "metrics-openmetrics.txt", _metrics(day.openmetrics)
    yield "api-status.json", pretty(normal.value(day.status))
    moments = sorted((name, pretty(_mattering(normal.value(seen)))) for name, seen in day.moments)
    yield "api-status-moments.txt", "\n".join(f"== {name}\n{seen}" for name, seen in moments)
    history = {**day.history, "outages": sorted(day.history["outages"], key=lambda each: str(each["gateway"]))}
    yield "api-history.json", pretty(_each_outage(normal, history))
    yield (
        "api-events.txt",
        f"{pretty(normal.value(next(e for e in day.events if e['gateway'] == 'live')))}\n{grouped(told)}",
    )
    yield "api-stream.txt", _stream(day, normal)
    yield "api-openapi.json", pretty(day.openapi)
    yield "http.txt", _answers(day, normal)
    yield "log.txt", _log(day, normal)
    lines = [re.sub(r"^(<time>) +", r"\1 ", normal.text(line)) for line in day.console]
    yield "log-console.txt", "\n".join(sorted(lines, key=lambda line: " live: " in line))
    yield "commands.txt", "\n".join(_output(output, normal) for output in day.outputs)
    yield "journal.txt", _journal(day, normal, told)


def of_surface() -> Iterator[tuple[str, str]]:
    """Those for which nothing needs to happen."""
    helps = [program.run("--help"), *(program.run(command, "--help") for command in COMMANDS)]
    yield "help.txt", "\n".join(f"$ {output.command} -> {output.status}\n{output.out}" for output in helps)
    yield "codes.json", program.run("codes", "--json").out
    yield (
        "codes.txt",
        "\n".join(
            _exact(program.run("codes", *arguments))
            for arguments in (("1100",), ("2103",), ("2198",), ("9999",), ("--", "-1"), ("1102", "--json"), ("x",))
        ),
    )
    example = str(ROOT / EXAMPLE)
    yield (
        "schedule.txt",
        "\n".join(
            re.sub(r"DTSTAMP:\w+", "DTSTAMP:<time>", output.out)
            for form in ((), ("--json",), ("--ics",))
            for output in [program.run("schedule", "--config", example, "--from", "2027-01-15", "--days", "9", *form)]
        ),
    )
    yield "config-keys.txt", "\n".join(_keys(ROOT / EXAMPLE))


def _mattering(status: dict[str, Any]) -> dict[str, Any]:
    """A moment, without what passes on the way to it."""
    return {**status, "heartbeat_seconds": "<s or null>"}


def _each_outage(normal: Normal, history: dict[str, Any]) -> Any:
    """All outages, though two in a row may look the same."""
    return {**normal.value(history), "outages": [normal.value(outage) for outage in history["outages"]]}


# -- metrics ----------------------------------------------------------------------------------------------------------


def _metrics(page: str) -> str:
    return "\n".join(_sample(line) for line in page.splitlines())


def _sample(line: str) -> str:
    match = None if line.startswith("#") else _SAMPLE.match(line)
    if match is None:
        return line
    labels = match["labels"] or ""
    for pattern, word in _LABELS:
        labels = pattern.sub(word, labels)
    name = f"{match['name']}{{{labels}}}" if labels else match["name"]
    return f"{name} {_value(match['name'], line, match['value'])}"


def _value(name: str, line: str, value: str) -> str:
    if name in _UNSIGNED or name.startswith(_NEVER_THE_SAME) or name.endswith(("_bucket", "_created")):
        return "<n>"
    if _VARYING.search(name) or _VARYING_SAMPLES.match(line):
        return "<n>" if float(value) else "0"
    return value


# -- over HTTP --------------------------------------------------------------------------------------------------------


def _stream(day: Day, normal: Normal) -> str:
    head, *blocks = day.streamed.strip("\n").split("\n\n")
    said = [json.loads(block.partition("\ndata: ")[2]) for block in blocks if block.startswith("id: ")]
    first = next(block for block in blocks if '"gateway": "live"' in block)
    first = re.sub(r'\b(id|epoch|server_version)("?: )\d+', r"\1\2<n>", normal.text(first))
    wanted = [event for event in day.events if event["id"] <= said[-1]["id"]]
    return f"{head}\n\n{first}\n\nall events, as /api/v1/events has them: {said == wanted}"


def _answers(day: Day, normal: Normal) -> str:
    dropped = ("content-length", "date")
    all_headers = [{(name, value) for name, value in answer.headers if name not in dropped} for answer in day.answers]
    common = set.intersection(*all_headers)
    lines = ["every answer:", *(f"  {name}: {value}" for name, value in sorted(common))]
    for answer, headers in zip(day.answers, all_headers, strict=True):
        lines += ["", f"{answer.asked} -> {answer.status}"]
        lines += [f"  {name}: {_header(name, normal.text(value))}" for name, value in sorted(headers - common)]
        if ("content-type", "text/plain; charset=utf-8") in answer.headers:
            lines += [f"  | {line}" for line in normal.text(answer.body).splitlines()]
    return "\n".join(lines)


def _header(name: str, value: str) -> str:
    """Methods are told in any order."""
    return ", ".join(sorted(value.split(", "))) if name == "allow" else value


# -- log and commands -------------------------------------------------------------------------------------------------


def _log(day: Day, normal: Normal) -> str:
    first = normal.value({**day.log[0], "text": "<text>"})
    rows = [
        (
            line["gateway"] or "",
            line["kind"],
            f"{normal.record(line['level'], line['kind'], line['text'], line['fields'])} [{line['logger']}]",
        )
        for line in day.log
    ]
    return f"{pretty(first)}\n{grouped(rows)}"


def _output(output: program.Output, normal: Normal) -> str:
    command, out = normal.text(output.command), output.out
    if "--json" in output.command.split():
        value = json.loads(out)
        if isinstance(value, dict) and "outages" in value:
            value["outages"].sort(key=lambda outage: outage["gateway"])
            shown = pretty(_each_outage(normal, value))
        else:
            shown = pretty(normal.value(value))
    elif "--csv" in output.command.split():
        lines = [re.sub(r"(<time>,(?:<time>)?),[\d.]+", r"\1,<s>", normal.text(line)) for line in out.splitlines()]
        shown = "\n".join([lines[0], *sorted(lines[1:], key=lambda line: line.partition(",")[0])])
    elif output.command.startswith("history"):
        lines = [re.sub(r"(planned)  .*", r"\1  <words>", line) for line in normal.terminal(out).splitlines()]
        shown = "\n".join(sorted(lines))
    elif output.command.startswith("check-config"):
        shown = re.sub(r"(<time>(:\d\d)?)( E[SD]T)?", "<time>", normal.text(out))
        shown = re.sub(r"\b[A-Z][a-z]{2} <time>", "<time>", shown)
    else:
        shown = normal.terminal(out)
    return f"$ {command} -> {output.status}\n{shown}\n{_indented('! ', normal.text(output.err))}".rstrip("\n") + "\n"


def _exact(output: program.Output) -> str:
    return f"$ {output.command} -> {output.status}\n{output.out}{_indented('! ', output.err)}"


def _indented(mark: str, text: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


# -- the journal ------------------------------------------------------------------------------------------------------


def _journal(day: Day, normal: Normal, told: list[tuple[str, str | None, str]]) -> str:
    connection = day.journal()
    try:
        return "\n".join(_file(connection, normal, told))
    finally:
        connection.close()


def _file(connection: sqlite3.Connection, normal: Normal, told: list[tuple[str, str | None, str]]) -> Iterator[str]:
    for pragma in ("application_id", "user_version"):
        yield f"{pragma}: {connection.execute(f'PRAGMA {pragma}').fetchone()[0]}"
    tables = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type, name"
    for kind, name in connection.execute(tables).fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        yield f"\n{kind} {name}: {', '.join(columns)}"
        if kind == "view":
            rows = [
                dict(zip(columns, row, strict=True)) for row in connection.execute(f"SELECT * FROM {name}").fetchall()
            ]
            yield from _log_rows(rows, normal, told) if name == "log" else [_rows(name, rows, normal)]


def _log_rows(rows: list[dict[str, Any]], normal: Normal, told: list[tuple[str, str | None, str]]) -> Iterator[str]:
    """The view of all events, beside what the API told of them."""
    mine = [
        (row["gateway"], row["kind"], normal.record(row["level"], row["kind"], row["text"], json.loads(row["fields"])))
        for row in rows
    ]
    asked = {line for _, _, line in told}
    yield f"as /api/v1/events has them: {[row for row in mine if row[2] in asked] == told}"
    yield grouped([row for row in mine if row[2] not in asked])


def _rows(view: str, rows: list[dict[str, Any]], normal: Normal) -> str:
    shown = []
    for row in rows:
        if row.get("code") == 326:
            row["times"] = "<n>"
        kind = "layers" if view == "layers" else None
        shown.append((row.get("gateway", ""), kind, json.dumps(normal.value(row))))
    if view == "watched":  # how often a span ends follows how often the journal is written
        shown = sorted(set(shown))
    return grouped(shown)


# -- config -----------------------------------------------------------------------------------------------------------


def _keys(path: Path) -> Iterator[str]:
    """Every key of the commented reference with its place, set or not: a "#" stands before those."""
    above: list[tuple[int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"^( *)(#(?! \S))?( *)(- )?(\w+):(?: +([^#]*))?(?:#.*)?$", line)
        if match is None:
            continue
        indent = len(match[1]) + len(match[3]) + len(match[4] or "")
        above = [(depth, name) for depth, name in above if depth < indent]
        above.append((indent, match[5]))
        yield f"{'.'.join(name for _, name in above)}{' (not set)' if match[2] else ''}: {(match[6] or '').strip()}"
