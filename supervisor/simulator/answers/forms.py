"""Orders as clients send them, read into forms: text of every server version, and protobuf.

Rules
- The text has some ninety fields whose places depend on the version and on what the order is; all are walked over, in
  the order in which IBKR's own clients write them.
- What the simulated gateway cannot do is refused later by name; it is read all the same.
- A double over 1e300 or a whole number of 2147483647 says that a field is not set.
"""

from supervisor.frozen import dataclass
from supervisor.simulator.state.orders import Form
from supervisor.simulator.wire.frames import WireError
from supervisor.simulator.wire.requests import Body, Contract, Request, number

_UNSET_WHOLE = 2**31 - 1
_NO_TYPE = ("", "None")
ADJUSTED, ADVISER, CONDITIONS = "adjusted stops", "an adviser's groups", "order conditions"
DELTA_NEUTRAL, DISCRETION = "delta-neutral contracts", "discretionary amounts"
HEDGE, SCALE = "hedging orders", "scale orders"


@dataclass(frozen=True, slots=True)
class Placed:
    """A request to place an order; `legs` is how many legs a combination has."""

    order_id: int
    contract: Contract
    form: Form
    legs: int = 0


class _Cursor:
    """The text fields of a request, one after the other."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = iter(fields)

    def text(self) -> str:
        return next(self._fields, "")

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.text()

    def decimal(self) -> float | None:
        return number(self.text())

    def whole(self) -> int:
        return int(self.decimal() or 0)

    def count(self) -> int:
        """A number of things that follow; raises `WireError` for one that cannot be meant."""
        found = self.whole()
        if not 0 <= found <= 1000:
            raise WireError(f"{found} parts of an order")
        return found

    def optional(self) -> int | None:
        found = self.decimal()
        return None if found is None or found >= _UNSET_WHOLE else int(found)

    def flag(self) -> bool:
        return self.text().lower() in ("1", "true")


def read_order(request: Request, version: int) -> Placed:
    """The order in a request; raises `WireError` if it cannot be read."""
    if request.text is None:
        return _from_protobuf(request.body)
    return _from_text(_Cursor(request.text), version)


def _from_text(at: _Cursor, version: int) -> Placed:
    if version < 145:
        at.skip(1)
    order_id = at.whole()
    contract = _contract(at)
    at.skip(2)  # secIdType, secId
    action, quantity, kind = at.text(), at.decimal() or 0.0, at.text()
    limit, aux = at.decimal(), at.decimal()
    tif, oca_group, account, open_close = at.text(), at.text(), at.text(), at.text()
    at.skip(1)  # origin
    order_ref, transmit, parent_id = at.text(), at.flag(), at.whole()
    block, sweep, display_size, trigger_method = at.flag(), at.flag(), at.optional(), at.whole()
    outside_rth, hidden = at.flag(), at.flag()
    legs = _combination(at) if contract.sec_type == "BAG" else 0
    undone = []
    at.skip(1)  # sharesAllocation
    if at.decimal():
        undone.append(DISCRETION)
    good_after, good_till = at.text(), at.text()
    if "".join(at.text() for _ in range(3 if version >= 177 else 4)):
        undone.append(ADVISER)
    model_code = at.text()
    at.skip(3)  # short sale
    oca_type = at.whole()
    at.skip(2)  # rule80A, settlingFirm
    all_or_none, min_quantity = at.flag(), at.optional()
    at.skip(11)  # percentOffset to overridePercentageConstraints
    at.skip(2)  # volatility
    if at.text():  # deltaNeutralOrderType
        at.skip(9)
    else:
        at.skip(1)
    at.skip(2)  # continuousUpdate, referencePriceType
    trail_stop, trail_percent = at.decimal(), at.decimal()
    at.skip(2)
    if (at.decimal() or 0.0) > 0:  # scalePriceIncrement
        at.skip(7)
        undone.append(SCALE)
    at.skip(3)
    if at.text():  # hedgeType
        at.skip(1)
        undone.append(HEDGE)
    at.skip(4)  # optOutSmartRouting, clearing, notHeld
    if at.flag():
        at.skip(3)
        undone.append(DELTA_NEUTRAL)
    algo = at.text()
    algo_params = tuple((at.text(), at.text()) for _ in range(at.count())) if algo else ()
    at.skip(1)  # algoId
    what_if = at.flag()
    at.skip(4)  # miscOptions, solicited, randomized
    if kind in ("PEG BENCH", "PEGBENCH"):
        at.skip(5)
    limit_offset = cash_quantity = None
    if at.count():
        undone.append(CONDITIONS)
    else:
        if at.text() not in _NO_TYPE:
            undone.append(ADJUSTED)
        at.skip(1)  # triggerPrice
        limit_offset = at.decimal()
        at.skip(7)  # adjusted orders, extOperator, soft dollars
        cash_quantity = at.decimal()
    form = Form(
        action, quantity, kind, limit, aux, tif or "DAY", oca_group, oca_type, account, open_close, order_ref, transmit,
        parent_id, block, sweep, display_size, trigger_method, outside_rth, hidden, good_after, good_till, model_code,
        all_or_none, min_quantity, trail_stop, trail_percent, limit_offset, algo, algo_params, cash_quantity, what_if,
        tuple(undone),
    )  # fmt: skip
    return Placed(order_id, contract, form, legs)


def _contract(at: _Cursor) -> Contract:
    con_id, symbol, sec_type, expiry = at.whole(), at.text(), at.text(), at.text()
    return Contract(con_id, symbol, sec_type, expiry, at.decimal() or 0.0, *(at.text() for _ in range(7)))


def _combination(at: _Cursor) -> int:
    legs = at.count()
    at.skip(8 * legs)
    at.skip(at.count())
    at.skip(2 * at.count())
    return legs


def _from_protobuf(body: Body) -> Placed:
    order, contract = body.inner(3), body.inner(2)

    def whole(place: int) -> int | None:
        return order.integer(place) if place in order else None

    undone = {
        DISCRETION: order.decimal(76),
        ADVISER: order.string(34) or order.string(36),
        SCALE: order.decimal(50),
        HEDGE: order.string(59),
        CONDITIONS: order.count(100),
        ADJUSTED: order.string(93) not in _NO_TYPE,
    }
    form = Form(
        order.string(5), number(order.string(6)) or 0.0, order.string(8), order.decimal(9), order.decimal(10),
        order.string(11) or "DAY", order.string(27), order.integer(30), order.string(12), order.string(68),
        order.string(28), bool(order.integer(66)), order.integer(4), bool(order.integer(17)), bool(order.integer(20)),
        whole(7), order.integer(31), bool(order.integer(19)), bool(order.integer(18)), order.string(25),
        order.string(26), order.string(103), bool(order.integer(16)), whole(24), order.decimal(23), order.decimal(22),
        order.decimal(99), order.string(61), order.pairs(62), order.decimal(106), bool(order.integer(65)),
        tuple(name for name, wanted in undone.items() if wanted),
    )  # fmt: skip
    return Placed(body.integer(1), contract.contract(), form, contract.count(20))
