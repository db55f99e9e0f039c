"""`ib-supervisor schedule`: the coming windows as a table for people, as JSON, or as a calendar file.

- JSON and the calendar file are in UTC. The table shows the gateway's zone, UTC, New York and local time side by side,
  and has an extra line when one of these zones changes its clocks.
- Weekly logins and clock changes are for people. The table has both, the calendar file has the logins, and the JSON has
  neither.
- The calendar file follows RFC 5545. An entry keeps its UID from one run to the next, so a subscriber that reads a new
  file updates its entries instead of doubling them.
"""

from __future__ import annotations

import json as jsonlib
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import typer

from supervisor.commands.shared.printer import say_text
from supervisor.commands.shared.table import Laid, folded, lay_out
from supervisor.commands.shared.table import Row as Line
from supervisor.commands.shared.terminal import EscapingConsole, width
from supervisor.commands.shared.terminal import show as put
from supervisor.config.load import ConfigError, load
from supervisor.core.calendar.rules import Daily, Weekly, zone_of
from supervisor.core.calendar.schedule import (
    ClockChange,
    Gateways,
    LoginDue,
    Row,
    clock_changes,
    gateway_zone,
    logins_due,
    rows,
)

NEW_YORK = "America/New_York"
BAD_CONFIG = 78
"""The exit status for a config that is refused."""


class Form(Enum):
    """How the listing is shown."""

    TABLE = "table"
    JSON = "json"
    ICS = "ics"


_ICS_LINE_OCTETS = 75
_REPETITIONS = {1: "first of two", 2: "second of two"}

_Cells = tuple[str, str, str | None, datetime | None, str]
"""Gateway, window, the gateway's zone, planned until, note: what a line of the table has beside its instant."""


