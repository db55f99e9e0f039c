"""IBKR's side of orders: what it takes, when it fills, what it says. Pure; time is an argument.

Rules
- Ids belong to a client. Every call returns the events that follow from it, in the order in which a gateway tells
  them.
- An order that is not transmitted waits, untold, for one of its family that is.
- A child waits for its parent to be filled; of children that exit, the first one that fills cancels the others, as do
  the members of an OCA group (type 1; types 2 and 3 are reduced by what was filled).
- A market order fills at the other side of the quote, a limit order at that or better, a stop once the last price has
  reached it. `Fills` cuts fills up or leaves them to the word `fill`.
- Nothing fills while the market is closed; orders for the opening (OPG) are filled when it opens, or at once if it is
  open.
- What may not wait (IOC, FOK) is cancelled as far as it is not filled at once. An order may sleep until its time; one
  that is good till a date (GTD) is cancelled then.
- What is not simulated is refused (code 201, 387 or 10052) with a text that says so.
"""

from collections.abc import Iterable

from supervisor.frozen import replace
from supervisor.simulator.state import matching
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import (
    Changed,
    Event,
    Executed,
    Execution,
    Fills,
    Form,
    Key,
    Order,
    Status,
    Told,
)
from supervisor.simulator.state.prices import Prices

DUPLICATE_ID = (103, "Duplicate order id")
CANCELLED = (202, "Order Canceled - reason:")
NOT_FOUND, NOT_CANCELLABLE = 10147, 10148
CLOSED = (399, "Order Message:\n{}\nWarning: your order will not be placed at the exchange until the market opens")

Events = list[Event]


