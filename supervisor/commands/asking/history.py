"""`ib-supervisor history`: what happened, as a table for people, as JSON, or as CSV.

- It asks the daemon. If no daemon answers, or with --offline, it reads the journal of `--config` and says so.
- The first line is the summary. In the table of gateways, those with the most unplanned downtime come first.
"""

import csv
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.text import Text

from supervisor.commands.shared.answers import Past
from supervisor.commands.shared.api_client import (
    AuthOption,
    Client,
    ConfigOption,
    Refused,
    Unreachable,
    UrlOption,
    client,
    over,
)
from supervisor.commands.shared.printer import say, say_json, say_text
from supervisor.commands.shared.table import Laid, Row, folded, lay_out
from supervisor.commands.shared.terminal import show, span, width
from supervisor.observe.journal.history import read
from supervisor.observe.journal.place import HistoryError, place_of
from supervisor.observe.masking import clean
from supervisor.observe.web.history_json import BadPeriod, history_json, period

PATIENCE = 30.0
"""Seconds for the daemon's answer about a long period."""
_COLUMNS = ("gateway", "began", "ended", "seconds", "cause", "planned", "recovered", "words")

_RESULTS = {
    "proved": "proved",
    "unproved": "unproved",
    "refused": "refused",
    "dry_run": "dry run",
}


def history(
    since: Annotated[str, typer.Option(metavar="WHEN", help="How long ago (12h, 7d), or ISO 8601.")] = "7d",
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="The same form. Default: now.")] = None,
    gateway: Annotated[str | None, typer.Option(metavar="NAME", help="Only this gateway.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer of the API.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the outages as CSV.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Read the journal of --config and ask no daemon.")] = False,
    url: Annotated[str | None, UrlOption] = None,
    config: Annotated[Path | None, ConfigOption] = None,
    auth_file: Annotated[Path | None, AuthOption] = None,
) -> None:
    """Show the outages of a period, what recovery did, and how long each gateway was available.

    Exits with 0 if there is an answer, 1 if not, 2 for a wrong period or an unknown gateway.
    """
    if json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    try:
        begin, end = period(since, until, datetime.now(UTC))
    except BadPeriod as error:
        raise typer.BadParameter(str(error)) from None
    if offline:
        if config is None:
            raise typer.BadParameter("--offline reads the journal that --config FILE names", param_hint="--offline")
        answer = _from_file(config, begin, end, gateway)
    else:
        answer = _asked(client(url, config, auth_file), config, begin, end, gateway)
    if json:
        say_json(answer)
    elif as_csv:
        write_csv(answer["outages"])
    else:
        show(*told(answer, width()))


def _asked(
    daemon: Client, config: Path | None, since: datetime, until: datetime, gateway: str | None
) -> Mapping[str, Any]:
    fields = {"since": since.isoformat(), "until": until.isoformat()}
    if gateway is not None:
        fields["gateway"] = gateway
    try:
        answer: Mapping[str, Any] = daemon.get(f"/api/v1/history?{urlencode(fields)}", Past, PATIENCE)
    except (Refused, Unreachable) as error:
        ending = over(error)
        if config is None or isinstance(error, Refused):
            raise ending from None
        return _from_file(config, since, until, gateway)
    return answer


def _from_file(config: Path, since: datetime, until: datetime, gateway: str | None) -> Mapping[str, Any]:
    from supervisor.config.load import ConfigError, load  # imported here: it takes half of the start-up time

    try:
        loaded = load(config, os.environ)
    except ConfigError as error:
        say_text(error, err=True)
        raise typer.Exit(78) from None
    path = loaded.journal.path
    try:
        if path is None:
            raise HistoryError("the journal of this config is in memory")
        found = read(place_of(path), since, until, [gateway] if gateway is not None else None)
    except HistoryError as error:
        say(error, err=True)
        raise typer.Exit(1) from None
    configured = gateway is None or gateway in {policy.name for policy in loaded.gateways}
    if not configured and not found.outages and not found.totals[0].observed:
        say(f"there is no gateway {gateway!r}", err=True)
        raise typer.Exit(2)
    say(f"read from {path}, not from a daemon", err=True)
    return history_json(found)


