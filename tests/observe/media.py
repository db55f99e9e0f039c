"""Every place that keeps or shows text from outside, and what each makes of one text."""

import json
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from supervisor.core.codes.notices import summary
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.observe.events import EventRing
from supervisor.observe.journal.notices import Heard, notice, write
from supervisor.observe.journal.rows import event_row
from supervisor.observe.logs.lines import as_json, console, datagram, line_of, prefixed
from supervisor.observe.logs.wire import as_line
from supervisor.observe.masking import fit, mask
from supervisor.observe.web.pages.overview import overview
from supervisor.observe.web.status_json import status
from supervisor.observe.web.stream import as_event
from tests.observe import rich

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
FRESH = rich.fresh("live").snapshot


def media(text: str) -> dict[str, str]:
    """What each place that keeps or shows text makes of it."""
    said = summary(text)
    told = Report(Level.WARNING, "notice", said, {"text": said})
    line = line_of(logging.LogRecord("x", 30, "", 0, "", (), None), said, 0.0)
    ring = EventRing()
    ring.append("live", NOW, told)
    snapshot = replace(FRESH, cause=Cause(CauseKey.DESUPPORTED, host=said, port=1, version=said))
    error = ValueError(text)
    traced = logging.LogRecord("x", 30, "", 0, "", (), (ValueError, error, None))
    return {
        "console": console(line).decode(),
        "json": as_json(line).decode(),
        "prefixed": prefixed(line).decode(),
        "journald": datagram(line).decode("utf-8", "replace"),
        "traceback": console(line_of(traced, repr(error), 0.0)).decode(),
        "events": as_event(ring.last(1)[0]).decode(),
        "journal": repr(event_row("live", NOW, told)),
        "notices": heard(text),
        "wire": as_line(0.0, "<", text.encode("utf-8", "surrogatepass")),
        "status": json.dumps(status("0", NOW, [snapshot])),
        "page": overview("0", NOW, [snapshot], may_change=True),
        "command line": fit(said),
    }


def heard(text: str) -> str:
    """What the journal keeps of a notice."""
    with closing(sqlite3.connect(":memory:")) as journal:
        journal.execute("CREATE TABLE heard (id INTEGER PRIMARY KEY, gateway, code, text, began, last, times)")
        write(journal, {notice("live", 1, text): Heard(NOW, NOW)}, mask)
        return str(journal.execute("SELECT text FROM heard").fetchone()[0])
