"""Orders: what a client sends, what has become of it, and what is told of that. Pure data.

Rules
- A `Form` is what the client said and is replaced when it modifies; an `Order` is one order's life at IBKR.
- What is told is a frozen report of a moment, because a gateway that has lost IBKR's servers tells an older one.
"""

from enum import StrEnum
from typing import NamedTuple

from supervisor.frozen import dataclass
from supervisor.simulator.state.instruments import Instrument


class Status(StrEnum):
    """IBKR's words for the state of an order."""

    PENDING_SUBMIT = "PendingSubmit"
    PENDING_CANCEL = "PendingCancel"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"


DONE = frozenset({Status.FILLED, Status.CANCELLED, Status.INACTIVE})
"""Nothing comes after them."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the client wants; a price that is not set is None."""

    action: str
    quantity: float
    order_type: str
    limit: float | None = None
    aux: float | None = None
    tif: str = "DAY"
    oca_group: str = ""
    oca_type: int = 0
    account: str = ""
    open_close: str = ""
    order_ref: str = ""
    transmit: bool = True
    parent_id: int = 0
    block: bool = False
    sweep: bool = False
    display_size: int | None = None
    trigger_method: int = 0
    outside_rth: bool = False
    hidden: bool = False
    good_after: str = ""
    good_till: str = ""
    model_code: str = ""
    all_or_none: bool = False
    min_quantity: int | None = None
    trail_stop: float | None = None
    trail_percent: float | None = None
    limit_offset: float | None = None
    algo: str = ""
    algo_params: tuple[tuple[str, str], ...] = ()
    cash_quantity: float | None = None
    what_if: bool = False
    undone: tuple[str, ...] = ()
    """What else the client wants, and the simulated gateway does not do."""
    starts: float = 0.0
    """Unix seconds before which it sleeps."""
    expires: float | None = None
    """Unix seconds at which it is cancelled."""

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale."""
        return 1 if self.action == "BUY" else -1


class Key(NamedTuple):
    """An order's name: ids belong to a client."""

    client_id: int
    order_id: int


@dataclass(slots=True)
class Order:
    """One order and how far it has come; `stop` is where a stop or trailing order is triggered, `early` says
    that it sleeps until its time."""

    key: Key
    perm_id: int
    instrument: Instrument
    form: Form
    status: Status = Status.PENDING_SUBMIT
    filled: float = 0.0
    paid: float = 0.0
    last_price: float = 0.0
    stop: float | None = None
    triggered: bool = False
    early: bool = False
    placed_at: float = 0.0
    next_part_at: float = 0.0
    why_held: str = ""
    reason: str = ""
    done_at: float = 0.0

    @property
    def remaining(self) -> float:
        """What is still to be filled."""
        return round(self.form.quantity - self.filled, 8)

    @property
    def done(self) -> bool:
        """Whether nothing comes any more."""
        return self.status in DONE

    def report(self) -> "Report":
        """The order as it is now."""
        average = self.paid / self.filled if self.filled else 0.0
        return Report(
            self.key, self.perm_id, self.instrument, self.form, self.status, self.filled, self.remaining,
            round(average, 8), self.last_price, self.why_held, self.reason, self.done_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """An order as it was at a moment."""

    key: Key
    perm_id: int
    instrument: Instrument
    form: Form
    status: Status
    filled: float
    remaining: float
    average: float
    last_price: float
    why_held: str = ""
    reason: str = ""
    done_at: float = 0.0

    @property
    def done(self) -> bool:
        """Whether nothing comes any more."""
        return self.status in DONE


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill; `at` is Unix seconds, `cumulated` and `average` are the order's after it."""

    key: Key
    perm_id: int
    instrument: Instrument
    form: Form
    exec_id: str
    at: float
    account: str
    quantity: float
    price: float
    cumulated: float
    average: float
    liquidity: int
    commission: float

    @property
    def signed(self) -> float:
        """The change of the position."""
        return self.quantity * self.form.sign


@dataclass(frozen=True, slots=True)
class Changed:
    """An order's state is told: openOrder and orderStatus."""

    report: Report


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill is told: execDetails, the order's state, the commission."""

    execution: Execution
    report: Report


@dataclass(frozen=True, slots=True)
class Told:
    """A message code is told on an order's id; `report`, if any, is told after it."""

    key: Key
    code: int
    text: str
    report: Report | None = None


Event = Changed | Executed | Told
"""What IBKR says of orders, in its order."""


@dataclass(frozen=True, slots=True)
class Fills:
    """How orders are filled: `never` leaves it to the word `fill`; `parts` come `apart` seconds after one another."""

    mode: str = "market"
    parts: int = 1
    apart: float = 1.0