class Exchange:
    """All orders of one world."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._orders: dict[Key, Order] = {}
        self._next_perm = 1_234_567_001
        self._next_exec = 1
        self._remembered = 0  # ids of orders from this permanent id on are not given out again
        self.fills = Fills()
        self.open = True
        """Whether the market is."""
        self.rejecting: tuple[int, str] | None = None
        """The code and text with which every new order is refused now; None: none is."""

    @property
    def working(self) -> bool:
        """Whether any order waits for the market."""
        return any(not order.done for order in self._orders.values())

    @property
    def keys(self) -> list[Key]:
        """The name of every order."""
        return list(self._orders)

    def order(self, key: Key) -> Order | None:
        """The order of that name."""
        return self._orders.get(key)

    def highest_id(self, client_id: int) -> int:
        """The highest order id the client has used since ids were last forgotten; -1 if none."""
        mine = (order for key, order in self._orders.items() if key.client_id == client_id)
        return max((order.key.order_id for order in mine if order.perm_id >= self._remembered), default=-1)

    def forget_ids(self) -> None:
        """Ids go back: those used so far are given out again, as happened after restarts of real gateways."""
        self._remembered = self._next_perm

    def place(
        self, key: Key, instrument: Instrument, form: Form, now: float, refusal: tuple[int, str] | None = None
    ) -> Events:
        """Take a new order, or the modification of one that is not done; `refusal` is why a new one is not taken."""
        order = self._orders.get(key)
        if order is not None and not (order.done and order.perm_id < self._remembered):
            if order.done or order.instrument.con_id != instrument.con_id:
                return [Told(key, *DUPLICATE_ID)]
            return self._modify(order, form, now)
        refused = matching.refused(instrument, form) or self._refused(key, form) or refusal
        order = Order(key, self._next_perm, instrument, form, placed_at=now)
        self._next_perm += 1
        self._orders[key] = order
        if refused is not None:
            order.status, order.reason, order.done_at = Status.INACTIVE, refused[1], now
            return [Told(key, *refused, order.report())]
        if not form.transmit:
            return []
        return [event for each in self._family(order) for event in self._submit(each, now)]

    def cancel(self, key: Key, now: float, reason: str = "") -> Events:
        """Cancel an order, and with it its children."""
        order = self._orders.get(key)
        if order is None:
            return [Told(key, NOT_FOUND, f"OrderId {key.order_id} that needs to be cancelled is not found.")]
        if order.done:
            text = f"OrderId {key.order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
            return [Told(key, NOT_CANCELLABLE, text)]
        return self._cancel(order, now, reason)

    def cancel_all(self, now: float) -> Events:
        """Cancel every order of every client."""
        events: Events = []
        for order in list(self._orders.values()):
            if not order.done:
                events += self._cancel(order, now)
        return events

    def advance(self, now: float) -> Events:
        """Fill what the market fills by now, wake what sleeps until now, cancel what expires."""
        events: Events = []
        for order in list(self._orders.values()):
            if order.done:
                continue
            if order.form.expires is not None and now >= order.form.expires:
                events += self._cancel(order, now)
            elif order.early and now >= order.form.starts:
                events += self._submit(order, now)
            elif self._fills_now and now >= order.next_part_at:
                events += self._match(order, now)
        return events

    @property
    def _fills_now(self) -> bool:
        return self.open and self.fills.mode != "never"

    def fill(self, key: Key, quantity: float | None, price: float | None, now: float) -> Events:
        """Fill an order, whatever the market says; raises KeyError if it is not known, ValueError if it is done."""
        order = self._orders[key]
        if order.done:
            raise ValueError(f"order {key.order_id} is {order.status}")
        quote = self._prices.quote(order.instrument, now)
        usual = quote.ask if order.form.sign > 0 else quote.bid
        return self._fill(order, min(quantity or order.remaining, order.remaining), price or usual, now)

    def _refused(self, key: Key, form: Form) -> tuple[int, str] | None:
        if self.rejecting is not None:
            return self.rejecting
        parent = self._orders.get(Key(key.client_id, form.parent_id)) if form.parent_id else None
        if form.parent_id and (parent is None or parent.done):
            return 135, f"Can't find order with ID ={form.parent_id}"
        return None

    def _family(self, order: Order) -> list[Order]:
        """The order, its parent first, and every other child of that parent, that wait to be transmitted."""
        root = order.form.parent_id or order.key.order_id
        return [
            each
            for key, each in self._orders.items()
            if key.client_id == order.key.client_id
            and (key.order_id == root or each.form.parent_id == root)
            and each.status is Status.PENDING_SUBMIT
        ]

    def _submit(self, order: Order, now: float) -> Events:
        form = order.form
        held = self._waits_for_parent(order)
        order.stop = matching.first_stop(form, self._prices.quote(order.instrument, now))
        order.early = now < form.starts
        sleeps = held or order.early or matching.is_stop(form)
        order.status = Status.PRE_SUBMITTED if sleeps or not self.open else Status.SUBMITTED
        order.why_held = "child" if held else "trigger" if matching.is_stop(form) else ""
        events: Events = [Changed(order.report())]
        if not self.open:
            words = f"{form.action} {form.quantity:g} {order.instrument.symbol} {order.instrument.exchange}"
            events.append(Told(order.key, CLOSED[0], CLOSED[1].format(words)))
        order.next_part_at = now
        if self._fills_now:
            return events + self._match(order, now)
        return events if sleeps else events + self._cancel_rest(order, now)

    def _modify(self, order: Order, form: Form, now: float) -> Events:
        if form.quantity <= order.filled:
            return [Told(order.key, 104, "Cannot modify a filled order.")]
        refused = matching.refused(order.instrument, form)
        if refused is not None:
            return [Told(order.key, *refused)]
        transmitted = order.status is not Status.PENDING_SUBMIT
        order.form = replace(form, parent_id=form.parent_id or order.form.parent_id)
        if not transmitted and not form.transmit:
            return []
        if not transmitted:
            return [event for each in self._family(order) for event in self._submit(each, now)]
        return self._submit(order, now)

    def _waits_for_parent(self, order: Order) -> bool:
        parent = self._orders.get(Key(order.key.client_id, order.form.parent_id)) if order.form.parent_id else None
        return parent is not None and parent.status is not Status.FILLED

    def _cancel(self, order: Order, now: float, reason: str = "") -> Events:
        order.status, order.reason, order.done_at = Status.CANCELLED, reason, now
        events: Events = [Told(order.key, CANCELLED[0], CANCELLED[1] + reason, order.report())]
        for child in self._children(order):
            events += self._cancel(child, now)
        return events

    def _children(self, order: Order) -> list[Order]:
        return [
            each
            for key, each in self._orders.items()
            if key.client_id == order.key.client_id and each.form.parent_id == order.key.order_id and not each.done
        ]

    def _match(self, order: Order, now: float) -> Events:
        if order.status is Status.PENDING_SUBMIT or order.early or self._waits_for_parent(order):
            return []
        quote = self._prices.quote(order.instrument, now)
        was = order.triggered
        price = matching.price(order, quote)
        events: Events = []
        if order.triggered and not was:
            order.status, order.why_held = Status.SUBMITTED, ""
            events.append(Changed(order.report()))
        if price is None:
            asleep = matching.is_stop(order.form) and not order.triggered
            return events if asleep else events + self._cancel_rest(order, now)
        part = order.form.quantity / self.fills.parts
        if order.form.quantity == int(order.form.quantity):
            part = max(1.0, float(int(part)))
        left = order.remaining - part
        whole = left < part / 2 or self.fills.parts == 1 or order.form.tif == "FOK"
        order.next_part_at = now + self.fills.apart
        events += self._fill(order, order.remaining if whole else part, price, now)
        return events + self._cancel_rest(order, now)

    def _cancel_rest(self, order: Order, now: float) -> Events:
        """An order that never waits ends here, filled or not."""
        return self._cancel(order, now) if order.form.tif in matching.AT_ONCE and not order.done else []

    def _fill(self, order: Order, quantity: float, price: float, now: float) -> Events:
        form = order.form
        order.filled = round(order.filled + quantity, 8)
        order.paid += quantity * price
        order.last_price = price
        order.status = Status.FILLED if order.remaining <= 0 else Status.SUBMITTED
        order.why_held = ""
        if order.done:
            order.done_at = now
        execution = Execution(
            order.key, order.perm_id, order.instrument, form, f"0000e0d5.{self._next_exec:08x}.01.01", now,
            form.account, quantity, price, order.filled, round(order.paid / order.filled, 8),
            matching.liquidity(form), matching.commission(order.instrument, quantity, price),
        )  # fmt: skip
        self._next_exec += 1
        events: Events = [Executed(execution, order.report())]
        for other in self._bound(order):
            if form.oca_type in (2, 3) and other.form.parent_id == 0 and not order.done:
                other.form = replace(other.form, quantity=max(other.form.quantity - quantity, other.filled))
                events.append(Changed(other.report()))
            elif order.done or form.oca_type not in (2, 3):
                events += self._cancel(other, now)
        if order.done:
            for child in self._children(order):
                if child.status is not Status.PENDING_SUBMIT:
                    events += self._submit(child, now)
        return events

    def _bound(self, order: Order) -> Iterable[Order]:
        """The orders that this one's fill cancels or reduces: its OCA group, and the other children of its parent."""
        form, client_id = order.form, order.key.client_id
        return [
            each
            for key, each in self._orders.items()
            if each is not order
            and not each.done
            and key.client_id == client_id
            and (
                (form.oca_group and each.form.oca_group == form.oca_group)
                or (form.parent_id and each.form.parent_id == form.parent_id)
            )
        ]

    def opens(self, now: float) -> Events:
        """The market opens: what waited for that is at work, and what can be is filled."""
        self.open = True
        events: Events = []
        for order in list(self._orders.values()):
            if not order.done and order.status is Status.PRE_SUBMITTED:
                events += self._submit(order, now)
        return events
