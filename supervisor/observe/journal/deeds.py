"""What recovery did in a period, read from the events of a journal: each deed with who asked, and how it ended."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from supervisor.frozen import dataclass, replace
from supervisor.observe.events import Record
from supervisor.observe.journal.rows import microseconds, of_these, read_event

PROOF = timedelta(hours=1)
"""A proof comes so soon after its deed, or never."""
_ENDS = ("proved", "failed")


@dataclass(frozen=True, slots=True)
class PastDeed:
    """One deed."""

    gateway: str
    at: datetime
    rung: str
    by: str
    """Who asked for it or approved it; empty if nobody had to."""
    needs_login: str
    result: str | None
    """`proved`, `unproved`, `refused`, `dry_run`; None while its proof is awaited, or if its end was not recorded."""
    ended: datetime | None
    words: str
    """How it ended, and what the controller said before."""


def deeds(
    connection: sqlite3.Connection, since: datetime, until: datetime, gateways: Sequence[str] | None
) -> tuple[PastDeed, ...]:
    """The deeds that were begun in the period, oldest first."""
    these, names = of_these(gateways)
    rows = connection.execute(
        "SELECT id, at, gateway, kind, level, text, fields FROM events"
        f" WHERE kind = 'recovery' AND at >= ? AND at < ?{these} ORDER BY at, id",
        (microseconds(since), microseconds(until + PROOF), *names),
    )
    found: list[PastDeed] = []
    under_way: dict[str, int] = {}
    for row in rows:
        event = read_event(row)
        if event is None:
            continue
        step, place = event.fields.get("step"), under_way.get(event.gateway)
        if step == "started":
            deed = _begun(event)
            if deed.ended is None:
                under_way[event.gateway] = len(found)
            found.append(deed)
        elif step == "answered" and place is not None:
            found[place] = replace(found[place], words=event.text)
        elif step in _ENDS and place is not None:
            result = str(event.fields.get("result", step))
            found[place] = replace(found[place], result=result, ended=event.time, words=event.text)
            del under_way[event.gateway]
    return tuple(deed for deed in found if deed.at < until)


def _begun(event: Record) -> PastDeed:
    said = {name: str(event.fields.get(name, "")) for name in ("rung", "by", "needs_login")}
    dry = bool(event.fields.get("dry_run"))
    result, ended = ("dry_run", event.time) if dry else (None, None)
    return PastDeed(event.gateway, event.time, said["rung"], said["by"], said["needs_login"], result, ended, event.text)