def told(answer: Mapping[str, Any], width: int | None) -> list[Text | Laid | str]:
    """The answer as a summary and tables: the outages, what recovery did, and the totals of each gateway."""
    since, until = _local(answer["since"]), _local(answer["until"])
    outages = answer["outages"]
    period = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} {until:%Z}"
    first = Text.assemble((_count(outages), "bold"), f", {period}")
    lines: list[Text | Laid | str] = [folded(first, width)]
    if outages:
        lines += ["", _outages(outages, width)]
    if answer.get("deeds"):  # a daemon of an earlier release has none
        lines += ["", _deeds(answer["deeds"], width)]
    return [*lines, "", _totals(answer["gateways"], width)]


def _count(outages: Sequence[Mapping[str, Any]]) -> str:
    planned = sum(bool(outage["planned"]) for outage in outages)
    open_ = sum(outage["ended"] is None for outage in outages)
    going_on = f" ({open_} going on)" if open_ else ""
    return f"{len(outages) - planned} unplanned and {planned} planned outages{going_on}" if outages else "no outages"


def _outages(outages: Sequence[Mapping[str, Any]], width: int | None) -> Laid:
    headings = ("GATEWAY", "FROM", "LASTED", "BROKEN", "PLANNED", "TO")
    rows = [Row(_cells(outage), outage["words"]) for outage in outages]
    return lay_out(headings, rows, width, words="EXPLANATION", right=("LASTED",))


def _cells(outage: Mapping[str, Any]) -> list[Text | str]:
    open_ = outage["ended"] is None
    to = Text("goes on", "bold red") if open_ else Text(f"{_local(outage['ended']):%m-%d %H:%M:%S}")
    planned = Text("planned", "blue") if outage["planned"] else Text("unplanned", "bold red")
    lasted = span(outage["seconds"]) + ("+" if open_ else "")
    began = f"{_local(outage['began']):%m-%d %H:%M:%S}"
    return [outage["gateway"], began, lasted, outage["cause"], planned, to]


def _deeds(deeds: Sequence[Mapping[str, Any]], width: int | None) -> Laid:
    headings = ("GATEWAY", "RECOVERY", "AT", "BY", "LOGIN", "RESULT")
    rows = [
        Row(
            [
                deed["gateway"],
                deed["rung"],
                f"{_local(deed['at']):%m-%d %H:%M:%S}",
                deed["by"] or "itself",
                deed["needs_login"],
                Text(_result(deed["result"]), "" if deed["result"] in ("proved", "dry_run") else "bold red"),
            ],
            deed["words"],
        )
        for deed in deeds
    ]
    return lay_out(headings, rows, width, words="WHAT CAME OF IT")


def _result(word: str | None) -> str:
    """A word that is not known stays as it is: it is of a newer daemon."""
    return "proof awaited" if word is None else _RESULTS.get(word, word)


def _totals(gateways: Sequence[Mapping[str, Any]], width: int | None) -> Laid:
    headings = ("GATEWAY", "AVAILABLE", "UNPLANNED", "PLANNED", "UNOBSERVED", "WITH PLANNED")
    rows = [
        Row(
            [
                total["name"],
                _percent(total["availability"]),
                f"{span(total['unplanned_seconds'])} in {total['unplanned_outages']}",
                f"{span(total['planned_seconds'])} in {total['planned_outages']}",
                span(total["unobserved_seconds"]),
                _percent(total["availability_with_planned"]),
            ]
        )
        for total in sorted(gateways, key=lambda total: -total["unplanned_seconds"])
    ]
    return lay_out(headings, rows, width, right=headings[1:], optional=("WITH PLANNED",))


def _percent(part: float | None) -> str:
    """Only a whole period shows 100 %."""
    if part is None:
        return "-"
    shown = f"{part * 100:.3f}"
    return f"{'99.999' if part < 1 and shown == '100.000' else shown} %"


def _local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone()


def write_csv(outages: Sequence[Mapping[str, Any]]) -> None:
    """Print the outages, one a line."""
    writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for outage in outages:
        writer.writerow({column: _cell(outage[column]) for column in _COLUMNS})


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(value) if isinstance(value, str) else value
