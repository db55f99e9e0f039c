"""The gateway between its clients and IBKR: what becomes of orders, and who hears of it.

Rules
- What IBKR says is told to the client whose order it is and to the master client, in this order: for a fill
  execDetails, openOrder, orderStatus, commission; then positions and account updates.
- While IBKR's servers are lost, new orders and cancellations wait (PendingSubmit, PendingCancel) and nothing that
  happens there is told; all of it is told when they are back, in its order.
"""

from collections.abc import Callable
from typing import assert_never

from supervisor.frozen import replace
from supervisor.simulator.answers.desk import Messages, Moment
from supervisor.simulator.answers.orders import clock_text
from supervisor.simulator.says import orders as says
from supervisor.simulator.state import matching
from supervisor.simulator.state.exchange import CANCELLED
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Changed, Event, Executed, Form, Key, Order, Report, Status, Told
from supervisor.simulator.state.portfolio import LEVERAGE, MARGIN, MARGINED

Tell = Callable[[Key, Messages], None]
Filled = Callable[[str, Instrument], None]


class OrderBroker:
    """Carries orders to IBKR and back. `tell` reaches the clients of an order, `filled` those of an account."""

    def __init__(self, now: Callable[[], Moment], tell: Tell, filled: Filled) -> None:
        self._now = now
        self._tell = tell
        self._filled = filled
        self._unheard: list[Event] = []
        self._waiting: list[Callable[[], None]] = []
        self._lost = False

    def place(self, key: Key, row: Instrument, form: Form) -> None:
        """A new order, a modification, or a preview."""
        now = self._now()
        if not form.account:
            form = replace(form, account=now.settings.accounts[0])
        if self._lost:
            known = now.world.exchange.order(key)
            if known is None:
                pending = Order(key, 0, row, form).report()
                self._hear(Changed(pending), now)
            self._waiting.append(lambda: self.place(key, row, form))
        elif form.what_if:
            self._preview(key, row, form, now)
        else:
            refusal = self._too_dear(row, form, now)
            self._say(now.world.exchange.place(key, row, form, now.wall, refusal), now)

    def cancel(self, key: Key) -> None:
        """The cancellation of one order."""
        now = self._now()
        if not self._lost:
            self._say(now.world.exchange.cancel(key, now.wall), now)
            return
        order = now.world.exchange.order(key)
        if order is not None and not order.done:
            report = order.report()
            waiting = Report(
                key, report.perm_id, report.instrument, report.form, Status.PENDING_CANCEL, report.filled,
                report.remaining, report.average, report.last_price,
            )  # fmt: skip
            self._hear(Changed(waiting), now)
        self._waiting.append(lambda: self.cancel(key))

    def cancel_all(self) -> None:
        """The cancellation of every order."""
        now = self._now()
        if self._lost:
            self._waiting.append(self.cancel_all)
        else:
            self._say(now.world.exchange.cancel_all(now.wall), now)

    def from_ibkr(self, events: list[Event]) -> None:
        """What happened there by itself."""
        self._say(events, self._now())

    def pulse(self) -> None:
        """Let the market do what it does by now."""
        now = self._now()
        self._say(now.world.exchange.advance(now.wall), now)

    def lose(self) -> None:
        """IBKR's servers are lost."""
        self._lost = True

    def regain(self) -> None:
        """They are back: tell what was not heard, then carry out what waited."""
        self._lost = False
        now, unheard, waiting = self._now(), self._unheard, self._waiting
        self._unheard, self._waiting = [], []
        self._say(unheard, now)
        for act in waiting:
            act()

    def _say(self, events: list[Event], now: Moment) -> None:
        if self._lost:
            self._unheard += events
            return
        for event in events:
            self._hear(event, now)

    def _hear(self, event: Event, now: Moment) -> None:
        now.world.learn(event, now.wall)
        match event:
            case Changed(report):
                self._tell(report.key, [says.open_order(report), says.status(report)])
            case Executed(fill, report):
                cost = says.commission(fill, now.world.gains[fill.exec_id])
                told = [
                    says.execution(-1, fill, clock_text(fill.at, fill.instrument, now)),
                    says.open_order(report),
                    says.status(report),
                ]
                self._tell(fill.key, [*told, cost])
                self._filled(fill.account, fill.instrument)
            case Told(key, code, text, told_report):
                notice = now.notice(key.order_id, code, text)
                state = [] if told_report is None else [says.status(told_report)]
                self._tell(key, [*state, notice] if code == CANCELLED[0] else [notice, *state])
            case _:
                assert_never(event)

    def _too_dear(self, row: Instrument, form: Form, now: Moment) -> tuple[int, str] | None:
        """Why the account cannot pay for it; None if it can."""
        account = now.world.account(form.account)
        held = account.positions.get(row.con_id)
        if held is not None and held.quantity * form.sign < 0:
            return None
        needed = self._worth(row, form, now) * MARGIN
        free = float(account.values(*self._valued(now))["AvailableFunds"][0])
        if needed <= free * LEVERAGE * MARGIN:
            return None
        return 201, (
            "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY "
            f"WITH LOAN VALUE [{free:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{needed:.2f} USD]"
        )

    def _preview(self, key: Key, row: Instrument, form: Form, now: Moment) -> None:
        refused = matching.refused(row, form)
        if refused is not None:
            self._tell(key, [now.notice(key.order_id, *refused)])
            return
        account = now.world.account(form.account)
        price, rate = self._valued(now)
        equity = account.equity(price, rate)
        margin = account.gross(price, rate) * MARGIN
        fee = matching.commission(row, form.quantity, price(row))
        held = account.positions[row.con_id].quantity if row.con_id in account.positions else 0.0
        grows = abs(held + form.sign * form.quantity) - abs(held)
        after = margin + self._worth(row, form, now) * MARGIN * grows / form.quantity
        preview = says.Preview(margin, equity, after, equity - fee, fee, row.currency)
        report = Report(key, 0, row, form, Status.PRE_SUBMITTED, 0.0, form.quantity, 0.0, 0.0)
        self._tell(key, [says.open_order(report, preview)])

    def _worth(self, row: Instrument, form: Form, now: Moment) -> float:
        """What the order moves, in US dollars; of a future, about what is blocked for it."""
        price, rate = self._valued(now)
        part = 0.2 if row.sec_type in MARGINED else 1.0
        return form.quantity * (form.limit or price(row)) * row.factor * rate(row.currency) * part

    def _valued(self, now: Moment) -> tuple[Callable[[Instrument], float], Callable[[str], float]]:
        world = now.world
        return lambda row: world.price(row, now.wall), lambda currency: world.rate(currency, now.wall)
