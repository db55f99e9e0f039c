"""What a person is told about: each pattern, its severity, and how long it must last. One literal table.

- The default alert rules are generated from it (`python -m deploy.prometheus`). So Prometheus and the daemon agree.
  docs/alerts.md has it as a table, with the incidents that it was tried on.
- `critical` wakes a person, so there must be something that a person can do. `warning` waits for the day. `info` is for
  the record.
- One cause is one page: a pattern `explains` the patterns that follow from it, and they are silent as long as it lasts.
- Nobody is told about what is planned. `supervisor.core.model.status` decides that.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from supervisor.core.calendar.rules import clock_time, zone_of
from supervisor.frozen import dataclass


class Severity(StrEnum):
    """How urgent it is. The values are public: the label `severity` of the alerts."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class About(StrEnum):
    """What a pattern is about."""

    GATEWAY = "gateway"
    FARM = "farm"
    SUPERVISOR = "supervisor"
    ALERTING = "alerting"


@dataclass(frozen=True, slots=True)
class Page:
    """One pattern. Durations are seconds."""

    name: str
    """The name of the alert and of its runbook. Two rows may share it if they differ in severity."""
    about: About
    severity: Severity
    after: int
    """It is told after it has lasted so long without a break."""
    held: int = 120
    """It is told as over after it has been over for so long. If it comes back earlier, it was not over."""
    paper: Severity | None = None
    """The severity on a gateway with `account_mode: paper`; None: the same."""
    closed: Severity | None = None
    """The severity while the market of the farm is closed (`MARKETS`); None: the same."""
    explains: tuple[str, ...] = ()
    """The patterns that are silent on the same gateway or supervisor while this one lasts."""


REPEATED: Mapping[Severity, int] = {Severity.CRITICAL: 4 * 3600, Severity.WARNING: 12 * 3600}
"""As long as it lasts, it is told again after so long."""

_CRITICAL, _WARNING, _INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
_GATEWAY, _FARM, _SUPERVISOR = About.GATEWAY, About.FARM, About.SUPERVISOR

GATE = "IBGateClosed"
FARMS = ("IBFarmDown", "IBFarmFlapping", GATE)
UPSTREAM = ("IBUpstreamLost", "IBUpstreamFlapping", *FARMS)
SESSION = ("IBGatewayDown", "IBSessionFlapping", "IBHeartbeatSlow", "IBBriefOutage", *UPSTREAM)

PAGES: tuple[Page, ...] = (
    # A gateway, and what it needs. The sharpest name first.
    Page("IBAccountMismatch", _GATEWAY, _CRITICAL, 0, explains=("IBClientIdConflict", "IBRestartOverdue", *SESSION)),
    Page("IBClientIdConflict", _GATEWAY, _WARNING, 120, explains=("IBRestartOverdue", *SESSION)),
    Page("IBReauthRequired", _GATEWAY, _CRITICAL, 0, paper=_WARNING, explains=("IBRestartOverdue", *SESSION)),
    Page("IBRestartOverdue", _GATEWAY, _CRITICAL, 30, paper=_WARNING, explains=SESSION),
    Page("IBGatewayDown", _GATEWAY, _CRITICAL, 60, paper=_WARNING, explains=SESSION[1:]),
    Page(
        "IBSessionFlapping",
        _GATEWAY,
        _CRITICAL,
        0,
        paper=_WARNING,
        explains=("IBHeartbeatSlow", "IBBriefOutage", "IBUpstreamFlapping", *FARMS),
    ),
    Page(
        "IBUpstreamLost",
        _GATEWAY,
        _CRITICAL,
        180,
        paper=_WARNING,
        explains=("IBUpstreamFlapping", "IBBriefOutage", *FARMS),
    ),
    Page("IBUpstreamFlapping", _GATEWAY, _CRITICAL, 0, paper=_WARNING, explains=("IBBriefOutage", *FARMS)),
    Page(
        "IBFarmDown",
        _FARM,
        _CRITICAL,
        180,
        paper=_WARNING,
        closed=_WARNING,
        explains=("IBFarmFlapping", "IBBriefOutage", GATE),
    ),
    Page("IBFarmFlapping", _FARM, _WARNING, 0, explains=("IBBriefOutage",)),
    Page("IBBriefOutage", _GATEWAY, _WARNING, 900),
    Page("IBCanaryDead", _GATEWAY, _CRITICAL, 60, paper=_WARNING, explains=(GATE,)),
    Page("IBHeartbeatSlow", _GATEWAY, _WARNING, 600),
    Page(GATE, _GATEWAY, _WARNING, 300),
    # It costs a login, or may, and helps only soon: but what is wrong has told itself already.
    Page("IBRecoveryApproval", _GATEWAY, _WARNING, 0),
    Page("IBRecoveryFailed", _GATEWAY, _WARNING, 0),
    Page("IBGatewayPausedLong", _GATEWAY, _WARNING, 7200),
    Page("IBGatewayUnwatched", _GATEWAY, _WARNING, 900),
    # The calendar.
    Page("IBRestartNotSeen", _GATEWAY, _WARNING, 0, explains=("IBBriefOutage",)),
    Page("IBReauthDueSoon", _GATEWAY, _WARNING, 0),
    # How it is set up.
    Page("IBCompetingSession", _GATEWAY, _WARNING, 360, explains=("IBCanaryDead", GATE)),
    Page("IBOrderIdWentBack", _GATEWAY, _INFO, 0),
    Page("IBMessagesUndecodable", _GATEWAY, _WARNING, 0),
    Page("IBRestartBlip", _GATEWAY, _INFO, 0),
    Page("IBClockSkew", _GATEWAY, _WARNING, 600),
    Page("IBTimezoneMismatch", _GATEWAY, _WARNING, 300, explains=("IBRestartNotSeen",)),
    Page("IBGatewayVersionDesupported", _GATEWAY, _WARNING, 0),
    Page("IBGatewayVersionDesupported", _GATEWAY, _CRITICAL, 0),
    # The observer.
    Page("IBSupervisorDown", _SUPERVISOR, _CRITICAL, 45, held=300, explains=("*",)),
    Page("IBSupervisorDown", _SUPERVISOR, _WARNING, 45, held=300, explains=("*",)),  # a standby watches its gateways
    Page("IBSupervisorCrashLoop", _SUPERVISOR, _CRITICAL, 0, explains=("IBGatewayUnwatched",)),
    Page("IBSupervisorConfigReloadFailed", _SUPERVISOR, _WARNING, 60),
    Page("IBSupervisorEventsDropped", _SUPERVISOR, _WARNING, 0),
    Page("IBJournalFailing", _SUPERVISOR, _WARNING, 0),
    Page("IBDeadMansSwitch", About.ALERTING, _INFO, 0, held=0),
)

