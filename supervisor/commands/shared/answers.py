"""What the commands need of the daemon's answers. An answer of another shape is no daemon's.

- Needed is what a command reads. What is not read may have any form, and what a newer daemon adds is no fault.
- A field with a default is one that an older daemon has not.
- The answer itself is passed on, and not the model, so `--json` shows all that came.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from supervisor.core.model.layers import LAYERS
from supervisor.observe.masking import clean

DEEPEST: Final = 32
"""Lists and mappings in one another. The daemon's answers have fewer than ten."""
LONGEST_LEASE: Final = 2.5
"""Seconds of a gate's lease: more is as dead as less, as in the file."""


class Shape(BaseModel):
    """One mapping of an answer."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, defer_build=True)  # a command needs few of them


def wrong(answer: Any, shape: type[Shape]) -> str:
    """Where the answer is not of this shape, as `gateways.0.since`. Empty if it is."""
    if not _shallow(answer, DEEPEST):
        return "its depth"
    try:
        shape.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return ".".join(map(str, first["loc"])) or "all of it"
    return ""


def _shallow(value: Any, most: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most > 0 and all(_shallow(part, most - 1) for part in parts)


def _instant(text: str) -> str:
    """An instant with its zone, of a year that has a local time everywhere."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise ValueError
    return text


def _all_layers(layers: dict[str, bool | None]) -> dict[str, bool | None]:
    if not layers.keys() >= set(LAYERS):
        raise ValueError
    return layers


Instant = Annotated[str, AfterValidator(_instant)]
Layers = Annotated[dict[str, bool | None], AfterValidator(_all_layers)]


class Reason(Shape):
    """Why a gate is closed."""

    reason: str


class GateRow(Shape):
    """A gate in the answer about all gateways."""

    open: bool
    reasons: list[Reason]


class Farm(Shape):
    """One farm."""

    kind: str
    name: str
    state: str
    since: Instant | None
    required: bool


class Upstream(Shape):
    """The gateway's connection to IBKR."""

    up: bool | None
    since: Instant | None
    evidence: str | None


class Window(Shape):
    """One window, open or to come."""

    name: str
    active: bool
    start: Instant | None
    end: Instant | None
    at: Instant | None = None


def _ends_if_open(windows: list[Window]) -> list[Window]:
    if any(window.active and window.end is None for window in windows):
        raise ValueError
    return windows


class Reauth(Shape):
    """The weekly login."""

    due: Instant | None
    required: bool
    assumed: bool


class Contract(Shape):
    """One contract of the canary."""

    name: str
    state: str
    why: str | None
    last_update: Instant | None
    data_type: str | None


class Proposal(Shape):
    """What recovery proposes."""

    rung: str
    approved_by: str | None


class DeedRow(Shape):
    """What recovery does."""

    rung: str
    result: str | None
    words: str | None = None


class Recovery(Shape):
    """Recovery of one gateway."""

    proposal: Proposal | None = None
    deed: DeedRow | None = None


class Brief(Shape):
    """One gateway, in the little that waiting and standing by need."""

    name: str
    status: str
    client_id: int
    labels: dict[str, str] | None = None


class GatewayRow(Brief):
    """One gateway, with all that is shown of it."""

    since: Instant | None
    phase: str
    epoch: int
    layers: Layers
    farms: list[Farm]
    upstream: Upstream
    heartbeat_seconds: float | None
    last_message: Instant | None
    server_version: int | None
    account_mode: str
    windows: Annotated[list[Window], AfterValidator(_ends_if_open)]
    host: str
    port: int
    reauth: Reauth
    cause: str | None
    cure: str | None
    next_attempt: Instant | None
    paused_until: Instant | None = None
    suspect: bool | None = None
    gate: GateRow | None = None
    login_state: str | None = None
    login_state_since: Instant | None = None
    kernel: str | None = None
    canary: list[Contract] | None = None
    recovery: Recovery | None = None


class Briefs(Shape):
    """`/api/v1/status`, for who needs little of it."""

    gateways: list[Brief]


def _each_named_once(gateways: Sequence[GatewayRow]) -> Sequence[GatewayRow]:
    if len({clean(gateway.name) for gateway in gateways}) < len(gateways):
        raise ValueError
    return gateways


class Status(Shape):
    """`/api/v1/status`."""

    gateways: Annotated[list[GatewayRow], AfterValidator(_each_named_once)]
    version: str


class Total(Shape):
    """The books of one gateway."""

    name: str
    unobserved_seconds: float
    planned_seconds: float
    unplanned_seconds: float
    planned_outages: int
    unplanned_outages: int
    availability: float | None
    availability_with_planned: float | None


class Outage(Shape):
    """One outage."""

    gateway: str
    began: Instant
    ended: Instant | None
    seconds: float
    cause: str
    planned: bool
    recovered: bool
    words: str


class Deed(Shape):
    """One deed of recovery."""

    gateway: str
    at: Instant
    rung: str
    by: str | None
    needs_login: str
    result: str | None
    words: str


class Past(Shape):
    """`/api/v1/history`."""

    gateways: list[Total]
    outages: list[Outage]
    since: Instant
    until: Instant
    deeds: list[Deed] | None = None


class Scrape(Shape):
    """`/api/v1/scrape`."""

    prometheus: Instant | None


class ToldReason(Reason):
    """The same with its words."""

    text: str


def _as_short_as_a_lease(seconds: float) -> float:
    if seconds > LONGEST_LEASE:
        raise ValueError
    return seconds


class Gate(Shape):
    """`/api/v1/gates/NAME`."""

    open: bool
    valid_for: Annotated[float, AfterValidator(_as_short_as_a_lease)]
    reasons: list[ToldReason]
