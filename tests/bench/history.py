"""`python -m tests.bench.history`: how long a journal of 400 days takes to answer, beside an empty one.

Three gateways with some 150 events, 6 outages and 8 spans a day each. Told are medians of the question that `history
--since 30d` asks, of the one for the page's timeline, and of the whole command, which is mostly Python's own start.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from supervisor.core.explain.report import Level, Report
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import Layer
from supervisor.core.model.records import OutageClosed
from supervisor.core.model.vocabulary import Planning
from supervisor.observe.journal.history import read
from supervisor.observe.journal.place import place_of
from supervisor.observe.journal.store import Entry, Span, Store
from supervisor.observe.web.history_json import history_json

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("live", "paper", "second")
WHY = Cause(CauseKey.SESSION_CLOSED, "127.0.0.1", 4001)
EVENTS, OUTAGES, SPANS = 150, 6, 8
"""Of each gateway, in a day."""


def fill(path: Path, days: int) -> None:
    """The history, a transaction a day."""
    store = Store(path)
    facts = {name: Facts(known=True) for name in NAMES}
    for day in range(days, 0, -1):
        begin = NOW - timedelta(days=day)
        store.write(facts, _events(begin), _spans(begin))
    store.close()


def _events(begin: datetime) -> list[Entry]:
    found = []
    for name in NAMES:
        for number in range(EVENTS):
            at = begin + timedelta(days=number / EVENTS)
            found.append(Entry(name, at, Report(Level.INFO, "status", f"up -> degraded {number}", {"status": "up"})))
        for number in range(OUTAGES):
            began = begin + timedelta(days=number / OUTAGES)
            ended = began + timedelta(seconds=30)
            planning = Planning.of(number % 2 == 0)
            outage = OutageClosed(began, ended, Layer.SESSION, planning, 30.0, recovered=True, cause=WHY)
            found.append(Entry(name, began, Report(Level.WARNING, "session_lost", "session lost (closed)")))
            found.append(Entry(name, began, Report(Level.INFO, "outage_closed", "closed"), outage=outage))
    return found


def _spans(begin: datetime) -> list[Span]:
    step = timedelta(days=1) / SPANS
    return [
        Span(name, begin + number * step, begin + (number + 1) * step - timedelta(seconds=20))
        for name in NAMES
        for number in range(SPANS)
    ]


def median(work: Callable[[], object], runs: int) -> float:
    """Seconds."""
    found = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def asked(path: Path, period: timedelta) -> str:
    """What the API does for a question."""
    return json.dumps(history_json(read(place_of(path), NOW - period, NOW, NAMES, [])))


def commanded(path: Path) -> None:
    """The whole command, without a daemon."""
    config = path.with_suffix(".yaml")
    config.write_text(f"gateways:\n  - {{name: live, port: 4001, client_id: 911}}\njournal: {{path: {path}}}\n")
    since = (NOW - timedelta(days=30)).isoformat()
    command = [sys.executable, "-m", "supervisor", "history", "--offline", "--since", since, "--until", NOW.isoformat()]
    subprocess.run([*command, "--config", str(config)], check=True, capture_output=True, env=dict(os.environ))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        full, empty = Path(folder, "full.db"), Path(folder, "empty.db")
        begun = time.perf_counter()
        fill(full, options.days)
        fill(empty, 0)
        size = full.stat().st_size / 1e6
        print(
            f"{options.days} days of {len(NAMES)} gateways: {size:.0f} MB, {time.perf_counter() - begun:.0f} s to write"
        )
        for what, work, promise in (
            ("history --since 30d, the question", lambda path: asked(path, timedelta(days=30)), 0.3),
            ("the page's timeline, 24 h", lambda path: asked(path, timedelta(days=1)), 0.2),
            ("history --since 30d, the command", commanded, None),
        ):
            runs = options.runs if promise else max(3, options.runs // 3)
            long, none = median(lambda: work(full), runs), median(lambda: work(empty), runs)  # noqa: B023
            kept = "" if promise is None else f"  promised under {promise} s: {'kept' if long < promise else 'BROKEN'}"
            print(f"{what:36} {long * 1000:7.1f} ms, empty {none * 1000:6.1f} ms: {long / none:4.1f} times{kept}")


if __name__ == "__main__":
    main()