OF_OUR_OWN: tuple[Page, ...] = (
    Page("IBSupervisorCrashed", _SUPERVISOR, _WARNING, 0),
    Page("IBRecoveryDeed", _GATEWAY, _WARNING, 0),
)
"""What only the supervisor's own messages tell: Prometheus sees it by other names, or in a counter."""


def _rows() -> Mapping[str, Page]:
    rows: dict[str, Page] = {}
    for page in (*PAGES, *OF_OUR_OWN):
        rows[page.name if page.name not in rows else f"{page.name} {page.severity}"] = page
    return rows


ROWS: Mapping[str, Page] = _rows()
"""Every row by its name; the second of a name with its severity: `IBGatewayVersionDesupported critical`."""

ALL = "*"
"""In `explains`: everything about this supervisor and its gateways."""


@dataclass(frozen=True, slots=True)
class Market:
    """When the data of some farms matters: sessions of one length that begin at `opens` on `days`, in a time zone."""

    name: str
    farms: str
    """A regular expression for whole names of farms. The first market that fits is the farm's."""
    days: tuple[int, ...]
    """Weekdays without a gap, Monday is 0."""
    opens: str
    hours: float
    """From each opening to its close."""
    zone: str


_WEEKDAYS = (0, 1, 2, 3, 4)

MARKETS: tuple[Market, ...] = (
    Market("us futures", "usfuture.*", (6,), "18:00", 119, "America/New_York"),
    Market(
        "us stocks and options",
        "us(farm|opt|hmds|bond).*|fundfarm.*|cafarm.*",
        _WEEKDAYS,
        "08:30",
        8,
        "America/New_York",
    ),
    Market("currencies", "cash(farm|hmds).*", (6,), "17:00", 120, "America/New_York"),
    Market("crypto", "uscrypto.*", (0,), "00:00", 168, "UTC"),
    Market("europe", "eu(farm|hmds).*|secdefeu.*", _WEEKDAYS, "08:00", 9.75, "Europe/Zurich"),
    Market("hong kong", "hfarm.*|hkhmds.*|secdefhk.*", _WEEKDAYS, "08:30", 8, "Asia/Hong_Kong"),
    Market("japan", "jfarm.*", _WEEKDAYS, "08:00", 8, "Asia/Tokyo"),
    Market("asia and australia", "afarm.*|apachmds.*", _WEEKDAYS, "07:00", 10, "Asia/Tokyo"),
    Market("any other", ".*", (6,), "18:00", 119, "America/New_York"),
)
"""Each session begins half an hour or an hour before the opening and ends shortly after the close. Holidays are not
known. The name of a farm tells its region, because IBKR publishes no list."""


def market_of(farm: str) -> Market:
    """The market whose data a farm has."""
    return next(market for market in MARKETS if re.fullmatch(market.farms, farm))


def is_open(market: Market, at: datetime) -> bool:
    """Whether a session of the market lasts at this instant, an aware one."""
    local = at.astimezone(zone_of(market.zone)).replace(tzinfo=None)
    opens, length = clock_time(market.opens), timedelta(hours=market.hours)
    days = (local.date() - timedelta(days=ago) for ago in range(math.ceil(market.hours / 24) + 1))
    begins = (datetime.combine(day, opens) for day in days if day.weekday() in market.days)
    return any(begin <= local < begin + length for begin in begins)
