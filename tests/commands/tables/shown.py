"""Every table of the command line, from fixed data at a fixed instant."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from supervisor.commands import codes
from supervisor.commands.asking.details import details
from supervisor.commands.asking.history import told
from supervisor.commands.asking.overview import overview, summary
from supervisor.commands.demonstration.demo import closing
from supervisor.commands.demonstration.story import Row
from supervisor.commands.planning.check import plan
from supervisor.commands.planning.schedule import as_table
from supervisor.commands.shared.table import Laid, folded
from supervisor.config.load import load
from supervisor.core.calendar.windows import daily_restart
from supervisor.core.codes.table import CATALOGUE, KNOWN
from supervisor.observe.web.status_json import status
from tests.observe import rich

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
WIDTHS = (40, 80, 120, 200, None)
EXPECTED = Path(__file__).parent / "expected"
CONFIG = """\
gateways:
  - name: live
    port: 4001
    client_id: 911
    account_mode: live
    required_farms: [usfarm, eufarm, cashfarm, historical/ushmds, historical/euhmds, secdefnj]
    daily_restart: {time: "23:45", timezone: America/New_York}
    server_reset: north_america
journal: {path: /var/lib/ib-supervisor/journal.db}
"""


def gateways() -> list[dict[str, Any]]:
    """Healthy and sick ones, and one with the longest name that a config allows."""
    long = "the-longest-name-that-a-gateway-can-have-is-63-characters-long-"
    played = [rich.eventful(), rich.fresh(), rich.paused(), rich.fresh(long, 4003)]
    for refused in (played[1], played[3]):
        refused.begin()
        refused.refuse()
    found: list[dict[str, Any]] = status("0", NOW, [each.snapshot for each in played])["gateways"]
    return found


def history() -> dict[str, Any]:
    """Two outages, one of them going on."""

    def total(name: str, unplanned: float, planned: float) -> dict[str, Any]:
        observed = 86400.0
        return {
            "name": name,
            "availability": 1 - unplanned / observed,
            "availability_with_planned": 1 - (unplanned + planned) / observed,
            "unplanned_seconds": unplanned,
            "unplanned_outages": int(unplanned > 0),
            "planned_seconds": planned,
            "planned_outages": int(planned > 0),
            "unobserved_seconds": 12.0,
        }

    words = (
        "The gateway at 127.0.0.1:4001 is restarting as scheduled (daily_restart). Do nothing: it is back in one or "
        "two minutes as a rule. If it is not, it waits for a login."
    )
    planned = {"gateway": "live", "began": "2026-11-23T04:45:00Z", "ended": "2026-11-23T04:45:41Z", "seconds": 41.0}
    open_ = {"gateway": "paper", "began": "2026-11-24T04:00:00Z", "ended": None, "seconds": 3600.0}
    return {
        "since": "2026-11-23T05:00:00Z",
        "until": "2026-11-24T05:00:00Z",
        "outages": [
            {**planned, "cause": "session", "planned": True, "recovered": True, "words": words},
            {**open_, "cause": "port", "planned": False, "recovered": False, "words": f"Nothing listens. {words}"},
        ],
        "deeds": [
            _deed("04:00:00", "restart", "ann", "maybe", "proved", "recovery (restart) is proved after 74 s"),
            _deed(
                "04:30:00", "command", "loopback", "yes", "refused", "recovery (command) was not done: exit status 1"
            ),
            _deed("04:50:00", "reconnect_data", "", "never", None, "recovery: reconnect the gateway to its data farms"),
        ],
        "gateways": [total("live", 0.0, 41.0), total("paper", 3600.0, 0.0)],
    }


def _deed(at: str, rung: str, by: str, cost: str, result: str | None, words: str) -> dict[str, Any]:
    said = {"rung": rung, "by": by, "needs_login": cost, "result": result, "ended": None, "words": words}
    return {"gateway": "paper", "at": f"2026-11-24T{at}Z", **said}


def check(width: int | None, folder: Path) -> str:
    """What `check-config` prints below the name of the file."""
    file = folder / "supervisor.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return plan(load(file, {}, NOW), NOW, width).partition("\n\n")[2]


def shown(width: int | None, folder: Path) -> Mapping[str, str]:
    """Each table as text, by the name of its file."""
    schedule = as_table(
        [("live", [daily_restart(time(2, 30), "America/New_York")])], NOW, NOW + timedelta(days=6), None, width
    )
    rows = [Row("farm blip", "farms", 0.0, 0.0, False), Row("daily restart", "session", 0.01, 0.52, True)]
    known = [KNOWN[number] for number in (1100, 2104, 10197)]
    made: Mapping[str, Callable[[], list[Any]]] = {
        "status": lambda: [folded(summary(gateways()), width), overview(gateways(), NOW, width)],
        "details": lambda: [details(gateways()[0], NOW, width), "", details(gateways()[1], NOW, width)],
        "history": lambda: told(history(), width),
        "schedule": lambda: [schedule],
        "codes": lambda: [codes.table(known, width)],
        "code": lambda: [codes.explanation(CATALOGUE, 1100, width)],
        "check-config": lambda: [check(width, folder)],
        "demo": lambda: [closing(rows, width)],
    }
    return {name: "\n".join(map(_plain, parts())) + "\n" for name, parts in made.items()}


def _plain(part: Any) -> str:
    text = part.text() if isinstance(part, Laid) else part
    return text if isinstance(text, str) else text.plain


def name_of(table: str, width: int | None) -> Path:
    """The file of a table at a width."""
    return EXPECTED / f"{table}-{'pipe' if width is None else width}.txt"
