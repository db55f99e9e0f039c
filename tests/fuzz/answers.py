"""Answers of something in the daemon's place: the daemon's own, with some places changed.

Each is refused where it is read, or every command can show it.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from supervisor.commands.asking.details import details
from supervisor.commands.asking.history import told, write_csv
from supervisor.commands.asking.operator import so_now
from supervisor.commands.asking.overview import overview, summary
from supervisor.commands.asking.watch import cleaned, not_known, searched
from supervisor.commands.shared.answers import Gate, Past, Scrape, Shape, Status, wrong
from supervisor.commands.shared.printer import say, say_json
from supervisor.commands.shared.terminal import show
from supervisor.observe.gate.body import body
from supervisor.observe.journal.deeds import PastDeed
from supervisor.observe.journal.history import History, PastOutage, Totals
from supervisor.observe.web.control import ASKS
from supervisor.observe.web.history_json import history_json
from supervisor.observe.web.status_json import status
from tests.fuzz.frames import Noise
from tests.observe import rich

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=3)
Place = tuple[str | int, ...]
"""Where a value stands in an answer."""
GONE = object()
TWICE = object()
VALUES: tuple[object, ...] = (
    GONE, TWICE, None, True, False, 0, -1, 7, 1.5, 1e308, 10**400, float("nan"), float("-inf"), "", "x", "live",
    "\ud800", "\x1b[2J\u202e\n", "2026-11-24T12:00:00", "2026-11-24T12:00:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999-23:59", "up", "stopped", [], [[]], [{}], ["x"], {}, {"x": 1}, {"port": True},
    json.loads("[" * 200 + "]" * 200),
)  # fmt: skip
"""What a place may be changed into."""


def _history() -> History:
    outages = (
        PastOutage("live", EARLIER, NOW, "upstream", True, 10.5, "IBKR's servers were away.", True),
        PastOutage("live", EARLIER, None, "port", False, 3.0),
    )
    deed = PastDeed("live", EARLIER, "restart", "ann", "maybe", "proved", NOW, "well again")
    totals = (Totals("live", 86400.0, 20.0, 10.5, 3.0, 1, 1), Totals("paper", 0.0, 86400.0, 0.0, 0.0, 0, 0))
    return History(EARLIER, NOW, outages, totals, {"live": ((EARLIER, NOW),), "paper": ()}, {}, (deed,))


def _recovering() -> dict[str, Any]:
    return {
        "proposal": {"rung": "restart", "approved_by": "ann"},
        "deed": {"rung": "restart", "result": None},
    }


@cache
def answers() -> Mapping[str, tuple[type[Shape], Any]]:
    """The daemon's own, by address, each with the shape that is asked of it."""
    known = status("1.0", NOW, rich.snapshots())
    known["gateways"][0]["recovery"].update(_recovering())
    made: dict[str, tuple[type[Shape], Any]] = {
        "/api/v1/status": (Status, known),
        "/api/v1/history": (Past, history_json(_history())),
        "/api/v1/scrape": (Scrape, {"prometheus": known["now"]}),
        "/api/v1/gates/live": (Gate, body(rich.fresh("live").snapshot, 0.0)),
    }
    return {place: (shape, json.loads(json.dumps(answer))) for place, (shape, answer) in made.items()}


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in it."""
    yield at
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*at, key))


def changed(answer: Any, place: Place, value: object) -> Any:
    """The same answer with another value there."""
    if not place:
        return None if value is GONE or value is TWICE else value
    found: Any = dict(answer) if isinstance(answer, dict) else list(answer)
    key: Any = place[0]
    rest = place[1:]
    if rest or value not in (GONE, TWICE):
        found[key] = changed(found[key], rest, value)
    elif value is GONE:
        del found[key]
    elif isinstance(found, list):
        found.append(found[key])
    return found


def shown(shape: type[Shape], answer: Any) -> str:
    """What the commands make of an answer, in a pipe and on a narrow terminal."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        say_json(answer)
        SHOW.get(shape, say_json)(answer)
    return out.getvalue()


def _status(answer: Any) -> None:
    asked = cleaned(answer)["gateways"]
    for known, width in ((answer["gateways"], None), (asked, 40), ([not_known(each) for each in asked], 40)):
        show(summary(known), overview(known, NOW, width), *(details(each, NOW, width) for each in known))
        for gateway in known:
            say(searched(gateway), *(so_now(gateway, what, NOW) for what in ASKS))


def _past(answer: Any) -> None:
    for width in (None, 40):
        show(*told(answer, width))
    write_csv(answer["outages"])


SHOW: Mapping[type[Shape], Callable[[Any], None]] = {Status: _status, Past: _past}


def judge(shape: type[Shape], answer: Any) -> bool:
    """Whether the answer is taken. Raises if it is taken and cannot be shown."""
    taken = not wrong(answer, shape)
    if taken:
        shown(shape, answer)
    return taken


def changing(data: bytes) -> int:
    """A few places changed."""
    noise = Noise(data)
    known = list(answers().values())
    shape, answer = known[noise.byte() % len(known)]
    for _ in range(1 + noise.byte() % 4):
        found = list(places(answer))
        answer = changed(
            answer, found[(noise.byte() << 8 | noise.byte()) % len(found)], VALUES[noise.byte() % len(VALUES)]
        )
    judge(shape, answer)
    return 1