def schedule(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The daemon's config file.")],
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="ISO 8601, in UTC unless it has an offset. Default: now."),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3660, help="How many days.")] = 7,
    ics: Annotated[bool, typer.Option("--ics", help="Write a calendar file that people can subscribe to.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the coming windows (restarts, server resets, your own) and when the weekly login is due."""
    if ics and json:
        raise typer.BadParameter("choose one of them", param_hint="--ics / --json")
    now = datetime.now(UTC)
    begin = parse_from(from_, now)
    try:
        loaded = load(config, os.environ, now)
    except ConfigError as error:
        say_text(error, err=True)
        raise typer.Exit(BAD_CONFIG) from None
    form = Form.ICS if ics else Form.JSON if json else Form.TABLE
    show([(policy.name, policy.windows) for policy in loaded.gateways], form, begin, days, now, sys.stdout)


def as_json(listed: Iterable[Row]) -> str:
    """The listing as a JSON list of objects. Instants are RFC 3339 in UTC."""
    objects = [
        {
            "gateway": row.gateway,
            "window": row.occurrence.window.name,
            "at": _rfc3339(row.occurrence.at),
            "start": _rfc3339(row.occurrence.start),
            "end": _rfc3339(row.occurrence.end),
            "planned_until": _rfc3339(row.occurrence.planned_until),
        }
        for row in listed
    ]
    return jsonlib.dumps(objects, indent=2, ensure_ascii=False)


def as_ics(listed: Iterable[Row], logins: Iterable[LoginDue], now: datetime) -> str:
    """The listing as an iCalendar stream. `now` becomes the DTSTAMP that the format requires."""
    events = {**dict(map(_window_event, listed)), **dict(map(_login_event, logins))}
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ib-supervisor//schedule//EN", "X-WR-CALNAME:ib-supervisor"]
    for uid, properties in events.items():
        lines += ["BEGIN:VEVENT", f"UID:{_escape(uid)}@ib-supervisor", f"DTSTAMP:{_basic(now)}"]
        lines += [*properties, "TRANSP:TRANSPARENT", "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _fold(line))


def as_table(
    gateways: Gateways, from_: datetime, until: datetime, local: ZoneInfo | None, width: int | None = None
) -> Laid:
    """The listing for people. `local` is the zone of its last clock. None means the machine's zone, without a name."""
    zones = {name: gateway_zone(windows) for name, windows in gateways}
    shown = [NEW_YORK, *filter(None, zones.values()), *([local.key] if local else [])]
    entries: list[tuple[datetime, _Cells]] = [
        *((change.at, _change_cells(change)) for change in clock_changes(shown, from_, until)),
        *((row.occurrence.at, _window_cells(row, zones[row.gateway], from_)) for row in rows(gateways, from_, until)),
        *((login.at, _login_cells(login, zones[login.gateway])) for login in logins_due(gateways, from_, until)),
    ]
    lines = []
    for at, (gateway, window, zone, planned_until, note) in sorted(entries, key=lambda entry: entry[0]):
        clocks = (
            _clock(at, zone_of(zone)) if zone else "",
            f"{at:%Y-%m-%d} {_time(at)}",
            _clock(at, zone_of(NEW_YORK)),
            _clock(at, local),
        )
        until_clock = _clock(planned_until, zone_of(zone) if zone else UTC) if planned_until else ""
        lines.append(Line((gateway, window, *clocks, until_clock), note))
    headings = ("GATEWAY", "WINDOW", "ITS ZONE", "UTC", "NEW YORK", "LOCAL", "PLANNED UNTIL")
    return lay_out(headings, lines, width, words="NOTE")


def parse_from(text: str | None, now: datetime) -> datetime:
    """The instant `--from` means, in UTC: `now` without one, UTC where the text has no offset.

    Raises typer.BadParameter for a text that is not ISO 8601.
    """
    if text is None:
        return now
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not ISO 8601, like 2027-03-14T00:00:00Z", param_hint="--from") from None


def show(gateways: Gateways, form: Form, from_: datetime, days: int, now: datetime, out: IO[str]) -> None:
    """Print the windows of `days` days in this form. `now` is the present instant.

    Raises typer.BadParameter where the days lie beyond the years that a date can have.
    """
    try:
        until = from_ + timedelta(days=days)
        if form is Form.TABLE:
            columns = width()
            table = as_table(gateways, from_, until, local_zone(), columns)
            put(
                folded(_summary(gateways, from_, until), columns),
                table,
                to=EscapingConsole(file=out, highlight=False, markup=False),
            )
            return
        listed = rows(gateways, from_, until)
        text = as_json(listed) if form is Form.JSON else as_ics(listed, logins_due(gateways, from_, until), now)
    except OverflowError:
        raise typer.BadParameter("too far from today", param_hint="--from") from None
    out.write(text if form is Form.ICS else f"{text}\n")


def _summary(gateways: Gateways, from_: datetime, until: datetime) -> str:
    """The next one, and how many there are."""
    listed = list(rows(gateways, from_, until))
    coming = next((row for row in listed if row.occurrence.at >= from_), None)
    if coming is None:
        return f"no windows until {until:%Y-%m-%d %H:%M}Z"
    occurrence = coming.occurrence
    first = f"{occurrence.window.name} of {coming.gateway} at {occurrence.at:%Y-%m-%d} {_time(occurrence.at)}Z"
    return f"{len(listed)} window{'' if len(listed) == 1 else 's'} until {until:%Y-%m-%d %H:%M}Z; next: {first}"


def local_zone() -> ZoneInfo | None:
    """The zone of this machine, from `TZ` or /etc/localtime. None if it has no name in the tz database."""
    name = os.environ.get("TZ")
    if name is None:
        name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    try:
        return zone_of(name.removeprefix(":"))
    except ValueError:
        return None


def _window_cells(row: Row, zone: str | None, from_: datetime) -> _Cells:
    notes = [_note(row), "already open" if row.occurrence.at < from_ else ""]
    return row.gateway, row.occurrence.window.name, zone, row.occurrence.planned_until, ", ".join(filter(None, notes))


def _login_cells(login: LoginDue, zone: str | None) -> _Cells:
    expiry = _clock(login.expiry, zone_of(zone) if zone else UTC)
    return login.gateway, "login due", zone, None, f"unless done since {expiry}"


def _change_cells(change: ClockChange) -> _Cells:
    last = (change.at + change.before).strftime("%H:%M")
    first = (change.at + change.after).strftime("%H:%M")
    direction = "forward" if change.after > change.before else "back"
    return "", "clocks change", change.zone, None, f"{change.zone}: {direction} from {last} to {first}"


def _note(row: Row) -> str:
    """A note if the time of day of this opening is special."""
    rule = row.occurrence.window.rule
    if isinstance(rule, Daily | Weekly) and row.occurrence.at.astimezone(zone_of(rule.zone)).time() != rule.time:
        return f"{_time(rule.time)} does not exist that day"
    return _REPETITIONS.get(row.occurrence.repetition, "")


def _window_event(row: Row) -> tuple[str, list[str]]:
    """UID and properties of one opening, from its start until it is no longer planned."""
    occurrence = row.occurrence
    name, at, until = occurrence.window.name, occurrence.at, occurrence.planned_until
    note = _note(row)
    description = f"at {_rfc3339(at)}, planned until {_rfc3339(until)}" + (f" ({note})" if note else "")
    return f"{row.gateway}-{name}-{_basic(at)}-{_basic(until)}", [
        f"DTSTART:{_basic(occurrence.start)}",
        f"DTEND:{_basic(until)}",
        f"SUMMARY:{_escape(f'{row.gateway}: {name}')}",
        f"DESCRIPTION:{_escape(description)}",
    ]


def _login_event(login: LoginDue) -> tuple[str, list[str]]:
    """UID and properties of one weekly login: an instant, at the restart that needs it."""
    description = f"The token ends at {_rfc3339(login.expiry)}. The restart at {_rfc3339(login.at)} needs a login."
    return f"{login.gateway}-login-{_basic(login.at)}", [
        f"DTSTART:{_basic(login.at)}",
        f"SUMMARY:{_escape(f'{login.gateway}: weekly login due')}",
        f"DESCRIPTION:{_escape(description)}",
    ]


def _escape(text: str) -> str:
    """Text as a property value (RFC 5545 section 3.3.11)."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> Iterator[str]:
    """The line in parts of at most 75 octets. Later parts begin with a blank (RFC 5545 section 3.1)."""
    part, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > _ICS_LINE_OCTETS:
            yield part
            part, octets = " ", 1
        part, octets = part + character, octets + size
    yield part


def _basic(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clock(instant: datetime, zone: tzinfo | None) -> str:
    """What a clock in that zone shows: day of the week, time, and the zone's name."""
    shown = instant.astimezone(zone)
    return f"{shown:%a} {_time(shown)} {shown:%Z}"


def _time(at: datetime | time) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
